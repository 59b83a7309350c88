"""Covers the hostile images that are quick to make and judge; tests/hostile measures all of them."""

from pathlib import Path

import pytest
from tests.helpers.reference import MAX_DECODES, Stopwatch, processor_seconds
from tests.hostile.images import GOOD, HOSTILE

from moderate.images.decode import decode
from modest.errors import PublicError

QUICK = {name: image for name, image in HOSTILE.items() if not image.heavy}


@pytest.fixture(scope="module")
def most_seconds(photo_path: Path) -> float:
    return MAX_DECODES * Stopwatch(photo_path.read_bytes()).decode_seconds()


@pytest.mark.parametrize("name", QUICK)
def test_a_hostile_image_comes_to_what_it_must(most_seconds: float, name: str) -> None:
    data = QUICK[name].make()
    outcome: type[PublicError] | None = None

    def attempt() -> None:
        nonlocal outcome
        try:
            decode(data, 224)
        except PublicError as error:
            outcome = type(error)

    assert processor_seconds(attempt) <= most_seconds
    assert outcome is QUICK[name].refusal
    assert decode(GOOD, 224).frames.judged == 1
