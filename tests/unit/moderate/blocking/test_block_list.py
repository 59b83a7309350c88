import hashlib
from pathlib import Path

import pytest
from PIL import Image
from tests.helpers.photos import photo
from tests.helpers.support import encoded

from moderate.blocking.block_list import BlockList, InvalidBlockList, entries_for, load
from moderate.blocking.hits import PolicyViolation
from moderate.blocking.perceptual_hash import picture_hash
from moderate.images.decode import decode

CAT = photo("chelsea")
DATA = encoded(CAT, "PNG")
VIEWS = decode(DATA, 224).views
SHA256 = hashlib.sha256(DATA).hexdigest()
PICTURE = f"{picture_hash(VIEWS[0]):016x}"


def test_an_empty_list_refuses_nothing() -> None:
    nothing = load("")
    nothing.refuse_host("example.com")
    nothing.refuse_file(SHA256)
    nothing.refuse_pictures(VIEWS, SHA256)


@pytest.mark.parametrize("host", ["example.com", "www.example.com", "a.b.example.com"])
def test_a_host_is_refused_with_its_subdomains(host: str) -> None:
    with pytest.raises(PolicyViolation):
        BlockList(["host example.com"]).refuse_host(host)


@pytest.mark.parametrize("host", ["notexample.com", "example.com.evil.test", "com", "example.org"])
def test_other_hosts_are_not_refused(host: str) -> None:
    BlockList(["host example.com"]).refuse_host(host)


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("EXAMPLE.com.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("93.184.216.34", "93.184.216.34"),
        ("[2606:2800:220:1::1]", "2606:2800:220:1::1"),
    ],
)
def test_a_host_is_read_as_that_of_a_url_is(entry: str, host: str) -> None:
    with pytest.raises(PolicyViolation):
        BlockList([f"host {entry}"]).refuse_host(host)


def test_a_host_is_known_to_the_log_by_its_hash_alone() -> None:
    with pytest.raises(PolicyViolation) as raised:
        BlockList(["host example.com"]).refuse_host("example.com")
    assert raised.value.detail == f"sha256 {hashlib.sha256(b'example.com').hexdigest()}"
    assert "example" not in raised.value.message


def test_a_file_is_refused_byte_for_byte() -> None:
    blocked = BlockList([f"sha256 {SHA256}"])
    with pytest.raises(PolicyViolation) as raised:
        blocked.refuse_file(SHA256)
    assert raised.value.detail == f"sha256 {SHA256}"
    blocked.refuse_file(hashlib.sha256(DATA + b"\0").hexdigest())


def test_a_picture_is_refused_in_any_of_its_views() -> None:
    white = decode(encoded(Image.new("L", (9, 9), 255), "PNG"), 224).views
    blocked = BlockList([f"picture {PICTURE}"])
    blocked.refuse_pictures(white, SHA256)
    with pytest.raises(PolicyViolation):
        blocked.refuse_pictures((*white, *VIEWS), SHA256)


@pytest.mark.parametrize(("distance", "refused"), [(0, False), (2, False), (3, True), (8, True)])
def test_how_near_a_picture_must_be_is_the_operators(distance: int, *, refused: bool) -> None:
    blocked = BlockList([f"picture {int(PICTURE, 16) ^ 0b10011:016x}"], distance=distance)
    if refused:
        with pytest.raises(PolicyViolation):
            blocked.refuse_pictures(VIEWS, SHA256)
    else:
        blocked.refuse_pictures(VIEWS, SHA256)


def test_a_list_has_comments_and_empty_lines(tmp_path: Path) -> None:
    path = tmp_path / "blocked.txt"
    path.write_text(f"# ours\n\nhost example.com # theirs\n  sha256   {SHA256}\r\n")
    blocked = load(str(path))
    for refuse, what in ((blocked.refuse_host, "example.com"), (blocked.refuse_file, SHA256)):
        with pytest.raises(PolicyViolation):
            refuse(what)


@pytest.mark.parametrize(
    "line",
    [
        *("example.com", "host", "host a.test b.test", "host https://a.test/", "host a.test/x", "host a.test?x"),
        *("host localhost", "host 10.0.0.1", "host *.a.test", "host a..test", "Host a.test", "sha256 abc"),
        *(f"sha256 {SHA256.upper()}", f"sha256 {SHA256}0", "picture 123", f"picture {PICTURE}0", "picture xyz"),
    ],
)
def test_a_line_that_cannot_be_meant_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "blocked.txt"
    path.write_text(f"host example.com\n\n{line}\n")
    with pytest.raises(InvalidBlockList, match=r"blocked\.txt: line 3"):
        load(str(path))


def test_a_list_that_cannot_be_read_is_never_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name in ("missing", ".", "binary"):
        with pytest.raises(InvalidBlockList, match="cannot be read"):
            load(str(tmp_path / name))


def test_what_is_printed_for_an_image_blocks_it() -> None:
    lines = entries_for(DATA, VIEWS)
    assert lines == [f"sha256 {SHA256}", f"picture {PICTURE}"]
    for line in lines:
        blocked = BlockList([line])
        with pytest.raises(PolicyViolation):  # noqa: PT012 - either of the two
            blocked.refuse_file(SHA256)
            blocked.refuse_pictures(VIEWS, SHA256)


def test_of_a_flat_image_only_the_file_can_be_blocked() -> None:
    flat = encoded(Image.new("L", (9, 9), 40), "PNG")
    assert entries_for(flat, decode(flat, 224).views) == [f"sha256 {hashlib.sha256(flat).hexdigest()}"]
