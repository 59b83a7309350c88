"""Which files `modest classify` looks at, and that it waits for none of them."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.helpers.support import png

from modest_cli import files
from modest_cli.files import NotAFile, UnreadableFile, find, read, read_image

IMAGE = png()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


def names(*paths: object) -> list[str]:
    return [Path(found.path).name for found in find([str(path) for path in paths]).found]


def refusals(*paths: object) -> dict[str, str]:
    found = find([str(path) for path in paths]).found
    return {Path(each.path).name: each.refusal.message for each in found if each.refusal}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("image", IMAGE),
        (".hidden", IMAGE),
        ("page.jpg", b"<!doctype html>"),
        ("empty.HEIC", b""),
        ("scan.tif", b"II*\0"),
        ("scan", b"II*\0"),
        ("clip", b"\0\0\0\x18ftypmp42"),
        ("drawing.svg", b"<svg/>"),
    ],
)
def test_whatever_is_a_picture_by_its_name_or_content_is_listed(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    assert (names(folder), find([str(folder)]).others) == ([name], 0)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.txt", b"text"),
        ("Thumbs.db", b"\xd0\xcf\x11\xe0"),
        ("icon.jsx", b"export const Icon = () => <svg/>"),
        ("paper.pdf", b"%PDF-1.7"),
        ("song", b"ID3"),
        ("archive.zip", b"PK\x03\x04"),
    ],
)
def test_other_files_in_a_folder_are_counted_and_judged_only_if_they_are_named(
    folder: Path, name: str, content: bytes
) -> None:
    (folder / name).write_bytes(content)
    assert (names(folder), find([str(folder)]).others) == ([], 1)
    assert (names(folder, folder / name), find([str(folder), str(folder / name)]).others) == ([name], 0)


def test_files_come_before_the_folders_beside_them_in_order_of_their_names(folder: Path) -> None:
    for name in ("b/x.png", "b/a/y.png", "a/z.png", "c.png", "A.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(IMAGE)
    assert names(folder) == ["A.png", "c.png", "z.png", "x.png", "y.png"]


def test_what_is_named_twice_is_judged_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.png").write_bytes(IMAGE)
    monkeypatch.chdir(folder)
    assert names("-", "a.png", ".", folder / "a.png", "./a.png", folder, "-") == ["-", "a.png"]


def test_two_files_are_never_taken_for_one(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`link/..` is the parent of the folder that the link leads to."""
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    for place in (tmp_path / "elsewhere", folder):
        (place / "a.png").write_bytes(IMAGE)
    (folder / "link").symlink_to(tmp_path / "elsewhere" / "deep")
    monkeypatch.chdir(folder)
    assert len(names("a.png", "link/../a.png")) == 2


def test_links_to_files_are_judged_under_their_own_names(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(IMAGE)
    (folder / "link").symlink_to(tmp_path / "a.png")
    (folder / "broken").symlink_to(tmp_path / "nothing")
    (folder / "circle").symlink_to("circle")
    assert names(folder) == ["broken", "circle", "link"]


def test_a_link_to_a_folder_is_listed_unless_that_folder_is_searched_anyway(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "sub").mkdir()
    (folder / "sub" / "up").symlink_to("..")
    (folder / "here").symlink_to(folder / "sub")
    (folder / "away").symlink_to(tmp_path / "elsewhere")
    (folder / "disk").symlink_to("/")
    assert refusals(folder).keys() == {"away", "disk"}
    assert refusals(folder, tmp_path / "elsewhere").keys() == {"disk"}
    assert "Name that folder" in refusals(folder)["away"]


@contextmanager
def nested(folder: Path, name: str, depth: int) -> Iterator[Path]:
    """Makes an image in a chain of folders, whose path may be longer than any command may use."""
    home = Path.cwd()
    os.chdir(folder)
    for _ in range(depth):
        Path(name).mkdir()
        os.chdir(name)
    Path("a.png").write_bytes(IMAGE)
    os.chdir(home)
    yield folder
    # pytest's own cleaning fails in very deep folders.
    subprocess.run(["rm", "-r", folder], check=True)


def test_a_folder_that_cannot_be_read_is_listed(folder: Path) -> None:
    with nested(folder, "d" * 255, 17):
        ((_, message),) = refusals(folder).items()
    assert message == "The folder cannot be read: File name too long."


def test_folders_may_be_as_deep_as_a_path_can_be_long(folder: Path) -> None:
    with nested(folder, "d", 1500):
        assert names(folder) == ["a.png"]


def test_pipes_sockets_and_devices_are_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(folder / "socket"))
        found = find([str(folder)])
    assert ([each.path for each in found.found], found.others) == ([str(folder / "pipe.jpg")], 2)
    for path, kind in (
        (folder / "pipe.jpg", "a named pipe"),
        (folder / "socket", "a socket"),
        ("/dev/zero", "a device"),
    ):
        with pytest.raises(NotAFile, match=f"This is {kind}"):
            read(str(path))


def test_a_file_that_turns_into_a_pipe_is_not_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(folder / "pipe")
    regular = Path(__file__).stat()
    monkeypatch.setattr(Path, "stat", lambda _path: regular)
    with pytest.raises(NotAFile, match="a named pipe"):
        read(str(folder / "pipe"))


def test_a_file_that_is_gone_or_is_too_large_is_refused(folder: Path) -> None:
    with (folder / "sparse.png").open("wb") as file:
        file.truncate(2**40)
    assert getattr(read_image(str(folder / "sparse.png")), "message", "") == "The file is larger than 10 MB."
    gone = read_image(str(folder / "gone.png"))
    assert isinstance(gone, UnreadableFile)
    assert gone.message == "The file cannot be read: No such file or directory."


def test_standard_input_that_is_closed_or_a_terminal_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/ptmx").open(encoding="utf-8") as terminal:
        for stdin in (None, terminal):
            monkeypatch.setattr("sys.stdin", stdin)
            refused = read_image(files.STDIN)
            assert isinstance(refused, NotAFile)
            assert "piped in" in refused.message
