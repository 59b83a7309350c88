"""Opens a model's .onnx file, and refuses one that does not keep to the contract in model/README.md.

The build of a model and the start of the service check it with this module, and so does every call.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

# ONNX Runtime's published builds send telemetry to Microsoft and keep an identifier on disk, unless this is set before
# the library is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from moderate.verdict import Scores

# All models work in the same memory, so a second one takes hardly more than its weights. In one large block what an
# inference needs lies closer together than in several that grow, and the pages that nothing touches are never there.
ort.create_and_register_allocator(
    ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT),
    ort.OrtArenaCfg({"initial_chunk_size_bytes": 32 * 1024 * 1024}),
)

LABELS = tuple(field.name for field in fields(Scores))
IMAGE, PROBABILITIES, HEATMAP = "image", "probabilities", "heatmap"

# A larger one would leave images no room in the memory of a function.
_MAX_BYTES = 500_000_000
_SIDES = range(32, 513)
_HEATMAP_SIDES = range(1, 65)
# Some models round their probabilities, to 16 bits for example.
_MAX_EXCESS = 0.01
# What it means that ONNX Runtime says this. The last one is for all else.
_MEANINGS = {
    "Protobuf parsing failed|No graph was found": "it is not an ONNX file, or not a whole one",
    "External data": "its weights are in another file; save all in one with onnx.save(onnx.load(path), path)",
    "not a registered function/op|No Op registered": "it needs an operator that ONNX Runtime does not have",
    "opset|IR version": "its version of ONNX is too new or too old; export it with an opset from 13 to 22",
    "": "ONNX Runtime cannot load it",
}
_PREAMBLE = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : (Load model from .*? failed:)?(/\S+:\d+ .*\) )?")
_LONGEST_QUOTE = 200


Array = NDArray[np.float32]
Tensors = Mapping[str, tuple[str, list[Any]]]
"""Each tensor's type and dimensions by its name; a dimension that varies is a name or None."""

_FLOAT = "tensor(float)"
_TYPE = re.compile(r"^tensor\(|\)$")


class ModelUnusable(Exception):
    """The model file is missing or breaks the contract; the message says how."""


class ClassificationFailed(Exception):
    """The model did not answer with probabilities; the message says with what. No client can cause this."""


@dataclass(frozen=True, slots=True)
class Model:
    """Holds what a model file says about itself."""

    name: str
    version: str
    labels: tuple[str, ...]
    """Its classes, in the order of its probabilities."""
    size: int
    """How many pixels a side a view must have."""
    explains: bool
    """Whether it makes heat maps."""


class ModelFile:
    """Holds one session. Calls may run side by side on several threads, one core each."""

    def __init__(self, path: Path) -> None:
        """Raises ModelUnusable."""
        self._path = path
        self._session = _load(path)
        self.model = _describe(self._session, path)

    def probabilities(self, view: bytes) -> list[float]:
        """Returns one for each of the model's labels. Raises ClassificationFailed."""
        (answer,) = self._run([PROBABILITIES], view)
        return _checked_probabilities(answer)

    def heatmap(self, view: bytes) -> Array:
        """Returns a map for each of the model's labels, with the shape [labels, rows, columns].

        Raises ClassificationFailed.
        """
        (answer,) = self._run([HEATMAP], view)
        return _checked_maps(answer)

    def try_out(self, views: Iterable[bytes]) -> None:
        """Judges the views. Raises ModelUnusable if an answer breaks the contract."""
        try:
            for view in views:
                probabilities, *maps = self._run([PROBABILITIES, *([HEATMAP] if self.model.explains else [])], view)
                _checked_probabilities(probabilities)
                for answer in maps:
                    _checked_maps(answer)
        except ClassificationFailed as error:
            raise _unusable(self._path, str(error)) from error

    def _run(self, outputs: list[str], view: bytes) -> list[Array]:
        image = np.frombuffer(view, np.uint8).reshape(1, self.model.size, self.model.size, 3)
        try:
            return self._session.run(outputs, {IMAGE: image})  # type: ignore[no-any-return]
        except Exception as error:  # its exceptions have no common base
            raise ClassificationFailed(f"it fails on a picture: {_quote(error)}") from error


def _checked_probabilities(answer: Array) -> list[float]:
    """Raises ClassificationFailed."""
    if answer.shape != (1, len(LABELS)):
        raise ClassificationFailed(f"its {PROBABILITIES} have the shape {list(answer.shape)}")
    found = [float(value) for value in answer[0]]
    # Written so that it is false for what is no number.
    if not (min(found) >= 0 and abs(sum(found) - 1) <= _MAX_EXCESS):
        shown = ", ".join(f"{value:.3g}" for value in found)
        raise ClassificationFailed(
            f"its {PROBABILITIES} must be at least 0 and add up to 1, as after a softmax; they are {shown}"
        )
    return [min(value, 1.0) for value in found]


def _checked_maps(answer: Array) -> Array:
    """Raises ClassificationFailed."""
    if not _is_heatmap(answer.shape):
        raise ClassificationFailed(f"its {HEATMAP} has the shape {list(answer.shape)}")
    if not np.isfinite(answer).all():
        raise ClassificationFailed(f"its {HEATMAP} holds what is not a number")
    return answer[0]  # type: ignore[no-any-return]


def _load(path: Path) -> ort.InferenceSession:
    if not path.is_file():
        raise ModelUnusable(f"there is no model at {path}; `make model` builds it")
    if path.stat().st_size > _MAX_BYTES:
        raise _unusable(path, f"it has more than {_MAX_BYTES / 1e6:.0f} MB")
    options = ort.SessionOptions()
    # The images of a call are judged in parallel. ONNX Runtime's own pool would spin and compete with them for the
    # same cores, which is 4 times slower under contention.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # After the first call it would take one block for all that a call needs, and keep what that one took: 2 MB, or 10
    # with two models. Without it no call takes longer.
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    options.add_session_config_entry("session.use_env_allocators", "1")
    try:
        return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common base
        meaning = next(text for cause, text in _MEANINGS.items() if re.search(cause, str(error)))
        raise _unusable(path, f"{meaning} (ONNX Runtime {ort.__version__}: {_quote(error)})") from error


def _describe(session: ort.InferenceSession, path: Path) -> Model:
    """Raises ModelUnusable."""
    try:
        inputs = {each.name: (each.type, each.shape) for each in session.get_inputs()}
        outputs = {each.name: (each.type, each.shape) for each in session.get_outputs()}
        metadata = session.get_modelmeta().custom_metadata_map
    except UnicodeDecodeError:
        raise _unusable(path, "it has names or metadata that are not UTF-8") from None
    size = _size(inputs)
    if not size:
        raise _unusable(
            path,
            f"it must have one input, {IMAGE}, of type uint8 and shape [1, S, S, 3], with S from {_SIDES[0]} to "
            f"{_SIDES[-1]}; it has {_listed(inputs)}",
        )
    if outputs.get(PROBABILITIES) != (_FLOAT, [1, len(LABELS)]):
        raise _unusable(
            path,
            f"it must have an output {PROBABILITIES} of type float and shape {[1, len(LABELS)]}; it has "
            f"{_listed(outputs)}",
        )
    kind, shape = outputs.get(HEATMAP, (None, []))
    if kind and not (kind == _FLOAT and _is_heatmap(shape)):
        raise _unusable(
            path,
            f"its {HEATMAP} must be of type float and shape [1, {len(LABELS)}, rows, columns], with at most "
            f"{_HEATMAP_SIDES[-1]} of each; it has {_listed(outputs)}",
        )
    if missing := [name for name in ("name", "version", "labels") if not metadata.get(name)]:
        raise _unusable(path, f"its metadata lacks {', '.join(missing)}")
    labels = tuple(metadata["labels"].split(","))
    if sorted(labels) != sorted(LABELS):
        raise _unusable(
            path,
            f"the labels in its metadata must be {','.join(LABELS)}, in the order of its {PROBABILITIES}; they are "
            f"{metadata['labels']}",
        )
    return Model(metadata["name"], metadata["version"], labels, size, explains=kind is not None)


def _size(inputs: Tensors) -> int:
    """Returns 0 if the input is not one for pictures of a usable size."""
    match inputs:
        case {"image": ("tensor(uint8)", [1, int(rows), int(columns), 3])} if len(inputs) == 1 and rows == columns:
            return rows if rows in _SIDES else 0
    return 0


def _is_heatmap(shape: Sequence[Any]) -> bool:
    return list(shape[:2]) == [1, len(LABELS)] and len(shape) == 4 and {*shape[2:]} <= {*_HEATMAP_SIDES}  # noqa: PLR2004


def _listed(tensors: Tensors) -> str:
    described = (f"{name} of type {_TYPE.sub('', kind)} and shape {shape}" for name, (kind, shape) in tensors.items())
    return ", ".join(described) or "none"


def _quote(error: Exception) -> str:
    return _PREAMBLE.sub("", str(error)).strip()[:_LONGEST_QUOTE]


def _unusable(path: Path, reason: str) -> ModelUnusable:
    return ModelUnusable(f"{path} cannot be used as a model: {reason}")
