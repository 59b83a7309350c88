import tomllib
from pathlib import Path

import pytest
from tests.unit.moderate.fetching.web import Web

from moderate.fetching.responses import FetchFailed
from moderate.fetching.urls import MAX_URL_LENGTH, BlockedUrl, InvalidUrl
from moderate.sources import ImageTooLarge
from modest.errors import PublicError

BLOCKED = tomllib.loads((Path(__file__).parents[3] / "hostile/url_vectors.toml").read_text("utf-8"))["blocked_url"]
NOT_PUBLIC = [
    "127.0.0.1",
    "10.0.0.5",
    "169.254.169.254",
    "100.64.0.9",
    "::1",
    "::ffff:8.8.8.8",
    "fe80::1%lo",
    "fd00::1",
]
URL = "http://pub.test/a.jpg"
OTHER = "93.184.216.35"


def test_the_body_of_a_200_comes_back(web: Web) -> None:
    web.image(b"\x00\xff" * 300_000)
    assert web.fetch(URL) == b"\x00\xff" * 300_000


def test_a_body_without_a_stated_length_comes_back_too(web: Web) -> None:
    web.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nima\r\n2\r\nge\r\n0\r\n\r\n")
    web.answer(b"HTTP/1.0 200 OK\r\n\r\nimage", host="old.test", address=OTHER)
    assert web.fetch(URL) == web.fetch("http://old.test/") == b"image"


def test_the_request_says_who_asks_and_nothing_else(web: Web) -> None:
    web.image(host="xn--bcher-kva.test", port=8080)
    web.fetch("http://bücher.test:8080/ä?b=c#d", allowed_ports=frozenset({8080}), agent="Modest/1 (+image moderation)")
    assert "".join(web.requests) == (
        "GET /%C3%A4?b=c HTTP/1.1\r\nHost: xn--bcher-kva.test:8080\r\nUser-Agent: Modest/1 (+image moderation)\r\n"
        "Accept: image/jpeg,image/png,image/gif,image/webp,image/avif,image/heic,image/bmp,*/*;q=0.5\r\n"
        "Accept-Encoding: identity\r\nVia: 1.1 modest\r\nConnection: close\r\n\r\n"
    )


@pytest.mark.parametrize("host", [ADDRESS := "93.184.216.34", "[2606:2800:220:1::1]"])
def test_an_ip_literal_is_never_looked_up(web: Web, host: str) -> None:
    web.image(address=host.strip("[]"))
    assert web.fetch(f"http://{host}/") == b"image"
    assert web.lookups == []


@pytest.mark.parametrize("url", ["ftp://pub.test/", "http://127.0.0.1/", "http://localhost/", "http://pub.test:22/"])
def test_what_the_url_alone_rules_out_is_neither_looked_up_nor_dialled(web: Web, url: str) -> None:
    with pytest.raises((InvalidUrl, BlockedUrl)):
        web.fetch(url)
    assert (web.lookups, web.dialled) == ([], [])


@pytest.mark.parametrize("address", NOT_PUBLIC)
@pytest.mark.parametrize("others", [[], [ADDRESS], [ADDRESS, OTHER]])
def test_one_answer_that_is_not_public_refuses_the_name(web: Web, address: str, others: list[str]) -> None:
    for answers in ([address, *others], [*others, address]):
        web.name("mixed.test", answers)
        with pytest.raises(BlockedUrl):
            web.fetch("http://mixed.test/")
    assert web.dialled == []


def test_a_name_is_looked_up_once_a_hop_so_its_second_answer_is_never_used(web: Web) -> None:
    for run in range(20):
        host = f"flip{run}.test"
        web.image(host=host)
        web.name(host, [ADDRESS], ["127.0.0.1"])
        assert web.fetch(f"http://{host}/") == b"image"
    assert len(web.lookups) == 20
    assert set(web.dialled) == {ADDRESS}


def test_a_redirect_is_looked_up_anew(web: Web) -> None:
    web.redirect("/again")
    web.name("pub.test", [ADDRESS], ["127.0.0.1"])
    with pytest.raises(BlockedUrl):
        web.fetch(URL)
    assert web.dialled == [ADDRESS]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(web: Web, status: int) -> None:
    web.redirect("//cdn.test/b.jpg", status)
    web.image(host="cdn.test", address=OTHER)
    assert web.fetch(URL) == b"image"
    assert "Host: cdn.test" in web.requests[1]


@pytest.mark.parametrize("url", BLOCKED, ids=ascii)
def test_a_redirect_to_what_is_blocked_is_refused_undialled(web: Web, url: str) -> None:
    web.redirect(url)
    with pytest.raises(BlockedUrl):
        web.fetch(URL)
    assert web.dialled == [ADDRESS]


def test_a_redirect_to_a_name_that_leads_inside_is_refused_undialled(web: Web) -> None:
    web.redirect("http://inside.test/")
    web.name("inside.test", ["10.0.0.5"])
    with pytest.raises(BlockedUrl):
        web.fetch(URL)
    assert web.dialled == [ADDRESS]


@pytest.mark.parametrize(
    "head",
    [
        "",
        "Location: \r\nLocation: /b\r\n",
        "Location: file:///etc/passwd\r\n",
        "Location: gopher://pub.test/\r\n",
        "Location: http://user:p@pub.test/\r\n",
        "Location: http://2130706433/\r\n",
        "Location: http://[::1\r\n",
        "Location: /a\tb\r\n",
        "Location: \\\\pub.test\r\n",
        "Location: /a\r\nLocation: /b\r\n",
        "Location: http://b\xfccher.test/\r\n",
    ],
    ids=ascii,
)
def test_a_redirect_to_nowhere_valid_is_a_failed_fetch(web: Web, head: str) -> None:
    web.answer(f"HTTP/1.1 302 Found\r\n{head}\r\n".encode("latin-1"))
    with pytest.raises(FetchFailed, match="redirects"):
        web.fetch(URL)
    assert web.dialled == [ADDRESS]


def test_five_redirects_are_followed_and_a_sixth_is_not(web: Web) -> None:
    for hop in range(6):
        web.redirect(f"http://hop{hop + 1}.test/", host=f"hop{hop}.test", address=f"93.184.216.{hop}")
    web.image(host="hop6.test", address="93.184.216.6")
    assert web.fetch("http://hop1.test/") == b"image"
    with pytest.raises(FetchFailed, match="more than 5 times"):
        web.fetch("http://hop0.test/")


def test_a_redirect_loop_ends(web: Web) -> None:
    web.redirect(URL)
    with pytest.raises(FetchFailed, match="more than 5 times"):
        web.fetch(URL)
    assert len(web.requests) == 6


@pytest.mark.parametrize("status", [204, 205, 206, 300, 304, 400, 403, 404, 410, 429, 500, 503])
def test_any_other_status_is_a_failed_fetch_that_names_it(web: Web, status: int) -> None:
    web.answer(f"HTTP/1.1 {status} SECRET\r\nContent-Length: 6\r\nX-Secret: SECRET\r\n\r\nSECRET".encode())
    with pytest.raises(FetchFailed, match=str(status)) as caught:
        web.fetch(URL)
    assert "SECRET" not in caught.value.message + caught.value.detail


@pytest.mark.parametrize("status", [200, 201, 202, 203, 226, 299])
def test_any_success_with_a_body_is_taken(web: Web, status: int) -> None:
    web.answer(f"HTTP/1.1 {status} Fine\r\nContent-Length: 5\r\n\r\nimage".encode())
    assert web.fetch(URL) == b"image"


@pytest.mark.parametrize(
    ("ranges", "whole"),
    [
        (["bytes 0-4/5"], True),
        (["BYTES  0-4/5 "], True),
        (["bytes 0-4/6"], False),
        (["bytes 1-5/6"], False),
        (["bytes 0-4/*"], False),
        (["bytes 0-4/5", "bytes 0-4/5"], False),
        (["bytes 0-" + "9" * 5000 + "/1"], False),
    ],
)
def test_a_partial_answer_is_taken_if_it_is_the_whole(web: Web, ranges: list[str], whole: bool) -> None:
    head = "".join(f"Content-Range: {each}\r\n" for each in ranges)
    web.answer(f"HTTP/1.1 206 Partial\r\nContent-Length: 5\r\n{head}\r\nimage".encode())
    if whole:
        assert web.fetch(URL) == b"image"
        return
    with pytest.raises(FetchFailed, match="206"):
        web.fetch(URL)


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/b\xfccher.jpg".encode("latin-1"), "/b%FCcher.jpg"),
        ("/b\xfccher.jpg".encode(), "/b%C3%BCcher.jpg"),
        (b"/\xff?\xfe=%20", "/%FF?%FE=%20"),
        (b"/a\r\nLocation: /a", "/a"),
        (b"\t/a \t", "/a"),
    ],
)
def test_a_location_goes_back_byte_for_byte(web: Web, location: bytes, path: str) -> None:
    web.answer(b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\n\r\n")
    with pytest.raises(FetchFailed, match="more than 5 times"):
        web.fetch(URL)
    assert web.requests[1].startswith(f"GET {path} HTTP/1.1\r\n")


def test_a_redirect_to_a_url_that_is_too_long_says_so(web: Web) -> None:
    web.redirect("/" + "a" * MAX_URL_LENGTH)
    with pytest.raises(FetchFailed, match=r"redirects to a URL that is too long\. A URL may have at most 8,192"):
        web.fetch(URL)


def test_a_malformed_header_line_is_named(web: Web) -> None:
    for line in (b"Bad Header", b"Bad Header: x", b"X-A: \0", b": x", b" X-A: b"):
        web.answer(b"HTTP/1.1 200 OK\r\n" + line + b"\r\nContent-Length: 5\r\n\r\nimage")
        with pytest.raises(FetchFailed, match="malformed header line"):
            web.fetch(URL)


def test_a_body_of_exactly_the_limit_passes_and_one_byte_more_does_not(web: Web) -> None:
    web.image(b"x" * 1000)
    assert len(web.fetch(URL, max_bytes=1000)) == 1000
    with pytest.raises(ImageTooLarge):
        web.fetch(URL, max_bytes=999)


def test_a_body_is_counted_whatever_its_head_says(web: Web) -> None:
    for head in (b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"):
        web.answer(head + b"x" * 1001)
        with pytest.raises(ImageTooLarge):
            web.fetch(URL, max_bytes=1000)


@pytest.mark.parametrize("answers", [[], ["no such name"]])
def test_a_name_without_addresses_is_a_failed_fetch(web: Web, answers: list[str]) -> None:
    web.answers = {"empty.test": [[]]} if answers else {}
    with pytest.raises(FetchFailed):
        web.fetch("http://empty.test/")


def test_addresses_are_tried_in_turn_ipv4_first(web: Web) -> None:
    web.image(address="93.184.216.36")
    web.name("pub.test", ["2606:2800::1", ADDRESS, "93.184.216.36", OTHER])
    assert web.fetch(URL) == b"image"
    assert web.dialled == [ADDRESS, "93.184.216.36"]


def test_a_connection_that_ends_elsewhere_is_closed_before_anything_is_sent(web: Web) -> None:
    web.image()
    web.peers[ADDRESS] = "127.0.0.1"
    with pytest.raises(FetchFailed):
        web.fetch(URL)
    assert web.requests == []


def test_no_error_repeats_an_address_a_path_or_a_query(web: Web) -> None:
    web.redirect("http://inside.test/CANARY?CANARY")
    web.name("inside.test", ["10.9.8.7"])
    web.name("refused.test", [OTHER])
    web.answer(b"CANARY CANARY\r\n\r\n", host="broken.test", address="93.184.216.36")
    for host in ("pub.test", "refused.test", "broken.test", "unknown.test", "10.9.8.7"):
        with pytest.raises(PublicError) as caught:
            web.fetch(f"http://{host}/CANARY?CANARY")
        told = caught.value.message + caught.value.detail
        assert "CANARY" not in told
        assert not any(address in told for address in ("10.9.8.7", ADDRESS, OTHER, "93.184.216.36"))
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
