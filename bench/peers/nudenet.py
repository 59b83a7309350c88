"""NudeNet, a detector of body parts. Its own class is used unchanged, except for the number of threads."""

from typing import Any

import cv2  # type: ignore[import-not-found]
import nudenet  # type: ignore[import-not-found]
import numpy as np
import onnxruntime

from bench.peers.worker import bytes_in, nothing_in, serve

_THREADS = 1
_VIEW = (224, 224)
_open_session = onnxruntime.InferenceSession


def _one_thread(path: str) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = _THREADS
    return _open_session(path, options, providers=["CPUExecutionProvider"])


onnxruntime.InferenceSession = _one_thread
cv2.setNumThreads(_THREADS)
detector = nudenet.NudeDetector()
tensor = np.random.default_rng(1).random((1, 3, detector.input_height, detector.input_width), np.float32)


def decode(data: bytes) -> Any:
    """Does what Modest's decoder does, with OpenCV: every pixel is decoded, and areas are averaged."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return cv2.resize(image, _VIEW, interpolation=cv2.INTER_AREA)


serve(
    {
        "decode": bytes_in(decode),
        "infer": nothing_in(lambda: detector.onnx_session.run(None, {detector.input_name: tensor})),
        "judge": bytes_in(detector.detect),
    },
    packages=("nudenet", "onnxruntime", "opencv-python-headless", "numpy"),
    threads=_THREADS,
    model="320n, 18 parts",
)
