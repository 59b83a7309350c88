"""Makes random requests of every route, each from its number: what is likely to be dear, in any combination."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from urllib.parse import quote_from_bytes

from tests.helpers.support import MOSAICS
from tests.hostile.images import HOSTILE

from moderate.sources import MAX_SENT_BYTES

BOUNDARY = b"x" * 60
_BODY_BYTES = MAX_SENT_BYTES * 4 // 3
# Sending more of them takes the time of many other requests.
_MAX_CHUNKS = 5000
_SMALL = tuple(path.read_bytes() for path in sorted(MOSAICS.glob("*.png")))
# Repeated thousands of times over: what parsers stumble over, and some of what is harmless.
_UNITS = (
    *(
        b"&",
        b"a=&",
        b"&a=1",
        b"=",
        b"+",
        b"%",
        b"%41",
        b"%E9",
        b"%0A",
        b"A",
        b"/",
        b"_",
        b" ",
        b"\n",
        b"\r\n",
        b"\\u0041",
    ),
    *(
        b"\\n",
        b'"',
        b"\\",
        b"[",
        b"{",
        b"{}",
        b"[],",
        b"{},",
        b"1,",
        b"1.1,",
        b'"",',
        b'{"a":',
        b"9",
        b"-",
        b"e9",
        b"null,",
    ),
    *(
        b"\0",
        b"\xff",
        "é".encode(),
        "\U0001f600".encode(),
        b";",
        b"; ",
        b",",
        b"data:",
        b"--",
        b"\r\n--",
        b"\r\n-",
        b"a:b\r\n",
    ),
    *(
        b"\r\n--" + BOUNDARY[:-1],
        b"--" + BOUNDARY + b"\r\n",
        b"%2B",
        b"A%41",
        b"A ",
        b"Aa=",
        b"==",
        b"<a>",
        b"https://a.test/,",
    ),
)
_FIELDS = ("base64", "url", "threshold", "policy", "explain", "image_urls", "imageUrl", "imageDataUrl", "imageDataUrls")
_TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    f"multipart/form-data; boundary={BOUNDARY.decode()}",
    "image/png",
    "text/plain",
)


@dataclass(frozen=True)
class Request:
    about: str
    method: str
    path: str
    query: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    has_large_picture: bool = False
    chunk_bytes: int = 0
    """The body is sent in chunks of this size; 0: whole, with its length before it."""

    @property
    def bytes_sent(self) -> int:
        head = len(self.path) + len(self.query) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        return head + len(self.body)


def random_request(seed: str, paths: Mapping[str, Sequence[str]]) -> Request:
    """paths: those of the service, with their methods."""
    random = Random(seed)
    # Routes that take a body have more to offer.
    path = random.choices(list(paths), [5 if "POST" in methods else 1 for methods in paths.values()])[0]
    method = random.choice(list(paths[path])) if random.random() < 0.9 else random.choice(["GET", "POST", "PUT"])
    about, body, large = random.choice(_BODIES)(random) if method != "GET" else ("no body", b"", False)
    query = b""
    if method == "GET" or random.random() < 0.1:
        query, shown = _filled(random, random.choice([10, 1000, 12_000]))
        about = f"{about}; query {shown}"
    chunk_bytes = random.choice([0, 0, 0, 1, 100, 100_000])
    if chunk_bytes:
        about, body = f"in chunks of {chunk_bytes}: {about}", body[: _MAX_CHUNKS * chunk_bytes]
    sent_query = quote_from_bytes(query, "&=%+,:;/").encode()
    return Request(about, method, path, sent_query, _headers(random), body, large, chunk_bytes)


_Made = tuple[str, bytes, bool]
"""What a body is, its bytes, and whether a large picture is in it."""


def _filled(random: Random, size: int) -> tuple[bytes, str]:
    """Returns one or two units in turn, as often as fits."""
    units = [random.choice(_UNITS) for _ in range(random.choice([1, 1, 2]))]
    unit = b"".join(units)
    return unit * (size // len(unit)), f"{unit[:12]!r} x {size // len(unit)}"


def _size(random: Random) -> int:
    return random.choice([100, 10_000, 1_000_000, _BODY_BYTES, _BODY_BYTES])


def _raw(random: Random) -> _Made:
    head = random.choice(
        [b"", b"{", b"[", b'{"a":[', b"a=", b"base64=", b"url=", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"RIFF"]
    )
    content, shown = _filled(random, _size(random))
    return f"{head!r} + {shown}", head + content, False


def _text_field(random: Random) -> _Made:
    """A field with a long text, in JSON or a form."""
    content, shown = _filled(random, _size(random))
    lead = random.choice([b"", b"data:;base64,", b"data:", b"https://", b"http://a.test/"])
    name = random.choice(_FIELDS)
    if random.random() < 0.3:
        return f"form {name}={lead!r} + {shown}", name.encode() + b"=" + lead + content, False
    if random.random() < 0.5:
        text = json.dumps((lead + content).decode("utf-8", "replace"))
        return f"JSON {name}: {lead!r} + {shown}", f'{{"{name}": {text}}}'.encode(), False
    opening, closing = random.choice([(b"[", b"]"), (b"", b""), (b'"', b'"'), (b'["', b'"]'), (b"{", b"}")])
    return (
        f"raw JSON {name}: {opening!r} {shown}",
        b'{"%b": %b%b%b}' % (name.encode(), opening, content, closing),
        False,
    )


def _many_fields(random: Random) -> _Made:
    count = random.choice([10, 1000, 100_000])
    names = [f"{random.choice(_FIELDS)}{number % random.choice([1, 7, count])}" for number in range(count)]
    if random.random() < 0.5:
        return f"form of {count} fields", "&".join(f"{name}=1" for name in names).encode(), False
    return f"JSON of {count} fields", ("{" + ",".join(f'"{name}":1' for name in names) + "}").encode(), False


def _multipart(random: Random) -> _Made:
    content, shown = _filled(random, _size(random))
    headers, shown_headers = _filled(random, random.choice([0, 0, 1000, 1_000_000]))
    count = random.choice([1, 1, 2, 31, 1000])
    part = b'--%b\r\nContent-Disposition: form-data; name="%b"%b\r\n%b\r\n\r\n%b\r\n' % (
        BOUNDARY,
        random.choice(_FIELDS).encode(),
        random.choice([b"", b'; filename="a"']),
        headers,
        content[: _BODY_BYTES // count],
    )
    end = random.choice([b"--%b--" % BOUNDARY, b"", content])
    return f"multipart of {count} with {shown_headers}, {shown}", (part * count + end)[:_BODY_BYTES], False


_LARGE = [name for name, image in HOSTILE.items() if image.heavy]


@cache
def _hostile(name: str) -> bytes:
    return HOSTILE[name].make()


def _picture(random: Random) -> _Made:
    """An image as it is, cut or changed, in one of the ways to send it."""
    name = random.choice([random.choice(list(HOSTILE)), random.choice(_LARGE), "a mosaic"])
    large = name in _LARGE
    data = random.choice(_SMALL) if name == "a mosaic" else _hostile(name)
    if len(data) > MAX_SENT_BYTES:
        name, data = f"{name}, cut", data[:MAX_SENT_BYTES]
    match random.randrange(6):
        case 0:
            name, data = f"{name}, cut", data[: random.randint(0, len(data))]
        case 1 if data:
            changed = bytearray(data)
            for _ in range(random.choice([1, 3, 30])):
                changed[random.randrange(len(changed))] = random.randrange(256)
            name, data = f"{name}, changed", bytes(changed)
    return _sent_somehow(random, name, data, large)


def _sent_somehow(random: Random, name: str, data: bytes, large: bool) -> _Made:
    text = base64.b64encode(data).decode()
    url = f"data:image/png;base64,{text}"
    match random.randrange(6):
        case 0:
            return (
                f"JSON base64 of {name}",
                json.dumps({"base64": text, "explain": random.choice(["", "overlay"])}).encode(),
                large,
            )
        case 1:
            several = [url, *(_data_url(random.choice(_SMALL)) for _ in range(9))]
            return (
                f"ten data URLs, one of {name}",
                json.dumps({"imageDataUrls": several, "on_error": "partial"}).encode(),
                large,
            )
        case 2:
            part = {"type": "image_url", "image_url": {"url": url}}
            return f"OpenAI's part with {name}", json.dumps({"input": [part]}).encode(), large
        case 3:
            form = b'--%b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n%b\r\n--%b--'
            return f"multipart of {name}", form % (BOUNDARY, data, BOUNDARY), large
        case _:
            return name, data, large


def _data_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


_BODIES: tuple[Callable[[Random], _Made], ...] = (_raw, _text_field, _many_fields, _multipart, _picture, _picture)


def _headers(random: Random) -> tuple[tuple[str, str], ...]:
    headers = [("content-type", random.choice(_TYPES))]
    match random.randrange(8):
        case 0:
            headers += [("idempotency-key", "a" * random.choice([1, 255, 5000]))]
        case 1:
            headers += [(f"x-{number}", "a") for number in range(random.choice([10, 90]))]
        case 2:
            headers += [
                ("via", "1.1 a, " * random.choice([1, 1000])),
                ("user-agent", "Modest/" * random.choice([1, 1000])),
            ]
        case 3:
            headers += [("content-type", 'multipart/form-data; a="' + "\\" * random.choice([10, 10_000]))]
        case 4:
            headers += [("cookie", "a=b; " * 2000), ("accept", "a/b;q=0.1, " * 1000)]
    return tuple(headers)
