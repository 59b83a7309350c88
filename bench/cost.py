"""Calculates what a million images cost in AWS, from the image's measured durations and the prices in prices.toml."""

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from bench import container, ledger
from bench.events import Event, data_urls, raw
from bench.facts import BUILT, PHOTOS, load_average, record
from bench.photos import photos
from modest_cli.capacity.dollars import usd_a_call
from modest_cli.capacity.measured import PRICES

MEMORIES = (1024, 1769, 3008)
_MEGABYTES_A_CPU = 1769
_IMAGES = (1, 10)
_MILLION = 1_000_000
_GIGABYTE = 10**9
_SECONDS_A_MONTH = 31 * 24 * 60 * 60


def measure(calls: int) -> None:
    before = load_average()
    container.build()
    files = [path.read_bytes() for path in photos(PHOTOS, "1", "JPEG", max(_IMAGES))]
    events = [_write_event("one-photo.json", raw(files[0])), _write_event("ten-photos.json", data_urls(files))]
    prices = tomllib.loads(PRICES.read_text())
    with ledger.running(container.HOST) as environment:
        found = {str(memory): _measure_memory_size(memory, events, calls, prices, environment) for memory in MEMORIES}
    record("cost", {"calls": calls, "region": prices["region"], "photo": "1 MP JPEG", "by_memory_mb": found}, before)


def _measure_memory_size(
    memory: int, events: Sequence[Path], calls: int, prices: dict[str, Any], environment: Mapping[str, str]
) -> dict[str, Any]:
    cpus = round(memory / _MEGABYTES_A_CPU, 3)
    start = container.run(
        "runtime_api", "1", str(calls), cpus=cpus, memory=memory, files=events, environment=environment
    )[0]
    found: dict[str, Any] = {"cpus": cpus, "start_ms": round(start["ready"] * 1000)}
    for images, seconds in zip(_IMAGES, start["warm"], strict=True):
        milliseconds = mean(seconds) * 1000
        usd = usd_a_million_images(
            prices,
            images=images,
            memory=memory,
            milliseconds=milliseconds,
            start_ms=start["ready"] * 1000,
            log_bytes=start["log_bytes"],
        )
        found[f"{images} a call"] = {
            "billed_ms_a_call": math.ceil(milliseconds),
            "usd_a_million_images": {name: round(value, 3) for name, value in usd.items()},
            "total_usd": round(sum(usd.values()), 2),
        }
    return found


def usd_a_million_images(
    prices: dict[str, Any], *, images: int, memory: int, milliseconds: float, start_ms: float, log_bytes: float
) -> dict[str, float]:
    """Returns the cost by item. `milliseconds` is the duration of a warm call with `images` images."""
    a_call = usd_a_call(prices, memory=memory, milliseconds=milliseconds, start_ms=start_ms, log_bytes=log_bytes)
    return {name: usd * _MILLION / images for name, usd in a_call.items()}


def worst_keyless_month(prices: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Returns the gigabytes, and their price in US dollars, that leave each keyless route called without pause."""
    gigabytes = {
        route: each["calls_a_second"] * _SECONDS_A_MONTH * each["bytes"] / _GIGABYTE
        for route, each in prices["keyless"].items()
    }
    return {route: (sent, sent * prices["aws"]["transfer_out_gb"]["usd"]) for route, sent in gigabytes.items()}


def _write_event(name: str, event: Event) -> Path:
    path = BUILT / name
    path.write_text(json.dumps(event))
    return path
