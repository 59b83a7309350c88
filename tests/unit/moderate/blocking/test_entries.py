import pytest

from moderate.blocking.entries import Entry, InvalidEntry, Kind, parse_host, parse_line

DIGITS = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (f"sha256 {DIGITS}", Kind.SHA256),
        (f"pdq {DIGITS.upper()}", Kind.PDQ),
        (f"  allow \t sha256   {DIGITS} # ours\r\n", Kind.ALLOWED),
    ],
)
def test_a_hash_is_read_whatever_its_case_and_the_white_space_around_it(line: str, kind: Kind) -> None:
    entry = parse_line(line)
    assert entry == Entry(kind, bytes.fromhex(DIGITS))
    assert str(entry) == f"{kind} {DIGITS}"


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("example.com", "example.com"),
        ("EXAMPLE.com.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        # Looks like example.com, and is another host.
        ("\u0435\u0445ample.com", "xn--ample-ywe6i.com"),
        ("\uff45xample\u3002com", "example.com"),
        ("93.184.216.34", "93.184.216.34"),
        ("[2606:2800:220:1:0::1]", "2606:2800:220:1::1"),
    ],
)
def test_a_host_is_read_as_that_of_a_url_is(name: str, host: str) -> None:
    entry = parse_line(f"host {name}")
    assert entry == Entry(Kind.HOST, host.encode())
    assert parse_line(str(entry)) == entry


@pytest.mark.parametrize("line", ["", "  \n", "# host example.com", "\t# x"])
def test_empty_lines_and_comments_are_no_entries(line: str) -> None:
    assert parse_line(line) is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("example.com", "an entry is `sha256`"),
        ("Host example.com", "an entry is `sha256`"),
        ("host", "one value"),
        ("host a.test b.test", "one value"),
        ("host https://a.test/", "no port and no scheme"),
        ("host a.test:443", "no port"),
        ("host [2606:2800:220:1::1]:443", "no port"),
        ("host 2606:2800:220:1::1", "square brackets"),
        ("host a.test/x", "no path"),
        ("host a.test?x", "no path"),
        ("host a.test/", "no path"),
        ("host *.a.test", "without a path or wildcard"),
        ("host a..test", "without a path or wildcard"),
        ("host user@a.test", "without a path or wildcard"),
        (f"host {'a' * 64}.test", "without a path or wildcard"),
        ("host localhost", "not on the public web"),
        ("host 10.0.0.1", "not on the public web"),
        ("sha256 abc", "64 hexadecimal digits"),
        (f"sha256 {DIGITS}0", "64 hexadecimal digits"),
        (f"sha256 {DIGITS[:32]} {DIGITS[32:]}", "no white space in it"),
        (f"sha256 {DIGITS[:-1]}g", "64 hexadecimal digits"),
        (f"sha256 0x{DIGITS[2:]}", "64 hexadecimal digits"),
        (f"pdq {DIGITS[:-1]}٣", "64 hexadecimal digits"),
        (f"allow pdq {DIGITS}", "only `allow sha256` is possible"),
        ("allow host example.com", "only `allow sha256` is possible"),
        ("picture c3a53a96c45b9a69", "PDQ hashes have replaced them"),
    ],
)
def test_what_is_no_entry_is_refused_by_name(line: str, says: str) -> None:
    with pytest.raises(InvalidEntry) as raised:
        parse_line(line)
    assert says in str(raised.value)


@pytest.mark.parametrize("name", ["a.test#x", "a.test#", "a.test/#x", "a.test?", "a.test/x", "#"])
def test_a_host_has_nothing_behind_it_wherever_it_comes_from(name: str) -> None:
    with pytest.raises(InvalidEntry, match="no path"):
        parse_host(name)
