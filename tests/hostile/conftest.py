"""Says which attacks may be shared out among processes, and in which order."""

import pytest

# The tests of these share nothing. Those of other files share services that take seconds to start.
ONE_BY_ONE = {"test_images.py", "test_mutations.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.name not in ONE_BY_ONE:
            item.add_marker(pytest.mark.xdist_group(item.path.name))
    # What may be shared out comes last: a file that takes a minute would leave the other processes idle at the end.
    items.sort(key=lambda item: item.path.name in ONE_BY_ONE)
