"""Random histories of an account, checked from the first call to the last sum. `make ledger-scale` has thousands."""

import secrets

import pytest
from tests.helpers.history_checks import mistakes_in


@pytest.mark.parametrize("first", range(0, 100, 25))
def test_histories_that_are_always_the_same_keep_every_promise(first: int) -> None:
    assert {seed: wrong for seed in range(first, first + 25) if (wrong := mistakes_in(seed))} == {}


def test_histories_that_nobody_has_seen_keep_every_promise() -> None:
    first = secrets.randbits(48)
    assert {seed: wrong for seed in range(first, first + 40) if (wrong := mistakes_in(seed))} == {}
