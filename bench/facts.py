"""Reads and writes results, each with the machine, versions, commit and load it was measured with.

Results contain no host names and no paths.
"""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BUILT = ROOT / ".build" / "bench"
RESULTS = ROOT / "bench" / "results"
PHOTOS = BUILT / "photos"


def record(name: str, result: dict[str, Any], load_before: float) -> None:
    """Writes a result to bench/results/NAME.json."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    content = {"measured": _describe_machine(load_before), **result}
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def recorded(name: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return result


def load_average() -> float:
    """Returns how many processes wanted a core, on average over the last minute."""
    return round(os.getloadavg()[0], 2)


def _describe_machine(load_before: float) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _read_commit(),
        "cpu": _describe_cpu(),
        "cores": os.cpu_count(),
        "load_before": load_before,
        "load_after": load_average(),
        "python": sys.version.split()[0],
        "versions": {name: version(name) for name in ("onnxruntime", "pillow", "numpy", "fastapi", "mangum")},
    }


def _read_commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603


def _describe_cpu() -> str:
    info = dict(
        line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines() if ":" in line
    )
    found = {name.strip(): value.strip() for name, value in info.items()}
    widest = "AVX-512 VNNI" if "avx512_vnni" in found["flags"] else "AVX2" if "avx2" in found["flags"] else "SSE"
    return f"{found['model name']}, family {found['cpu family']} model {found['model']}, {widest}"
