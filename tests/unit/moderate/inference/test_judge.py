import threading
from pathlib import Path

import pytest
from tests.helpers.support import FakeClassifier, scoring
from tests.helpers.waiting import HANGS_SECONDS

from moderate.images.decoded import Tile, View
from moderate.inference.judge import Judge, Judged, second_opinion, worst_whole
from moderate.inference.model_file import Model, ModelUnusable
from moderate.inference.second_model import SecondModel, find
from moderate.scheduling.work import CallOver, Work
from moderate.verdict import Cuts, Policy, Scores


def view(grey: int, side: int = 8) -> View:
    return bytes([grey]) * (side * side * 3)


FIRST = FakeClassifier(by_grey={20: scoring(0.2), 30: scoring(0.3), 50: scoring(0.5), 90: scoring(0.9)})


def judge(
    *greys: int, second: FakeClassifier | None = None, policy: Policy = Policy.BALANCED, asks: int = 160
) -> dict[int, Judged]:
    judged = Judge(FIRST, SecondModel(lambda: second) if second else None).judge(
        [view(grey) for grey in greys], policy, Cuts(), asks=asks, work=Work()
    )
    return {each.view[0]: each for each in judged}


def scores_of(judged: dict[int, Judged]) -> dict[int, float]:
    return {grey: each.nsfw_score for grey, each in judged.items()}


def test_without_a_second_model_the_first_decides() -> None:
    judged = judge(20, 90)
    assert scores_of(judged) == {20: 0.2, 90: 0.9}
    assert second_opinion(judged.values()) is None


def test_the_second_model_sees_only_what_the_first_finds_doubtful() -> None:
    second = FakeClassifier(scoring(0.1), name="other")
    judged = judge(20, 30, 50, 90, second=second)
    assert scores_of(judged) == {20: 0.2, 30: 0.2, 50: 0.3, 90: 0.5}
    assert second.shown == 3
    assert judged[20].second is None
    assert judged[30].scores == Scores(drawing=0.0, hentai=0.0, neutral=0.8, porn=0.2, sexy=0.0)


def test_both_opinions_are_kept_with_the_name_of_their_model() -> None:
    found = second_opinion(judge(20, 30, 90, second=FakeClassifier(scoring(0.1), name="other")).values())
    assert found is not None
    assert (found.first.model.name, found.first.nsfw_score) == ("fake", 0.9)
    assert (found.second.model.name, found.second.nsfw_score) == ("other", 0.1)


def test_under_the_strict_policy_nothing_is_taken_back() -> None:
    second = FakeClassifier(scoring(0.0), {50: scoring(0.9)})
    assert scores_of(judge(30, 50, 90, second=second, policy=Policy.STRICT)) == {30: 0.3, 50: 0.7, 90: 0.9}


def test_if_only_few_may_be_asked_about_the_worst_are_and_the_first_opinion_counts_for_the_rest() -> None:
    second = FakeClassifier(scoring(0.0))
    assert scores_of(judge(30, 50, 90, second=second, asks=2)) == {30: 0.3, 50: 0.25, 90: 0.45}
    assert scores_of(judge(30, 50, 90, second=second, asks=0)) == {30: 0.3, 50: 0.5, 90: 0.9}


@pytest.mark.parametrize(
    ("first", "second", "score"),
    [(0.9, 0.7, 0.8), (0.9, 0.2, 0.55), (0.9, 0.5, 0.5999), (0.5, 0.9, 0.5999), (0.9, None, 0.5999)],
)
def test_a_part_is_nsfw_only_if_both_models_say_so(first: float, second: float | None, score: float) -> None:
    other = None if second is None else SecondModel(lambda: FakeClassifier(scoring(second)))
    (judged,) = Judge(FakeClassifier(scoring(first)), other).judge(
        [Tile(view(1))], Policy.BALANCED, Cuts(), asks=9, work=Work()
    )
    assert judged.nsfw_score == pytest.approx(score)


def test_a_part_is_never_the_view_that_is_explained() -> None:
    both = SecondModel(lambda: FakeClassifier(scoring(0.9)))
    judged = Judge(FIRST, both).judge([view(20), Tile(view(90))], Policy.BALANCED, Cuts(), asks=9, work=Work())
    assert worst_whole(judged).view == view(20)


def test_the_same_view_is_judged_once_by_each_model() -> None:
    second = FakeClassifier(scoring(0.9))
    before = FIRST.shown
    assert scores_of(judge(90, 90, 90, second=second)) == {90: 0.9}
    assert (FIRST.shown - before, second.shown) == (1, 1)


def test_nobody_is_asked_for_a_call_that_is_over() -> None:
    work, second = Work(), FakeClassifier(scoring(0.9))

    class Ending(FakeClassifier):
        def classify(self, view: View) -> Scores:
            work.end()
            return super().classify(view)

    with pytest.raises(CallOver):
        Judge(Ending(scoring(0.9)), SecondModel(lambda: second)).judge(
            [view(1)], Policy.BALANCED, Cuts(), asks=9, work=work
        )
    assert second.shown == 0


def test_a_second_model_is_loaded_once_and_only_when_it_is_asked() -> None:
    loads, together = [], threading.Barrier(4)

    def load() -> FakeClassifier:
        loads.append(1)
        return FakeClassifier(scoring(0.9))

    model = SecondModel(load)
    assert not loads

    def ask() -> None:
        together.wait(HANGS_SECONDS)
        model.classify(view(1))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANGS_SECONDS)
    assert len(loads) == 1


@pytest.mark.parametrize("side", [4, 8, 20])
def test_a_view_is_fitted_to_the_size_of_the_second_model(side: int) -> None:
    seen: list[View] = []

    class Watching(FakeClassifier):
        def classify(self, view: View) -> Scores:
            seen.append(view)
            return super().classify(view)

    SecondModel(Watching).classify(view(77, side))
    assert seen == [view(77)]


def model(name: str) -> Model:
    return Model(name=name, version="1", labels=(), size=8, explains=True)


def test_none_and_the_first_model_itself_give_no_second_opinion(tmp_path: Path) -> None:
    assert find("none", model("one"), tmp_path / "one.onnx") is None
    assert find("one", model("one"), tmp_path / "any.onnx") is None
    assert find("file", model("one"), tmp_path / "file.onnx") is None


def test_a_second_model_that_is_missing_stops_the_start_and_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match=r"other\.onnx.*`make model`.*SECOND_OPINION=none"):
        find("other", model("one"), tmp_path / "one.onnx")


def test_a_second_model_is_found_beside_the_first(tmp_path: Path) -> None:
    (tmp_path / "other.onnx").touch()
    assert isinstance(find("other", model("one"), tmp_path / "one.onnx"), SecondModel)
