"""Every hostile image has the right outcome, in time and within bounds, and leaves the process as good as new.

Each is decoded and classified in a process of its own.
"""

import json
import os
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.helpers.reference import MAX_DECODES
from tests.helpers.support import ROOT
from tests.helpers.waiting import HANGS_SECONDS
from tests.hostile.images import GOOD, HOSTILE

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
class Measured:
    outcome: str
    decodes: float
    """The processor time that decoding it took, in decodes of the reference photo."""
    views: int
    growth_mib: float
    needed_mib: float
    """What the decoder asked for."""


def measure(model: Path, photo: Path, data: bytes) -> Measured:
    """Fails if the same process cannot judge a good image afterwards."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.judge_one", str(model), str(photo)],
        input=struct.pack(">I", len(GOOD)) + GOOD + data,
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=os.environ | _ENVIRONMENT,
        timeout=HANGS_SECONDS,
    )
    assert done.returncode == 0, done.stderr.decode()
    return Measured(**json.loads(done.stdout))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_image_comes_to_what_it_must_in_time_and_within_bounds(
    model_path: Path, photo_path: Path, name: str
) -> None:
    image = HOSTILE[name]
    data = image.make()
    assert len(data) <= MAX_FETCHED_BYTES
    for _ in range(ATTEMPTS):
        measured = measure(model_path, photo_path, data)
        print(f"{len(data) / 1e6:.1f} MB: {measured}")
        if measured.decodes <= MAX_DECODES:
            break
    assert measured.outcome == (image.refusal.__name__ if image.refusal else "judged")
    assert measured.decodes <= MAX_DECODES
    expected_mib = max(measured.needed_mib, SMALL_BYTES / 1024**2) + MORE_THAN_ASKED_MIB
    assert measured.growth_mib < min(MAX_GROWTH_MIB, expected_mib)
