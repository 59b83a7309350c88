"""What was found: the files that differ, and a table."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.shown.trial import Outcome


def row(outcome: Outcome) -> dict[str, Any]:
    """What is counted. Of a file that differs it must be the smallest."""
    browsers = {shown.browser for shown in outcome.found.shown}
    return {
        "kind": outcome.plan.kind.name,
        "rendered": sorted(browsers),
        "refused": outcome.found.judged.refused if browsers else "",
        "rule": outcome.found.judged.rule if browsers else "",
        "judged": not outcome.found.judged.refused,
        "differs": outcome.found.differs,
        "fault": outcome.fault if outcome.found.differs else "",
        "cause": cause(outcome) if outcome.found.differs else "",
    }


def cause(outcome: Outcome) -> str:
    return " + ".join(mutation.name for mutation in outcome.plan.mutations) or "as encoders write it"


def keep(folder: Path, outcome: Outcome) -> dict[str, Any]:
    """Write the file, what is shown of it and what is known about it."""
    folder.mkdir(parents=True, exist_ok=True)
    plan, difference = outcome.plan, outcome.found.farthest
    if difference is None:
        raise ValueError("nothing differs")
    name = folder / f"{plan.kind.name.lower()}-{plan.name}.{plan.kind.extension}"
    name.write_bytes(outcome.data)
    difference.shown.picture.save(name.with_suffix(".shown.png"))
    known = {
        "kind": plan.kind.name,
        "file": name.name,
        "seed": plan.seed,
        "number": plan.number,
        "side": plan.side,
        "mutations": [mutation.name for mutation in plan.mutations],
        "fault": outcome.fault,
        "distance": round(difference.distance, 2),
        "browser": difference.shown.browser,
        "page": difference.shown.page,
        "frame": difference.shown.frame,
    }
    name.with_suffix(".json").write_text(json.dumps(known, indent=1) + "\n")
    return known


def table(rows: Sequence[dict[str, Any]]) -> Iterable[str]:
    yield f"{'':6}{'files':>7}{'Chromium':>10}{'Firefox':>9}{'judged':>8}{'differ':>8}  refused though shown"
    for kind in [*sorted({row["kind"] for row in rows}), "all"]:
        mine = [row for row in rows if kind in (row["kind"], "all")]
        refusals = Counter(row["refused"] for row in mine if row["refused"])
        yield (
            f"{kind:6}{len(mine):7}"
            f"{sum('chromium' in row['rendered'] for row in mine):10}"
            f"{sum('firefox' in row['rendered'] for row in mine):9}"
            f"{sum(row['judged'] for row in mine):8}"
            f"{sum(row['differs'] for row in mine):8}  "
            + ", ".join(f"{name} {count}" for name, count in refusals.most_common())
        )
    differing = [row for row in rows if row["differs"]]
    yield from _counted("differ  by kind of fault", (row["fault"] for row in differing))
    yield from _counted("differ  by cause", (f"{row['kind']}: {row['cause']}" for row in differing))
    yield from _counted(
        "refused though shown  by rule", (f"{row['kind']}: {row['rule']}" for row in rows if row["rule"])
    )


def _counted(title: str, names: Iterable[str]) -> Iterable[str]:
    counts = Counter(names)
    if counts:
        yield ""
        yield title
        yield from (f"{count:6}  {name}" for name, count in counts.most_common())
