"""Decodes images for another process, to which it is connected by stdin, and whose secrets it never had."""

import gc

# As in the service, checking for garbage what is imported to stay would take a tenth of the start.
gc.disable()

import resource
import sys
from typing import Protocol

# Nothing can be imported once confined.
from PIL import Image, MpoImagePlugin, TiffImagePlugin  # noqa: F401

from moderate.images.decode import decode
from moderate.images.decoded import Picture
from moderate.images.libraries import libavif, libde265, libvips, libwebp
from moderate.images.limits import MAX_PICTURE_BYTES
from moderate.images.room import NeedsRoom, granting
from moderate.images.sandbox.protocol import Head, NoAnswer, receive, send, to_message
from moderate.scheduling.memory import give_memory_back
from modest.errors import PublicError

MAX_REQUEST_BYTES = 16 * 1024 * 1024
# What one picture may take, and what Python and the decoders hold themselves.
MAX_DATA_BYTES = MAX_PICTURE_BYTES + 150 * 1024 * 1024


def main() -> None:
    serve(decode)


class Decode(Protocol):
    def __call__(self, data: bytes, size: int, images: int, *, points: bool) -> Picture: ...


def serve(decode: Decode) -> None:
    """Answers with what `decode` returns or raises, until the service hangs up."""
    Image.preinit()
    libavif.load()
    libde265.load()
    libvips.load()
    libwebp.load()
    gc.freeze()
    gc.enable()
    confine()
    try:
        while True:
            _answer(decode)
    except NoAnswer:
        return


def _answer(decode: Decode) -> None:
    """Answers once, and keeps nothing of it. Raises NoAnswer."""
    head, data = receive(_read, MAX_REQUEST_BYTES)
    with granting(head["room"]) as room:
        # The outcome has no name, since the traceback of an error leads back to this frame.
        send(*to_message(_attempt(decode, bytes(data), head)), sys.stdout.buffer.write)
    sys.stdout.buffer.flush()
    if room.leaves_much:
        give_memory_back()


def confine() -> None:
    """Takes from this process the right to open a file or a socket, to write anything but answers and to dump core."""
    for limit, most in (
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, MAX_DATA_BYTES),
    ):
        resource.setrlimit(limit, (most, most))


def _read(length: int) -> bytes:
    data = sys.stdin.buffer.read(length)
    if len(data) < length:
        raise NoAnswer
    return data


def _attempt(decode: Decode, data: bytes, head: Head) -> Picture | PublicError | NeedsRoom:
    try:
        return decode(data, head["size"], head["images"], points=head["points"])
    except (PublicError, NeedsRoom) as error:
        return error


if __name__ == "__main__":
    main()
