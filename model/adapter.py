"""Puts a model that others saved as ONNX between the input and the outputs that all models here share.

What it expects of pixels and how it names its classes is described in models.toml.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
from graph import Graph
from onnx import ModelProto, TensorProto
from onnx.external_data_helper import uses_external_data
from packages import BuildError

from moderate.inference.model_file import LABELS, PROBABILITIES

Layout = Literal["NHWC", "NCHW"]
Channels = Literal["RGB", "BGR"]
Answers = Literal["probabilities", "logits"]
_FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16)


@dataclass(frozen=True, kw_only=True)
class Description:
    """Says what a model expects and what it answers."""

    size: int
    """How many pixels a side a view has."""
    crop: int
    """How many of them, from the middle, the model sees."""
    layout: Layout
    channels: Channels
    mean: float | Sequence[float]
    """Subtracted from the levels 0 to 255 of each channel, in the model's order of channels."""
    scale: float | Sequence[float]
    """What the difference is then divided by."""
    classes: Sequence[str]
    """Which of the five classes each of the model's outputs stands for. Several may stand for one."""
    answers: Answers
    """Logits get a softmax."""


def describe(name: str, entry: Mapping[str, Any]) -> Description:
    """Raises BuildError."""
    names = [field.name for field in fields(Description)]
    values: dict[str, Any] = {"crop": entry.get("size")} | {key: entry[key] for key in names if key in entry}
    if missing := [key for key in names if key not in values]:
        raise BuildError(f"[models.{name}] lacks {', '.join(missing)}.")
    found = Description(**values)
    demands = {
        f"layout must be one of {', '.join(get_args(Layout))}": found.layout in get_args(Layout),
        f"channels must be one of {', '.join(get_args(Channels))}": found.channels in get_args(Channels),
        f"answers must be one of {', '.join(get_args(Answers))}": found.answers in get_args(Answers),
        "mean and scale must be a number or three": {np.shape(found.mean), np.shape(found.scale)} <= {(), (3,)},
        "scale must not be 0": bool(np.all(found.scale)),
        f"classes must be some of {', '.join(LABELS)}": bool(found.classes) and set(found.classes) <= set(LABELS),
        "crop must be at most size": 0 < found.crop <= found.size,
    }
    for demand, met in demands.items():
        if not met:
            raise BuildError(f"[models.{name}]: {demand}.")
    return found


def adapt(model: ModelProto, description: Description) -> Graph:
    """Returns the whole graph, without heat maps. Raises BuildError."""
    if any(uses_external_data(tensor) for tensor in model.graph.initializer):
        raise BuildError("The model's weights are in another file. Save all in one: onnx.save(onnx.load(path), path)")
    kind = _input_type(model, description)
    graph = Graph()
    answer = graph.include(model, _prepare(graph, description, kind))
    answer = graph.add("Cast", answer, to=TensorProto.FLOAT)
    if description.answers == "logits":
        answer = graph.add("Softmax", answer, axis=1)
    sums = np.array([[name == label for label in LABELS] for name in description.classes], np.float32)
    graph.add("MatMul", answer, graph.add_constant(sums), output=PROBABILITIES)
    return graph


def _prepare(graph: Graph, description: Description, kind: int) -> str:
    """Turns uint8 RGB of shape [1, size, size, 3] into what the model expects.

    Gather, unlike Slice, is the same in every version of ONNX.
    """
    pixels = "image"
    if description.crop < description.size:
        start = (description.size - description.crop) // 2
        middle = graph.add_constant(np.arange(start, start + description.crop))
        for axis in (1, 2):
            pixels = graph.add("Gather", pixels, middle, axis=axis)
    if description.channels == "BGR":
        pixels = graph.add("Gather", pixels, graph.add_constant(np.array([2, 1, 0])), axis=3)
    levels = graph.add("Cast", pixels, to=TensorProto.FLOAT)
    levels = graph.add("Sub", levels, graph.add_constant(np.array(description.mean, np.float32)))
    levels = graph.add("Div", levels, graph.add_constant(np.array(description.scale, np.float32)))
    if description.layout == "NCHW":
        levels = graph.add("Transpose", levels, perm=[0, 3, 1, 2])
    return graph.add("Cast", levels, to=kind)


def _input_type(model: ModelProto, description: Description) -> int:
    """Returns the type of the model's input. Raises BuildError if the description does not fit the model."""
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in weights]
    side = description.crop
    shape = (1, side, side, 3) if description.layout == "NHWC" else (1, 3, side, side)
    if len(inputs) != 1 or not _fits(inputs[0], shape):
        raise BuildError(f"The model must have one input, of floats and shape {list(shape)}. It has {_listed(inputs)}.")
    outputs = list(model.graph.output)
    if len(outputs) != 1 or not _fits(outputs[0], (1, len(description.classes))):
        raise BuildError(
            f"The model must have one output, of floats and shape {[1, len(description.classes)]}, a number for each "
            f"of its classes. It has {_listed(outputs)}."
        )
    return int(inputs[0].type.tensor_type.elem_type)


def _fits(tensor: Any, shape: Sequence[int]) -> bool:
    """Whether the tensor has this shape, or one that varies and can become it."""
    kind = tensor.type.tensor_type
    found = [each.dim_value for each in kind.shape.dim]
    return (
        kind.elem_type in _FLOATS
        and len(found) == len(shape)
        and all(size in (0, wanted) for size, wanted in zip(found, shape, strict=True))
    )


def _listed(tensors: Sequence[Any]) -> str:
    return (
        ", ".join(
            f"{each.name} ({TensorProto.DataType.Name(each.type.tensor_type.elem_type).lower()}) of shape "
            f"{[dim.dim_value or dim.dim_param or '?' for dim in each.type.tensor_type.shape.dim]}"
            for each in tensors
        )
        or "none"
    )
