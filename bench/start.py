"""Start of the built image: to ready, to the first answer, and where the time goes."""

import json
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from bench import container, imports, ledger
from bench.events import raw
from bench.facts import BUILT, PHOTOS, load, record
from bench.photos import photos

_CPUS = (0.5, 1.0, 2.0)
_MEMORY = 1769


def measure(starts: int) -> None:
    before = load()
    container.build()
    event = BUILT / "one-photo.json"
    event.write_text(json.dumps(raw(photos(PHOTOS, "1", "JPEG", 1)[0].read_bytes())))
    with ledger.running(container.HOST) as environment:
        found = {f"{cpus:g}": _start(cpus, event, starts, environment) for cpus in _CPUS}
        phases = [container.run("phases", cpus=1, memory=_MEMORY, environment=environment) for _ in range(starts)]
    importtime = container.import_times(cpus=1, memory=_MEMORY)
    record(
        "start",
        {
            "starts": starts,
            "image_mb": container.megabytes(),
            "memory": f"{_MEMORY} MB",
            "by_cpus": found,
            "phases_cpu_ms": {name: round(median(run[name] for run in phases), 1) for name in phases[0]},
            "modules_imported": imports.modules(importtime),
            "imports_ms_by_package": imports.milliseconds_by_package(importtime),
        },
        before,
    )


def _start(cpus: float, event: Path, starts: int, environment: Mapping[str, str]) -> dict[str, Any]:
    runs = container.run(
        "runtime_api", str(starts), "0", cpus=cpus, memory=_MEMORY, files=[event], environment=environment
    )
    emulated = []
    for _ in range(max(1, starts // 3)):
        with container.emulated(cpus, _MEMORY, environment) as url:
            emulated.append(container.post(url, event.read_bytes()))
    return {
        "ready_s": _spread([run["ready"] for run in runs]),
        "ready_cpu_s": _spread([run["ready_cpu"] for run in runs]),
        "first_answer_s": _spread([run["first_answer"] for run in runs]),
        "first_answer_from_the_emulator_s": _spread(emulated),
        "pss_after_the_first_answer_mb": _spread([run["pss_mb"] for run in runs]),
    }


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": round(median(values), 3), "least": round(min(values), 3), "most": round(max(values), 3)}
