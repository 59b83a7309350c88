import pytest

from moderate.fetching.self_reference import VIA, carries_own_marker, user_agent


@pytest.mark.parametrize(
    "header",
    [
        ("Via", VIA),
        ("via", "1.1 cdn.test (CDN), 2.0 Modest"),
        ("via", "HTTP/1.1 modest (x),1.1 other"),
        ("User-Agent", user_agent("0.1.0")),
        ("User-Agent", user_agent("0.1.0", "https://example.com/contact")),
        ("User-Agent", "Modest/0.1.0 (+image moderation)"),
    ],
)
def test_a_request_of_our_own_is_recognised(header: tuple[str, str]) -> None:
    assert carries_own_marker([("accept", "*/*"), header])


@pytest.mark.parametrize(
    "header",
    [
        ("Via", "1.1 modestproxy"),
        ("Via", "1.1 other (modest)"),
        ("Via", ""),
        ("User-Agent", "Modest/0.1.0"),
        ("User-Agent", "curl/8"),
        ("X-Via", VIA),
    ],
)
def test_a_request_of_somebody_else_is_not(header: tuple[str, str]) -> None:
    assert not carries_own_marker([header])
