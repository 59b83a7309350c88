"""Measures how long the built image takes to be ready and to its first answer, and where that time goes."""

import json
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from bench import container, imports, ledger
from bench.base import Base
from bench.events import raw
from bench.facts import BUILT, PHOTOS, load_average, record
from bench.photos import photos
from bench.sampling import TimedCall, Timing, interleave, ratio

_CPUS = (0.5, 1.0, 2.0)
_MEMORY = 1769
_BASE_IMAGE = "modest:bench-base"


def measure(starts: int, base: Base | None) -> None:
    before = load_average()
    container.build()
    if base is not None:
        container.build(base.folder, _BASE_IMAGE)
    event = BUILT / "one-photo.json"
    event.write_text(json.dumps(raw(photos(PHOTOS, "1", "JPEG", 1)[0].read_bytes())))
    with ledger.running(container.HOST) as environment:
        found = {f"{cpus:g}": _measure_starts(cpus, event, starts, environment) for cpus in _CPUS}
        compared = _compare_with_base(event, starts, environment) if base else None
        phases = [container.run("phases", cpus=1, memory=_MEMORY, environment=environment) for _ in range(starts)]
    importtime = container.measure_imports(cpus=1, memory=_MEMORY)
    record(
        "start",
        {
            "starts": starts,
            "base": base and {"commit": base.commit, **(compared or {})},
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


def _compare_with_base(event: Path, starts: int, environment: Mapping[str, str]) -> dict[str, Any]:
    """Returns how this commit's starts on one CPU compare with the base's, which take turns with them."""
    megabytes: dict[str, list[float]] = {"ours": [], "base": []}

    def start(name: str, image: str) -> TimedCall:
        def call(_round: int) -> Timing:
            (run,) = container.run(
                "runtime_api", "1", "0", cpus=1, memory=_MEMORY, files=[event], environment=environment, image=image
            )
            megabytes[name].append(run["pss_mb"])
            return Timing(run["ready"], run["ready_cpu"])

        return call

    samples = interleave({"ours": start("ours", container.IMAGE), "base": start("base", _BASE_IMAGE)}, starts)
    return {
        "times_as_long_as_base": ratio(samples, "ours", "base"),
        "pss_times_base": round(median(megabytes["ours"]) / median(megabytes["base"]), 3),
        "image_mb": container.read_image_megabytes(_BASE_IMAGE),
    }


def _summarize(values: list[float]) -> dict[str, float]:
    return {"median": round(median(values), 3), "least": round(min(values), 3), "most": round(max(values), 3)}
