"""Measures inference alone and from image bytes to a verdict, against the peers and the floor."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench.base import Base
from bench.contestants import Contestant, running
from bench.facts import PHOTOS, load_average, record
from bench.operations import multiply_accumulates
from bench.photos import FORMATS, SIZES, photos
from bench.sampling import Samples, TimedCall, Timing, interleave, min_cpu, ratio, summaries

JUDGES = ("modest", "nudenet", "opennsfw", "nsfwjs")
DECODERS = {"modest": "Modest", "nudenet": "OpenCV", "nsfwjs": "sharp"}
"""What decodes a photo and shrinks it to a model's size, by the contestant in whose process it runs."""
_PHOTOS_A_CASE = 3


def measure(model: Path, rounds: int, base: Base | None) -> None:
    before = load_average()
    with running((*JUDGES, "floor"), model, base=base) as contestants:
        about = {name: contestant.about for name, contestant in contestants.items()}
        memory = _measure_memory(contestants)
        inference = _measure_inference(contestants, rounds)
        verdicts = {
            f"{megapixels} MP {image_format}": _measure_verdicts(contestants, megapixels, image_format, rounds)
            for megapixels in SIZES
            for image_format in FORMATS
        }
    flops = 2 * multiply_accumulates(model)
    peak = about["floor"]["multiply_flops"] / min_cpu(inference["multiply"])
    record(
        "speed",
        {
            "rounds": rounds,
            "base": base and base.commit,
            "contestants": about,
            "memory_mb": memory,
            "inference": {
                "calls": summaries(inference),
                "times_as_long_as_modest": {name: ratio(inference, name, "modest") for name in contestants},
                "gigaflop_an_image": round(flops / 1e9, 3),
                "core_peak_gflops": round(peak / 1e9, 1),
                "share_of_peak": round(flops / min_cpu(inference["modest"]) / peak, 3),
            },
            "bytes_to_verdict": verdicts,
        },
        before,
    )


def _measure_memory(contestants: dict[str, Contestant]) -> dict[str, dict[str, float]]:
    """Measures memory after loading and after one photo of each size."""
    found: dict[str, dict[str, float]] = {name: {"loaded": contestants[name].megabytes()} for name in JUDGES}
    for megapixels in ("1", "12"):
        (photo,) = photos(PHOTOS, megapixels, "JPEG", 1)
        for name in JUDGES:
            contestants[name].time("judge", photo)
            found[name][f"after {megapixels} MP"] = contestants[name].megabytes()
    return found


def _measure_inference(contestants: dict[str, Contestant], rounds: int) -> Samples:
    (photo,) = photos(PHOTOS, "0.05", "JPEG", 1)
    calls: dict[str, TimedCall] = {
        name: _ignore_round(partial(contestant.time, "infer", photo)) for name, contestant in contestants.items()
    }
    calls["multiply"] = _ignore_round(partial(contestants["floor"].time, "multiply"))
    return interleave(calls, rounds)


def _measure_verdicts(
    contestants: dict[str, Contestant], megapixels: str, image_format: str, rounds: int
) -> dict[str, Any]:
    files = photos(PHOTOS, megapixels, image_format, _PHOTOS_A_CASE)

    def time(name: str, operation: str, round_number: int) -> Timing:
        return contestants[name].time(operation, files[round_number % len(files)])

    judges = [name for name in contestants if name != "floor"]
    calls: dict[str, TimedCall] = {name: partial(time, name, "judge") for name in judges}
    calls |= {f"decode by {library}": partial(time, name, "decode") for name, library in DECODERS.items()}
    modest = contestants["modest"]
    calls["in one process"] = lambda number: modest.time("judge in one process", files[number % len(files)])
    calls["bare inference"] = lambda _: modest.time("infer", files[0])
    calls["whole decode and inference"] = lambda number: modest.time(
        "decode whole and infer", files[number % len(files)]
    )
    samples = interleave(calls, rounds)
    return {
        "kilobytes": round(sum(path.stat().st_size for path in files) / len(files) / 1000),
        "calls": summaries(samples),
        "times_as_long_as_modest": {name: ratio(samples, name, "modest") for name in judges},
        "decoding_times_as_long_as_modest": {
            library: ratio(samples, f"decode by {library}", f"decode by {DECODERS['modest']}")
            for library in DECODERS.values()
        },
        "times_bare_inference": ratio(samples, "modest", "bare inference"),
        "times_whole_decode_and_inference": ratio(samples, "modest", "whole decode and inference"),
        "in_one_process_times_bare_inference": ratio(samples, "in one process", "bare inference"),
    }


def _ignore_round(call: Callable[[], Timing]) -> TimedCall:
    return lambda _round: call()
