import pytest
from tests.unit.fetching.web import Web


@pytest.fixture
def web() -> Web:
    return Web()
