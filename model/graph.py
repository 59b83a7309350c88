"""Writes an ONNX graph: the few operations these models need, and the contract they all share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

# Old enough for any runtime of the last years; nothing newer is needed.
OPSET = 13
IR_VERSION = 8

Array = NDArray[np.float32]
Padding = str | Sequence[int]
"""same, valid or [top, left, bottom, right]"""


@dataclass(frozen=True)
class Dense:
    kernel: Array
    """[inputs, outputs]"""
    bias: Array


@dataclass(frozen=True)
class Trunk:
    """What is left when a classifier's head is taken off."""

    features: str
    """The tensor [1, channels, side, side] that is averaged over its whole area."""
    side: int
    head: list[Dense]
    """Applied to the average, ReLU between them and softmax after the last."""


class Graph:
    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, value: NDArray[Any]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def scalar(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def image(self) -> str:
        """uint8 NHWC to float32 NCHW in 0..1, by the division that nsfwjs does, so to the same bit."""
        channels_first = self.add("Transpose", "image", perm=[0, 3, 1, 2])
        return self.add("Div", self.add("Cast", channels_first, to=TensorProto.FLOAT), self.scalar(255))

    def conv(self, x: str, kernel: Array, bias: Array, strides: Sequence[int], padding: Padding) -> str:
        """`kernel` is [height, width, inputs per group, outputs]."""
        channels_first = self.constant(kernel.transpose(3, 2, 0, 1))
        # One input per group is what makes a convolution depthwise in every one of these models.
        group = kernel.shape[3] if kernel.shape[2] == 1 else 1
        inputs = x, channels_first, self.constant(bias)
        return self.add("Conv", *inputs, group=group, strides=strides, **_padding(padding))

    def pool(self, operator: str, x: str, size: Sequence[int], strides: Sequence[int], padding: Padding) -> str:
        return self.add(operator, x, kernel_shape=size, strides=strides, **_padding(padding))

    def relu(self, x: str, ceiling: float | None = None) -> str:
        if ceiling is None:
            return self.add("Relu", x)
        return self.add("Clip", x, self.scalar(0), self.scalar(ceiling))

    def classify(self, trunk: Trunk) -> None:
        """Ends the graph with `probabilities` and, on a branch of its own, `heatmap`.

        With its ReLUs held as they fell for this image the head is linear, so it can be applied to every
        position before averaging instead of after: the mean of a class's map is its logit, bias included.
        """
        layers = [(self.constant(dense.kernel.T[:, :, None, None]), self.constant(dense.bias)) for dense in trunk.head]
        x = self.add("GlobalAveragePool", trunk.features)
        gates: list[str] = []
        for kernel, bias in layers[:-1]:
            x = self.relu(self.add("Conv", x, kernel, bias))
            gates.append(x)
        logits = self.add("Flatten", self.add("Conv", x, *layers[-1]))
        self.add("Softmax", logits, output="probabilities", axis=1)

        x = trunk.features
        for (kernel, bias), gate in zip(layers, gates, strict=False):
            x = self.add("Mul", self.add("Conv", x, kernel, bias), self.add("Sign", gate))
        self.add("Conv", x, *layers[-1], output="heatmap")

    def model(self, size: int, classes: int, side: int, metadata: Mapping[str, str]) -> ModelProto:
        image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, size, size, 3])
        outputs = [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, classes]),
            helper.make_tensor_value_info("heatmap", TensorProto.FLOAT, [1, classes, side, side]),
        ]
        graph = helper.make_graph(self._nodes, metadata["name"], [image], outputs, self._constants)
        model = helper.make_model(
            graph,
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
            producer_name="modest",
        )
        helper.set_model_props(model, dict(metadata))
        checker.check_model(model, full_check=True)
        return model


def _padding(padding: Padding) -> dict[str, Any]:
    if padding == "same":
        return {"auto_pad": "SAME_UPPER"}
    return {"pads": [0, 0, 0, 0] if padding == "valid" else padding}
