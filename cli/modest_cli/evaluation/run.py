"""Judges labelled pictures and prints what comes of it, for `modest evaluate`."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from moderate.images.sandbox.pool import Decoder
from moderate.settings import usable_cores
from moderate.sources import ImageBytes
from moderate.verdict import Cuts, Policy
from modest_cli.errors import OperatorError
from modest_cli.evaluation.documents import as_document
from modest_cli.evaluation.figures import Evaluation, Specimen, evaluate
from modest_cli.evaluation.labelled import Labelled, Truth, find_labelled
from modest_cli.evaluation.record import Record, open_record
from modest_cli.evaluation.scoring import Finding, Scored, Scorer, refusal
from modest_cli.evaluation.sentences import Wanted
from modest_cli.evaluation.tables import print_evaluation
from modest_cli.exit_codes import ExitCode
from modest_cli.files import read_image
from modest_cli.output import print_json, print_note, with_progress


@dataclass(frozen=True, slots=True)
class Asked:
    """Holds what `modest evaluate` was asked."""

    pictures: str
    models: Sequence[Path]
    second_opinions: Sequence[str]
    cuts: Cuts
    policy: Policy
    sexy: Truth
    wanted: Wanted
    errors: int
    as_json: bool
    resume: Path | None
    report: Path | None


def run(asked: Asked) -> ExitCode:
    """Prints the figures of what was judged, even if it is interrupted. Raises OperatorError."""
    labels = find_labelled(asked.pictures)
    if asked.report:
        # Hours of judging are not to end with a file that cannot be written.
        _write(asked.report, b"", "ab")
    specimens: list[Specimen] = []
    code = ExitCode.DONE
    with ExitStack() as stack:
        workers = usable_cores()
        decoder = stack.enter_context(closing(Decoder(workers)))
        scorer = Scorer(asked.models, asked.second_opinions, asked.cuts, workers=workers, decode=decoder.decode)
        record = stack.enter_context(open_record(asked.resume, scorer.identity())) if asked.resume else None
        found = judge(labels.pictures, scorer, asked.sexy, batch=workers, record=record)
        try:
            for specimen in with_progress(found, len(labels.pictures), "judging"):
                specimens.append(specimen)  # noqa: PERF402 - keeps what came before an interruption
        except KeyboardInterrupt:
            code = ExitCode.INTERRUPTED
    notes = list(labels.notes)
    if left := len(labels.pictures) - len(specimens):
        notes.append(f"Left when interrupted: {left:,}.")
    _show(asked, evaluate(specimens, scorer.settings, asked.cuts, errors=asked.errors), notes)
    return code or exit_code(specimens)


def _show(asked: Asked, evaluation: Evaluation, notes: Sequence[str]) -> None:
    """Raises OperatorError."""
    if asked.report:
        # Its library loads slowly, and only --report needs it.
        from modest_cli.evaluation.report import as_page  # noqa: PLC0415

        page = as_page(evaluation, asked.wanted, asked.policy, notes, day=datetime.now(UTC).date())
        _write(asked.report, page, "wb")
        print_note(f"Wrote {asked.report}.")
    if asked.as_json:
        print_json(as_document(evaluation, asked.wanted, notes, errors=bool(asked.errors)))
    else:
        print_evaluation(evaluation, asked.wanted, asked.policy)
    for note in notes:
        print_note(note)


def _write(path: Path, content: bytes, mode: str) -> None:
    """Raises OperatorError."""
    try:
        with path.open(mode) as file:
            file.write(content)
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {error.strerror}.") from None


def exit_code(specimens: Sequence[Specimen]) -> ExitCode:
    """Nothing judged is not all judged, as for `classify`."""
    all_judged = specimens and all(isinstance(each.finding, Scored) for each in specimens)
    return ExitCode.DONE if all_judged else ExitCode.NOT_ALL_JUDGED


def judge(
    pictures: Sequence[Labelled], scorer: Scorer, sexy: Truth, *, batch: int, record: Record | None = None
) -> Iterator[Specimen]:
    """Yields what comes of each picture; the same bytes are judged once."""
    known: dict[str, Finding] = dict(record.known) if record else {}
    for start in range(0, len(pictures), batch):
        labelled = pictures[start : start + batch]
        contents = [each.found.refusal or read_image(each.found.path) for each in labelled]
        digests = [hashlib.sha256(each.data).hexdigest() if isinstance(each, ImageBytes) else "" for each in contents]
        new = {
            digest: content
            for digest, content in zip(digests, contents, strict=True)
            if isinstance(content, ImageBytes) and digest not in known
        }
        for digest, finding in zip(new, scorer.score(list(new.values())), strict=True):
            known[digest] = finding
            if record and isinstance(finding, Scored):
                record.add(digest, finding)
        for each, content, digest in zip(labelled, contents, digests, strict=True):
            finding = known[digest] if isinstance(content, ImageBytes) else refusal(content)
            yield Specimen(each.found.path, digest, each.truth(sexy), each.group, finding)
