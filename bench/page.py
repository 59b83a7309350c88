"""docs/benchmarks.md, written from bench/results."""

from collections.abc import Iterable, Iterator
from typing import Any

from bench import plots, releases, tables
from bench.claims import Claim, Results, claims
from bench.facts import ROOT, recorded

PAGE = ROOT / "docs" / "benchmarks.md"
# Above this many processes for a core, times are mostly of waiting.
_QUIET_LOAD = 1.5

_HEAD = """# Benchmarks

`{command}` writes this page from `bench/results/*.json`. Do not edit it by hand.

All times are medians of interleaved runs. In each round, every contestant judges the same photo once, and a ratio is
the median of the rounds' ratios. "By CPU" means the same figure in CPU time, which other work on the machine hardly
affects; if the two differ much, the machine was busy. The photos come with scikit-image and scikit-learn. They are
enlarged, given simulated sensor noise and re-encoded (`bench/photos.py`). Every contestant runs on one thread. The base
is an earlier commit of Modest with its own packages, measured in the same rounds (`make bench BASE=`).
"""


def write(command: str) -> None:
    results = {part: recorded(part) for part in releases.PARTS}
    names = plots.draw(results, PAGE.parent / "benchmarks")
    found = claims(results)
    sections = [
        _HEAD.format(command=command),
        _machine(results),
        "## Targets\n\n" + _claims(found),
        "## Releases\n\n" + tables.releases(releases.read(), found),
        "## Inference alone\n\n" + tables.inference(results["speed"]),
        "## Image bytes to a verdict\n\n" + _picture(names["verdict"]) + tables.verdicts(results["speed"]),
        "## Decoding alone\n\n" + tables.decoding(results["speed"]),
        "## The Lambda path\n\n" + tables.lambda_path(results["request"]),
        "## Start\n\n" + _picture(names["start"]) + tables.start(results["start"]),
        "## Memory\n\n" + tables.memory(results),
        "## Cost of a million images\n\n" + _picture(names["cost"]) + tables.cost(results["cost"]),
        "## The contestants\n\n" + tables.contestants(results["speed"]),
    ]
    PAGE.write_text("\n".join(section.rstrip() + "\n" for section in sections))


def _machine(results: Results) -> str:
    def line(part: str) -> Iterator[Any]:
        facts = results[part]["measured"]
        load = f"{facts['load_before']} to {facts['load_after']}"
        yield from (part, facts["at"], facts["commit"], facts["cpu"], facts["cores"], load)

    loads = [results[part]["measured"]["load_before"] / results[part]["measured"]["cores"] for part in releases.PARTS]
    warning = (
        "\nThe machine was busy with other work during the measurements. Rely on the ratios by CPU.\n"
        if max(loads) > _QUIET_LOAD
        else ""
    )
    rows = [list(line(part)) for part in releases.PARTS]
    base = results["speed"].get("base")
    named = f"\nThe base is {base}.\n" if base else ""
    return tables.table(["part", "measured", "commit", "CPU", "cores", "load"], rows) + warning + named


def _claims(found: Iterable[Claim]) -> str:
    rows = [
        [
            claim.text,
            f"{'at most' if claim.at_most else 'at least'} {claim.target:g}{claim.unit}",
            "not measured" if claim.wall is None else _judged(claim, claim.wall),
            "" if claim.cpu is None else _judged(claim, claim.cpu),
        ]
        for claim in found
    ]
    return tables.table(["", "target", "measured", "by CPU"], rows)


def _judged(claim: Claim, figure: float) -> str:
    return f"{figure:.3g}{claim.unit}{'' if claim.holds(figure) else ' (missed)'}"


def _picture(name: str) -> str:
    return f"![{name}](benchmarks/{name}.png)\n\n"
