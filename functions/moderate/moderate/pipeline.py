"""Read this first: it turns an image into a verdict.

fetch -> decode -> classify -> decide, side by side for all images of a call.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from moderate.blocking.hits import ListHit, PolicyViolation
from moderate.blocking.reloading import CurrentLists, FixedLists
from moderate.blocking.screening import Decode, Screening, decode_here
from moderate.images.decoded import Frames, Tile
from moderate.images.formats import refuse_page
from moderate.images.limits import MAX_PICTURE_BYTES, TooManyFrames
from moderate.images.room import NeedsRoom
from moderate.inference.classifier import Classifier
from moderate.inference.heatmap import Grid
from moderate.inference.judge import Judge, SecondOpinion, second_opinion, worst_whole
from moderate.inference.reasons import Reason, reason_of
from moderate.inference.second_model import SecondModel
from moderate.inference.views_of_call import Views
from moderate.scheduling.threads import beside_the_loop
from moderate.scheduling.turns import Turns
from moderate.scheduling.work import Work
from moderate.sources import ImageBase64, ImageBytes, ImageUrl, Source, bytes_sent, decode_base64
from moderate.verdict import Cuts, Policy, Scores, Verdict, in_part, passes, verdict
from modest.errors import PublicError

REQUEST_DEADLINE_SECONDS = 25.0
# So that a JPEG of 12 megapixels takes its share of the memory and no more, progressive or not.
BYTES_PER_WORKER = MAX_PICTURE_BYTES // 2


class RequestTooSlow(PublicError):
    """The call's own deadline passed before this image was judged."""

    def __init__(self) -> None:
        super().__init__(
            f"The image was not judged within {REQUEST_DEADLINE_SECONDS:.0f} seconds. "
            "Send fewer or smaller images in one call."
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """Holds what was found out about one image; the scores are those of its worst frame."""

    scores: Scores
    nsfw_score: float
    verdict: Verdict
    frames: Frames
    reason: Reason | ListHit
    """What decided: a picture that was judged or, if none was, an entry of a list."""
    digest: str | None
    """The SHA-256 of the image's bytes: two judgements with the same digest are of the same image. None if there are
    none, because the host that they come from is on a list."""
    verdict_alone: Verdict
    """What the verdict would be without a second opinion."""
    second_opinion: SecondOpinion | None = None
    """That on the worst view of those on which there is one."""
    tiles: int = 0
    """How many squares of a long picture were judged beside the whole of it."""
    heatmaps: dict[str, Grid] | None = None
    """Those of the worst frame, if they were asked for and the first model makes any."""

    @property
    def was_judged(self) -> bool:
        return not isinstance(self.reason, ListHit)

    @property
    def was_unflagged(self) -> bool:
        """Whether it would be nsfw without the second opinion."""
        return self.verdict_alone is Verdict.NSFW is not self.verdict


Outcome = Judgement | PublicError


def judgement_of(listed: PolicyViolation) -> Judgement:
    """Returns what is answered about an image that is on a list, where that is no error. It was not judged."""
    return Judgement(
        scores=Scores(drawing=0, hentai=0, neutral=0, porn=1, sexy=0),
        nsfw_score=1.0,
        verdict=Verdict.NSFW,
        frames=Frames(0, 0),
        reason=listed.hit,
        digest=listed.digest,
        verdict_alone=Verdict.NSFW,
    )


@dataclass(frozen=True, slots=True)
class _Call:
    """Holds what one call asks of each of its images, and what they share."""

    caller: str
    policy: Policy
    cuts: Cuts
    threshold: float | None
    explain: bool
    views: Views
    work: Work


class Pipeline:
    def __init__(
        self,
        fetch: Callable[[str], Awaitable[bytes]],
        classifier: Classifier,
        *,
        cuts: Cuts,
        second: SecondModel | None = None,
        workers: int,
        spare_workers: int = 0,
        decode: Decode = decode_here,
        lists: CurrentLists | None = None,
        deadline_seconds: float = REQUEST_DEADLINE_SECONDS,
    ) -> None:
        """second: is asked about the views that the classifier finds doubtful.
        workers: how many images of one caller are decoded and classified at once; no more than there are cores.
        spare_workers: how many more there are at once if they are somebody else's.
        lists: those of the operator; by default there are none.
        """
        self._fetch = fetch
        self._judge = Judge(classifier, second)
        self.lists = lists or FixedLists()
        self._screening = Screening(decode, self.lists)
        self._cuts = cuts
        self._deadline_seconds = deadline_seconds
        room = max(MAX_PICTURE_BYTES, workers * BYTES_PER_WORKER)
        self._turns = Turns(workers + spare_workers, each=workers, room=room)

    async def judge(
        self,
        sources: Sequence[Source],
        policy: Policy,
        *,
        cuts: Cuts | None = None,
        caller: str = "",
        threshold: float | None = None,
        explain: bool = False,
    ) -> list[Outcome]:
        """Returns one outcome per source, in order: a judgement, or the error that prevented one.

        Identical sources are fetched and judged once. All that was begun ends with this call, however that ends.
        cuts: the caller's; by default the operator's.
        caller: callers take turns, image by image.
        threshold: the score that the caller asks about, if about one. An animation that was judged in part and does not
        reach it is TooManyFrames, because it may be on either side.
        """
        self.lists.check()
        # Comparing images takes time that grows with them.
        distinct = await beside_the_loop(bytes_sent(sources), dict.fromkeys, sources)
        call = _Call(caller, policy, cuts or self._cuts, threshold, explain, Views(len(distinct)), Work(len(distinct)))
        tasks = {source: asyncio.create_task(self._judge_one(source, call)) for source in distinct}
        try:
            if tasks:
                await asyncio.wait(tasks.values(), timeout=self._deadline_seconds)
        finally:
            call.work.end()
            for task in tasks.values():
                task.cancel()
            # Wait, so that no connection outlives its call.
            await asyncio.gather(*tasks.values(), return_exceptions=True)
        outcomes = {source: _outcome(task) for source, task in tasks.items()}
        return [outcomes[source] for source in sources]

    async def _judge_one(self, source: Source, call: _Call) -> Judgement:
        sent = await self._fetch_page_free(source.url) if isinstance(source, ImageUrl) else source
        needed = 0
        while True:
            judging = partial(self._judge_sent, sent, call)
            try:
                return await asyncio.wrap_future(self._turns.submit(call.caller, judging, needed=needed))
            except NeedsRoom as more:
                needed = more.needed

    async def _fetch_page_free(self, url: str) -> ImageBytes:
        if self.lists.is_checking:
            # A host that has just been listed is not connected to.
            await asyncio.to_thread(self.lists.settled)
        data = await self._fetch(url)
        refuse_page(data)
        return ImageBytes(data)

    def _judge_sent(self, sent: ImageBase64 | ImageBytes, call: _Call, room: int) -> Judgement:
        """Runs on a thread of its own, because work that grows with the image would block the event loop."""
        data = decode_base64(sent.text) if isinstance(sent, ImageBase64) else sent.data
        digest = hashlib.sha256(data).hexdigest()
        picture = self._screening.decode(data, digest, self._judge.size, call.work, room)
        views = picture.views[: call.views.take(len(picture.views))]
        asks = call.views.with_second_opinions(len(views))
        judged = self._judge.judge(views, call.policy, call.cuts, asks=asks, work=call.work)
        worst = max(judged, key=lambda each: each.nsfw_score)
        whole = picture.frames.all_judged and len(views) == len(picture.views)
        score, found = _decide(worst.nsfw_score, call, whole=whole)
        decided = score == worst.nsfw_score
        return Judgement(
            scores=worst.scores,
            nsfw_score=score,
            verdict=found,
            frames=picture.frames,
            reason=reason_of(worst, picture, call.policy, call.cuts) if decided else Reason(),
            digest=digest,
            verdict_alone=verdict(max(each.score_alone for each in judged), call.cuts),
            second_opinion=second_opinion(judged),
            tiles=sum(isinstance(view, Tile) for view in views),
            heatmaps=self._judge.explain(worst_whole(judged).view) if call.explain else None,
        )


def _decide(score: float, call: _Call, *, whole: bool) -> tuple[float, Verdict]:
    """Raises TooManyFrames."""
    if whole:
        return score, verdict(score, call.cuts)
    if call.threshold is not None and passes(score, call.threshold):
        remedy = "in shorter parts" if call.work.images == 1 else "alone, or in shorter parts"
        raise TooManyFrames(
            "The animation is too much to judge in full, and what was judged of it is below the threshold. "
            f"Send it {remedy}."
        )
    return in_part(score, call.cuts)


def _outcome(task: asyncio.Task[Judgement]) -> Outcome:
    """Returns what came of one image. Raises any other failure: it is a fault of ours, and fails the whole call."""
    if task.cancelled():
        return RequestTooSlow()
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, PublicError):
        # Its traceback leads to the frame that has the image and its views.
        return error.with_traceback(None)
    raise error
