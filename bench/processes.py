"""Reads the CPU time and memory of a process and its descendants from /proc.

This module uses only the standard library, because peers import it in environments of their own.
"""

import time
from collections.abc import Iterable
from pathlib import Path


def process_tree(pid: int) -> list[int]:
    """Returns the ids of a process and its descendants."""
    listed = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [pid, *(member for children in listed for child in children for member in process_tree(int(child)))]


def pss_megabytes(pid: int) -> float:
    """Returns the proportional set size, in which shared memory counts once."""
    rollups = [Path(f"/proc/{member}/smaps_rollup").read_text().splitlines() for member in process_tree(pid)]
    kilobytes = sum(int(line.split()[1]) for lines in rollups for line in lines if line.startswith("Pss:"))
    return round(kilobytes * 1024 / 1e6, 1)


def cpu_seconds(pids: Iterable[int]) -> float:
    """Returns the CPU time as of the last moment when each thread slept or was interrupted."""
    threads = [thread for pid in pids for thread in Path(f"/proc/{pid}/task").iterdir()]
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def own_cpu_seconds() -> float:
    """Returns the current CPU time of this process plus that of its living descendants, as in cpu_seconds."""
    return time.process_time() + cpu_seconds(process_tree(_own_pid())[1:])


def _own_pid() -> int:
    return int(Path("/proc/self").resolve().name)
