"""A service whose lists change with every call, by somebody who writes them well, badly, in part and not at all.

Run as a process of its own, whose memory and files are then those of the service: arguments are a folder, the name of a
place and a seed. Prints what it found as JSON.
"""

import hashlib
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from tests.helpers.hostile_s3 import Bucket, bucket
from tests.helpers.lists import packed
from tests.helpers.support import ServedApp, png, serve

from moderate.blocking.entries import Kind
from moderate.blocking.lists import Lists, pack
from moderate.blocking.places import FilePlace
from moderate.blocking.reloading import CHECK_SECONDS, ReloadedLists
from moderate.images.sandbox.pool import Decoder

VERSIONS, CALLERS, MOST = 200, 3, 1_000_000
IMAGES = [png(grey=number) for number in range(8)]
DIGESTS = [hashlib.sha256(data).digest() for data in IMAGES]
HUGE_EVERY, WARM = 40, 45
SECONDS_TO_END = 0.5
"""How long the threads of connections may take to end."""

Write = Callable[[bytes], None]


def version_of(number: int, more: int) -> bytes:
    """Lists one host and the two images that belong to it, with so many other entries."""
    files = (f"sha256 {DIGESTS[(number + step) % len(DIGESTS)].hex()}" for step in (0, 1))
    others = (f"sha256 {hashlib.sha256(b'%d' % other).hexdigest()}" for other in range(more))
    return packed(f"host h{number % len(DIGESTS)}.example", *files, *others)


def huge() -> bytes:
    """Has a million pictures, and belongs to the first host."""
    hashes = np.random.default_rng(1).integers(0, 256, (MOST, 32), np.uint8)
    return pack({Kind.HOST: {b"h0.example"}, Kind.SHA256: set(DIGESTS[:2]), Kind.PDQ: set(map(bytes, hashes))})


def belongs_together(lists: Lists) -> bool:
    hosts = [number for number in range(len(DIGESTS)) if lists.find_host(f"h{number}.example")]
    files = {number for number, digest in enumerate(DIGESTS) if lists.find_file(digest)}
    return files == {(host + step) % len(DIGESTS) for host in hosts for step in (0, 1)} and len(hosts) <= 1


class Clock:
    def __init__(self, generator: random.Random) -> None:
        self._generator = generator
        self._seconds = 1e9

    def __call__(self) -> float:
        return self._seconds

    def jump(self) -> None:
        """Makes a check due: time has passed, or the clock was set back or far ahead."""
        self._seconds += self._generator.choice([CHECK_SECONDS, CHECK_SECONDS, -3600.0, 1e6])


class Load:
    """Calls the service, and looks at what its lists are, until it is told to stop."""

    def __init__(self, service: ServedApp, lists: ReloadedLists) -> None:
        self.statuses: Counter[int] = Counter()
        self.halves = 0
        self.longest_wait = 0.0
        self._service, self._lists = service, lists
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(number,)) for number in range(CALLERS)]
        self._threads.append(threading.Thread(target=self._look))

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def found(self) -> dict[str, object]:
        return {"statuses": self.statuses, "halves": self.halves, "longest_wait": self.longest_wait}

    def _call(self, number: int) -> None:
        while not self._over.is_set():
            number += 1
            answer = self._service.client.post("/v1/check", content=IMAGES[number % len(IMAGES)])
            self.statuses[answer.status_code] += 1

    def _look(self) -> None:
        while not self._over.wait(0.002):
            self._lists.check()
            begun = time.monotonic()
            current = self._lists.settled()
            self.longest_wait = max(self.longest_wait, time.monotonic() - begun)
            self.halves += not belongs_together(current)


def held() -> dict[str, int]:
    """What this process holds: bytes, files, mappings and threads."""
    status = Path("/proc/self/status").read_text()
    (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return {
        "bytes": int(kilobytes) * 1024,
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "mappings": Path("/proc/self/maps").read_text().count("\n"),
        "threads": threading.active_count(),
    }


def write_badly(write: Write, data: bytes, generator: random.Random) -> None:
    damaged = bytearray(data)
    damaged[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
    write(generator.choice([data[: generator.randrange(len(data))], bytes(damaged), b"", b"host example.com\n"]))


def change(write: Write, of_huge: bytes, number: int, generator: random.Random) -> int | None:
    """Returns the version that is listed then, or None if what was written is broken."""
    if number % HUGE_EVERY == HUGE_EVERY // 2:
        write(of_huge)
        return 0
    data = version_of(number, generator.choice([0, 5, 500, 5000]))
    if generator.random() < 0.25:
        write_badly(write, data, generator)
        return None
    write(data)
    return number % len(DIGESTS)


def run(place: FilePlace | Bucket, write: Write, generator: random.Random) -> dict[str, object]:
    clock, of_huge, decoder = Clock(generator), huge(), Decoder(2)
    lists = ReloadedLists(place if isinstance(place, FilePlace) else place.place, now=clock)
    write(version_of(0, 0))
    lists.check()
    lists.wait(10)
    service = serve(lists=lists, decode=decoder.decode)
    untaken, phases = 0, []
    for versions in (range(1, WARM), range(WARM, VERSIONS + 1)):
        with Load(service, lists) as load:
            for number in versions:
                untaken += not taken_up(lists, clock, change(write, of_huge, number, generator))
            write(version_of(0, 0))
            untaken += not taken_up(lists, clock, 0)
        time.sleep(SECONDS_TO_END)
        phases.append(load.found() | held())
    return {"phases": phases, "untaken": untaken, "faults": len(service.observer.failures)}


def taken_up(lists: ReloadedLists, clock: Clock, wanted: int | None) -> bool:
    """Lets time pass until lists that were written well are in use, or some checks have seen broken ones."""
    for attempt in range(40):
        clock.jump()
        lists.wait(10)
        lists.check()
        lists.wait(10)
        if wanted is None and attempt:
            return True
        if wanted is not None and lists.current.find_host(f"h{wanted}.example"):
            return True
    return False


def main(arguments: Sequence[str]) -> dict[str, object]:
    folder, kind, generator = Path(arguments[0]), arguments[1], random.Random(int(arguments[2]))
    if kind == "s3":
        with bucket(generator) as found:
            return run(found, found.write, generator)
    path = folder / "lists"

    def write(data: bytes) -> None:
        # In its place or beside it, as `modest lists` does.
        if generator.random() < 0.5:
            path.write_bytes(data)
        else:
            (folder / "new").write_bytes(data)
            (folder / "new").replace(path)

    return run(FilePlace(path), write, generator)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))
