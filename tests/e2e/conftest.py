"""The API under test: the one at API_URL, or else `sam local start-api` on what `make build` made."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from tests.e2e.sam_local import SamLocal
from tests.helpers.waiting import HANGS_SECONDS

from modest.api_keys import new_key

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Target:
    """What is tested, and what of API Gateway stands in front of it."""

    url: str
    key: str
    checks_that_keys_are_known: bool
    refusal_of_a_malformed_key: int
    """401 from API Gateway's gateway responses; `sam local` has none of those and answers its own 403."""
    refusals_of_an_unknown_route_and_method: tuple[int, int]
    """404 and 405 from API Gateway's mock integrations; `sam local` has none of those either."""


@pytest.fixture(scope="session")
def target() -> Iterator[Target]:
    if url := os.environ.get("API_URL"):
        yield Target(url.rstrip("/"), os.environ["API_KEY"], True, 401, (404, 405))
        return
    with SamLocal(REPOSITORY) as sam:
        yield Target(sam.url, new_key(), False, 403, (403, 403))


@pytest.fixture(scope="session")
def anonymous(target: Target) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=target.url, timeout=HANGS_SECONDS) as client:
        yield client


@pytest.fixture(scope="session")
def api(target: Target) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=target.url, timeout=HANGS_SECONDS, headers={"x-api-key": target.key}) as client:
        yield client


@pytest.fixture(scope="session")
def flagged() -> bytes:
    """A harmless mosaic that the model calls porn."""
    return (REPOSITORY / "tests/fixtures/mosaics/of-both-models/porn.png").read_bytes()
