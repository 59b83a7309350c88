"""A model that breaks: it answers what is no number, unless the image is black, as it is when the service warms up."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 224
LABELS = "drawing,hentai,neutral,porn,sexy"


def write_fragile_model(path: Path) -> None:
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["image"], ["levels"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMax", ["levels"], ["brightest"], keepdims=0),
            helper.make_node("Mul", ["brightest", "large"], ["probabilities"]),
        ],
        "fragile",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, SIZE, SIZE, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 5])],
        [numpy_helper.from_array(np.full((1, 5), 3e38, np.float32), "large")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {"name": "fragile", "version": "1", "labels": LABELS, "size": str(SIZE)})
    onnx.save(model, path)
