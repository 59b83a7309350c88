"""A network namespace that holds a whole internet of fixtures, and has no way out.

Needs root and `ip`. The shipped code runs in it as it is: names come from the namespace's own resolv.conf, and
every address, public or not, leads to the fixture servers of internet.py.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

from tests.helpers.waiting import HANGS_SECONDS, wait_until
from tests.hostile.certificates import issue
from tests.hostile.internet import NAME_SERVER, PORTS

from moderate.fetching.addresses import IPAddress

NETNS_CONFIG = Path("/etc/netns")
SENTINEL = IPv4Address("198.41.0.4")


@dataclass(frozen=True)
class Internet:
    name: str
    log: Path
    environment: Mapping[str, str]

    def popen(self, command: Sequence[str], **options: Any) -> subprocess.Popen[str]:
        """A process inside. Unix sockets reach it from outside; TCP does not."""
        environment = {**os.environ, **self.environment, **options.pop("env", {})}
        return subprocess.Popen(_inside(self.name, command), env=environment, text=True, **options)

    def run(self, command: Sequence[str], *, input: str = "", timeout: float = HANGS_SECONDS) -> str:  # noqa: A002
        process = self.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with process:
            output, _ = process.communicate(input, timeout)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, output)
        return output

    def dial(self, addresses: Sequence[str]) -> None:
        """Connects to every port that is listened on, and hangs up."""
        script = (
            "import socket, sys\n"
            "for address in sys.argv[1:]:\n"
            f"    for port in {PORTS}: socket.create_connection((address, port)).close()"
        )
        self.run([sys.executable, "-c", script, *addresses])

    def connections(self) -> list[IPAddress]:
        """The address of every connection made so far, public or not."""
        seen = self._logged().count(SENTINEL)
        # Listeners accept in order: when these calls are in the log, so is all that came before.
        self.dial([str(SENTINEL)])
        if not wait_until(lambda: self._logged().count(SENTINEL) >= seen + len(PORTS)):
            raise TimeoutError("The fixture servers no longer log.")
        return [address for address in self._logged() if address != SENTINEL]

    def _logged(self) -> list[IPAddress]:
        return [_plain(line) for line in self.log.read_text("utf-8").split("\n")[:-1]]


@contextlib.contextmanager
def internet(
    folder: Path,
    *,
    zone: Mapping[str, Any],
    files: Mapping[str, Path] | None = None,
    redirects: Mapping[str, str] | None = None,
) -> Iterator[Internet]:
    """folder: an empty one. zone: as in internet.NameServer. files and redirects: host and path, without the
    scheme -> a file, or where to. Every name of the zone has a certificate that the processes inside trust.
    """
    certificates = issue(folder, [f"DNS:{name}" for name in zone])
    config = {
        "zone": dict(zone),
        "files": {page: str(path) for page, path in (files or {}).items()},
        "redirects": dict(redirects or {}),
        "certificate": str(certificates.site),
        "key": str(certificates.key),
        "log": str(folder / "connections.log"),
    }
    config_file = folder / "internet.json"
    config_file.write_text(json.dumps(config), "utf-8")
    inside = Internet(
        f"modest-{os.getpid()}", folder / "connections.log", {"SSL_CERT_FILE": str(certificates.authority)}
    )
    with _namespace(inside.name):
        server = inside.popen(
            [sys.executable, "-m", "tests.hostile.internet", str(config_file)], stdout=subprocess.PIPE
        )
        with server:
            try:
                if server.stdout is None or server.stdout.readline() != "ready\n":
                    raise RuntimeError("The fixture servers did not start.")
                yield inside
            finally:
                server.terminate()


@contextlib.contextmanager
def _namespace(name: str) -> Iterator[None]:
    config = NETNS_CONFIG / name
    config.mkdir(parents=True)
    (config / "resolv.conf").write_text(f"nameserver {NAME_SERVER[0]}\n")
    _ip("netns", "add", name)
    try:
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", name, "route", "add", "local", "default", "dev", "lo")
        _ip("-n", name, "-6", "route", "add", "local", "::/0", "dev", "lo")
        yield
    finally:
        _ip("netns", "del", name)
        shutil.rmtree(config)


def _plain(address: str) -> IPAddress:
    """The listeners take both families, so IPv4 arrives in its mapped form."""
    six = IPv6Address(address)
    return six.ipv4_mapped or six


def _inside(name: str, command: Sequence[str]) -> list[str]:
    return ["ip", "netns", "exec", name, *command]


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
