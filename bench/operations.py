"""Counts the multiply-accumulate operations of a model for one image."""

from pathlib import Path

import numpy as np
import onnx


def multiply_accumulates(path: Path) -> int:
    """Counts those of convolutions and matrix products. All other operations add about 1%."""
    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    weights = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    shapes = {
        value.name: [dimension.dim_value or 1 for dimension in value.type.tensor_type.shape.dim]
        for value in (*model.graph.value_info, *model.graph.output)
    }
    total = 0
    for node in model.graph.node:
        if node.op_type == "Conv":
            total += int(np.prod(weights[node.input[1]])) * int(np.prod(shapes[node.output[0]][2:]))
        elif node.op_type in ("Gemm", "MatMul"):
            total += int(np.prod(weights[node.input[1]]))
    return total
