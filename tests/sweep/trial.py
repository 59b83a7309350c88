"""Asks Chromium and the service about files, and scores what each sees."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path

from PIL import Image
from tests.helpers.support import ROOT
from tests.shown.browsers import File, shown_by_chromium
from tests.shown.judge import Judged, View, judged, reduced
from tests.sweep.collection import Specimen
from tests.sweep.outcomes import Outcome, score

from moderate.calls.problems import INTERNAL, STATUS_AND_CODE
from moderate.images.limits import MAX_VIEWS_OF_CALL
from moderate.inference.classifier import Classifier
from moderate.verdict import Policy, nsfw_score

_LARGE = 384
_MOST_PIXELS = 12_000_000
"""Of an animation's frames, whose pixels Chromium hands over as they are."""
_CODES = {error.__name__: code for error, (_, code) in STATUS_AND_CODE.items()}


def tried(specimens: Sequence[Specimen], collected: Path, classifier: Classifier) -> list[Outcome]:
    """Returns what came of each. Squeezing may move a score, so one that is lower is shown again at its own size."""
    found = {each.file: each for each in _tried(specimens, collected, classifier, squeezed=True)}
    lower = [specimen for specimen in specimens if found[specimen].lower]
    again = {each.file: each for each in _tried(lower, collected, classifier, squeezed=False)} if lower else {}
    return [again.get(specimen, found[specimen]) for specimen in specimens]


def _tried(specimens: Sequence[Specimen], collected: Path, classifier: Classifier, *, squeezed: bool) -> list[Outcome]:
    def scored(view: View) -> float:
        return nsfw_score(classifier.classify(view.tobytes()), Policy.BALANCED)

    size = classifier.model.size
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(1) as aside:
        folder = Path(name)
        files = [
            _file(Path(shutil.copy(specimen.file(collected), folder)), squeezed=squeezed) for specimen in specimens
        ]
        answers = aside.submit(judged, ROOT, [file.path for file in files], size)
        found = shown_by_chromium(folder, files)
        pictures = [found[file.path.name] for file in files]
        small = iter(reduced(ROOT, folder, [seen.picture for mine in pictures for seen in mine], size))
        return [
            outcome(specimen, answer, list(islice(small, len(mine))), scored)
            for specimen, answer, mine in zip(specimens, answers.result(), pictures, strict=True)
        ]


def outcome(specimen: Specimen, answer: Judged, pictures: Sequence[View], scored: Callable[[View], float]) -> Outcome:
    shown = max(map(scored, _distinct(pictures)), default=None)
    if answer.refused:
        code = _CODES.get(answer.refused, INTERNAL.code)
        return Outcome(specimen, shown, code=code, cause=answer.rule, message=answer.message)
    views = answer.views[:MAX_VIEWS_OF_CALL]
    complete = answer.complete and len(views) == len(answer.views)
    return Outcome(specimen, shown, score(map(scored, _distinct(views)), complete=complete))


def _distinct(views: Sequence[View]) -> list[View]:
    return list({view.tobytes(): view for view in views}.values())


def _file(path: Path, *, squeezed: bool) -> File:
    area = _LARGE**2
    with suppress(Exception), Image.open(path) as image:
        area = image.width * image.height
    return File(path, _LARGE, frames=_MOST_PIXELS // area, squeezed=squeezed)
