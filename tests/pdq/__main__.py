"""Measures PDQ: how far the hashes of pictures and of their variants are apart, and whether different pictures match.

It prints a table in Markdown, and exits with 1 if there are too few pictures, if equal pixels have another hash than
Meta's code gives them, or if two pictures count as the same that are not in alike.toml, which says why pairs are.
"""

import argparse
import sys
import tomllib
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path

from tests.pdq.measuring import Measured, measure
from tests.pdq.report import COMPARED_WITH_THEIRS, LEAST_PICTURES, Nearest, hashed_well, nearest, table

_EXPLAINED = Path(__file__).with_name("alike.toml")
_AT_ONCE = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="pictures in folders, as `make evidence` fetches them")
    parser.add_argument("--workers", type=int, help="processes at once; by default, as many as there are cores")
    options = parser.parse_args()
    measured = _measured(sorted(path for path in options.folder.glob("*/*")), options.workers)
    sys.exit(0 if _report(measured) else 1)


def _measured(paths: list[Path], workers: int | None) -> list[Measured]:
    remaining = iter(paths)
    batches = list(iter(lambda: list(islice(remaining, _AT_ONCE)), []))
    measured: list[Measured] = []
    with ProcessPoolExecutor(workers) as several:
        for batch in several.map(measure, batches):
            measured += batch
            print(f"\r{len(measured)} of {len(paths)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return measured


def _report(measured: list[Measured]) -> bool:
    """Prints what was found, and returns whether it is as it should be."""
    good = hashed_well(measured)
    print(*table(good), sep="\n")
    compared = len(measured) * COMPARED_WITH_THEIRS
    same = sum(each.same_as_theirs for each in measured)
    print(f"\nPictures: {len(measured):,}, of which {len(good):,} have a quality of 50 or more.")
    print(f"Equal pixels with the hash and quality of pdqhash: {same:,} of {compared:,} pictures.")
    print(f"Our hash of a file is at most {max(each.from_theirs for each in good)} bits from that of pdqhash.")
    found = nearest(good)
    unexplained = _print_alike(found)
    return len(good) >= LEAST_PICTURES and same == compared and not unexplained


def _print_alike(found: Nearest) -> int:
    """Returns how many pairs are alike and nobody has said why."""
    explained = {
        frozenset((one, other)): group["because"]
        for group in tomllib.loads(_EXPLAINED.read_text())["alike"]
        for one in group["pictures"]
        for other in group["pictures"]
    }
    unexplained = 0
    for pair in found.alike:
        why = explained.get(pair.names)
        unexplained += why is None
        print(f"{pair.distance} bits apart: {pair.one} and {pair.other}: {why or 'NOT EXPLAINED'}")
    print(
        f"Pairs within 31 bits: {len(found.alike)} of {found.pairs:,}, of which {unexplained} are different pictures."
    )
    print(f"The nearest others are {found.beyond} bits apart.")
    return unexplained


if __name__ == "__main__":
    main()
