"""What a process and all that descend from it take, from /proc. It knows the standard library alone."""

import time
from collections.abc import Iterable
from pathlib import Path


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    listed = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [pid, *(member for children in listed for child in children for member in family(int(child)))]


def pss_megabytes(pid: int) -> float:
    """Proportional set size: what several processes share counts once."""
    rollups = [Path(f"/proc/{member}/smaps_rollup").read_text().splitlines() for member in family(pid)]
    kilobytes = sum(int(line.split()[1]) for lines in rollups for line in lines if line.startswith("Pss:"))
    return round(kilobytes * 1024 / 1e6, 1)


def cpu_seconds(pids: Iterable[int]) -> float:
    """As booked, which is when a thread sleeps or is interrupted."""
    threads = [thread for pid in pids for thread in Path(f"/proc/{pid}/task").iterdir()]
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def own_cpu_seconds() -> float:
    """Of this process, to the moment, and of its living descendants, as booked."""
    return time.process_time() + cpu_seconds(family(_own_pid())[1:])


def _own_pid() -> int:
    return int(Path("/proc/self").resolve().name)
