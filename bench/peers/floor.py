"""The floor: ONNX Runtime alone with the same model and a prepared tensor, and the peak performance of this core."""

import sys

import numpy as np
import onnxruntime as ort

from bench.peers.worker import nothing_in, serve

_SIDE = 1024

options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
options.log_severity_level = 3
session = ort.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
(model_input,) = session.get_inputs()
tensor = np.random.default_rng(1).integers(0, 256, [1, *model_input.shape[1:]], np.uint8)
left, right, product = np.random.default_rng(2).random((3, _SIDE, _SIDE), np.float32)

serve(
    {
        "infer": nothing_in(lambda: session.run(None, {model_input.name: tensor})),
        "multiply": nothing_in(lambda: np.matmul(left, right, out=product)),
    },
    packages=("onnxruntime", "numpy"),
    threads=1,
    multiply_flops=2 * _SIDE**3,
)
