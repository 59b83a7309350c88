"""Run inside a network namespace where every address is local: all its names and all its web servers.

Every connection to any address is logged, so an address that must never be dialled is a canary by itself.
Started by namespace.py with the path of a JSON file; prints a line when it is ready.
"""

import asyncio
import json
import mimetypes
import socket
import ssl
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from dnslib import AAAA, CNAME, QTYPE, RCODE, RR, A, DNSRecord

PORTS = (22, 80, 443, 2000, 6379, 8080, 8443, 9001)
TLS_PORTS = (443, 8443)
NAME_SERVER = ("127.0.0.53", 53)
IPV4 = 4


class NameServer(asyncio.DatagramProtocol):
    """zone: name -> addresses, or another name (CNAME), or lists of addresses given out in turn, the last of
    which stays, or None for a server that does not answer.
    """

    def __init__(self, zone: dict[str, Any]) -> None:
        self._zone = zone
        self._asked: dict[tuple[str, int], int] = {}

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        query = DNSRecord.parse(data)
        name = str(query.q.qname).rstrip(".").lower()
        reply = query.reply()
        if name not in self._zone:
            reply.header.rcode = RCODE.NXDOMAIN
        elif self._zone[name] is None:
            return
        else:
            self._answer(reply, name, query.q.qtype)
        self._transport.sendto(reply.pack(), addr)

    def _answer(self, reply: DNSRecord, name: str, qtype: int) -> None:
        value = self._zone.get(name, [])
        if isinstance(value, str):
            reply.add_answer(RR(name, QTYPE.CNAME, rdata=CNAME(value), ttl=0))
            return self._answer(reply, value, qtype)
        if value and isinstance(value[0], list):
            turn = self._asked.get((name, qtype), 0)
            self._asked[name, qtype] = turn + 1
            value = value[min(turn, len(value) - 1)]
        for address in map(ip_address, value):
            kind, data = (QTYPE.A, A) if address.version == IPV4 else (QTYPE.AAAA, AAAA)
            if kind == qtype:
                reply.add_answer(RR(name, kind, rdata=data(tuple(address.packed)), ttl=0))
        return None


class Web:
    def __init__(self, files: dict[str, str], redirects: dict[str, str], tls: ssl.SSLContext, log: Path) -> None:
        self._files = files
        self._redirects = redirects
        self._tls = tls
        self._log = log.open("a", buffering=1)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port, *_ = writer.get_extra_info("sockname")
        self._log.write(f"{host}\n")
        try:
            # Only now: a connection counts even where no handshake follows.
            if port in TLS_PORTS:
                await writer.start_tls(self._tls)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            writer.write(self._answer(head))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _answer(self, head: str) -> bytes:
        request, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        page = headers.get("host", "").partition(":")[0] + request.split(" ")[1]
        if page in self._redirects:
            return f"HTTP/1.1 302 Found\r\nLocation: {self._redirects[page]}\r\n\r\n".encode()
        if page not in self._files:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        body = Path(self._files[page]).read_bytes()
        kind = mimetypes.guess_type(page)[0] or "application/octet-stream"
        return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def listen(port: int) -> socket.socket:
    return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=500)


async def main(config: dict[str, Any]) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(config["certificate"], config["key"])
    web = Web(config["files"], config["redirects"], tls, Path(config["log"]))
    servers = [await asyncio.start_server(web.handle, sock=listen(port)) for port in PORTS]
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: NameServer(config["zone"]), local_addr=NAME_SERVER)
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text("utf-8"))))
