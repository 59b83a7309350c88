"""Decides which models judge a view: the first one every view, the second one those that the first finds doubtful."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from moderate.images.decoded import Tile, View
from moderate.inference.classifier import Classifier
from moderate.inference.heatmap import Grid
from moderate.inference.model_file import Model
from moderate.inference.second_model import SecondModel
from moderate.scheduling.work import Work
from moderate.verdict import Cuts, Policy, Scores, agreed_score, is_doubtful, lifted_score, mean, part_score


@dataclass(frozen=True, slots=True)
class Opinion:
    """Holds what one model says of a view, and the score that it has by that alone."""

    model: Model
    scores: Scores
    nsfw_score: float


@dataclass(frozen=True, slots=True)
class Judged:
    """Holds what was found out about one view."""

    view: View
    scores: Scores
    nsfw_score: float
    score_alone: float
    """What the score would be without a second opinion."""
    first: Opinion
    second: Opinion | None = None
    """None if the second model was not asked."""


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """Holds what both models say of one view."""

    first: Opinion
    second: Opinion


class Judge:
    def __init__(self, first: Classifier, second: SecondModel | None = None) -> None:
        self._first = first
        self._second = second

    @property
    def size(self) -> int:
        """How many pixels a side a view must have."""
        return self._first.model.size

    def judge(self, views: Iterable[View], policy: Policy, cuts: Cuts, *, asks: int, work: Work) -> Sequence[Judged]:
        """Returns what is found out about each distinct view, in their order.

        asks: about how many views the second model may be asked; the first one's highest scores come first, and it
        alone judges the rest. Raises CallOver and ClassificationFailed.
        """
        judged = {view: self._judge_alone(view, policy, cuts, work) for view in dict.fromkeys(views)}
        if self._second is not None:
            doubtful = [each for each in judged.values() if is_doubtful(each.first.nsfw_score, cuts)]
            for each in sorted(doubtful, key=lambda one: -one.first.nsfw_score)[:asks]:
                second = self._ask(self._second, each.view, policy, cuts, work)
                judged[each.view] = _with_second(each, second, policy, cuts)
        return list(judged.values())

    def explain(self, view: View) -> dict[str, Grid] | None:
        """Returns where the first model saw each class; None if it makes no heat maps."""
        return self._first.heatmaps(view)

    def _judge_alone(self, view: View, policy: Policy, cuts: Cuts, work: Work) -> Judged:
        work.check()
        scores = self._first.classify(view)
        first = Opinion(self._first.model, scores, lifted_score(scores, policy, cuts))
        score = part_score(scores, None, policy, cuts) if isinstance(view, Tile) else first.nsfw_score
        return Judged(view, scores, score, score_alone=score, first=first)

    def _ask(self, second: SecondModel, view: View, policy: Policy, cuts: Cuts, work: Work) -> Opinion:
        work.check()
        scores = second.classify(view)
        return Opinion(second.model, scores, lifted_score(scores, policy, cuts))


def _with_second(judged: Judged, second: Opinion, policy: Policy, cuts: Cuts) -> Judged:
    first = judged.first.scores
    score = part_score if isinstance(judged.view, Tile) else agreed_score
    return replace(
        judged,
        scores=mean(first, second.scores),
        nsfw_score=score(first, second.scores, policy, cuts),
        second=second,
    )


def second_opinion(judged: Iterable[Judged]) -> SecondOpinion | None:
    """Returns the second opinion on the worst of those views on which there is one."""
    asked = [(each.nsfw_score, SecondOpinion(each.first, each.second)) for each in judged if each.second is not None]
    return max(asked, key=itemgetter(0))[1] if asked else None


def worst_whole(judged: Iterable[Judged]) -> Judged:
    """Returns the worst of the views that are not tiles."""
    return max((each for each in judged if not isinstance(each.view, Tile)), key=lambda each: each.nsfw_score)
