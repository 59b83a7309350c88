"""Says which attacks may be shared out among processes, and in which order."""

from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# The tests of these share nothing. Those of other files share services that take seconds to start.
ONE_BY_ONE = {"test_images.py", "test_mutations.py"}


class ByFile(LoadScopeScheduling):
    """Runs each file's tests in one process, but shares out those of ONE_BY_ONE, whatever --dist says.

    xdist's groups would do the same; pytest 9.2 distributes grouped tests one by one
    (https://github.com/pytest-dev/pytest-xdist/issues/1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        path, _, _ = nodeid.partition("::")
        return nodeid if Path(path).name in ONE_BY_ONE else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # What may be shared out comes last: a file that takes a minute would leave the other processes idle at the end.
    items.sort(key=lambda item: item.path.name in ONE_BY_ONE)
