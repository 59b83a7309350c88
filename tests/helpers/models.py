"""Small ONNX models, whole and broken: each is a few nodes, so that hundreds load in a second."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from moderate.inference.model_file import LABELS

SIZE = 32
FLOAT, UINT8 = TensorProto.FLOAT, TensorProto.UINT8


def node(operator: str, inputs: str, output: str, **attributes: Any) -> NodeProto:
    """inputs: names with spaces between them."""
    return helper.make_node(operator, inputs.split(), [output], **attributes)


def constant(value: Any, output: str, kind: type = np.float32) -> NodeProto:
    return node("Constant", "", output, value=numpy_helper.from_array(np.array(value, kind)))


def tensor(name: str, kind: int, shape: Sequence[int | str] | None) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


BRIGHTNESS = [node("Cast", "image", "levels", to=FLOAT), node("ReduceMean", "levels", "brightness", keepdims=0)]
"""Nodes that compute the mean level of a picture, from 0 to 255."""


def answering(*probabilities: float) -> list[NodeProto]:
    """Nodes that give these probabilities of every picture, by way of its pixels."""
    return [
        *BRIGHTNESS,
        constant(0, "nothing"),
        constant([probabilities], "fixed"),
        node("Mul", "brightness nothing", "zero"),
        node("Add", "fixed zero", "probabilities"),
    ]


def small_model(
    nodes: Sequence[NodeProto] | None = None,
    *,
    inputs: Sequence[Any] | None = None,
    outputs: Sequence[Any] | None = None,
    opset: int = 13,
    domains: Sequence[str] = (),
    **metadata: str | None,
) -> ModelProto:
    """A model that keeps to the contract but for what is given. None leaves a key of the metadata out."""
    graph = helper.make_graph(
        nodes or answering(0.1, 0.2, 0.4, 0.1, 0.2),
        "small",
        [tensor("image", UINT8, [1, SIZE, SIZE, 3])] if inputs is None else inputs,
        outputs or [tensor("probabilities", FLOAT, [1, 5])],
    )
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    facts = {"name": "small", "version": "1", "labels": ",".join(LABELS)} | metadata
    helper.set_model_props(model, {key: value for key, value in facts.items() if value is not None})
    return model


def save(model: ModelProto | bytes, path: Path) -> Path:
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    return path


def fragile_model(size: int = SIZE) -> ModelProto:
    """A model that breaks: it answers what is no number, unless the image is black, as the first that is tried is."""
    nodes = [
        *BRIGHTNESS,
        constant([[0, 0, 1, 0, 0]], "safe"),
        constant(0, "nothing"),
        node("Mul", "brightness nothing", "zero"),
        node("Div", "zero zero", "no_number"),
        node("Equal", "brightness nothing", "black"),
        node("Where", "black nothing no_number", "added"),
        node("Add", "safe added", "probabilities"),
    ]
    return small_model(nodes, inputs=[tensor("image", UINT8, [1, size, size, 3])], name="fragile")
