"""Makes files, asks both browsers and the checkout about them, and compares."""

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from tests.shown.browsers import File, Shown, shown
from tests.shown.distance import Difference, farthest
from tests.shown.files import Plan, made
from tests.shown.judge import Judged, judged, reduced


@dataclass(frozen=True, slots=True)
class Comparison:
    shown: Sequence[Shown] = field(repr=False)
    judged: Judged = field(repr=False)
    farthest: Difference | None

    @property
    def differs(self) -> bool:
        return self.farthest is not None and self.farthest.too_far


@dataclass(frozen=True, slots=True)
class Outcome:
    plan: Plan
    data: bytes = field(repr=False)
    found: Comparison

    @property
    def fault(self) -> str:
        """The kind of fault that it shows, once it has no more mutations than it takes."""
        faults = sorted({mutation.fault for mutation in self.plan.mutations if mutation.fault})
        if faults or self.found.farthest is None:
            return ", ".join(faults)
        if self.found.farthest.shown.page == "grey":
            return "grey page"
        return "scaled decoding" if self.plan.kind.name == "JPEG" and not self.plan.mutations else "another"


def tried(checkout: Path, plans: Sequence[Plan]) -> list[Outcome]:
    with tempfile.TemporaryDirectory() as name:
        contents = [made(plan) for plan in plans]
        files = [File(Path(name, f"{index}.{plan.kind.extension}"), plan.side) for index, plan in enumerate(plans)]
        for file, data in zip(files, contents, strict=True):
            file.path.write_bytes(data)
        found = compared(checkout, Path(name), files)
        return [Outcome(*parts) for parts in zip(plans, contents, found, strict=True)]


def compared(checkout: Path, folder: Path, files: Sequence[File]) -> list[Comparison]:
    """Works in `folder`, where the files lie."""
    if not files:
        return []
    with ThreadPoolExecutor(1) as aside:
        answers = aside.submit(judged, checkout, [file.path for file in files])
        pictures = shown(folder, files)
    everything = [seen for file in files for seen in pictures[file.path.name]]
    small = iter(reduced(checkout, folder, [seen.picture for seen in everything]))
    found = []
    for file, answer in zip(files, answers.result(), strict=True):
        mine = pictures[file.path.name]
        pairs = list(zip(mine, islice(small, len(mine)), strict=True))
        found.append(Comparison(mine, answer, farthest(pairs, answer)))
    return found
