"""The files in archives. Nothing is extracted, so no path in an archive can lead out of a folder."""

import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from moderate.images.formats import ImageFormat, recognise
from moderate.images.limits import UnsupportedFormat
from moderate.sources import MAX_FETCHED_BYTES

_ZIP = (".zip", ".whl")
_TAR = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")


@dataclass(frozen=True, slots=True)
class Found:
    path: str
    """Inside the archive."""
    format: ImageFormat
    data: bytes = field(repr=False)


def images_in(archive: Path) -> Iterator[Found]:
    """Yields every file that begins like an image of an accepted format and that the service would fetch."""
    for path, data in files_in(archive):
        try:
            yield Found(path, recognise(data), data)
        except UnsupportedFormat:
            continue


def files_in(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yields the path and the bytes of every file that the service would fetch."""
    if archive.name.endswith(_ZIP):
        with zipfile.ZipFile(archive) as opened:
            for entry in opened.infolist():
                if entry.file_size <= MAX_FETCHED_BYTES:
                    yield entry.filename, opened.read(entry)
    elif archive.name.endswith(_TAR):
        with tarfile.open(archive, "r|*") as tar:
            yield from _in_tar(tar)
    elif archive.name.endswith(".deb"):
        with _in_deb(archive) as tar:
            yield from _in_tar(tar)


def _in_tar(tar: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in tar:
        if member.isreg() and member.size <= MAX_FETCHED_BYTES and (file := tar.extractfile(member)):
            yield member.name, file.read()


@contextmanager
def _in_deb(archive: Path) -> Iterator[tarfile.TarFile]:
    with (
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as unpacking,
        tarfile.open(fileobj=unpacking.stdout, mode="r|") as tar,
    ):
        yield tar
