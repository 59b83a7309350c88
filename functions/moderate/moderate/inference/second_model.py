"""Holds the model that gives second opinions, which is loaded when the first one is wanted."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Lock

from moderate.images.decoded import View
from moderate.inference.classifier import Classifier
from moderate.inference.model_file import Model, ModelUnusable
from moderate.verdict import Scores

NONE = "none"


class SecondModel:
    """Neither a start nor a call that needs no second opinion takes any time or memory for it."""

    def __init__(self, load: Callable[[], Classifier]) -> None:
        self._load = load
        self._lock = Lock()
        self._loaded: Classifier | None = None

    @property
    def model(self) -> Model:
        return self._classifier().model

    def classify(self, view: View) -> Scores:
        """Returns the probabilities for a view of any size. Raises ModelUnusable and ClassificationFailed."""
        classifier = self._classifier()
        return classifier.classify(_fit(view, classifier.model.size))

    def _classifier(self) -> Classifier:
        # Images are judged side by side, and each may be the first.
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded


def find(name: str, first: Model, path: Path) -> SecondModel | None:
    """Returns the model of that name; None for NONE and for the first model itself.

    path: the first model's file, which the second one's is beside. Raises ModelUnusable.
    """
    if name in (NONE, first.name, path.stem):
        return None
    file = path.parent / f"{name}.onnx"
    if not file.is_file():
        raise ModelUnusable(
            f"there is no model at {file}; `make model` builds it, and with SECOND_OPINION={NONE} none is needed"
        )
    return SecondModel(partial(Classifier, file))


def _fit(view: View, size: int) -> View:
    side = math.isqrt(len(view) // 3)
    if side == size:
        return view
    # Few calls come here, and to load this takes a start 10 ms.
    from PIL import Image  # noqa: PLC0415

    filter_ = Image.Resampling.BOX if size < side else Image.Resampling.BILINEAR
    return Image.frombytes("RGB", (side, side), view).resize((size, size), filter_).tobytes()
