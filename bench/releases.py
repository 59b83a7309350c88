"""Keeps what each release showed, in bench/releases.json, so that a later one can be compared with it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bench.claims import Results, claims
from bench.facts import ROOT, recorded
from moderate.version import VERSION

RELEASES = ROOT / "bench" / "releases.json"
PARTS = ("speed", "request", "start", "cost")

Release = Mapping[str, Any]


def keep() -> None:
    """Adds the recorded results as those of the present version, in place of any that it has."""
    kept = [each for each in read() if each["version"] != VERSION]
    write([*kept, release(VERSION, {part: recorded(part) for part in PARTS})])


def release(version: str, results: Results) -> Release:
    """Returns what is kept: the figure of each claim, by CPU time where there is one."""
    measured = results["speed"]["measured"]
    return {
        "version": version,
        "measured": measured["at"][:10],
        "commit": measured["commit"],
        "cpu": measured["cpu"],
        "figures": {claim.text: claim.figure for claim in claims(results) if claim.figure is not None},
    }


def read() -> list[Release]:
    found: list[Release] = json.loads(RELEASES.read_text())
    return found


def write(releases: Sequence[Release]) -> None:
    RELEASES.write_text(json.dumps(releases, indent=2, ensure_ascii=False) + "\n")
