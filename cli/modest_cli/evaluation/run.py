"""Judges labelled pictures and prints what comes of it, for `modest evaluate`."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
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
from modest_cli.evaluation.scoring import Finding, Scored, Scorer, Setting, refusal
from modest_cli.evaluation.sentences import Wanted
from modest_cli.evaluation.tables import print_evaluation
from modest_cli.exit_codes import ExitCode
from modest_cli.files import read_image
from modest_cli.interruption import Interruption
from modest_cli.output import print_json, print_note, with_progress


@dataclass(frozen=True, slots=True)
class Compared:
    """Says which pictures are judged, and by what."""

    pictures: str
    models: Sequence[Path]
    second_opinions: Sequence[str]
    cuts: Cuts = field(default_factory=Cuts)
    sexy: Truth = Truth.APART
    resume: Path | None = None


@dataclass(frozen=True, slots=True)
class Presented:
    """Says what is shown of an evaluation."""

    policy: Policy
    wanted: Wanted
    errors: int
    as_json: bool
    report: Path | None


@dataclass(frozen=True, slots=True)
class Measured:
    specimens: Sequence[Specimen]
    settings: Sequence[Setting]
    notes: Sequence[str]
    exit_code: ExitCode


def run(compared: Compared, presented: Presented) -> ExitCode:
    """Prints the figures of what was judged, even if it is interrupted. Raises OperatorError."""
    if presented.report:
        # Hours of judging are not to end with a file that cannot be written.
        _write(presented.report, b"", "ab")
    measured = measure(compared)
    evaluation = evaluate(measured.specimens, measured.settings, compared.cuts, errors=presented.errors)
    _show(evaluation, measured.notes, presented)
    return measured.exit_code


def measure(compared: Compared) -> Measured:
    """Judges all pictures, or those that come before Control-C. Raises OperatorError."""
    labels = find_labelled(compared.pictures)
    specimens: list[Specimen] = []
    with ExitStack() as stack:
        interruption = stack.enter_context(Interruption())
        workers = usable_cores()
        decoder = stack.enter_context(closing(Decoder(workers)))
        scorer = Scorer(
            compared.models, compared.second_opinions, compared.cuts, workers=workers, decode=decoder.decode
        )
        record = stack.enter_context(open_record(compared.resume, scorer.identity())) if compared.resume else None
        found = judge(labels.pictures, scorer, compared.sexy, interruption, batch=workers, record=record)
        try:
            for specimen in with_progress(found, len(labels.pictures), "judging"):
                specimens.append(specimen)  # noqa: PERF402 - keeps what came before an interruption
        except KeyboardInterrupt:
            interruption.noted = True
    left = len(labels.pictures) - len(specimens)
    notes = (*labels.notes, f"Left when interrupted: {left:,}.") if left else labels.notes
    code = ExitCode.INTERRUPTED if interruption.noted else exit_code(specimens)
    return Measured(specimens, scorer.settings, notes, code)


def _show(evaluation: Evaluation, notes: Sequence[str], presented: Presented) -> None:
    """Raises OperatorError."""
    if presented.report:
        # Its library loads slowly, and only --report needs it.
        from modest_cli.evaluation.report import as_page  # noqa: PLC0415

        page = as_page(evaluation, presented.wanted, presented.policy, notes, day=datetime.now(UTC).date())
        _write(presented.report, page, "wb")
        print_note(f"Wrote {presented.report}.")
    if presented.as_json:
        print_json(as_document(evaluation, presented.wanted, notes, errors=bool(presented.errors)))
    else:
        print_evaluation(evaluation, presented.wanted, presented.policy)
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
    pictures: Sequence[Labelled],
    scorer: Scorer,
    sexy: Truth,
    interruption: Interruption,
    *,
    batch: int,
    record: Record | None = None,
) -> Iterator[Specimen]:
    """Yields what comes of each picture, until Control-C is pressed; the same bytes are judged once.

    Raises KeyboardInterrupt while it reads files.
    """
    known: dict[str, Finding] = dict(record.known) if record else {}
    for start in range(0, len(pictures), batch):
        if interruption.noted:
            return
        labelled = pictures[start : start + batch]
        with interruption.raised():
            contents = [each.found.refusal or read_image(each.found.path) for each in labelled]
        digests = [hashlib.sha256(each.data).hexdigest() if isinstance(each, ImageBytes) else "" for each in contents]
        new = {
            digest: content
            for digest, content in zip(digests, contents, strict=True)
            if isinstance(content, ImageBytes) and digest not in known
        }
        findings = scorer.score(list(new.values())) if new else []
        for digest, finding in zip(new, findings, strict=True):
            known[digest] = finding
            if record and isinstance(finding, Scored):
                record.add(digest, finding)
        for each, content, digest in zip(labelled, contents, digests, strict=True):
            finding = known[digest] if isinstance(content, ImageBytes) else refusal(content)
            yield Specimen(each.found.path, digest, each.truth(sexy), each.group, finding)
