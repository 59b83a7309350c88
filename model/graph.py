"""Builds the ONNX graph of a model, with the input and the outputs that all models share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, compose, helper, numpy_helper

# Every ONNX Runtime of recent years supports these versions, and models that are written here need nothing newer.
OPSET = 13
IR_VERSION = 8

Array = NDArray[np.float32]
Padding = str | Sequence[int]
"""`same`, `valid` or [top, left, bottom, right]"""


@dataclass(frozen=True)
class Dense:
    kernel: Array
    """[inputs, outputs]"""
    bias: Array


@dataclass(frozen=True)
class Backbone:
    """A classifier without its head, and the layers of that head."""

    features: str
    """The name of the tensor [1, channels, side, side] that the global pooling averages."""
    side: int
    head: list[Dense]
    """The layers applied to the average, with ReLU between them and softmax after the last."""


class Graph:
    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._functions: list[Any] = []
        self._opsets = [helper.make_opsetid("", OPSET)]
        self._ir_version = IR_VERSION

    def add_constant(self, value: NDArray[Any]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def add_scalar(self, value: float) -> str:
        return self.add_constant(np.array(value, np.float32))

    def add_image_input(self) -> str:
        """Converts uint8 NHWC to float32 NCHW in 0..1. It divides as nsfwjs does, to get the same bits."""
        channels_first = self.add("Transpose", "image", perm=[0, 3, 1, 2])
        return self.add("Div", self.add("Cast", channels_first, to=TensorProto.FLOAT), self.add_scalar(255))

    def conv(self, x: str, kernel: Array, bias: Array, strides: Sequence[int], padding: Padding) -> str:
        """`kernel` is [height, width, inputs per group, outputs]."""
        channels_first = self.add_constant(kernel.transpose(3, 2, 0, 1))
        # In these models a convolution with one input per group is always depthwise.
        group = kernel.shape[3] if kernel.shape[2] == 1 else 1
        inputs = x, channels_first, self.add_constant(bias)
        return self.add("Conv", *inputs, group=group, strides=strides, **_padding_attributes(padding))

    def pool(self, operator: str, x: str, size: Sequence[int], strides: Sequence[int], padding: Padding) -> str:
        return self.add(operator, x, kernel_shape=size, strides=strides, **_padding_attributes(padding))

    def relu(self, x: str, ceiling: float | None = None) -> str:
        if ceiling is None:
            return self.add("Relu", x)
        return self.add("Clip", x, self.add_scalar(0), self.add_scalar(ceiling))

    def add_head(self, backbone: Backbone) -> None:
        """Adds the outputs `probabilities` and, on a separate branch, `heatmap`.

        With every ReLU fixed in the state that it has for this image, the head is linear. It can then be applied to
        every position before averaging instead of after it: the mean of a class's map is its logit, bias included.
        """
        layers = [
            (self.add_constant(dense.kernel.T[:, :, None, None]), self.add_constant(dense.bias))
            for dense in backbone.head
        ]
        x = self.add("GlobalAveragePool", backbone.features)
        gates: list[str] = []
        for kernel, bias in layers[:-1]:
            x = self.relu(self.add("Conv", x, kernel, bias))
            gates.append(x)
        logits = self.add("Flatten", self.add("Conv", x, *layers[-1]))
        self.add("Softmax", logits, output="probabilities", axis=1)

        x = backbone.features
        for (kernel, bias), gate in zip(layers, gates, strict=False):
            x = self.add("Mul", self.add("Conv", x, kernel, bias), self.add("Sign", gate))
        self.add("Conv", x, *layers[-1], output="heatmap")

    def include(self, model: ModelProto, x: str) -> str:
        """Adds another model's graph, which has one input and one output, and returns the name of its output.

        All that is added to this graph is then of that model's version of ONNX.
        """
        included = compose.add_prefix(model, "included/")
        weights = {tensor.name for tensor in included.graph.initializer}
        (entry,) = [each.name for each in included.graph.input if each.name not in weights]
        self.add("Identity", x, output=entry)
        self._nodes.extend(included.graph.node)
        self._constants.extend(included.graph.initializer)
        self._functions.extend(included.functions)
        self._opsets = list(included.opset_import)
        self._ir_version = max(IR_VERSION, included.ir_version)
        return str(included.graph.output[0].name)

    def build(self, size: int, classes: int, metadata: Mapping[str, str], side: int | None = None) -> ModelProto:
        """side: how many rows and columns a heat map has, if there is one."""
        image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, size, size, 3])
        outputs = [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, classes])]
        if side is not None:
            outputs.append(helper.make_tensor_value_info("heatmap", TensorProto.FLOAT, [1, classes, side, side]))
        graph = helper.make_graph(self._nodes, metadata["name"], [image], outputs, self._constants)
        model = helper.make_model(
            graph,
            ir_version=self._ir_version,
            opset_imports=self._opsets,
            functions=self._functions,
            producer_name="modest",
        )
        helper.set_model_props(model, dict(metadata))
        checker.check_model(model, full_check=True)
        return model


def _padding_attributes(padding: Padding) -> dict[str, Any]:
    if padding == "same":
        return {"auto_pad": "SAME_UPPER"}
    return {"pads": [0, 0, 0, 0] if padding == "valid" else padding}
