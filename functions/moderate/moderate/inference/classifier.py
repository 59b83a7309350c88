"""Runs the model in ONNX Runtime: takes a view, returns five probabilities."""

import math
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

# ONNX Runtime's published builds send telemetry to Microsoft and keep an identifier on disk, unless this is set before
# the library is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort

from moderate.images.views import View
from moderate.inference.heatmap import Grid, against_neutral
from moderate.verdict import Scores


class ModelUnusable(Exception):
    """The model file is missing, or was not built by `make model`."""


class ClassificationFailed(Exception):
    """The model answered something that is not a probability. No client can cause this."""


@dataclass(frozen=True, slots=True)
class Model:
    """Holds what the model file says about itself; model/build.py wrote it there from model/models.toml."""

    name: str
    version: str
    labels: tuple[str, ...]
    size: int


class Classifier:
    """Holds one session. Calls may run side by side on several threads, one core each."""

    def __init__(self, path: Path) -> None:
        """Raises ModelUnusable."""
        if not path.is_file():
            raise ModelUnusable(f"there is no model at {path}; `make model` builds it")
        options = ort.SessionOptions()
        # The images of a call are judged in parallel. ONNX Runtime's own pool would spin and compete with them for the
        # same cores, which is 4 times slower under contention.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions have no common base
            raise ModelUnusable(f"{path} is not a model; `make model` builds one") from error
        self.model = _describe(self._session.get_modelmeta().custom_metadata_map, path)

    def classify(self, view: View) -> Scores:
        """Returns the probabilities for one view of the model's size. Raises ClassificationFailed."""
        (row,) = self._run("probabilities", view)
        probabilities = [float(value) for value in row]
        if not all(math.isfinite(value) for value in probabilities):
            raise ClassificationFailed
        return Scores(**dict(zip(self.model.labels, probabilities, strict=True)))

    def heatmaps(self, view: View) -> dict[str, Grid]:
        """Returns where each class of heatmap.EXPLAINED was seen: 7 x 7 numbers, or 8 x 8 with inception_v3."""
        (maps,) = self._run("heatmap", view)
        return against_neutral(maps, self.model.labels)

    def warm_up(self) -> None:
        """Makes the session's first allocations, so that the first caller need not wait for them."""
        self.classify(bytes(self.model.size**2 * 3))

    def _run(self, output: str, view: View) -> Any:
        image = np.frombuffer(view, np.uint8).reshape(1, self.model.size, self.model.size, 3)
        return self._session.run([output], {"image": image})[0]


def _describe(metadata: dict[str, str], path: Path) -> Model:
    try:
        model = Model(
            name=metadata["name"],
            version=metadata["version"],
            labels=tuple(metadata["labels"].split(",")),
            size=int(metadata["size"]),
        )
    except (KeyError, ValueError) as error:
        raise ModelUnusable(f"{path} lacks the metadata of a model; `make model` builds one that has it") from error
    if sorted(model.labels) != sorted(field.name for field in fields(Scores)):
        raise ModelUnusable(f"{path} has the wrong classes: {', '.join(model.labels)}")
    return model
