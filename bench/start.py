"""Measures how long the built image takes to be ready and to its first answer, and where that time goes."""

import json
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from bench import container, imports, ledger
from bench.events import raw
from bench.facts import BUILT, PHOTOS, load_average, record
from bench.photos import photos

_CPUS = (0.5, 1.0, 2.0)
_MEMORY = 1769


def measure(starts: int) -> None:
    before = load_average()
    container.build()
    event = BUILT / "one-photo.json"
    event.write_text(json.dumps(raw(photos(PHOTOS, "1", "JPEG", 1)[0].read_bytes())))
    with ledger.running(container.HOST) as environment:
        found = {f"{cpus:g}": _measure_starts(cpus, event, starts, environment) for cpus in _CPUS}
        phases = [container.run("phases", cpus=1, memory=_MEMORY, environment=environment) for _ in range(starts)]
    importtime = container.measure_imports(cpus=1, memory=_MEMORY)
    record(
        "start",
        {
            "starts": starts,
            "image_mb": container.read_image_megabytes(),
            "memory": f"{_MEMORY} MB",
            "by_cpus": found,
            "phases_cpu_ms": {name: round(median(run[name] for run in phases), 1) for name in phases[0]},
            "modules_imported": imports.modules(importtime),
            "imports_ms_by_package": imports.milliseconds_by_package(importtime),
        },
        before,
    )


def _measure_starts(cpus: float, event: Path, starts: int, environment: Mapping[str, str]) -> dict[str, Any]:
    runs = container.run(
        "runtime_api", str(starts), "0", cpus=cpus, memory=_MEMORY, files=[event], environment=environment
    )
    emulated = []
    for _ in range(max(1, starts // 3)):
        with container.run_emulator(cpus, _MEMORY, environment) as url:
            emulated.append(container.post(url, event.read_bytes()))
    return {
        "ready_s": _summarize([run["ready"] for run in runs]),
        "ready_cpu_s": _summarize([run["ready_cpu"] for run in runs]),
        "first_answer_s": _summarize([run["first_answer"] for run in runs]),
        "first_answer_from_the_emulator_s": _summarize(emulated),
        "pss_after_the_first_answer_mb": _summarize([run["pss_mb"] for run in runs]),
    }


def _summarize(values: list[float]) -> dict[str, float]:
    return {"median": round(median(values), 3), "least": round(min(values), 3), "most": round(max(values), 3)}
