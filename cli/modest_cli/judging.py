"""Runs local images through the service's own pipeline, for `modest classify`."""

import asyncio
import json
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from rich.text import Text

from moderate.calls.problems import problem_of
from moderate.images.formats import ACCEPTED
from moderate.images.sandbox.pool import Decoder
from moderate.inference import second_model
from moderate.inference.classifier import Classifier
from moderate.inference.model_file import ClassificationFailed, ModelUnusable
from moderate.inference.second_model import SecondModel
from moderate.pipeline import Judgement, Outcome, Pipeline
from moderate.settings import usable_cores
from moderate.sources import ImageBytes
from moderate.verdict import Cuts, Policy, Verdict
from modest.errors import PublicError
from modest_cli.exit_codes import ExitCode
from modest_cli.files import Found, UnreadableFile, find, read_image
from modest_cli.interruption import Interruption
from modest_cli.output import escape, print_note, print_table, print_text, with_progress

_COLOURS = {Verdict.SAFE: "green", Verdict.QUESTIONABLE: "yellow", Verdict.NSFW: "red"}

Row = tuple[str, Outcome]


def judge_files(paths: Sequence[str], *, as_json: bool, policy: Policy, model: Path, second_opinion: str) -> ExitCode:
    """Prints the verdicts and what was not judged, even if it is interrupted, and returns the exit code."""
    try:
        classifier = Classifier(model)
        classifier.warm_up()
        second = second_model.find(second_opinion, classifier.model, model)
    except ModelUnusable as error:
        print_note(f"modest: {error}")
        return ExitCode.NOT_ALL_JUDGED
    findings = find(paths)
    rows: list[Row] = []
    code = ExitCode.DONE
    with Interruption() as interruption:
        try:
            with closing(_judge(findings.found, classifier, second, policy, interruption)) as judged:
                for row in with_progress(judged, len(findings.found), "classifying", prints=as_json):
                    rows.append(row)
                    if as_json:
                        print_text(json.dumps(_as_dict(row)) + "\n")
        except KeyboardInterrupt:
            interruption.noted = True
        except (ModelUnusable, ClassificationFailed) as error:
            print_note(f"modest: a model failed: {error}")
            code = ExitCode.NOT_ALL_JUDGED
    if interruption.noted:
        code = ExitCode.INTERRUPTED
    if rows and not as_json:
        print_table(("verdict", "score", "class", "file"), map(_cells, rows))
    outcomes = [outcome for _, outcome in rows]
    print_note(summary(outcomes, unreached=len(findings.found) - len(rows), others=findings.others))
    return code or exit_code(outcomes)


def summary(outcomes: Sequence[Outcome], *, unreached: int = 0, others: int = 0) -> str:
    """unreached: how many files were left when the command was interrupted. others: how many files are no pictures."""
    verdicts = Counter(outcome.verdict for outcome in outcomes if isinstance(outcome, Judgement))
    counts = ", ".join(f"{verdict}: {verdicts[verdict]:,}" for verdict in Verdict)
    judged = verdicts.total()
    sentences = {
        f"Judged: {judged:,} ({counts}).": True,
        f"Not judged: {len(outcomes) - judged:,}.": True,
        f"Left when interrupted: {unreached:,}.": unreached,
        f"Other files, not images: {others:,}.": others,
        f"There are no images here. Accepted formats: {ACCEPTED}.": not outcomes and not unreached,
    }
    return " ".join(sentence for sentence, applies in sentences.items() if applies)


def exit_code(outcomes: Sequence[Outcome]) -> ExitCode:
    """Nothing judged is not all judged: an empty folder is probably the wrong one."""
    if not outcomes or any(isinstance(outcome, PublicError) for outcome in outcomes):
        return ExitCode.NOT_ALL_JUDGED
    nsfw = any(isinstance(outcome, Judgement) and outcome.verdict is Verdict.NSFW for outcome in outcomes)
    return ExitCode.FOUND if nsfw else ExitCode.DONE


def _judge(
    found: Sequence[Found],
    classifier: Classifier,
    second: SecondModel | None,
    policy: Policy,
    interruption: Interruption,
) -> Generator[Row, None, None]:
    """Yields what comes of each file, until Control-C is pressed. Raises KeyboardInterrupt while it reads a file."""
    workers = usable_cores()
    with closing(Decoder(workers)) as decoder:
        pipeline = Pipeline(
            fetch_nothing, classifier, cuts=Cuts(), second=second, workers=workers, decode=decoder.decode
        )
        for start in range(0, len(found), workers):
            if interruption.noted:
                return
            batch = found[start : start + workers]
            with interruption.raised():
                contents = [entry.refusal or read_image(entry.path) for entry in batch]
            readable = [content for content in contents if isinstance(content, ImageBytes)]
            judged = iter(asyncio.run(_judge_side_by_side(readable, pipeline, policy)))
            for entry, content in zip(batch, contents, strict=True):
                yield entry.path, next(judged) if isinstance(content, ImageBytes) else content


async def _judge_side_by_side(images: list[ImageBytes], pipeline: Pipeline, policy: Policy) -> list[Outcome]:
    """Judges each image in a call of its own, because a call shares its views among its images."""
    return [outcome for (outcome,) in await asyncio.gather(*(pipeline.judge([image], policy) for image in images))]


async def fetch_nothing(_url: str) -> bytes:
    raise AssertionError("local files are never fetched")


def _as_dict(row: Row) -> dict[str, object]:
    path, outcome = row
    if isinstance(outcome, PublicError):
        return {"path": path, "verdict": None, "error": {"code": error_code(outcome), "message": outcome.message}}
    return {
        "path": path,
        "verdict": outcome.verdict,
        "nsfw_score": outcome.nsfw_score,
        "top_class": outcome.scores.top_class,
        "classes": asdict(outcome.scores.rounded()),
        "frames": asdict(outcome.frames),
    }


def error_code(error: PublicError) -> str:
    return "unreadable_file" if isinstance(error, UnreadableFile) else problem_of(error).code


def _cells(row: Row) -> tuple[str | Text, ...]:
    path, outcome = row
    if isinstance(outcome, Judgement):
        verdict = Text(outcome.verdict, _COLOURS[outcome.verdict])
        return verdict, f"{outcome.nsfw_score:.4f}", outcome.scores.top_class, path
    return Text("error", "bold red"), "", "", Text(f"{escape(path)}: {outcome.message}")
