import pytest
from tests.unit.moderate.fetching.web import Web


@pytest.fixture
def web() -> Web:
    return Web()
