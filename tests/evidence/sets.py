"""The sets of safe pictures: which packages have them, and which of a package's files belong to which set."""

import hashlib
import io
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Any

from PIL import Image
from tests.evidence.resources import files_in_resources
from tests.sweep.archives import files_in
from tests.sweep.corpora import Corpus

from moderate.images.formats import recognise
from moderate.images.limits import UnsupportedFormat

LIST = Path(__file__).with_name("sets.toml")
LEAST_SIDE = 100
"""In pixels. Nobody asks about icons, and models say anything about them."""


@dataclass(frozen=True, slots=True)
class Package:
    corpus: Corpus
    patterns: Mapping[str, Sequence[str]]
    """Maps sets to patterns of paths."""
    most: int | None


@dataclass(frozen=True, slots=True)
class Member:
    """Holds one picture of a set."""

    group: str
    digest: str
    data: bytes


def read_sets() -> tuple[list[str], list[Package]]:
    """Returns the names of the sets and the packages."""
    listed = tomllib.loads(LIST.read_text())
    return listed["sets"], [_package(entry, listed["sets"]) for entry in listed["package"]]


def members(package: Package, archives: Sequence[Path]) -> list[Member]:
    """Returns the pictures in a package that belong to a set, in order of their digests."""
    found = {member.digest: member for archive in archives for member in _members(package, archive)}
    return [found[digest] for digest in sorted(found)][: package.most]


def _package(entry: Mapping[str, Any], sets: Sequence[str]) -> Package:
    corpus = Corpus(entry["manager"], entry["name"], entry["version"])
    return Package(corpus, {name: entry[name] for name in sets if name in entry}, entry.get("most"))


def _members(package: Package, archive: Path) -> Iterator[Member]:
    for path, data in _files(archive):
        for group, patterns in package.patterns.items():
            if any(fnmatchcase(path, pattern) for pattern in patterns) and _is_picture(data):
                yield Member(group, hashlib.sha256(data).hexdigest(), data)


def _files(archive: Path) -> Iterator[tuple[str, bytes]]:
    for path, data in files_in(archive):
        yield path, data
        if PurePath(path).suffix == ".rcc":
            for number, resource in enumerate(files_in_resources(data)):
                yield f"{path}/{number}", resource


def _is_picture(data: bytes) -> bool:
    try:
        recognise(data)
        with Image.open(io.BytesIO(data)) as image:
            return min(image.size) >= LEAST_SIDE
    except (UnsupportedFormat, OSError, SyntaxError, ValueError):
        return False
