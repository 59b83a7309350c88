"""Files of entries are read line by line, and refused as a whole for one line that cannot be meant."""

import io
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderate.blocking.entries import DIGITS as DIGITS_OF_HASH
from moderate.blocking.entries import Kind
from moderate.blocking.lists import Lists, pack
from modest_cli.errors import OperatorError
from modest_cli.lists import imports
from modest_cli.lists.imports import MAX_LINE_BYTES, HashKind, Imported, read_entries

DIGITS = [f"{number:064x}" for number in range(10)]
HEADER = "collab,signal_type,signal_str,category,tags\n"


def read(text: str | bytes, hashes: HashKind | None = None) -> Imported:
    return read_entries(io.BytesIO(text.encode() if isinstance(text, str) else text), hashes)


def values(imported: Imported) -> dict[str, list[str]]:
    return {
        kind.value: sorted(value.decode() if kind is Kind.HOST else value.hex() for value in found)
        for kind, found in imported.entries.items()
        if found
    }


def test_our_own_form_is_read_with_its_comments_and_duplicates_once() -> None:
    hosts = "# ours\r\n\nhost B.example. # theirs\nhost b.example\n"
    text = f"{hosts}sha256 {DIGITS[1]}\nsha256 {DIGITS[1]}\nallow sha256 {DIGITS[2]}"
    assert values(read(text)) == {"sha256": [DIGITS[1]], "host": ["b.example"], "allow sha256": [DIGITS[2]]}


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "\ufeff", HEADER])
def test_a_file_may_have_no_entries(text: str) -> None:
    assert len(read(text)) == 0


def test_what_the_library_of_threatexchange_writes_is_read() -> None:
    text = (
        "\ufeffcollab,signal_type,signal_str,category,tags\r\n"
        f"Sample Signals,pdq,{DIGITS[1].upper()},INVESTIGATION_SEED,\r\n"
        f'"Say ""hi"", all",pdq,{DIGITS[2]},POSITIVE_CLASS,"a\nb, c"\r\n'
        f"=cmd|'/C calc'!A0,pdq,{DIGITS[3]},NEGATIVE_CLASS,\r\n"
        f"x,video_md5,{'0' * 32},POSITIVE_CLASS,\r\n"
        "x,url,https://a.example/x,POSITIVE_CLASS,\r\n"
        "\r\n"
        f"x,sha256,{DIGITS[4]},POSITIVE_CLASS,\r\n"
        "x,host,A.example,POSITIVE_CLASS,\r\n"
    )
    imported = read(text)
    assert values(imported) == {"pdq": [DIGITS[1], DIGITS[2]], "sha256": [DIGITS[4]], "host": ["a.example"]}
    assert imported.left_out == {"NEGATIVE_CLASS": 1, "video_md5": 1, "url": 1}


@pytest.mark.parametrize("kind", HashKind)
def test_a_file_of_hma_without_kinds_is_read_as_what_it_is_said_to_be(kind: HashKind) -> None:
    text = f"{DIGITS[1]},2880742865368386,2020-07-31T18:47:52+0000,media_type_photo\n{DIGITS[2]}\n"
    assert values(read(text, kind)) == {kind.value: DIGITS[1:3]}
    with pytest.raises(OperatorError, match="Line 1: a hash does not say what it is; add --hashes pdq"):
        read(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("host a.example\nexample.com\n", "Line 2: an entry is"),
        (f"{HEADER}x,pdq,{DIGITS[1]},,\nx,pdq,=HYPERLINK(1),,\n", "Line 3: a hash has 64"),
        (f"{HEADER}x,pdq\n", "Line 2: a hash has 64"),
        (f"{HEADER}x,host,http://a.example,,\n", "Line 2: a host has no port and no scheme"),
        (f"{HEADER}x,pdq,{DIGITS[1][:32]} {DIGITS[1][32:]},,\n", "Line 2: a hash has 64"),
        (f"sha256 {DIGITS[1][:32]} {DIGITS[1][32:]}\n", "Line 1: an entry has one value"),
        ("picture c3a53a96c45b9a69\n", "Line 1: `picture` entries are no longer read"),
        (b"host \xff\xfe.example\n", "Line 1: a file of entries is UTF-8"),
        ("host a.example\x00\n", "Line 1: this is not the name of a host"),
        (f"sha256 {DIGITS[1]}\x00", "Line 1: a hash has 64"),
        (f'{HEADER}x,pdq,"{DIGITS[1]}\n' + "y" * 60 + "\n", "a hash has 64"),
    ],
)
def test_one_line_that_cannot_be_meant_is_named_and_the_file_refused(text: str | bytes, says: str) -> None:
    with pytest.raises(OperatorError) as raised:
        read(text)
    assert says in str(raised.value)
    assert str(raised.value).endswith("Nothing was imported.")


class Endless(io.RawIOBase):
    """A file of chunks that never end, which counts what is read of it."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.bytes = 0
        self._chunks = chunks
        self._left = b""

    def readline(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        while b"\n" not in self._left and len(self._left) < size:
            self._left += next(self._chunks)
        end = min(size, self._left.find(b"\n") + 1 or size)
        line, self._left = self._left[:end], self._left[end:]
        self.bytes += len(line)
        return line


def test_a_line_without_an_end_is_read_no_further_than_a_line_may_be() -> None:
    def chunks() -> Iterator[bytes]:
        while True:
            yield b"a" * 1000

    endless = Endless(chunks())
    with pytest.raises(OperatorError, match=r"Line 1: a line may have 65,536 bytes"):
        read_entries(endless)  # type: ignore[arg-type]
    assert endless.bytes == MAX_LINE_BYTES + 1


@pytest.mark.parametrize(
    ("cap", "value", "says"),
    [
        ("MAX_BYTES", 10_000, "10,000 bytes"),
        ("MAX_LINES", 100, "100 lines"),
        ("MAX_ENTRIES", 50, "50 entries of the kind"),
    ],
)
def test_a_file_without_an_end_is_read_no_further_than_a_file_may_be(
    monkeypatch: pytest.MonkeyPatch, cap: str, value: int, says: str
) -> None:
    def chunks() -> Iterator[bytes]:
        number = 0
        while True:
            number += 1
            yield f"sha256 {number:064x}\n".encode()

    monkeypatch.setattr(imports, cap, value)
    endless = Endless(chunks())
    with pytest.raises(OperatorError, match=says):
        read_entries(endless)  # type: ignore[arg-type]
    assert endless.bytes < 12_000


def test_a_quoted_field_without_an_end_is_read_no_further_than_a_field_may_be() -> None:
    def chunks() -> Iterator[bytes]:
        yield HEADER.encode() + b'x,pdq,"'
        while True:
            yield b"0123456789\n" * 100

    endless = Endless(chunks())
    with pytest.raises(OperatorError, match="field larger than field limit"):
        read_entries(endless)  # type: ignore[arg-type]
    assert endless.bytes < 1_000_000


def test_a_column_of_kinds_that_are_all_different_is_no_column_of_kinds() -> None:
    rows = "".join(f"x,kind{number},1,,\n" for number in range(1000))
    with pytest.raises(OperatorError, match="too many different values"):
        read(HEADER + rows)


WORDS = (
    *(b"sha256 ", b"pdq ", b"host ", b"allow ", b"allow sha256 ", b"picture ", b"#", b",", b'"', b"\n", b"\r", b"\r\n"),
    *(
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xe2\x80\x8b",
        b"\xf0\x9f\x98\x80.example",
        b" ",
        b"\t",
        b".",
        b"..",
        b"%00",
        b"@",
    ),
    *(b"=cmd|'/C calc'!A0", b"a" * DIGITS_OF_HASH, b"example.com", b"[2606:2800:220:1::1]", b":80", b"xn--", b"xn--a"),
    *(HEADER.encode(), b"signal_type,signal_str\n", b"pdq,"),
)


@given(words=st.lists(st.sampled_from(WORDS), max_size=30), hashes=st.sampled_from([None, *HashKind]))
@settings(max_examples=500, deadline=None)
def test_whatever_a_file_has_it_is_refused_or_what_is_read_of_it_can_be_exported_and_read_again(
    words: list[bytes], hashes: HashKind | None
) -> None:
    try:
        imported = read(b"".join(words), hashes)
    except OperatorError:
        return
    exported = "".join(f"{entry}\n" for entry in Lists(pack(imported.entries)).entries())
    assert read(exported).entries == imported.entries
