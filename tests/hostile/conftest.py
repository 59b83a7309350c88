"""Says which attacks may be shared out among processes."""

import pytest

# The tests of these share nothing. Those of other files share services that take seconds to start.
ONE_BY_ONE = {"test_images.py", "test_mutations.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.name not in ONE_BY_ONE:
            item.add_marker(pytest.mark.xdist_group(item.path.name))
