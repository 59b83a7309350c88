"""What `make shown` once found: files that were shown otherwise than they were judged."""

import shutil
from pathlib import Path

import pytest
from tests.helpers.support import ROOT
from tests.shown.browsers import File
from tests.shown.trial import Comparison, compared

FOUND = sorted((ROOT / "tests" / "fixtures" / "shown").iterdir())
LARGEST = 256


@pytest.fixture(scope="module")
def comparisons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Comparison]:
    folder = tmp_path_factory.mktemp("found")
    files = [File(Path(shutil.copy(path, folder)), LARGEST) for path in FOUND]
    return dict(zip((path.name for path in FOUND), compared(ROOT, folder, files), strict=True))


@pytest.mark.parametrize("name", [path.name for path in FOUND])
def test_what_was_found_is_refused_or_judged_as_it_is_shown(comparisons: dict[str, Comparison], name: str) -> None:
    found = comparisons[name]
    assert found.shown
    assert not found.differs, found.farthest
