"""Reads how long calls take, which the benchmarks measured, and what AWS charges."""

import json
import tomllib
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modest_cli.errors import OperatorError

_BENCH = Path(__file__).resolve().parents[3] / "bench"
PRICES = _BENCH / "prices.toml"
_ONE_MEGAPIXEL = 1.0


class NotMeasured(OperatorError):
    """Raised if the benchmarks have no figures for a size of memory."""


@dataclass(frozen=True, slots=True)
class Measured:
    call_ms: float
    """A call with a JPEG of 1 megapixel, the ledger included."""
    judging_ms: tuple[tuple[float, float], ...]
    """Megapixels of a JPEG, and the time to judge it on a whole CPU."""
    cpus: float
    start_ms: float
    log_bytes: float
    prices: dict[str, Any]

    def milliseconds(self, megapixels: float) -> float:
        """Returns the duration of a call whose image is sent with it."""
        sizes, milliseconds = zip(*self.judging_ms, strict=True)
        one, wanted = np.interp([_ONE_MEGAPIXEL, megapixels], sizes, milliseconds)
        return self.call_ms + float(wanted - one) / min(1.0, self.cpus)


def read_measured(memory_mb: int) -> Measured:
    """Returns the figures of the largest measured size that is not above `memory_mb`. Raises NotMeasured."""
    costs, speeds = (json.loads((_BENCH / "results" / f"{part}.json").read_text()) for part in ("cost", "speed"))
    sizes = sorted(map(int, costs["by_memory_mb"]))
    if memory_mb < sizes[0]:
        raise NotMeasured(
            f"Calls with a MemorySize of {memory_mb} MB were not measured: docs/benchmarks.md begins at {sizes[0]} MB."
        )
    size = costs["by_memory_mb"][str(sizes[bisect_right(sizes, memory_mb) - 1])]
    prices = tomllib.loads(PRICES.read_text())
    logs = size["1 a call"]["usd_a_million_images"]["Logs"] * 1000 / prices["aws"]["logs_gb"]["usd"]
    return Measured(
        call_ms=size["1 a call"]["billed_ms_a_call"],
        judging_ms=tuple(
            (float(photo.split()[0]), found["calls"]["modest"]["median_ms"])
            for photo, found in speeds["bytes_to_verdict"].items()
            if photo.endswith("JPEG")
        ),
        cpus=size["cpus"],
        start_ms=size["start_ms"],
        log_bytes=logs - prices["a_call"]["other_log_bytes"],
        prices=prices,
    )
