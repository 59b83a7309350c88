"""Finds images that people see differently from what is judged of them."""

import argparse
import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.helpers.support import ROOT
from tests.shown import report
from tests.shown.files import Plan, plan
from tests.shown.judge import state
from tests.shown.minimise import minimised
from tests.shown.trial import tried

_BATCH = 200
_KEPT = ROOT / ".build" / "shown"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make shown", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", default="")
    parser.add_argument("--checkout", default=str(ROOT), help="the path of one, or a commit of this one")
    parser.add_argument("--kind", default="", help="of files, if not all are wanted: PNG, JPEG and so on")
    parser.add_argument("--mutation", default="", help="the name of one that is made of all files: profile and so on")
    given = parser.parse_args()
    with _checkout(given.checkout) as checkout:
        return _run(given, given.seed or secrets.token_hex(4), checkout)


@contextmanager
def _checkout(given: str) -> Iterator[Path]:
    if Path(given).is_dir():
        yield Path(given).resolve()
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", folder, given], cwd=ROOT, check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", folder], cwd=ROOT, check=True)


def _run(given: argparse.Namespace, seed: str, checkout: Path) -> int:
    count, drawn = given.count, (given.kind, given.mutation)
    print(f"SEED={seed} COUNT={count} CHECKOUT={checkout}", *filter(None, drawn), flush=True)
    name = "-".join(filter(None, (seed, str(count), *drawn, state(checkout, Path(__file__).parent))))
    done = _KEPT / f"{name}.jsonl"
    done.parent.mkdir(parents=True, exist_ok=True)
    rows = [json.loads(line) for line in done.read_text().splitlines()] if done.exists() else []
    while len(rows) < count:
        start = time.monotonic()
        numbers = range(len(rows), min(count, len(rows) + _BATCH))
        batch = _batch(checkout, [plan(seed, number, *drawn) for number in numbers])
        with done.open("a") as file:
            file.write("".join(json.dumps(row) + "\n" for row in batch))
        rows += batch
        differ = sum(row["differs"] for row in rows)
        print(f"{len(rows)} files, {differ} differ ({time.monotonic() - start:.0f} s)", flush=True)
    done.unlink()
    print("\n".join(report.table(rows)))
    return int(any(row["differs"] for row in rows))


def _batch(checkout: Path, plans: Sequence[Plan]) -> list[dict[str, Any]]:
    outcomes = tried(checkout, plans)
    found = minimised(checkout, [outcome for outcome in outcomes if outcome.found.differs])
    for outcome in found:
        known = report.keep(_KEPT / "found", outcome)
        where = f"{known['browser']} on {known['page']}" + (f", frame {known['frame']}" if known["frame"] else "")
        print(f"  {known['file']}: {known['distance']} off in {where}; {report.cause(outcome)}")
    smallest = {outcome.plan.number: outcome for outcome in found}
    return [report.row(smallest.get(outcome.plan.number, outcome)) for outcome in outcomes]


if __name__ == "__main__":
    sys.exit(main())
