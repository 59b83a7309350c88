"""Host name -> addresses, by the system's resolver; a dead name server holds up nothing else."""

import asyncio
import socket
from collections.abc import Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor

# More than one request's look-ups: getaddrinfo cannot be cancelled, so those of a call that has already been
# answered still occupy their threads.
LOOKUP_THREADS = 32


def limit_lookup_time(environ: MutableMapping[str, str]) -> None:
    """To be called with os.environ before the first look-up: the C library reads this once a thread."""
    environ.setdefault("RES_OPTIONS", "timeout:1 attempts:1")


class SystemResolver:
    def __init__(self, *, threads: int = LOOKUP_THREADS, look_up: Callable[[str], list[str]] | None = None) -> None:
        self._look_up = look_up or _look_up
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="resolver")

    async def __call__(self, host: str) -> list[str]:
        """The addresses of host as text, a scope id kept; OSError when there are none."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._look_up, host)


def _look_up(host: str) -> list[str]:
    # The dot at the end keeps the search domains of resolv.conf out of it.
    answers = socket.getaddrinfo(f"{host}.".encode(), None, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in answers]
