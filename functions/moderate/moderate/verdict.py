"""Turns class probabilities into a verdict: holds the one formula, its cuts and its names."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, fields
from enum import StrEnum

DECIMALS = 4
# From one score to the next.
_STEP: float = 0.1**DECIMALS


@dataclass(frozen=True, slots=True)
class Scores:
    """Holds the model's five probabilities, each from 0 to 1; their sum is 1."""

    drawing: float
    hentai: float
    neutral: float
    porn: float
    sexy: float

    @property
    def top_class(self) -> str:
        return max(self.__slots__, key=lambda name: float(getattr(self, name)))

    def rounded(self) -> "Scores":
        """Returns the same probabilities as they are shown: rounded to 4 places."""
        return Scores(*(round(value, DECIMALS) for value in astuple(self)))


CLASSES = tuple(each.name for each in fields(Scores))


class Policy(StrEnum):
    """Says how much suggestive content counts."""

    LENIENT = "lenient"
    BALANCED = "balanced"
    STRICT = "strict"

    @property
    def sexy_weight(self) -> float:
        return _SEXY_WEIGHT[self]


_SEXY_WEIGHT = {Policy.LENIENT: 0.0, Policy.BALANCED: 0.5, Policy.STRICT: 1.0}


class Verdict(StrEnum):
    SAFE = "safe"
    QUESTIONABLE = "questionable"
    NSFW = "nsfw"


@dataclass(frozen=True, slots=True)
class Cuts:
    """Says where a verdict changes: `questionable` and `nsfw` are the lowest scores that get that verdict."""

    questionable: float = 0.3
    nsfw: float = 0.6
    class_limits: Mapping[str, float] = field(default_factory=dict)
    """The probability from which on a class alone makes a picture nsfw, by the name of the class."""

    def __post_init__(self) -> None:
        if not 0 <= self.questionable <= self.nsfw <= 1:
            raise ValueError(
                f"cuts must satisfy 0 <= questionable <= nsfw <= 1, not {self.questionable} and {self.nsfw}"
            )
        if not all(name in CLASSES and 0 < limit <= 1 for name, limit in self.class_limits.items()):
            raise ValueError(f"class limits are above 0, at most 1, and for {', '.join(CLASSES)}")


def nsfw_score(scores: Scores, policy: Policy) -> float:
    """Returns porn + hentai + w * sexy with the policy's w: at most 1, rounded to 4 places before it is compared."""
    return min(1.0, round(sum(_shares(scores, policy).values()), DECIMALS))


def lifted_score(scores: Scores, policy: Policy, cuts: Cuts) -> float:
    """Returns the nsfw_score, but not below the one at which nsfw begins if a class reaches its limit."""
    score = nsfw_score(scores, policy)
    return max(score, cuts.nsfw) if _at_their_limits(scores, cuts) else score


def decisive_class(scores: Scores, policy: Policy, cuts: Cuts) -> tuple[str, float | None]:
    """Returns the class to which most of the lifted_score is due, and its limit if that is what lifted the score."""
    if nsfw_score(scores, policy) < cuts.nsfw and (reached := _at_their_limits(scores, cuts)):
        name = max(reached, key=lambda each: float(getattr(scores, each)))
        return name, cuts.class_limits[name]
    shares = _shares(scores, policy)
    return max(shares, key=lambda each: shares[each]), None


def _shares(scores: Scores, policy: Policy) -> dict[str, float]:
    """Returns what each class adds to the nsfw_score."""
    return {"porn": scores.porn, "hentai": scores.hentai, "sexy": policy.sexy_weight * scores.sexy}


def _at_their_limits(scores: Scores, cuts: Cuts) -> list[str]:
    shown = scores.rounded()
    return [name for name, limit in cuts.class_limits.items() if float(getattr(shown, name)) >= limit]


def verdict(score: float, cuts: Cuts) -> Verdict:
    if score >= cuts.nsfw:
        return Verdict.NSFW
    if score >= cuts.questionable:
        return Verdict.QUESTIONABLE
    return Verdict.SAFE


def is_doubtful(score: float, cuts: Cuts) -> bool:
    """Returns whether a second model is asked about a view to which the first one gives this score."""
    return verdict(score, cuts) is not Verdict.SAFE


def mean(first: Scores, second: Scores) -> Scores:
    return Scores(*((one + other) / 2 for one, other in zip(astuple(first), astuple(second), strict=True)))


def agreed_score(first: Scores, second: Scores, policy: Policy, cuts: Cuts) -> float:
    """Returns the score of a view that two models judged: that of the mean of both, but not below a floor.

    So the second model takes back one step of the first one's verdict at most, and none under the strict policy.
    """
    alone = lifted_score(first, policy, cuts)
    return max(lifted_score(mean(first, second), policy, cuts), _floor(alone, policy, cuts))


def part_score(first: Scores, second: Scores | None, policy: Policy, cuts: Cuts) -> float:
    """Returns the score of a part of a picture: that of a view, but nsfw only if both models say that.

    A part shows less than the picture does, so one model is wrong about it more often.
    """
    score = lifted_score(first, policy, cuts) if second is None else agreed_score(first, second, policy, cuts)
    if second is not None and all(
        verdict(lifted_score(each, policy, cuts), cuts) is Verdict.NSFW for each in (first, second)
    ):
        return score
    return min(score, max(0.0, round(cuts.nsfw - _STEP, DECIMALS)))


def _floor(alone: float, policy: Policy, cuts: Cuts) -> float:
    """alone: the score that the first model gives."""
    if policy is Policy.STRICT:
        return alone
    return cuts.questionable if verdict(alone, cuts) is Verdict.NSFW else 0.0


def in_part(score: float, cuts: Cuts) -> tuple[float, Verdict]:
    """Returns the score and the verdict of an image that was not judged whole: it is never safe."""
    found = verdict(score, cuts)
    return (score, found) if found is Verdict.NSFW else (max(score, cuts.questionable), Verdict.QUESTIONABLE)


def passes(score: float, threshold: float) -> bool:
    """Returns whether an image with this score is safe for a caller who set a threshold of their own."""
    return score < threshold
