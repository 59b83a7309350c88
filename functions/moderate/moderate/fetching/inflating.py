"""Undoes the compression of a body while it arrives, and stops at the byte limit."""

import zlib

from moderate.fetching.responses import FetchFailed

# zlib's window sizes: raw deflate, deflate with zlib's header, and gzip.
_RAW, _ZLIB, _GZIP = -15, 15, 31
_HEADER_BYTES = 2
_DAMAGED = "The image's server compressed its response, which is damaged or incomplete. Send the image itself."


class Inflater:
    """Inflates gzip or deflate. Like browsers, it ignores what follows the compressed data."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._start = b""
        self._inflate: zlib._Decompress | None = None

    def add(self, chunk: bytes, max_bytes: int) -> bytes:
        """Returns at most max_bytes of what the chunk holds; the rest is lost. Raises FetchFailed."""
        if self._inflate is None:
            chunk = self._start = self._start + chunk
            if len(chunk) < _HEADER_BYTES:
                return b""
            self._inflate = zlib.decompressobj(self._window_bits())
        try:
            return self._inflate.decompress(chunk, max_bytes)
        except zlib.error as error:
            raise FetchFailed(_DAMAGED, detail=type(error).__name__) from None

    def end(self) -> None:
        """Raises FetchFailed if the data has not come to its end."""
        if self._inflate is None or not self._inflate.eof:
            raise FetchFailed(_DAMAGED)

    def _window_bits(self) -> int:
        """Some servers send deflate without zlib's header, which browsers recognise in this way too."""
        if self._coding == "gzip":
            return _GZIP
        method, flags = self._start[:_HEADER_BYTES]
        return _ZLIB if method & 0x0F == zlib.DEFLATED and (method << 8 | flags) % 31 == 0 else _RAW
