"""A process and those it started, as the kernel sees them."""

import os
import threading
from contextlib import suppress
from pathlib import Path


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task").glob("*/children")
    return [pid, *(one for path in children for child in path.read_text().split() for one in family(int(child)))]


def resident_bytes(pid: int) -> int:
    """Of all together; what several share counts once (PSS)."""
    return sum(_bytes(Path(f"/proc/{process}/smaps_rollup"), "Pss") for process in family(pid))


class Peak(threading.Thread):
    """The most that a process and its children held at once, as far as looks at short intervals tell."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self._pid = pid
        self._over = threading.Event()

    def __enter__(self) -> "Peak":
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while not self._over.wait(0.01):
            # A process may end while it is looked at.
            with suppress(OSError, ValueError):
                self.bytes = max(self.bytes, resident_bytes(self._pid))


def peak_bytes(pid: int) -> int:
    """The most that was resident at any one time since `forget_peak`."""
    return sum(_bytes(Path(f"/proc/{process}/status"), "VmHWM") for process in family(pid))


def forget_peak(pid: int) -> None:
    for process in family(pid):
        Path(f"/proc/{process}/clear_refs").write_text("5")


def _bytes(table: Path, name: str) -> int:
    (kilobytes,) = (line.split()[1] for line in table.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(kilobytes) * 1024


def processor_seconds(pid: int) -> float:
    """Of all together, also of those that have ended."""
    ended = sum(_ticks(pid)[2:])
    return (ended + sum(sum(_ticks(process)[:2]) for process in family(pid))) / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> list[int]:
    """In user mode, in system mode, and both for the children that have ended."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [int(field) for field in after_name[11:15]]
