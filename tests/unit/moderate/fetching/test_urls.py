import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderate.fetching.addresses import is_public
from moderate.fetching.urls import MAX_URL_LENGTH, BlockedUrl, InvalidUrl, Target, UrlTooLong, parse, parse_redirect

VECTORS: dict[str, list[Any]] = tomllib.loads(
    (Path(__file__).parents[3] / "hostile" / "url_vectors.toml").read_text(encoding="utf-8")
)
PAGE = parse("https://pub.test/albums/1/index.html?page=2")


@pytest.mark.parametrize("url", VECTORS["invalid_url"], ids=ascii)
def test_a_url_that_parsers_could_read_differently_is_invalid(url: str) -> None:
    with pytest.raises(InvalidUrl):
        parse(url)


@pytest.mark.parametrize("url", VECTORS["blocked_url"], ids=ascii)
def test_a_url_that_does_not_lead_to_the_public_web_is_blocked(url: str) -> None:
    with pytest.raises(BlockedUrl):
        parse(url)


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=lambda vector: ascii(vector["url"]))
def test_a_public_url_is_taken_apart_as_it_will_be_sent(vector: dict[str, str]) -> None:
    target = parse(vector["url"])
    assert (target.host, target.path) == (vector["host"], vector["target"])


def test_the_longest_url_allowed_passes_and_one_character_more_does_not() -> None:
    longest = "http://pub.test/".ljust(MAX_URL_LENGTH, "a")
    assert parse(longest).host == "pub.test"
    assert parse(f" {longest}\n").host == "pub.test"
    with pytest.raises(UrlTooLong, match=r"at most 8,192 characters"):
        parse(longest + "a")


def test_a_host_name_of_253_characters_passes_and_one_of_254_does_not() -> None:
    labels = ".".join(["a" * 63] * 3)
    assert len(parse(f"http://{labels}.{'a' * 61}/").host) == 253
    with pytest.raises(InvalidUrl):
        parse(f"http://{labels}.{'a' * 62}/")


def test_text_that_is_no_unicode_is_invalid() -> None:
    for url in ("http://pub.test/\ud800", "http://pub\ud800.test/"):
        with pytest.raises(InvalidUrl):
            parse(url)


def test_another_port_is_allowed_by_setting_and_goes_into_the_host_header() -> None:
    target = parse("http://pub.test:8080/", allowed_ports=frozenset({80, 443, 8080}))
    assert (target.port, target.authority) == (8080, "pub.test:8080")


def test_the_host_header_names_a_port_only_where_it_is_not_the_schemes_own() -> None:
    assert parse("http://pub.test:80/").authority == "pub.test"
    assert parse("http://pub.test:443/").authority == "pub.test:443"
    assert parse("https://[2606:2800::1]:80/").authority == "[2606:2800::1]:80"


def test_an_ip_literal_carries_its_address_and_a_name_carries_none() -> None:
    assert str(parse("http://93.184.216.34/").address) == "93.184.216.34"
    assert parse("http://pub.test/").address is None


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("2.jpg", "https://pub.test/albums/1/2.jpg"),
        ("/2.jpg", "https://pub.test/2.jpg"),
        ("../2.jpg#x", "https://pub.test/albums/2.jpg"),
        ("?page=3", "https://pub.test/albums/1/index.html?page=3"),
        ("//cdn.test/2.jpg", "https://cdn.test/2.jpg"),
        ("HTTP://CDN.test/2.jpg", "http://cdn.test/2.jpg"),
        ("\t//cdn.test/2.jpg \n", "https://cdn.test/2.jpg"),
        ("/bücher/ä b.jpg", "https://pub.test/b%C3%BCcher/%C3%A4%20b.jpg"),
    ],
)
def test_a_redirect_is_joined_to_the_url_it_came_from(location: str, url: str) -> None:
    assert parse_redirect(location, PAGE).url == url


@pytest.mark.parametrize("url", VECTORS["blocked_url"], ids=ascii)
def test_a_redirect_to_what_is_blocked_is_blocked(url: str) -> None:
    with pytest.raises(BlockedUrl):
        parse_redirect(url, PAGE)


@pytest.mark.parametrize(
    "location", ["/a\tb", "\u00a0//cdn.test/", "http://cdn\n.test/", "\\\\cdn.test", "http://[::1"]
)
def test_what_joining_would_repair_in_a_redirect_is_invalid(location: str) -> None:
    with pytest.raises(InvalidUrl):
        parse_redirect(location, PAGE)


@given(st.from_regex(r"(?i)https?://[^/]{0,40}(/.{0,20})?", fullmatch=True) | st.text())
def test_whatever_is_accepted_is_plain_ascii_with_a_public_host(url: str) -> None:
    try:
        target = parse(url)
    except (InvalidUrl, BlockedUrl):
        return
    assert target.url.isascii()
    assert target.url.isprintable()
    assert " " not in target.url
    assert target.address is None or is_public(target.address)


@given(st.text(alphabet="a❤️🏽.-①。é\u200d", min_size=1))
def test_a_host_with_emoji_is_an_ascii_name_that_browsers_could_write_or_refused(host: str) -> None:
    try:
        target = parse(f"http://{host}/")
    except (InvalidUrl, BlockedUrl):
        return
    assert target.host.isascii()
    assert parse(f"http://{target.host}/") == target


@given(st.text(alphabet="0123456789.xabcdef①。❤", min_size=1))
def test_a_host_of_digits_and_dots_is_an_address_or_refused(host: str) -> None:
    try:
        target = parse(f"http://{host}/")
    except (InvalidUrl, BlockedUrl):
        return
    assert target.address is not None or not target.host.rpartition(".")[2].isdigit()


@given(st.sampled_from(VECTORS["accepted"]))
def test_parsing_what_was_parsed_changes_nothing(vector: dict[str, str]) -> None:
    target: Target = parse(vector["url"])
    assert parse(target.url) == target
