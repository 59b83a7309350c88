"""Looks up host names with the system's resolver. A dead name server holds up nothing else."""

import asyncio
import socket
from collections.abc import Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor

# Enough for more than one call: getaddrinfo cannot be cancelled, so the look-ups of a call that has already been
# answered still occupy their threads.
LOOKUP_THREADS = 32


def limit_lookup_time(environ: MutableMapping[str, str]) -> None:
    """Limits the time of look-ups. Call it with os.environ before the first: the C library reads it once a thread."""
    environ.setdefault("RES_OPTIONS", "timeout:1 attempts:1")


class SystemResolver:
    def __init__(self, *, threads: int = LOOKUP_THREADS, look_up: Callable[[str], list[str]] | None = None) -> None:
        self._look_up = look_up or _look_up
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="resolver")

    async def __call__(self, host: str) -> list[str]:
        """Returns the addresses of a host as text, with any scope id. Raises OSError if there are none."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._look_up, host)


def _look_up(host: str) -> list[str]:
    # With a dot at the end, the search domains of resolv.conf are not tried.
    answers = socket.getaddrinfo(f"{host}.".encode(), None, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in answers]
