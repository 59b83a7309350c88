"""Makes folders as hostile archives, careless scripts and other programs leave them. Needs root, for devices."""

import os
import random
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from pathlib import Path
from threading import Event, Thread
from types import TracebackType

PIECES = [
    *(
        b"a",
        b"photo",
        b" ",
        b"-",
        b"--json",
        b"\n",
        b"\x1b[31m",
        b"\x1b]0;x\x07",
        b"\t",
        b"\r",
        b"\x7f",
        b"\xff",
        b"\xc3",
    ),
    *(
        "é田😀\u202e\u200d\u2028\u009b\u3000\ufeff".encode(),
        b"[bold]",
        b":smile:",
        b"\\",
        b"\\x1b",
        b"'",
        b'"',
        b"$(x)",
        b"%",
    ),
    *(b"x" * 200, b"https:", b"\xed\xa0\x80", b"nul", b"*", b"?", b"verdict", b"nsfw"),
]
PICTURES = [b".jpg", b".PNG", b".heic", b".mp4", b".tiff"]
OTHERS = [b"", b".txt", b".py", b".db"]
MAX_NAME = 255
MAX_SOCKET_PATH = 100


class Fate(Enum):
    """How a file is to be accounted for."""

    JUDGED = "judged"
    REFUSED = "refused"
    OTHER = "other"
    NOT_A_FILE = "not a file"
    """A link to a folder that is searched anyway."""


class HostileFolder:
    """A folder with random contents; `fates` has what becomes of each, by its path."""

    def __init__(self, root: Path, image: bytes, seed: int) -> None:
        self.fates: dict[str, Fate] = {}
        self._chance = random.Random(seed)
        self._image = image
        self._root = root
        self._fill(self._root, depth=0)

    def _fill(self, folder: Path, depth: int) -> None:
        for _ in range(self._chance.randrange(2, 14)):
            path = folder / os.fsdecode(self._name())
            if os.path.lexists(path):
                continue
            if depth < 3 and self._chance.random() < 0.2:
                path.mkdir()
                self._fill(path, depth + 1)
                continue
            make = self._chance.choice(list(_MAKERS))
            by_content = _MAKERS[make](self, path)
            pictured = os.fsencode(path).endswith(tuple(PICTURES)) and by_content is Fate.OTHER
            self.fates[str(path)] = Fate.REFUSED if pictured else by_content

    def _name(self) -> bytes:
        stem = b"".join(self._chance.choices(PIECES, k=self._chance.randrange(1, 4)))
        return stem[: MAX_NAME - 5] + self._chance.choice(PICTURES if self._chance.random() < 0.5 else OTHERS)

    def image(self, path: Path) -> Fate:
        path.write_bytes(self._image)
        return Fate.JUDGED

    def cut_image(self, path: Path) -> Fate:
        path.write_bytes(self._image[: self._chance.randrange(20, 60)])
        return Fate.REFUSED

    def text(self, path: Path) -> Fate:
        path.write_bytes(self._chance.choice([b"", b"text", bytes(1000), b"<html>", b"{}"]))
        return Fate.OTHER

    def sparse(self, path: Path) -> Fate:
        with path.open("wb") as file:
            file.truncate(2**40)
        return Fate.OTHER

    def pipe(self, path: Path) -> Fate:
        os.mkfifo(path)
        return Fate.OTHER

    def device(self, path: Path) -> Fate:
        number = self._chance.choice([os.makedev(1, 3), os.makedev(1, 5), os.makedev(1, 8)])
        os.mknod(path, stat.S_IFCHR | 0o666, number)
        return Fate.OTHER

    def listener(self, path: Path) -> Fate:
        if len(os.fsencode(path)) > MAX_SOCKET_PATH:
            return self.pipe(path)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.fspath(path))
        return Fate.OTHER

    def unreadable(self, path: Path) -> Fate:
        self.image(path)
        path.chmod(0)
        return Fate.REFUSED

    def locked_folder(self, path: Path) -> Fate:
        path.mkdir()
        self.image(path / "inside.png")
        path.chmod(0)
        return Fate.REFUSED

    def broken_link(self, path: Path) -> Fate:
        path.symlink_to(self._chance.choice(["nowhere", path.name, "x" * 4000]))
        return Fate.REFUSED

    def link_to_elsewhere(self, path: Path) -> Fate:
        path.symlink_to(self._chance.choice(["/", "/proc/self", "/dev"]))
        return Fate.REFUSED

    def link_inside(self, path: Path) -> Fate:
        path.symlink_to(self._chance.choice([".", str(self._root)]))
        return Fate.NOT_A_FILE


_MAKERS: dict[str, Callable[[HostileFolder, Path], Fate]] = {
    name: make for name, make in vars(HostileFolder).items() if not name.startswith("_")
}


class Churn:
    """Changes a folder while somebody reads it: files vanish, grow, and turn into pipes, folders and links."""

    def __init__(self, root: Path, image: bytes, seed: int) -> None:
        self._root = root
        self._image = image
        self._chance = random.Random(seed)
        self._stop = Event()
        self._thread = Thread(target=self._run)
        for _ in range(300):
            self._change()

    def __enter__(self) -> "Churn":
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._change()

    def _change(self) -> None:
        path = self._root / f"{self._chance.randrange(400)}.png"
        with suppress(OSError):
            match self._chance.randrange(6):
                case 0:
                    path.unlink()
                case 1:
                    os.mkfifo(path)
                case 2:
                    path.symlink_to(self._chance.choice([str(path), "/dev/zero", "."]))
                case 3:
                    path.rmdir()
                case 4:
                    path.mkdir()
                case _:
                    # Opened like this, a pipe without a reader is an error.
                    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK), "wb") as file:  # noqa: PTH123
                        file.write(self._image * self._chance.choice([1, 1, 1, 3000]))
