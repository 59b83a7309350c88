"""Turns the scores of labelled pictures into figures: pure functions, which read and judge nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from moderate.verdict import Cuts, Verdict, verdict
from modest_cli.evaluation.curves import Detection, Sample, area_under_roc, average_precision
from modest_cli.evaluation.labelled import Truth
from modest_cli.evaluation.proportions import Share
from modest_cli.evaluation.scoring import Finding, Refused, Scored, Setting


@dataclass(frozen=True, slots=True)
class Specimen:
    """Holds one labelled picture and what came of it."""

    path: str
    digest: str
    """The SHA-256 of its bytes; empty if they could not be read."""
    truth: Truth
    group: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Counted:
    """Holds which pictures count, and what was left out."""

    specimens: Sequence[Specimen]
    copies: int
    """Files whose bytes another file with the same label has, which count once."""
    contradictory: int
    """Files whose bytes another file with another label has, which count in nothing."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Says how many pictures of a kind there are, and which of them were not judged."""

    found: int
    refused: Counter[str]
    """Maps the codes of errors to how many pictures had them."""

    @property
    def judged(self) -> int:
        return self.found - self.refused.total()


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    judged: int
    nsfw: Share
    questionable: Share


@dataclass(frozen=True, slots=True)
class Mistake:
    path: str
    score: float


@dataclass(frozen=True, slots=True)
class Unjudged:
    path: str
    refused: Refused


@dataclass(frozen=True, slots=True)
class Result:
    """Holds the figures of one setting."""

    setting: Setting
    sample: Sample
    verdicts: dict[Verdict, Detection]
    """What it comes to if a client acts on `nsfw` alone, and on `questionable`, too."""
    curve: Sequence[Detection]
    area_under_roc: float | None
    average_precision: float | None
    groups: Sequence[Group]
    flagged: Sequence[Mistake]
    """The safe pictures that are not called safe, those with the highest scores first, if they were asked for."""
    missed: Sequence[Mistake]
    """The nsfw pictures that are not called nsfw, those with the lowest scores first, if they were asked for."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    kinds: dict[Truth, Kind]
    counted: Counted
    in_part: int
    """Animations that were judged in part, so that no answer is `safe`."""
    cuts: Cuts
    results: Sequence[Result]
    unjudged: Sequence[Unjudged]
    """Files that were refused, if they were asked for."""


def count(specimens: Iterable[Specimen]) -> Counted:
    """Returns what counts: each content once, and none that has two labels."""
    ordered = sorted(specimens, key=lambda each: each.digest)
    kept: list[Specimen] = []
    copies = contradictory = 0
    for digest, group in groupby(ordered, key=lambda each: each.digest):
        same = list(group)
        if not digest:
            kept += same
        elif len({each.truth for each in same}) > 1:
            contradictory += len(same)
        else:
            kept.append(same[0])
            copies += len(same) - 1
    return Counted(kept, copies, contradictory)


def evaluate(specimens: Iterable[Specimen], settings: Sequence[Setting], cuts: Cuts, *, errors: int = 0) -> Evaluation:
    """errors: how many of the worst mistakes of each kind are named, and how many files that were refused."""
    counted = count(specimens)
    refused = [Unjudged(each.path, each.finding) for each in counted.specimens if isinstance(each.finding, Refused)]
    scored = [(each, each.finding) for each in counted.specimens if isinstance(each.finding, Scored)]
    return Evaluation(
        kinds=dict(_kinds(counted.specimens)),
        counted=counted,
        in_part=sum(finding.in_part for _, finding in scored),
        cuts=cuts,
        results=[
            _result(setting, [(each, finding.scores[number]) for each, finding in scored], cuts, errors)
            for number, setting in enumerate(settings)
        ],
        unjudged=sorted(refused, key=lambda each: each.path)[:errors],
    )


def if_blocked(share: Share, kind: Kind) -> Share:
    """Returns the share that a client keeps out who treats what is refused like what is flagged."""
    return Share(share.hits + kind.refused.total(), kind.found)


def if_passed(share: Share, kind: Kind) -> Share:
    """Returns the share that a client keeps out who lets through what is refused."""
    return Share(share.hits, kind.found)


def _kinds(specimens: Sequence[Specimen]) -> Iterator[tuple[Truth, Kind]]:
    for truth in Truth:
        findings = [each.finding for each in specimens if each.truth is truth]
        refused = Counter(finding.code for finding in findings if isinstance(finding, Refused))
        yield truth, Kind(len(findings), refused)


def _result(setting: Setting, scored: Sequence[tuple[Specimen, float]], cuts: Cuts, errors: int) -> Result:
    nsfw, safe = ([(each, score) for each, score in scored if each.truth is kind] for kind in (Truth.NSFW, Truth.SAFE))
    sample = Sample((score for _, score in nsfw), (score for _, score in safe))
    curve = sample.curve()
    flagged = [Mistake(each.path, score) for each, score in safe if score >= cuts.questionable]
    missed = [Mistake(each.path, score) for each, score in nsfw if score < cuts.nsfw]
    return Result(
        setting=setting,
        sample=sample,
        verdicts={Verdict.NSFW: sample.at(cuts.nsfw), Verdict.QUESTIONABLE: sample.at(cuts.questionable)},
        curve=curve,
        area_under_roc=area_under_roc(curve),
        average_precision=average_precision(curve),
        groups=list(_groups(scored, cuts)),
        flagged=sorted(flagged, key=lambda one: (-one.score, one.path))[:errors],
        missed=sorted(missed, key=lambda one: (one.score, one.path))[:errors],
    )


def _groups(scored: Sequence[tuple[Specimen, float]], cuts: Cuts) -> Iterator[Group]:
    for name in sorted({each.group for each, _ in scored}):
        found = Counter(verdict(score, cuts) for each, score in scored if each.group == name)
        total = found.total()
        yield Group(name, total, Share(found[Verdict.NSFW], total), Share(found[Verdict.QUESTIONABLE], total))
