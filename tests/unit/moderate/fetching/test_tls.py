import ssl

import pytest
from tests.hostile.certificates import Certificates, issue
from tests.unit.moderate.fetching.web import Web

from moderate.fetching.responses import FetchFailed


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return issue(tmp_path_factory.mktemp("certificates"), ["DNS:pub.test", "IP:93.184.216.34"])


@pytest.fixture
def site(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.site, certificates.key)
    return context


@pytest.fixture(autouse=True)
def _trust(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))


@pytest.mark.parametrize("host", ["pub.test", "pub.test.", "93.184.216.34"])
def test_a_certificate_valid_for_the_host_is_accepted(web: Web, site: ssl.SSLContext, host: str) -> None:
    web.image(port=443, tls=site)
    assert web.fetch(f"https://{host}/a.jpg") == b"image"


def test_the_server_is_told_the_name_asked_for_and_never_an_address(web: Web, site: ssl.SSLContext) -> None:
    names: list[str | None] = []
    site.sni_callback = lambda _connection, name, _context: names.append(name)
    web.image(port=443, tls=site)
    web.fetch("https://pub.test/")
    web.fetch("https://93.184.216.34/")
    assert names == ["pub.test", None]


def test_a_certificate_for_another_name_is_refused(web: Web, site: ssl.SSLContext) -> None:
    web.image(host="other.test", port=443, tls=site)
    with pytest.raises(FetchFailed, match="TLS"):
        web.fetch("https://other.test/")
    assert web.requests == []


def test_a_certificate_from_nobody_trusted_is_refused(
    web: Web, site: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    web.image(port=443, tls=site)
    with pytest.raises(FetchFailed, match="TLS"):
        web.fetch("https://pub.test/")
    assert web.requests == []


def test_a_server_that_speaks_no_tls_is_a_failed_fetch(web: Web) -> None:
    web.answer(b"HTTP/1.1 400 Bad Request\r\n\r\n", port=443)
    with pytest.raises(FetchFailed, match="TLS"):
        web.fetch("https://pub.test/")


def test_a_redirect_never_goes_from_https_down_to_http(web: Web, site: ssl.SSLContext) -> None:
    web.redirect("http://pub.test/a.jpg", port=443, tls=site)
    web.image(port=80)
    with pytest.raises(FetchFailed, match="from https to http"):
        web.fetch("https://pub.test/")
    assert len(web.dialled) == 1


def test_a_redirect_goes_up_to_https_and_on(web: Web, site: ssl.SSLContext) -> None:
    web.redirect("https://pub.test/a.jpg", port=80)
    web.image(port=443, tls=site)
    assert web.fetch("http://pub.test/") == b"image"
