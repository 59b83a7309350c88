"""Tries every image in the packages of corpora.toml: is it judged as Chromium shows it, or refused, and why?"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.helpers.support import ROOT
from tests.shown.judge import state
from tests.sweep import page
from tests.sweep.collection import Specimen, collect
from tests.sweep.corpora import corpora
from tests.sweep.outcomes import Outcome, counts, passed
from tests.sweep.trial import tried

from moderate.inference.classifier import Classifier

_BATCH = 120
_FOLDER = ROOT / ".build" / "sweep"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make sweep", description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    given = parser.parse_args()
    packages = corpora()
    specimens = collect(packages, _FOLDER)
    outcomes = list(_outcomes(specimens, Classifier(given.model)))
    page.PATH.write_text(page.written(outcomes, packages))
    for outcome in outcomes:
        if outcome.lower:
            print(f"{outcome.file.file(_FOLDER)}: {outcome.judged}, but {outcome.shown} as it is shown")
    print(counts(outcomes))
    return int(not passed(counts(outcomes)))


def _outcomes(specimens: Sequence[Specimen], classifier: Classifier) -> Iterator[Outcome]:
    """Yields what is known from an interrupted run of the same code, and then the rest."""
    record = _FOLDER / f"outcomes-{state(ROOT, Path(__file__).with_name('trial.py'))}.jsonl"
    known = _read(record) if record.exists() else {}
    yield from (known[specimen.digest] for specimen in specimens if specimen.digest in known)
    left = [specimen for specimen in specimens if specimen.digest not in known]
    for at in range(0, len(left), _BATCH):
        start = time.monotonic()
        found = tried(left[at : at + _BATCH], _FOLDER, classifier)
        with record.open("a") as file:
            file.write("".join(json.dumps(asdict(outcome)) + "\n" for outcome in found))
        print(f"{at + len(found)} of {len(left)} files ({time.monotonic() - start:.0f} s)", flush=True)
        yield from found


def _read(record: Path) -> dict[str, Outcome]:
    rows = map(json.loads, record.read_text().splitlines())
    outcomes = [Outcome(**row | {"file": Specimen(**row["file"])}) for row in rows]
    return {outcome.file.digest: outcome for outcome in outcomes}


if __name__ == "__main__":
    sys.exit(main())
