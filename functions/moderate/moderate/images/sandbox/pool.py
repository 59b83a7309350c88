"""Decodes images in other processes, which a hostile image may crash or hang, and which hold no credentials."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from queue import SimpleQueue

from moderate.images.decoded import Picture
from moderate.images.limits import MAX_PICTURE_BYTES, DecoderDied
from moderate.images.room import NeedsRoom
from moderate.images.sandbox.protocol import NoAnswer, from_message, max_answer_bytes, receive_head, send
from moderate.scheduling.work import Work
from modest.errors import PublicError

# The slowest image known takes 2 s on a whole core, and 7 s on the 0.29 of one that the smallest allowed Lambda has.
# This leaves the other images of a call 10 of its 25 seconds.
MAX_SECONDS = 15.0

# The socket of a dead process closes a moment before the system knows how the process ended.
_LAST_BREATH_SECONDS = 0.5

_SMALLEST_GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02L\x01\x00;"
)
_ENVIRONMENT = {
    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    # This much memory is kept from one image to the next: asking for it again each time takes up to 2 ms.
    "MALLOC_TRIM_THRESHOLD_": str(16 * 1024 * 1024),
    "MALLOC_MMAP_THRESHOLD_": str(4 * 1024 * 1024),
    # The pages of large pictures are asked for by 2 MB instead of 4 KB, where the system has such pages (glibc 2.35).
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


class Decoder:
    def __init__(
        self, workers: int, *, max_seconds: float = MAX_SECONDS, module: str = "moderate.images.sandbox.worker"
    ) -> None:
        """workers: how many images are decoded at once; they start in the background.
        module: the module that they run.
        """
        self._max_seconds = max_seconds
        self._workers = [_Worker(module) for _ in range(workers)]
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def decode(
        self,
        data: bytes,
        size: int,
        work: Work | None = None,
        *,
        room: int = MAX_PICTURE_BYTES,
        points: bool = False,
    ) -> Picture:
        """Does what images.decode.decode does. Raises DecoderDied if the process crashes, hangs or answers nonsense.

        room: how many bytes of memory it may take; raises NeedsRoom if those are too few.
        points: whether to take the points of which hashes are made.
        Raises CallOver once the work is over, if it is a call's.
        """
        work = work or Work()
        worker = self._idle.get()
        try:
            with work.interrupted_by(worker.interrupt):
                asked = {"size": size, "images": work.images, "room": room, "points": points}
                outcome = worker.decode(data, asked, self._max_seconds)
        except (OSError, NoAnswer) as failure:
            fate = worker.replace_after(failure)
            work.check()
            raise DecoderDied(fate) from None
        finally:
            self._idle.put(worker)
        if isinstance(outcome, Picture):
            return outcome
        try:
            raise outcome
        finally:
            # Its traceback leads to this frame, which has the image.
            del outcome

    def warm_up(self) -> None:
        """Waits until every worker can decode. Raises UndecodableImage if one cannot."""
        for _ in self._workers:
            self.decode(_SMALLEST_GIF, 1)

    def close(self) -> None:
        for worker in self._workers:
            worker.end()


class _Worker:
    def __init__(self, module: str) -> None:
        self._module = module
        self._start()

    def decode(self, data: bytes, asked: Mapping[str, int], seconds: float) -> Picture | PublicError | NeedsRoom:
        """Raises OSError, which includes TimeoutError, or NoAnswer."""
        deadline = time.monotonic() + seconds

        def read(length: int) -> bytearray:
            message = bytearray(length)
            rest = memoryview(message)
            while rest:
                self._socket.settimeout(max(deadline - time.monotonic(), 1e-3))
                received = self._socket.recv_into(rest)
                if not received:
                    raise NoAnswer
                rest = rest[received:]
            return message

        self._socket.settimeout(seconds)
        send(asked, [data], self._socket.sendall)
        size, points = asked["size"], bool(asked["points"])
        return from_message(*receive_head(read, max_answer_bytes(size, points=points)), read, size, points=points)

    def replace_after(self, failure: OSError | NoAnswer) -> str:
        """Starts a new process in place of the one that failed, and returns how that one ended."""
        fate = "did not answer in time" if isinstance(failure, TimeoutError) else self._fate()
        self.end()
        self._start()
        return fate

    def _fate(self) -> str:
        try:
            code = self._process.wait(_LAST_BREATH_SECONDS)
        except subprocess.TimeoutExpired:
            return "answered nonsense"
        return f"killed by signal {-code}" if code < 0 else f"exited with status {code}"

    def interrupt(self) -> None:
        """Ends the process from another thread; whoever is waiting for its answer notices and replaces it."""
        self._process.kill()

    def end(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def _start(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs, _without_control_c():
            # It inherits its end of the socket and stderr, and no variables but those above.
            self._process = subprocess.Popen(  # noqa: S603 - no part of it is a client's
                [sys.executable, "-m", self._module],
                env=_ENVIRONMENT,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
            )


@contextmanager
def _without_control_c() -> Iterator[None]:
    """Lets processes that start meanwhile never see Control-C, which a terminal sends to every process.

    The service decides when they end. What else is sent to all of them, such as SIGTERM, ends them as well.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
