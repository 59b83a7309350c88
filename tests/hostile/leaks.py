"""Looks for what a process keeps of a request: in what it prints, in files it may write, in files only it can see."""

import base64
import stat
from collections.abc import Iterator
from pathlib import Path

from tests.hostile.processes import family

MARK = b"canary"
WRITTEN = ("mnt/written", "dev/shm")

_READ_ONLY = 'while read -r _ at _; do mount -o remount,bind,ro "$at" 2>/dev/null; done </proc/self/mounts'
_WRITABLE = """
mount -t tmpfs tmpfs /dev/shm && mount -t tmpfs tmpfs /mnt && mkdir /mnt/written /mnt/work &&
mount -t overlay overlay -o lowerdir=/tmp,upperdir=/mnt/written,workdir=/mnt/work /tmp"""
# Execute what follows where nothing can be written: nowhere at all, or in /tmp and /dev/shm alone.
SEALED = ("unshare", "--mount", "sh", "-c", f'{_READ_ONLY}; exec "$0" "$@"')
SEALED_BUT_TMP = ("unshare", "--mount", "sh", "-c", f'{_READ_ONLY}; {_WRITABLE} && exec "$0" "$@"')


def canary(name: str) -> str:
    return f"CANARY-{name}-CANARY"


def marks_in(data: bytes) -> list[bytes]:
    """Every place where a canary stands in `data`, plain or in base64, with what is around it."""
    lower = data.lower()
    found = [data[max(0, at - 40) : at + 60] for at in _places(lower, MARK)]
    for form in _BASE64_FORMS:
        found += [data[max(0, at - 40) : at + 60] for at in _places(data, form)]
    return found


def kept_by(pid: int, printed: list[Path]) -> dict[str, list[bytes]]:
    """Where a canary was found -> what stands there."""
    contents = {str(path): path.read_bytes() for path in printed}
    for process in family(pid):
        for place in WRITTEN:
            contents |= {str(path): path.read_bytes() for path in _files(Path(f"/proc/{process}/root/{place}"))}
        contents |= {str(path): path.read_bytes() for path in _open_files(process)}
    return {place: marks for place, data in contents.items() if (marks := marks_in(data))}


def _places(data: bytes, mark: bytes) -> Iterator[int]:
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


def _base64_forms(text: bytes) -> Iterator[bytes]:
    """`text` as it looks inside of base64, wherever it begins; without the letters that its neighbours share."""
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + text + bytes(3))
        yield encoded[-(-shift * 4 // 3) : (shift + len(text)) * 4 // 3]


_BASE64_FORMS = list(_base64_forms(b"CANARY"))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _open_files(pid: int) -> Iterator[Path]:
    """Deleted ones and those that never had a name, too."""
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            mode = descriptor.stat().st_mode
        except FileNotFoundError:
            continue
        if stat.S_ISREG(mode) and not descriptor.readlink().is_relative_to("/proc"):
            yield descriptor
