"""Measures PDQ: how far the hashes of pictures and of their variants are apart, and whether different pictures match.

It prints a table in Markdown, and exits with 1 if there are too few pictures, if equal pixels have another hash than
Meta's code gives them, or if two pictures count as the same that are not in alike.toml, which says why pairs are.
"""

import argparse
import sys
import tomllib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations, islice
from pathlib import Path

from tests.pdq.measuring import Measured, measure
from tests.pdq.report import LEAST_PICTURES, Nearest, hashed_well, nearest, table

_EXPLAINED = Path(__file__).with_name("alike.toml")
_DRAWN = "drawn"
_AT_ONCE = 8
_NEAR = 10
_SAME, _DIFFERENT, _UNKNOWN = "the same picture", "a different drawing", "not explained"


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
    photographed = [each for each in good if each.path.parent.name != _DRAWN]
    drawn = [each for each in good if each.path.parent.name == _DRAWN]
    for title, some in (("Photos and paintings", photographed), ("Drawings", drawn)):
        print(f"{title}: {len(some):,}\n", *table(some), "", _said_of_theirs(some), "", sep="\n")
    hashes = [each for picture in measured for each in picture.all]
    same = sum(each.is_same for each in hashes)
    print(f"Pictures: {len(measured):,}, of which {len(good):,} have a quality of 50 or more.")
    print(f"Equal pixels with the hash and quality of pdqhash: {same:,} of {len(hashes):,} files.\n")
    unexplained = _print_alike(nearest(good))
    return len(good) >= LEAST_PICTURES and same == len(hashes) and not unexplained


def _said_of_theirs(measured: list[Measured]) -> str:
    apart = sorted(each.apart for picture in measured for each in picture.all)
    near = 100 * sum(each <= _NEAR for each in apart) / len(apart)
    return (
        f"Our hash of a file is within {_NEAR} bits of that which pdqhash makes of its pixels for {near:.2f} %, "
        f"and at most {apart[-1]} away."
    )


def _print_alike(found: Nearest) -> int:
    """Returns how many pairs are alike and nobody has said why."""
    groups = tomllib.loads(_EXPLAINED.read_text())["alike"]
    about = {frozenset(pair): group for group in groups for pair in combinations(group["pictures"], 2)}
    pairs: Counter[str] = Counter()
    for pair in found.alike:
        group = about.get(pair.names)
        kind = _UNKNOWN if group is None else _DIFFERENT if group.get("different") else _SAME
        pairs[kind] += 1
        because = "nobody has said why" if group is None else group["because"]
        print(f"{pair.distance} bits apart: {pair.one[:12]} and {pair.other[:12]}: {kind}: {because}")
    print(f"\nPairs within 31 bits: {len(found.alike)} of {found.pairs:,}: {dict(pairs)}.")
    print(f"The nearest others are {found.beyond} bits apart.")
    return pairs[_UNKNOWN]


if __name__ == "__main__":
    main()
