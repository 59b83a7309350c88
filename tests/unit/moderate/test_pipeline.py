import asyncio
import base64
import threading
from collections.abc import Awaitable, Callable

import pytest
from PIL import Image
from tests.helpers.crafted import animated, film
from tests.helpers.support import NSFW, SAFE, FakeClassifier, FakeFetch, Never, encoded, png, scoring
from tests.helpers.waiting import HANGS_SECONDS, given_time

from moderate.fetching.responses import FetchFailed
from moderate.images.decoded import View
from moderate.images.limits import MAX_VIEWS_OF_CALL, MAX_VIEWS_OF_STILL, TooManyFrames
from moderate.inference.second_model import SecondModel
from moderate.pipeline import Judgement, Outcome, Pipeline, RequestTooSlow
from moderate.sources import ImageBase64, ImageBytes, ImageUrl, InvalidBase64, Source
from moderate.verdict import Cuts, Policy, Scores, Verdict

URLS = [f"https://example.com/{number}.png" for number in range(10)]


def judge(
    sources: list[Source],
    *,
    fetch: Callable[[str], Awaitable[bytes]] | None = None,
    classifier: FakeClassifier | None = None,
    cuts: Cuts | None = None,
    policy: Policy = Policy.BALANCED,
    workers: int = 2,
    deadline_seconds: float = 25,
    threshold: float | None = None,
    second: FakeClassifier | None = None,
) -> list[Outcome]:
    pipeline = Pipeline(
        fetch or FakeFetch({}),
        classifier or FakeClassifier(),
        cuts=cuts or Cuts(),
        second=SecondModel(lambda: second) if second else None,
        workers=workers,
        deadline_seconds=deadline_seconds,
    )
    return asyncio.run(pipeline.judge(sources, policy, threshold=threshold))


def judgement(outcome: Outcome) -> Judgement:
    assert isinstance(outcome, Judgement)
    return outcome


def scores_of(outcomes: list[Outcome]) -> list[float]:
    return [judgement(outcome).nsfw_score for outcome in outcomes]


def test_nothing_to_judge_is_nothing_judged() -> None:
    assert judge([]) == []


def test_every_source_becomes_a_judgement() -> None:
    data = png(grey=9)
    sources: list[Source] = [ImageUrl(URLS[0]), ImageBase64(base64.b64encode(data).decode()), ImageBytes(data)]
    outcomes = judge(sources, fetch=FakeFetch({URLS[0]: data}), classifier=FakeClassifier(SAFE, {9: NSFW}))
    assert [judgement(outcome).verdict for outcome in outcomes] == [Verdict.NSFW] * 3
    assert len({judgement(outcome).digest for outcome in outcomes}) == 1


def test_outcomes_keep_the_order_of_their_sources_whichever_is_fetched_first() -> None:
    fetched = [asyncio.Event() for _ in range(len(URLS) + 1)]
    fetched[-1].set()

    async def later_ones_first(url: str) -> bytes:
        number = URLS.index(url)
        await fetched[number + 1].wait()
        fetched[number].set()
        return png(grey=number)

    classifier = FakeClassifier(SAFE, {number: scoring(number / 10) for number in range(10)})
    outcomes = judge([ImageUrl(url) for url in URLS], fetch=later_ones_first, classifier=classifier)
    assert scores_of(outcomes) == [number / 10 for number in range(10)]


def test_ten_urls_are_fetched_side_by_side() -> None:
    async def run() -> list[Outcome]:
        all_here = asyncio.Barrier(len(URLS))

        async def fetch(_url: str) -> bytes:
            await all_here.wait()
            return png()

        pipeline = Pipeline(fetch, FakeClassifier(), cuts=Cuts(), workers=2, deadline_seconds=HANGS_SECONDS)
        return await pipeline.judge([ImageUrl(url) for url in URLS], Policy.BALANCED)

    assert scores_of(asyncio.run(run())) == [0] * len(URLS)


def test_equal_sources_are_fetched_and_judged_once() -> None:
    fetch, classifier = FakeFetch({URLS[0]: png()}), FakeClassifier(NSFW)
    outcomes = judge([ImageUrl(URLS[0])] * 5, fetch=fetch, classifier=classifier)
    assert scores_of(outcomes) == [1] * 5
    assert (fetch.asked, classifier.shown) == ([URLS[0]], 1)


def test_one_failure_leaves_the_others_judged() -> None:
    fetch = FakeFetch({URLS[0]: png(), URLS[1]: FetchFailed("gone")})
    first, second, third = judge([ImageUrl(URLS[0]), ImageUrl(URLS[1]), ImageBase64("!")], fetch=fetch)
    assert isinstance(first, Judgement)
    assert isinstance(second, FetchFailed)
    assert isinstance(third, InvalidBase64)


def test_a_fault_of_ours_fails_the_whole_call() -> None:
    with pytest.raises(RuntimeError, match="broken"):
        judge([ImageBytes(png())], classifier=FakeClassifier(RuntimeError("broken")))


def test_what_is_not_judged_at_the_deadline_is_too_slow_and_given_up() -> None:
    given_up: set[str] = set()

    async def fetch(url: str) -> bytes:
        try:
            await (asyncio.sleep(0) if url == URLS[0] else asyncio.Event().wait())
        except asyncio.CancelledError:
            given_up.add(url)
            raise
        return png()

    def run(seconds: float) -> list[Outcome]:
        given_up.clear()
        return judge([ImageUrl(URLS[1]), ImageUrl(URLS[0])], fetch=fetch, deadline_seconds=seconds)

    slow, judged = given_time(run, lambda outcomes: isinstance(outcomes[1], Judgement))
    assert isinstance(slow, RequestTooSlow)
    assert isinstance(judged, Judgement)
    assert given_up == {URLS[1]}


def test_an_answer_that_never_comes_is_not_waited_for() -> None:
    (outcome,) = judge([ImageUrl(URLS[0])], fetch=FakeFetch({URLS[0]: Never()}), deadline_seconds=0.05)
    assert isinstance(outcome, RequestTooSlow)


def test_what_is_seen_only_on_white_or_only_on_black_counts() -> None:
    transparent = encoded(Image.new("LA", (8, 8), (128, 0)), "PNG")
    for grey in (0, 255):
        (outcome,) = judge([ImageBytes(transparent)], classifier=FakeClassifier(SAFE, {grey: NSFW}))
        assert judgement(outcome).verdict is Verdict.NSFW


def test_the_worst_frame_counts_by_the_policy_of_the_call() -> None:
    suggestive = Scores(drawing=0.0, hentai=0.0, neutral=0.2, porn=0.0, sexy=0.8)
    explicit = scoring(0.5)
    frames = [Image.new("L", (8, 8), grey) for grey in (200, 100)]
    animation = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    classifier = FakeClassifier(SAFE, {200: suggestive, 100: explicit})
    worst = {
        policy: judgement(judge([ImageBytes(animation)], classifier=classifier, policy=policy)[0])
        for policy in (Policy.LENIENT, Policy.STRICT)
    }
    assert worst[Policy.LENIENT].scores == explicit
    assert worst[Policy.STRICT].scores == suggestive
    assert (worst[Policy.STRICT].frames.judged, worst[Policy.STRICT].frames.total) == (2, 2)


FILM = ImageBytes(animated(film(200), "GIF", [40] * 200))


def test_of_a_film_too_long_to_be_judged_whole_nothing_is_safe() -> None:
    found = judgement(judge([FILM])[0])
    assert (found.verdict, found.nsfw_score) == (Verdict.QUESTIONABLE, Cuts().questionable)
    assert found.frames.judged < found.frames.total == 200


def test_a_film_of_which_a_judged_picture_is_nsfw_is_nsfw_whoever_asks() -> None:
    for threshold in (None, 0.6):
        (outcome,) = judge([FILM], classifier=FakeClassifier(NSFW), threshold=threshold)
        assert judgement(outcome).verdict is Verdict.NSFW


@pytest.mark.parametrize(("threshold", "decided"), [(0.2, True), (0.4, True), (0.4001, False), (0.9, False)])
def test_whether_a_film_reaches_a_threshold_is_said_only_if_what_was_judged_does(
    threshold: float, decided: bool
) -> None:
    (outcome,) = judge([FILM], classifier=FakeClassifier(scoring(0.4)), threshold=threshold)
    assert isinstance(outcome, Judgement if decided else TooManyFrames)


def films(count: int) -> list[Source]:
    return [ImageBytes(animated(film(30 + more), "GIF", [40] * (30 + more))) for more in range(count)]


def test_the_animations_of_a_call_share_its_views_and_leave_some_for_its_stills() -> None:
    stills: list[Source] = [ImageBytes(png(grey=grey)) for grey in (1, 2)]
    classifier = FakeClassifier()
    outcomes = judge([*films(8), *stills], classifier=classifier, threshold=0.6)
    assert classifier.shown <= MAX_VIEWS_OF_CALL
    assert all(isinstance(outcome, Judgement) for outcome in outcomes[8:])
    judged = [isinstance(outcome, Judgement) for outcome in outcomes[:8]]
    assert judged.count(True) in (1, 2)
    assert all(isinstance(outcome, Judgement | TooManyFrames) for outcome in outcomes)


def test_an_animation_for_which_a_call_has_no_more_views_is_flagged_by_those_that_it_had() -> None:
    outcomes = judge(films(8), classifier=FakeClassifier(NSFW), threshold=0.6)
    assert [judgement(outcome).verdict for outcome in outcomes] == [Verdict.NSFW] * 8


def test_the_cuts_are_the_operators() -> None:
    (outcome,) = judge([ImageBytes(png())], classifier=FakeClassifier(scoring(0.2)), cuts=Cuts(0.1, 0.2))
    assert judgement(outcome).verdict is Verdict.NSFW


def test_a_second_opinion_lowers_what_the_first_model_alone_flags() -> None:
    first, second = FakeClassifier(scoring(0.9)), FakeClassifier(scoring(0.1))
    found = judgement(judge([ImageBytes(png())], classifier=first, second=second)[0])
    assert (found.nsfw_score, found.verdict) == (0.5, Verdict.QUESTIONABLE)
    assert (found.verdict_alone, found.was_unflagged) == (Verdict.NSFW, True)
    alone = judgement(judge([ImageBytes(png())], classifier=first)[0])
    assert (alone.verdict, alone.was_unflagged, alone.second_opinion) == (Verdict.NSFW, False, None)


def test_the_picture_counts_that_is_worst_after_all_second_opinions() -> None:
    frames = [Image.new("L", (8, 8), grey) for grey in (200, 100, 50)]
    animation = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    first = FakeClassifier(by_grey={200: scoring(0.9), 100: scoring(0.7), 50: scoring(0.2)})
    second = FakeClassifier(by_grey={200: scoring(0.1), 100: scoring(0.7)})
    found = judgement(judge([ImageBytes(animation)], classifier=first, second=second)[0])
    assert (found.nsfw_score, found.verdict) == (0.7, Verdict.NSFW)
    assert found.second_opinion is not None
    assert (found.second_opinion.first.nsfw_score, found.second_opinion.second.nsfw_score) == (0.7, 0.7)


@pytest.mark.parametrize("count", [1, 2, 10])
def test_beyond_those_on_stills_second_opinions_take_no_more_time_than_the_views_of_a_call_may(count: int) -> None:
    first, second = FakeClassifier(scoring(0.9)), FakeClassifier(scoring(0.1))
    outcomes = judge(films(count), classifier=first, second=second)
    assert all(isinstance(outcome, Judgement) for outcome in outcomes)
    assert first.shown + 2 * (second.shown - count * MAX_VIEWS_OF_STILL) <= MAX_VIEWS_OF_CALL


def test_every_view_of_a_still_gets_a_second_opinion_whatever_is_sent_with_it() -> None:
    strips: list[Source] = [ImageBytes(encoded(gradient(grey), "PNG")) for grey in range(10)]
    second = FakeClassifier(scoring(0.0))
    outcomes = judge(strips, classifier=FakeClassifier(scoring(0.5)), second=second)
    assert [judgement(outcome).verdict for outcome in outcomes] == [Verdict.SAFE] * 10
    assert second.shown == 10 * MAX_VIEWS_OF_STILL


def gradient(grey: int) -> Image.Image:
    """Returns a picture so long that it has as many squares as there is room for, each another."""
    return Image.linear_gradient("L").resize((64, 1024)).point([level // 2 + grey for level in range(256)])


def test_an_animation_that_takes_all_views_is_mostly_left_to_the_first_model() -> None:
    second = FakeClassifier(scoring(0.0))
    found = judgement(judge([FILM], classifier=FakeClassifier(scoring(0.9)), second=second)[0])
    assert (found.nsfw_score, second.shown) == (0.9, MAX_VIEWS_OF_STILL)


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_images_are_judged_at_once_than_there_are_workers(workers: int) -> None:
    class Crowded(FakeClassifier):
        at_once = most = 0
        lock = threading.Lock()

        def classify(self, view: View) -> Scores:
            with self.lock:
                self.at_once += 1
                self.most = max(self.most, self.at_once)
            threading.Event().wait(0.02)
            with self.lock:
                self.at_once -= 1
            return super().classify(view)

    classifier = Crowded()
    judge([ImageBytes(png(grey=grey)) for grey in range(9)], classifier=classifier, workers=workers)
    assert classifier.most == workers


def test_one_callers_images_leave_a_spare_worker_to_anothers() -> None:
    busy, over = threading.Event(), threading.Event()

    class Slow(FakeClassifier):
        def classify(self, view: View) -> Scores:
            if view[0] < 5:
                busy.set()
                over.wait(HANGS_SECONDS)
            return super().classify(view)

    async def run() -> list[Outcome]:
        pipeline = Pipeline(
            FakeFetch({}), Slow(), cuts=Cuts(), workers=1, spare_workers=1, deadline_seconds=HANGS_SECONDS
        )
        slow: list[Source] = [ImageBytes(png(grey=grey)) for grey in range(5)]
        first = asyncio.create_task(pipeline.judge(slow, Policy.BALANCED, caller="a"))
        await asyncio.to_thread(busy.wait, HANGS_SECONDS)
        other = await pipeline.judge([ImageBytes(png(grey=9))], Policy.BALANCED, caller="b")
        assert not first.done()
        over.set()
        return [*other, *await first]

    assert scores_of(asyncio.run(run())) == [0] * 6
