"""Thousands of files with a few bytes changed each lead to an answer or a typed error."""

import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from tests.helpers.reference import MAX_DECODES, Stopwatch, processor_seconds
from tests.hostile.images import ACCEPTED, ANIMATED, GOOD, jpeg_of_scans

from moderate.images.decode import decode
from modest.errors import PublicError

FILES = ACCEPTED | ANIMATED | {"JPEG of many scans": jpeg_of_scans(50, (100, 100))}
MUTANTS = 250
# The structure is there; the rest is mostly pixels.
HEAD = 400


def flip(data: bytearray, at: int, chance: random.Random) -> None:
    data[at] ^= 1 << chance.randrange(8)


def overwrite(data: bytearray, at: int, chance: random.Random) -> None:
    length = chance.choice([1, 2, 4])
    data[at : at + length] = chance.choice([b"\xff" * length, bytes(length), chance.randbytes(length)])


def remove(data: bytearray, at: int, chance: random.Random) -> None:
    del data[at : at + chance.choice([1, 4, 20, 200])]


def repeat(data: bytearray, at: int, chance: random.Random) -> None:
    data[at:at] = data[at : at + chance.choice([1, 8, 64, 500])]


def cut(data: bytearray, at: int, _: random.Random) -> None:
    del data[at:]


CHANGES: list[Callable[[bytearray, int, random.Random], None]] = [flip, flip, overwrite, overwrite, remove, repeat, cut]


def mutant(original: bytes, chance: random.Random) -> bytes:
    data = bytearray(original)
    for _ in range(chance.choice([1, 1, 2, 5])):
        end = min(len(data), HEAD) if chance.random() < 0.6 else len(data)
        if end:
            chance.choice(CHANGES)(data, chance.randrange(end), chance)
    return bytes(data)


@pytest.fixture(scope="module")
def most_seconds(photo_path: Path) -> float:
    return MAX_DECODES * Stopwatch(photo_path.read_bytes()).decode_seconds()


@pytest.mark.parametrize("name", FILES)
def test_a_mutant_is_judged_or_refused_in_time(most_seconds: float, name: str) -> None:
    chance = random.Random(name)
    for number in range(MUTANTS):
        assert processor_seconds(partial(attempt, mutant(FILES[name], chance))) <= most_seconds, number
    assert decode(GOOD, 224).frames.judged == 1


def attempt(data: bytes) -> None:
    with suppress(PublicError):
        decode(data, 224)
