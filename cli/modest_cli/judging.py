"""Runs local images through the service's own pipeline, for `modest classify`."""

import asyncio
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from rich.table import Table
from rich.text import Text

from moderate.calls.problems import problem_of
from moderate.images.formats import ACCEPTED, recognise
from moderate.images.limits import UnsupportedFormat
from moderate.images.sandbox.pool import Decoder
from moderate.inference.classifier import Classifier, ModelUnusable
from moderate.pipeline import Judgement, Outcome, Pipeline
from moderate.settings import usable_cores
from moderate.sources import MAX_FETCHED_BYTES, ImageBytes, ImageTooLarge
from moderate.verdict import Cuts, Policy, Verdict
from modest.errors import PublicError
from modest_cli.output import make_console, with_progress

NSFW_FOUND = 1
NOT_ALL_JUDGED = 2

_SIGNATURE_BYTES = 256
_COLOURS = {Verdict.SAFE: "green", Verdict.QUESTIONABLE: "yellow", Verdict.NSFW: "red"}


class UnreadableFile(PublicError):
    """Raised if a file cannot be read."""


def judge_files(paths: Iterable[Path], *, as_json: bool, policy: Policy, model: Path) -> int:
    """Prints the verdicts and returns the exit code."""
    messages = make_console(stderr=True)
    files = list(_find_images(paths))
    if not files:
        messages.print(f"The folders contain no images. Accepted formats: {ACCEPTED}.")
        return NOT_ALL_JUDGED
    try:
        classifier = Classifier(model)
    except ModelUnusable as error:
        messages.print(f"modest: {error}", markup=False)
        return NOT_ALL_JUDGED
    workers = usable_cores()
    rows: list[tuple[Path, Outcome]] = []
    with closing(Decoder(workers)) as decoder:
        pipeline = Pipeline(_fetch_nothing, classifier, cuts=Cuts(), workers=workers, decode=decoder.decode)
        for path, outcome in with_progress(_judge(files, pipeline, policy, workers), len(files), "classifying"):
            rows.append((path, outcome))
            if as_json:
                print(json.dumps(_as_dict(path, outcome)), flush=True)  # noqa: T201 - rich would wrap it
    if not as_json:
        make_console().print(_make_table(rows))
    return _exit_code(outcome for _, outcome in rows)


def _find_images(paths: Iterable[Path]) -> Iterator[Path]:
    """Yields each given file, and the files in each given folder that start with an image signature."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, subfolders, names in os.walk(path):
            subfolders.sort()
            yield from (file for name in sorted(names) if _has_image_signature(file := Path(folder, name)))


def _has_image_signature(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            recognise(file.read(_SIGNATURE_BYTES))
    except UnsupportedFormat:
        return False
    except OSError:
        return True
    return True


def _judge(files: list[Path], pipeline: Pipeline, policy: Policy, batch_size: int) -> Iterator[tuple[Path, Outcome]]:
    for start in range(0, len(files), batch_size):
        batch = files[start : start + batch_size]
        contents = [_read(path) for path in batch]
        readable = [content for content in contents if isinstance(content, ImageBytes)]
        judged = iter(asyncio.run(_judge_side_by_side(readable, pipeline, policy)))
        for path, content in zip(batch, contents, strict=True):
            yield path, next(judged) if isinstance(content, ImageBytes) else content


async def _judge_side_by_side(images: list[ImageBytes], pipeline: Pipeline, policy: Policy) -> list[Outcome]:
    """Judges each image in a call of its own, because a call shares its views among its images."""
    return [outcome for (outcome,) in await asyncio.gather(*(pipeline.judge([image], policy) for image in images))]


def _read(path: Path) -> ImageBytes | PublicError:
    try:
        if path.stat().st_size > MAX_FETCHED_BYTES:
            return ImageTooLarge(f"The file is larger than {MAX_FETCHED_BYTES // 1024**2} MB.")
        return ImageBytes(path.read_bytes())
    except OSError as error:
        return UnreadableFile(f"The file cannot be read: {error.strerror}.")


async def _fetch_nothing(_url: str) -> bytes:
    raise AssertionError("local files are never fetched")


def _exit_code(outcomes: Iterable[Outcome]) -> int:
    code = 0
    for outcome in outcomes:
        if isinstance(outcome, PublicError):
            return NOT_ALL_JUDGED
        if outcome.verdict is Verdict.NSFW:
            code = NSFW_FOUND
    return code


def _as_dict(path: Path, outcome: Outcome) -> dict[str, object]:
    if isinstance(outcome, PublicError):
        return {"path": str(path), "verdict": None, "error": {"code": _error_code(outcome), "message": outcome.message}}
    return {
        "path": str(path),
        "verdict": outcome.verdict,
        "nsfw_score": outcome.nsfw_score,
        "top_class": outcome.scores.top_class,
        "classes": asdict(outcome.scores.rounded()),
        "frames": asdict(outcome.frames),
    }


def _error_code(error: PublicError) -> str:
    return "unreadable_file" if isinstance(error, UnreadableFile) else problem_of(error).code


def _make_table(rows: Iterable[tuple[Path, Outcome]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("verdict", "score", "class", "file"):
        table.add_column(heading, justify="right" if heading == "score" else "left", overflow="fold")
    for path, outcome in rows:
        if isinstance(outcome, Judgement):
            verdict = Text(outcome.verdict, _COLOURS[outcome.verdict])
            table.add_row(verdict, f"{outcome.nsfw_score:.4f}", outcome.scores.top_class, Text(str(path)))
        else:
            table.add_row(Text("error", "bold red"), "", "", Text(f"{path}: {outcome.message}"))
    return table
