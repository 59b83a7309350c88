"""Measures what the Lambda path adds to the pipeline, and what ten images in one request save."""

from pathlib import Path
from typing import Any

from bench import ledger
from bench.contestants import Contestant, running
from bench.facts import PHOTOS, load_average, record
from bench.photos import photos
from bench.sampling import TimedCall, Timing, difference, interleave, ratio, summaries

_PATH = (
    *("pipeline", "handler without logs and metrics", "handler", "handler from the event's JSON"),
    "handler with the ledger",
)
_TEN = 10


def measure(model: Path, rounds: int) -> None:
    before = load_average()
    with ledger.running() as environment, running(("lambda_path",), model, environment) as contestants:
        worker = contestants["lambda_path"]
        result = {
            "rounds": rounds,
            "about": worker.about,
            "one_image": {
                f"{megapixels} MP": _measure_one_image(worker, megapixels, rounds) for megapixels in ("0.05", "1")
            },
            "ten_images": _measure_ten_images(worker, rounds),
            "memory_mb": worker.megabytes(),
        }
    record("request", result, before)


def _measure_one_image(worker: Contestant, megapixels: str, rounds: int) -> dict[str, Any]:
    (photo,) = photos(PHOTOS, megapixels, "JPEG", 1)
    samples = interleave({name: _make_call(worker, name, photo) for name in _PATH}, rounds)
    return {
        "calls": summaries(samples),
        "added_to_the_pipeline": {name: difference(samples, name, "pipeline") for name in _PATH[1:]},
        "times_the_pipeline": {name: ratio(samples, name, "pipeline") for name in _PATH[1:]},
        "added_by_the_ledger": difference(samples, "handler with the ledger", "handler"),
    }


def _measure_ten_images(worker: Contestant, rounds: int) -> dict[str, Any]:
    ten = photos(PHOTOS, "1", "JPEG", _TEN)
    calls = {name: _make_call(worker, name, *ten) for name in ("in one request", "one after another")}
    samples = interleave(calls, rounds)
    cpu = {name: summary["cpu_ms"] for name, summary in summaries(samples).items()}
    alone = ("inference alone, one thread", "inference alone, two threads")
    most = interleave({name: _make_call(worker, name, *ten) for name in alone}, rounds)
    return {
        "calls": summaries(samples),
        "faster_in_one_request": ratio(samples, "one after another", "in one request"),
        "faster_inference_in_two_threads": ratio(most, *alone),
        "images_a_second_and_core": {name: round(_TEN / milliseconds * 1000, 1) for name, milliseconds in cpu.items()},
    }


def _make_call(worker: Contestant, operation: str, *paths: Path) -> TimedCall:
    def call(_round: int) -> Timing:
        return worker.time(operation, *paths)

    return call
