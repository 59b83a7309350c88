"""Every hostile image has the right outcome, in time and within bounds, and leaves the process as good as new.

Each is decoded and classified in a process of its own.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.helpers.reference import MAX_DECODES
from tests.helpers.support import ROOT
from tests.hostile.images import GOOD, HOSTILE
from tests.hostile.judge_images import Measured

from moderate.images.limits import MAX_PICTURE_BYTES
from moderate.images.room import SMALL_BYTES
from moderate.images.sandbox.pool import _ENVIRONMENT

# What one image may add to the memory of the process that judges it; up to `workers` images do at once.
MAX_GROWTH_MIB = MAX_PICTURE_BYTES / 1024**2
MAX_FETCHED_BYTES = 10 * 1024 * 1024
# Its file, and what Python and the decoders hold of it.
MORE_THAN_ASKED_MIB = 32
# What disturbs a measurement makes it longer, so the bound holds if one of so many keeps to it.
ATTEMPTS = 3


@dataclass(frozen=True)
class Judges:
    """Judges each image in a process that knows the model and has seen no other image."""

    process: "subprocess.Popen[str]"
    folder: Path

    def measure(self, data: bytes) -> Measured:
        """Fails if the process that judged it cannot judge a good image afterwards."""
        assert self.process.stdin
        assert self.process.stdout
        image = self.folder / "image"
        image.write_bytes(data)
        self.process.stdin.write(f"{image}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "0\n"
        return Measured(**json.loads(image.with_suffix(".json").read_text()))


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory, model_path: Path, photo_path: Path) -> Iterator[Judges]:
    folder = tmp_path_factory.mktemp("images")
    good = folder / "good"
    good.write_bytes(GOOD)
    command = [sys.executable, "-m", "tests.hostile.judge_images", str(model_path), str(photo_path), str(good)]
    environment = os.environ | _ENVIRONMENT
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Judges(process, folder)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_image_comes_to_what_it_must_in_time_and_within_bounds(judges: Judges, name: str) -> None:
    image = HOSTILE[name]
    data = image.make()
    assert len(data) <= MAX_FETCHED_BYTES
    for _ in range(ATTEMPTS):
        measured = judges.measure(data)
        print(f"{len(data) / 1e6:.1f} MB: {measured}")
        if measured.decodes <= MAX_DECODES:
            break
    assert measured.outcome == (image.refusal.__name__ if image.refusal else "judged")
    assert measured.decodes <= MAX_DECODES
    expected_mib = max(measured.needed_mib, SMALL_BYTES / 1024**2) + MORE_THAN_ASKED_MIB
    assert measured.growth_mib < min(MAX_GROWTH_MIB, expected_mib)
