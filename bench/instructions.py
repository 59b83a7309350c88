"""Counts the processor's instructions that decoding a photo takes, and compares them with bench/instructions.json.

Valgrind counts them. It presents the same processor to the program on every machine with AVX2, so the counts hardly
depend on the machine, and not at all on how busy it is.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.facts import BUILT, PHOTOS, ROOT
from bench.photos import FORMATS, photos

BUDGETS = ROOT / "bench" / "instructions.json"
TOLERANCE = 0.03
"""By what share a count may differ. Repeated runs differ by less than 0.1%, and Python 3.11 to 3.13 by up to 1%."""
_MEGAPIXELS = "1"
_TOTAL = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)
# What bench/counted.py marks with: a function of the C library that nothing else calls.
_MARK = "getppid"
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
_HOW_TO_UPDATE = "If that is meant, run `make instructions UPDATE=1` and commit bench/instructions.json."

Counts = Mapping[str, int]
"""Instructions by the photo's format."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.instructions", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write what was counted to bench/instructions.json")
    update = parser.parse_args().update
    files = {name: photos(PHOTOS, _MEGAPIXELS, name, 1)[0] for name in FORMATS}
    made = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    counts = dict(zip(files, count(list(files.values())), strict=True))
    if update:
        BUDGETS.write_text(
            json.dumps({name: {"instructions": counts[name], "sha256": made[name]} for name in files}, indent=2) + "\n"
        )
    budgets = json.loads(BUDGETS.read_text())
    for name in files:
        sys.stdout.write(f"1 MP {name}: {counts[name] / 1e6:,.1f} million instructions\n")
    wrong = [
        *differing_photos(made, {name: budget["sha256"] for name, budget in budgets.items()}),
        *departures(counts, {name: budget["instructions"] for name, budget in budgets.items()}),
    ]
    if wrong:
        sys.exit("\n".join(wrong))


def departures(counts: Counts, budgets: Counts) -> list[str]:
    """Returns a sentence for each format whose count is not what was committed.

    Fewer instructions are reported too, because what was won could otherwise be lost again without anybody noticing.
    """
    return [
        f"Decoding a 1 MP {name} takes {counts[name] / 1e6:,.1f} million instructions, {abs(change):.1%} "
        f"{'more' if change > 0 else 'fewer'} than the {budget / 1e6:,.1f} million in bench/instructions.json. "
        f"{_HOW_TO_UPDATE}"
        for name, budget in budgets.items()
        if abs(change := counts[name] / budget - 1) > TOLERANCE
    ]


def differing_photos(made: Mapping[str, str], committed: Mapping[str, str]) -> list[str]:
    """Returns a sentence for each photo that is not the one whose count was committed."""
    return [
        f"The 1 MP {name} is another file than the one in bench/instructions.json, so their counts cannot be compared. "
        f"{_HOW_TO_UPDATE}"
        for name in committed
        if made[name] != committed[name]
    ]


def count(files: Sequence[Path]) -> list[int]:
    """Returns the instructions of one decode of each file, after one that is not counted."""
    BUILT.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=BUILT) as folder:
        command = [
            *("valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={folder}/counted"),
            *(f"--dump-before={_MARK}", sys.executable, "-m", "bench.counted", *map(str, files)),
        ]
        subprocess.run(command, cwd=ROOT, env=os.environ | _ENVIRONMENT, check=True)  # noqa: S603
        # The first dump has all that came before the first mark, and every second one the decode between two marks.
        dumps = sorted(Path(folder).glob("counted.*"), key=lambda path: int(path.suffix[1:]))
        totals = [int(_TOTAL.findall(dump.read_text())[-1]) for dump in dumps]
    if len(totals) != 2 * len(files):
        raise RuntimeError(f"callgrind saw {len(totals)} marks in place of {2 * len(files)}.")
    return totals[1::2]


if __name__ == "__main__":
    main()
