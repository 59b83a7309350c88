"""The index finds what a comparison with every hash finds, and is never led astray by its bytes."""

import random
import struct
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from moderate.blocking.pdq import BYTES, MAX_DISTANCE
from moderate.blocking.pdq_index import InvalidIndex, Match, PdqIndex, build

Hashes = NDArray[np.uint8]

HEADER = 16
STARTS = 16 * 65_537 * 4
MILLION = 1_000_000


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def anything(count: int, seed: int = 0) -> Hashes:
    return generator(seed).integers(0, 256, (count, BYTES), np.uint8)


def index_of(hashes: Hashes) -> PdqIndex:
    return PdqIndex(build(hashes))


def with_bits_flipped(bits: bytes, places: list[int]) -> bytes:
    return (int.from_bytes(bits) ^ sum(1 << place for place in places)).to_bytes(BYTES)


def by_comparing_all(hashes: Hashes, bits: bytes, max_distance: int) -> Match | None:
    wanted = int.from_bytes(bits)
    distances = [(int.from_bytes(each.tobytes()) ^ wanted).bit_count() for each in hashes]
    least = min(distances, default=max_distance + 1)
    return Match(distances.index(least), least) if least <= max_distance else None


def sharing_words(count: int) -> Hashes:
    """Hashes of which each has one of the words of all zeros: a sixteenth of them in each place."""
    hashes = anything(count)
    for place in range(16):
        hashes[place::16, 2 * place : 2 * place + 2] = 0
    return hashes


LISTS: dict[str, Callable[[], Hashes]] = {
    "anything": lambda: anything(20_000),
    "a few": lambda: anything(3),
    "one": lambda: anything(1),
    "none": lambda: anything(0),
    "all equal": lambda: np.repeat(anything(1), 20_000, axis=0),
    "equal in one word": lambda: np.hstack([np.zeros((20_000, 2), np.uint8), anything(20_000)[:, 2:]]),
    "equal in all words but one": lambda: np.hstack([np.zeros((20_000, 30), np.uint8), anything(20_000)[:, 30:]]),
    "words of zeros in all places": lambda: sharing_words(20_000),
    "words of zeros in all places of some": lambda: np.vstack([sharing_words(1200), anything(20_000)]),
    "bytes of all bits or none": lambda: np.where(anything(20_000) & 1, 255, 0).astype(np.uint8),
}


@pytest.mark.parametrize("name", LISTS)
def test_it_finds_what_comparing_with_all_finds(name: str) -> None:
    hashes = LISTS[name]()
    index = index_of(hashes)
    assert len(index) == len(hashes)
    picks = random.Random(0)
    wanted = [bytes(BYTES), b"\xff" * BYTES, *(each.tobytes() for each in anything(5, seed=1))]
    for flipped in (0, 1, 15, 16, 30, 31, 31, 31, 32, 33) if len(hashes) else ():
        near = hashes[picks.randrange(len(hashes))].tobytes()
        wanted.append(with_bits_flipped(near, picks.sample(range(256), flipped)))
    for bits in wanted:
        for max_distance in (MAX_DISTANCE, 5, 0):
            assert index.nearest(bits, max_distance) == by_comparing_all(hashes, bits, max_distance)


@pytest.mark.parametrize("word_with_one", range(16))
def test_31_bits_that_lie_as_unluckily_as_they_can_are_found(word_with_one: int) -> None:
    hashes = anything(50_000)
    picks = random.Random(word_with_one)
    places: list[int] = []
    for word in range(16):
        places += picks.sample(range(16 * word, 16 * word + 16), 1 if word == word_with_one else 2)
    bits = with_bits_flipped(hashes[12_345].tobytes(), places)
    assert index_of(hashes).nearest(bits) == Match(12_345, 31)


def test_of_several_that_are_equally_near_the_first_is_found() -> None:
    hashes = anything(30_000)
    hashes[[777, 5_000, 29_999]] = hashes[29_999]
    index = index_of(hashes)
    assert index.nearest(hashes[777].tobytes()) == Match(777, 0)
    assert index.nearest(with_bits_flipped(hashes[777].tobytes(), [3, 99])) == Match(777, 2)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_an_index_may_stand_in_any_buffer_and_the_same_list_makes_the_same_bytes(
    kind: Callable[[bytes], bytes],
) -> None:
    hashes = anything(1000)
    data = build(hashes)
    assert data == build(hashes)
    assert len(data) == HEADER + STARTS + 96 * len(hashes)
    assert PdqIndex(kind(data)).nearest(hashes[10].tobytes()) == Match(10, 0)


@pytest.mark.parametrize("bits", [b"", bytes(31), bytes(33)])
def test_what_is_no_hash_is_refused(bits: bytes) -> None:
    with pytest.raises(ValueError, match="must have 32 bytes"):
        index_of(anything(5)).nearest(bits)


@pytest.mark.parametrize("max_distance", [-1, 32, 256])
def test_a_distance_up_to_which_not_all_would_be_found_is_refused(max_distance: int) -> None:
    with pytest.raises(ValueError, match="from 0 to 31"):
        index_of(anything(5)).nearest(bytes(BYTES), max_distance)


@pytest.mark.parametrize(
    "hashes",
    [np.zeros((5, 31), np.uint8), np.zeros(32, np.uint8), np.zeros((5, 32), np.int64), np.zeros((2, 5, 32), np.uint8)],
)
def test_only_hashes_are_indexed(hashes: Hashes) -> None:
    with pytest.raises(ValueError, match="rows of 32 bytes"):
        build(hashes)


def test_hashes_that_do_not_lie_in_a_row_are_indexed() -> None:
    hashes = anything(500)
    assert build(np.asfortranarray(hashes)) == build(hashes)
    assert build(hashes[::2]) == build(hashes[::2].copy())


GOOD = build(anything(40))
PATCHES = st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8)), max_size=5)
# The header, and the beginnings and ends of the tables: elsewhere nearly all is a row of equal numbers.
WEAK = [*range(HEADER), *(HEADER + 40 * 32 + place * 65_537 * 4 for place in range(16)), len(GOOD) - 16 * 40 * 4]


def search_or_refuse(data: bytes) -> None:
    try:
        index = PdqIndex(data)
    except InvalidIndex:
        return
    for bits in (bytes(BYTES), *(each.tobytes() for each in anything(40))):
        found = index.nearest(bits)
        assert found is None or (0 <= found.index < len(index) and 0 <= found.distance <= MAX_DISTANCE)


@given(PATCHES, st.integers(0, 2**32))
def test_whatever_its_bytes_are_it_is_searched_or_refused(patches: list[tuple[int, bytes]], seed: int) -> None:
    data = bytearray(GOOD)
    picks = random.Random(seed)
    for at, patch in patches:
        place = picks.choice([at, picks.choice(WEAK), len(GOOD) - 1 - at % (16 * 40 * 4)])
        data[place : place + len(patch)] = patch
    search_or_refuse(bytes(data[: len(GOOD)]))


@given(st.binary(max_size=200) | st.integers(0, len(GOOD)).map(lambda end: GOOD[:end]))
def test_a_part_of_an_index_or_anything_else_is_refused(data: bytes) -> None:
    if data == GOOD:
        return
    with pytest.raises(InvalidIndex):
        PdqIndex(data)


@pytest.mark.parametrize("count", [41, 39, 0, 2**32 - 1, 2**32, 2**60, 2**64 - 1])
def test_another_number_of_hashes_than_there_are_is_refused(count: int) -> None:
    with pytest.raises(InvalidIndex, match="not the whole"):
        PdqIndex(GOOD[:8] + struct.pack("<Q", count) + GOOD[16:])


@pytest.mark.parametrize(
    ("at", "number", "fault"),
    [
        (HEADER + 40 * 32, 1, "do not cover"),
        (HEADER + 40 * 32 + 65_536 * 4, 41, "do not cover"),
        (HEADER + 40 * 32 + 300 * 4, 2**32 - 1, "lead beyond"),
        (len(GOOD) - 4, 40, "lead beyond"),
        (len(GOOD) - 4, 2**32 - 1, "lead beyond"),
    ],
)
def test_tables_that_lead_elsewhere_are_refused(at: int, number: int, fault: str) -> None:
    with pytest.raises(InvalidIndex, match=fault):
        PdqIndex(GOOD[:at] + struct.pack("<I", number) + GOOD[at + 4 :])


def seconds(index: PdqIndex, wanted: list[bytes]) -> float:
    """The processor time that a search takes, in the median."""
    taken = []
    for bits in wanted:
        before = time.process_time()
        index.nearest(bits)
        taken.append(time.process_time() - before)
    return median(taken)


def test_a_million_hashes_are_searched_much_sooner_than_compared_and_a_hostile_million_hardly_later() -> None:
    hashes = anything(MILLION)
    wanted = [each.tobytes() for each in anything(21, seed=1)]
    data = build(hashes)
    assert len(data) <= 130_000_000
    ordinary = seconds(PdqIndex(data), wanted)
    # All of one word: each is compared.
    comparing = seconds(index_of(np.repeat(hashes[:1], MILLION, axis=0)), [hashes[0].tobytes()] * 7)
    # As many as are still looked up one by one, each in another place of the list.
    hashes[generator().permutation(MILLION)[:56_000]] = sharing_words(56_000)
    hostile = seconds(index_of(hashes), [bytes(BYTES)] * 7)
    print(f"{1e3 * ordinary:.2f} ms, comparing with all {1e3 * comparing:.2f}, looking up the most {1e3 * hostile:.2f}")
    assert ordinary < comparing / 4
    assert hostile < 2 * comparing
