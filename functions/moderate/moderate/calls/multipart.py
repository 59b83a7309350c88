"""Reads multipart forms as leniently as mail is read: clients differ in what they call a file."""

import binascii
import re

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from moderate.calls.parameters import InvalidRequest
from moderate.sources import decode_base64

MAX_FIELDS = 32

# The time that reading a header takes grows with the square of these.
_MAX_SEMICOLONS = 256
# PHP takes the first `boundary` in it, wherever that is, and ends an unquoted one at a comma.
_PLAIN_TYPE = re.compile(
    r"multipart/[\w-]+(?:\s*;\s*charset=[\w\"-]+)?"
    r"\s*;\s*boundary=(?:\"[\w'()+,./:=? -]{1,70}\"|[\w'()+./:=?-]{1,70})(?:\s*;\s*charset=[\w\"-]+)?\s*",
    re.IGNORECASE | re.ASCII,
)
# Some servers end a header at a bare line feed.
_PLAIN_HEADER = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*")
# Servers differ in which other words make a file of a field.
_PLAIN_FIELD = re.compile(rb"\s*form-data\s*;\s*name=(?:\"[^\"\\]*\"|[^\s\";,=]+)\s*", re.IGNORECASE)
# CGI.pm looks for it anywhere, also within the name of a field.
_MAY_NAME_A_FILE = re.compile(rb"filename[\s*0-9]*=", re.IGNORECASE)
_NESTED = re.compile(rb"\s*(?:multipart|message)/", re.IGNORECASE)
_NOT_ENCODED = (b"7bit", b"8bit", b"binary")
_FILE_NAME = re.compile(rb";\s*filename\*?\s*=", re.IGNORECASE)
_TYPE_OF_FILE = re.compile(rb"\s*(?:image/|(?:application|binary)/octet-stream)", re.IGNORECASE)


class TooManyParts(InvalidRequest):
    """The form has more parts than its route takes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"The multipart body is malformed: it has more than {most} parts. Send fewer.")


def parse(content_type: str, body: bytes) -> list[tuple[str, str | bytes]]:
    """Returns the form's fields in order, text as str and files as bytes. Raises InvalidRequest, InvalidBase64."""
    return [part.field() for part in parts(content_type, body)]


def parts(content_type: str, body: bytes, *, most: int = MAX_FIELDS) -> "list[Part]":
    """Returns the form's parts in order. Raises InvalidRequest, and TooManyParts before it has read all of them."""
    boundary = _boundary(content_type)
    if not boundary:
        raise InvalidRequest(
            "The multipart body is malformed: its Content-Type names no boundary. "
            "Leave that header to your HTTP library, which adds one."
        )
    try:
        return _Parts(boundary, body, most).found
    except (FormParserError, ValueError):
        raise InvalidRequest(
            "The multipart body is malformed. Send the image as one file field: curl -F image=@photo.jpg …"
        ) from None


def files(content_type: str, body: bytes) -> list[bytes]:
    """Returns the form's files. Raises InvalidRequest, also if another server may see other files in the form."""
    found = parts(content_type, body)
    delimiter = b"--" + _boundary(content_type)
    whole = body.startswith(delimiter) and body.count(delimiter + b"--") == 1
    whole = whole and body.endswith((delimiter + b"--", delimiter + b"--\r\n"))
    # Some servers end a part at a boundary after a bare line feed, too, and some at none that is followed by a space.
    whole = whole and body.count(delimiter) == len(found) + 1 and body.count(delimiter + b"\r\n") == len(found)
    if not whole or not _PLAIN_TYPE.fullmatch(content_type) or not all(part.is_plain for part in found):
        raise InvalidRequest(
            "Servers read this form in different ways: it repeats a header or its boundary, encodes a part, gives a "
            "field a Content-Type, has unusual headers, or text before or after its parts. Send it as an HTML form "
            "does, or send the image as the body."
        )
    return [value for _, value in (part.field() for part in found) if isinstance(value, bytes)]


class Part:
    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.repeats_a_header = False
        self.data = bytearray()

    @property
    def is_plain(self) -> bool:
        """Whether all servers read the part alike. Not all of them decode what is encoded."""
        coding = self.headers.get(b"content-transfer-encoding", b"binary").strip().lower()
        if (
            self.repeats_a_header
            or coding not in _NOT_ENCODED
            or not all(map(_PLAIN_HEADER.fullmatch, self.headers.values()))
        ):
            return False
        if _NESTED.match(self.headers.get(b"content-type", b"")):
            return False
        if self._is_file(self.data):
            return True
        # Some servers, such as Formidable, store a part as a file for having a type.
        if b"content-type" in self.headers:
            return False
        disposition = self.headers.get(b"content-disposition", b"")
        return _PLAIN_FIELD.fullmatch(disposition) is not None and not _MAY_NAME_A_FILE.search(disposition)

    def field(self) -> tuple[str, str | bytes]:
        """Returns the part's name, and its text as str or its file as bytes. Raises InvalidRequest, InvalidBase64."""
        name = _text(_options(self.headers.get(b"content-disposition")).get(b"name", b""))
        data = self._decoded()
        return name, data if self._is_file(data) else _text(data)

    def _is_file(self, data: bytes | bytearray) -> bool:
        """Not all clients give an image a file name or a type, but every image has a NUL, and no text does."""
        return bool(
            _FILE_NAME.search(self.headers.get(b"content-disposition", b""))
            or _TYPE_OF_FILE.match(self.headers.get(b"content-type", b""))
            or b"\0" in data
        )

    def _decoded(self) -> bytes:
        match self.headers.get(b"content-transfer-encoding", b"").strip().lower():
            case b"base64" if self.data:
                return decode_base64(self.data.decode("latin-1"))
            case b"quoted-printable":
                return binascii.a2b_qp(self.data)
            case _:
                return bytes(self.data)


class _Parts:
    """Holds the parts of a body, all in memory: images are never written to a disk."""

    def __init__(self, boundary: bytes, body: bytes, most: int) -> None:
        """Raises FormParserError, ValueError, TooManyParts."""
        self.found: list[Part] = []
        self._most = most
        self._name = self._value = b""
        self._ended = False
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._add_name,
                "on_header_value": self._add_value,
                "on_header_end": self._end_header,
                "on_part_data": self._add_data,
                "on_end": self._end,
            },
        )
        parser.write(_without_preamble(boundary, body))
        if not self._ended:
            raise ValueError("cut short")

    def _begin(self) -> None:
        if len(self.found) == self._most:
            raise TooManyParts(self._most)
        self.found.append(Part())

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        part, name = self.found[-1], self._name.lower()
        part.repeats_a_header |= name in part.headers
        part.headers[name] = self._value
        self._name = self._value = b""

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        self.found[-1].data += memoryview(data)[start:end]

    def _end(self) -> None:
        self._ended = True


def _boundary(content_type: str) -> bytes:
    return _options(content_type.encode("latin-1", errors="replace")).get(b"boundary", b"")


def _options(header: bytes | None) -> dict[bytes, bytes]:
    """Returns a header's parameters. Raises InvalidRequest if they are so many that reading them would take long."""
    if header and header.count(b";") > _MAX_SEMICOLONS:
        raise InvalidRequest("The multipart body is malformed: a header in it has too many parameters.")
    _, options = parse_options_header(header)
    return options


def _without_preamble(boundary: bytes, body: bytes) -> bytes:
    """Mail puts a sentence for old readers before the first boundary, which some libraries for mail send over HTTP."""
    delimiter = b"--" + boundary
    return body if body.startswith(delimiter) else body[max(0, body.find(b"\n" + delimiter)) :]


def _text(data: bytes) -> str:
    """Browsers send UTF-8, and some old clients Latin-1."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
