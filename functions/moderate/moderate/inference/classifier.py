"""Judges views with one model: takes a view, returns five probabilities."""

from pathlib import Path

from moderate.images.decoded import View
from moderate.inference.heatmap import Grid, against_neutral
from moderate.inference.model_file import ModelFile
from moderate.verdict import Scores


class Classifier:
    """Calls may run side by side on several threads, one core each."""

    def __init__(self, path: Path) -> None:
        """Raises ModelUnusable."""
        self._file = ModelFile(path)
        self.model = self._file.model

    def classify(self, view: View) -> Scores:
        """Returns the probabilities for one view of the model's size. Raises ClassificationFailed."""
        return Scores(**dict(zip(self.model.labels, self._file.probabilities(view), strict=True)))

    def heatmaps(self, view: View) -> dict[str, Grid] | None:
        """Returns where each class of heatmap.EXPLAINED was seen; None if the model makes no heat maps.

        Each has as many rows and columns as the model makes: 7, or 8 with inception_v3. Raises ClassificationFailed.
        """
        return against_neutral(self._file.heatmap(view), self.model.labels) if self.model.explains else None

    def warm_up(self) -> None:
        """Makes the session's first allocations, so that the first caller need not wait for them.

        Raises ModelUnusable if the model does not answer with probabilities.
        """
        self._file.try_out([bytes(self.model.size**2 * 3)])
