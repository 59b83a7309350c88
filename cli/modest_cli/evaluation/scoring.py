"""Scores pictures as the service would: with each model, alone and with each second opinion, under each policy."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import moderate
import modest
from moderate.blocking.screening import Decode
from moderate.images.decoded import Picture, View
from moderate.inference import second_model
from moderate.inference.classifier import Classifier
from moderate.inference.model_file import ModelUnusable
from moderate.inference.second_model import SecondModel
from moderate.pipeline import Outcome, Pipeline
from moderate.scheduling.work import Work
from moderate.sources import ImageBytes
from moderate.verdict import Cuts, Policy, Scores
from modest.errors import PublicError
from modest_cli.errors import OperatorError
from modest_cli.judging import error_code, fetch_nothing

_LIBRARIES = ("numpy", "onnxruntime", "pi-heif", "pillow", "pyvips-binary")


class Setting(NamedTuple):
    """Names one way to judge."""

    models: str
    """The first model, and the one that is asked for second opinions, if any."""
    policy: Policy


@dataclass(frozen=True, slots=True)
class Scored:
    scores: tuple[float, ...]
    """One for each setting, in their order."""
    in_part: bool = False
    """Whether frames were left out, so that no answer is `safe`."""


@dataclass(frozen=True, slots=True)
class Refused:
    code: str
    """As in the API's errors."""
    message: str


Finding = Scored | Refused


class Scorer:
    """Decodes a picture once, and shows each model each view of it once, whatever asks about them."""

    def __init__(
        self, models: Sequence[Path], second_opinions: Sequence[str], cuts: Cuts, *, workers: int, decode: Decode
    ) -> None:
        """Raises OperatorError if a model cannot be used."""
        self.cuts = cuts
        self._models: dict[Path, _Model] = {}
        self._decode = _Decoded(decode)
        self._pipelines: dict[str, Pipeline] = {}
        try:
            for path in models:
                for name in second_opinions:
                    self._add(path, name, workers)
        except ModelUnusable as error:
            raise OperatorError(f"{error}.") from None

    @property
    def settings(self) -> list[Setting]:
        return [Setting(models, policy) for models in self._pipelines for policy in Policy]

    def identity(self) -> dict[str, object]:
        """Returns what scores depend on, beside the picture."""
        return {
            "models": {name: hashlib.sha256(path.read_bytes()).hexdigest() for path, name in self._names()},
            "compared": [list(setting) for setting in self.settings],
            "cuts": {"questionable": self.cuts.questionable, "nsfw": self.cuts.nsfw},
            "code": _state_of_code(),
        }

    def score(self, images: Sequence[ImageBytes]) -> list[Finding]:
        """Judges these images side by side. A picture that is refused by one way to judge is refused."""
        scores: list[list[float]] = [[] for _ in images]
        refused: dict[int, Refused] = {}
        in_part: set[int] = set()
        for setting in self.settings:
            left = [number for number in range(len(images)) if number not in refused]
            judged = asyncio.run(self._judge(setting, [images[number] for number in left]))
            for number, outcome in zip(left, judged, strict=True):
                if isinstance(outcome, PublicError):
                    refused[number] = refusal(outcome)
                    continue
                scores[number].append(outcome.nsfw_score)
                if not outcome.frames.all_judged:
                    in_part.add(number)
        self._forget()
        return [refused.get(number) or Scored(tuple(found), number in in_part) for number, found in enumerate(scores)]

    def _add(self, path: Path, second_opinion: str, workers: int) -> None:
        first = self._model(path)
        second = second_model.find(second_opinion, first.model, path)
        name = first.model.name
        if second is not None:
            # Loaded here, so that the same session may give first and second opinions.
            other = self._model(path.parent / f"{second_opinion}.onnx")
            second = SecondModel(partial(_same, other))
            name = f"{name}, then {other.model.name}"
        self._pipelines[name] = Pipeline(
            fetch_nothing, first, cuts=self.cuts, second=second, workers=workers, decode=self._decode
        )

    def _model(self, path: Path) -> "_Model":
        path = path.resolve()
        if path not in self._models:
            model = _Model(path)
            if model.model.name in (name for _, name in self._names()):
                raise OperatorError(f"Two of the models are called {model.model.name}.")
            self._models[path] = model
        return self._models[path]

    def _names(self) -> Iterator[tuple[Path, str]]:
        return ((path, model.model.name) for path, model in self._models.items())

    async def _judge(self, setting: Setting, images: Sequence[ImageBytes]) -> list[Outcome]:
        pipeline = self._pipelines[setting.models]
        calls = (pipeline.judge([image], setting.policy) for image in images)
        return [outcome for (outcome,) in await asyncio.gather(*calls)]

    def _forget(self) -> None:
        self._decode.forget()
        for model in self._models.values():
            model.forget()


def refusal(error: PublicError) -> Refused:
    """Returns what to keep of an error, whose traceback would keep the image."""
    return Refused(error_code(error), error.message)


class _Model(Classifier):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._known: dict[View, Scores] = {}

    def classify(self, view: View) -> Scores:
        if view not in self._known:
            self._known[view] = super().classify(view)
        return self._known[view]

    def forget(self) -> None:
        self._known.clear()


class _Decoded:
    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._known: dict[tuple[bytes, int], Picture] = {}

    def __call__(self, data: bytes, size: int, work: Work, *, room: int, points: bool) -> Picture:
        known = (data, size)
        if known not in self._known:
            self._known[known] = self._decode(data, size, work, room=room, points=points)
        return self._known[known]

    def forget(self) -> None:
        self._known.clear()


def _same(model: Classifier) -> Classifier:
    return model


def _state_of_code() -> str:
    """Returns a different text for each state of what judges."""
    digest = hashlib.sha256(" ".join(f"{name} {version(name)}" for name in _LIBRARIES).encode())
    for package in (moderate, modest):
        for path in sorted(Path(*package.__path__).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
