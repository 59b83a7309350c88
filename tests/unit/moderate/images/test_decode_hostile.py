"""Covers the hostile images that are quick to make and judge; tests/hostile measures all of them."""

import time

import pytest
from tests.hostile.images import GOOD, HOSTILE

from moderate.images.decode import decode
from modest.errors import PublicError

QUICK = {name: image for name, image in HOSTILE.items() if not image.heavy}


@pytest.mark.parametrize("name", QUICK)
def test_a_hostile_image_comes_to_what_it_must(name: str) -> None:
    data = QUICK[name].make()
    began = time.process_time()
    outcome: type[PublicError] | None = None
    try:
        decode(data, 224)
    except PublicError as error:
        outcome = type(error)
    assert outcome is QUICK[name].refusal
    assert time.process_time() - began < 2
    assert decode(GOOD, 224).frames.judged == 1
