"""Runs the worker that decodes, but does to it what a BMP names: what no image is known to do."""

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from moderate.images.decode import decode, decode_as
from moderate.images.decoded import Frames, Picture
from moderate.images.formats import recognise
from moderate.images.limits import UndecodableImage
from moderate.images.sandbox.worker import serve

# A deed may be numbered, so that images which do the same are not the same.
DIGITS = b"0123456789"


def decode_or_misbehave(data: bytes, size: int, images: int, *, points: bool) -> Picture:
    image_format = recognise(data)
    if image_format.name == "BMP":
        return decode_as(image_format, misbehave, data, size, images)
    return decode(data, size, images, points=points)


def misbehave(data: bytes, _size: int, _images: int) -> Picture:
    return (
        Picture((), Frames(0, 0)) if data == b"BMshow no picture" else tell(DEEDS[data[2:].rstrip(DIGITS).decode()]())
    )


def tell(found: object) -> Picture:
    raise UndecodableImage(str(found))


def spin() -> None:
    while True:
        pass


def open_files() -> list[int]:
    return [number for number in range(64) if is_open(number)]


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


DEEDS: dict[str, Callable[[], object]] = {
    "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "leave": lambda: os._exit(0),
    "spin": spin,
    "sleep": lambda: time.sleep(3600),
    "take memory": lambda: len(bytearray(1 << 30)),
    "say nonsense": lambda: os.write(1, bytes(4096)),
    "say too much": lambda: os.write(1, b"\0\0\0\2\xff\xff\xff\xff{}"),
    "open a file": lambda: Path(__file__).read_bytes(),
    "open its parent's variables": lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "connect": lambda: socket.create_connection(("127.0.0.1", 1)),
    "tell its variables": lambda: ",".join(os.environ),
    "tell its files": open_files,
}

if __name__ == "__main__":
    serve(decode_or_misbehave)
