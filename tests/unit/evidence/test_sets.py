"""Which files of packages make up the sets of safe pictures."""

import zipfile
from pathlib import Path

from tests.evidence.resources import files_in_resources
from tests.evidence.sets import LEAST_SIDE, Package, members, read_sets
from tests.helpers.support import png
from tests.sweep.corpora import Corpus

LARGE, SMALL = png(size=(LEAST_SIDE, LEAST_SIDE)), png(size=(LEAST_SIDE, LEAST_SIDE - 1))


def resources(*files: bytes) -> bytes:
    """Qt's format, with the data between the names and the tree."""
    data = b"".join(len(file).to_bytes(4, "big") + file for file in files)
    names, start = b"names of files", 24 + len(b"names of files")
    places = (3, start + len(data), start, 24, 0)
    return b"qres" + b"".join(place.to_bytes(4, "big") for place in places) + names + data + b"tree"


def test_the_files_of_a_resource_are_found_between_its_other_parts() -> None:
    assert list(files_in_resources(resources(b"one", b"", b"three"))) == [b"one", b"", b"three"]
    assert not list(files_in_resources(b"something else"))


def test_pictures_are_taken_by_their_paths_if_they_are_large_enough(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "package.whl", "w") as archive:
        archive.writestr("package/people/a.png", LARGE)
        archive.writestr("package/people/copy.png", LARGE)
        archive.writestr("package/people/small.png", SMALL)
        archive.writestr("package/people/notes.txt", "text")
        archive.writestr("package/other/b.png", LARGE)
        archive.writestr("package/drawn.rcc", resources(png(grey=9, size=(LEAST_SIDE, 200)), b"text"))
    patterns = {"people": ["*/people/*"], "drawn": ["*/drawn.rcc/*"]}
    package = Package(Corpus("wheel", "package", "1"), patterns, most=None)
    found = members(package, [tmp_path / "package.whl"])
    assert sorted(member.group for member in found) == ["drawn", "people"]
    assert len(members(Package(package.corpus, patterns, most=1), [tmp_path / "package.whl"])) == 1


def test_every_package_is_in_a_set() -> None:
    sets, packages = read_sets()
    assert all(package.patterns for package in packages)
    assert {name for package in packages for name in package.patterns} == set(sets)
