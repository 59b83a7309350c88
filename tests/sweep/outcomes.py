"""What is recorded of each file, and what is counted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.sweep.collection import Specimen

from moderate.verdict import Cuts, in_part

MOST_LOWER = 0.1
MOST_REFUSED = 0.01
"""Of all files, those that are refused though Chromium shows them whole."""


@dataclass(frozen=True, slots=True)
class Outcome:
    file: Specimen
    shown: float | None
    """The highest score of what Chromium shows; None if it shows nothing."""
    judged: float | None = None
    """The highest score of what is judged; None if the file is refused."""
    code: str = ""
    """The error's, as clients read it."""
    cause: str = ""
    """The error's detail in the log."""
    message: str = ""

    @property
    def refused(self) -> bool:
        return self.judged is None

    @property
    def breaks_off(self) -> bool:
        """Whether a part of the picture is missing, and Chromium shows the rest."""
        return self.refused and self.shown is not None and self.cause.startswith("BreaksOff: ")

    @property
    def refused_though_shown(self) -> bool:
        return self.refused and self.shown is not None and not self.breaks_off

    @property
    def lower(self) -> bool:
        """Whether it is judged so much lower than what is shown that it matters."""
        return self.judged is not None and self.shown is not None and round(self.shown - self.judged, 4) > MOST_LOWER


@dataclass(frozen=True, slots=True)
class Counts:
    tried: int
    shown: int
    judged: int
    refused: int
    breaks_off: int
    refused_though_shown: int
    lower: int

    @property
    def share_refused(self) -> float:
        return self.refused_though_shown / self.tried if self.tried else 0.0


def counts(outcomes: Sequence[Outcome]) -> Counts:
    refused = sum(outcome.refused for outcome in outcomes)
    return Counts(
        tried=len(outcomes),
        shown=sum(outcome.shown is not None for outcome in outcomes),
        judged=len(outcomes) - refused,
        refused=refused,
        breaks_off=sum(outcome.breaks_off for outcome in outcomes),
        refused_though_shown=sum(outcome.refused_though_shown for outcome in outcomes),
        lower=sum(outcome.lower for outcome in outcomes),
    )


def score(scores: Iterable[float], *, complete: bool) -> float:
    """Returns what the service answers for these views: a picture that was judged in part is never called safe."""
    worst = max(scores)
    return worst if complete else in_part(worst, Cuts())[0]


def causes(outcomes: Iterable[Outcome]) -> list[tuple[tuple[str, str, str], list[Outcome]]]:
    """Returns the files by format, code and cause, the most frequent first."""
    outcomes = list(outcomes)
    found = Counter((outcome.file.format, outcome.code, outcome.cause) for outcome in outcomes)
    return [
        (key, [outcome for outcome in outcomes if (outcome.file.format, outcome.code, outcome.cause) == key])
        for key, _ in sorted(found.items(), key=lambda counted: (-counted[1], counted[0]))
    ]


def passed(found: Counts) -> bool:
    return not found.lower and found.share_refused <= MOST_REFUSED
