"""Every way to hand an image to oanor's dialect, and that a call names exactly one."""

import base64
import gzip
import itertools
import json
import tempfile
from collections.abc import Callable
from urllib.parse import quote, urlencode

import httpx2
import numpy as np
import pytest
from PIL import Image
from tests.helpers.support import FakeClassifier, ServedApp, encoded, scoring, serve

from moderate.images import refused
from moderate.images.formats import CONTENT_TYPES
from moderate.sources import MAX_SENT_BYTES

URL = "https://example.com/image.jpg"
OTHER_URL = "https://example.com/other.jpg"
# Incompressible, so that its base64 holds every character of that alphabet.
IMAGE = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 30), np.uint8)).resize((40, 40)), "BMP")
SCORE = 0.1234
ROUTES = ("/v1/check", "/v1/classify", "/nsfw-api/v1/check", "/nsfw-api/v1/classify")


@pytest.fixture(scope="module")
def running() -> ServedApp:
    return serve({URL: IMAGE, OTHER_URL: IMAGE}, FakeClassifier(scoring(SCORE)))


@pytest.fixture
def service(running: ServedApp) -> ServedApp:
    running.fetch.asked.clear()
    return running


def multipart(*parts: tuple[str, str | bytes], boundary: str = "x") -> tuple[bytes, dict[str, str]]:
    """parts: what stands in Content-Disposition after `form-data; `, and the content."""
    body = b""
    for disposition, content in parts:
        data = content.encode() if isinstance(content, str) else content
        body += f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + data + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), {"content-type": f"multipart/form-data; boundary={boundary}"}


def judged(answer: httpx2.Response) -> bool:
    return answer.status_code == 200 and answer.json()["data"]["nsfw_score"] == SCORE


PLAIN = base64.b64encode(IMAGE).decode()
SPELLINGS: dict[str, str] = {
    "plain": PLAIN,
    "base64url": base64.urlsafe_b64encode(IMAGE).decode(),
    "a data URL": f"data:image/bmp;base64,{PLAIN}",
    "a data URL in capitals": f"DATA:IMAGE/BMP;BASE64,{PLAIN}",
    "a data URL with a charset": f"data:image/bmp;charset=utf-8;base64,{PLAIN}",
    "a data URL, percent-encoded": f"data:image/bmp;base64,{quote(PLAIN, safe='')}",
    "line breaks": "\r\n".join(PLAIN[at : at + 76] for at in range(0, len(PLAIN), 76)) + "\n",
    "no padding": PLAIN.rstrip("="),
    "base64url without padding": base64.urlsafe_b64encode(IMAGE).decode().rstrip("="),
}


def test_the_image_of_these_tests_needs_every_rule_of_base64() -> None:
    assert {"+", "/", "="} <= set(PLAIN)


@pytest.mark.parametrize("route", ROUTES)
def test_a_url_in_the_query(service: ServedApp, route: str) -> None:
    assert judged(service.client.get(route, params={"url": URL}))
    assert service.fetch.asked == [URL]


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_base64_in_the_query(service: ServedApp, spelling: str) -> None:
    assert judged(service.client.get("/v1/check", params={"base64": spelling}))


def test_a_space_is_a_plus_in_a_query_and_a_form_and_nothing_in_json(service: ServedApp) -> None:
    spaced = PLAIN.replace("+", " ")
    assert judged(service.client.get("/v1/check", params={"base64": spaced}))
    assert judged(service.client.post("/v1/check", data={"base64": spaced}))
    assert not judged(service.client.post("/v1/check", json={"base64": spaced}))


def test_base64_in_the_query_whose_plus_nobody_encoded(service: ServedApp) -> None:
    assert judged(service.client.get(f"/v1/check?base64={PLAIN}"))


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_base64_in_json(service: ServedApp, spelling: str) -> None:
    assert judged(service.client.post("/v1/classify", json={"base64": spelling}))


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/octet-stream",
        "image/png",
        "multipart/form-data; boundary=x",
        None,
    ],
)
@pytest.mark.parametrize("lead", [b"", b"\xef\xbb\xbf", b"\r\n \t"], ids=["bare", "BOM", "white space"])
def test_json_whatever_its_content_type(service: ServedApp, content_type: str | None, lead: bytes) -> None:
    headers = {"content-type": content_type} if content_type else {}
    content = lead + json.dumps({"url": URL, "threshold": 0.1}).encode()
    answer = service.client.post("/v1/check", content=content, headers=headers)
    assert judged(answer)
    assert answer.json()["data"]["threshold"] == 0.1


@pytest.mark.parametrize(
    "content_type",
    [
        *CONTENT_TYPES,
        "IMAGE/JPEG",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "binary/octet-stream",
        "image/*",
        "image/unheard-of",
        *refused.CONTENT_TYPES,
        None,
    ],
)
def test_a_raw_body_whatever_its_content_type(service: ServedApp, content_type: str | None) -> None:
    headers = {"content-type": content_type} if content_type else {}
    assert judged(service.client.post("/v1/check", content=IMAGE, headers=headers))


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "BMP"])
def test_a_raw_body_in_every_accepted_format(service: ServedApp, image_format: str) -> None:
    content = encoded(Image.new("RGB", (16, 16), "red"), image_format)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert judged(service.client.post("/v1/check", content=content, headers=headers))


def test_parameters_of_a_raw_body_stand_in_the_query(service: ServedApp) -> None:
    answer = service.client.post("/v1/check?threshold=0.1&policy=strict", content=IMAGE)
    assert answer.json()["data"]["threshold"] == 0.1


@pytest.mark.parametrize(
    "disposition",
    [
        'name="image"; filename="photo.jpg"',
        'name="file"; filename="a b.jpg"',
        'name=""; filename="x"',
        'name="url"; filename="x"',
        'name="image"; filename="фото.jpg"',
        'name="image"; filename="x"; filename*=UTF-8\'\'%D1%84.jpg',
        "name=\"image\"; filename*=UTF-8''%D1%84.jpg",
        'name="image"',
        'name="threshold2"',
    ],
)
def test_a_multipart_file_whatever_its_name(service: ServedApp, disposition: str) -> None:
    body, headers = multipart((disposition, IMAGE))
    assert judged(service.client.post("/v1/check", content=body, headers=headers))


def test_a_multipart_form_takes_parameters_and_ignores_other_fields(service: ServedApp) -> None:
    body, headers = multipart(
        ('name="threshold"', "0.1"),
        ('name="policy"', "strict"),
        ('name="comment"', "Grüße"),
        ('name="image"; filename="x"', IMAGE),
    )
    answer = service.client.post("/v1/check", content=body, headers=headers)
    assert judged(answer)
    assert answer.json()["data"]["threshold"] == 0.1


@pytest.mark.parametrize(("field", "value"), [("url", URL), ("base64", PLAIN)])
def test_a_multipart_form_may_name_the_image_in_a_text_field(service: ServedApp, field: str, value: str) -> None:
    body, headers = multipart((f'name="{field}"', value))
    assert judged(service.client.post("/v1/check", content=body, headers=headers))


def test_a_file_field_left_empty_names_no_image(service: ServedApp) -> None:
    body, headers = multipart(('name="url"', URL), ('name="image"; filename=""', b""))
    assert judged(service.client.post("/v1/check", content=body, headers=headers))


@pytest.mark.parametrize("fields", [{"url": URL}, {"base64": PLAIN}])
def test_a_form_as_curl_sends_it(service: ServedApp, fields: dict[str, str]) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = service.client.post("/v1/check", content=urlencode(fields | {"threshold": "0.1"}), headers=headers)
    assert judged(answer)
    assert answer.json()["data"]["threshold"] == 0.1


def test_four_megabytes_of_multipart_touch_no_disk(service: ServedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    with pytest.raises(FileNotFoundError), tempfile.TemporaryFile():
        pass
    pixels = np.random.default_rng(0).integers(0, 256, (1180, 1180, 3), np.uint8)
    image = encoded(Image.fromarray(pixels), "BMP")
    assert len(image) > 4 * 1024**2 - 20_000

    body, headers = multipart(('name="image"; filename="big.bmp"', image))
    assert judged(service.client.post("/v1/check", content=body, headers=headers))


def raw(size: int) -> tuple[bytes, dict[str, str]]:
    return b"BM" + bytes(size - 2), {}


def as_file(size: int) -> tuple[bytes, dict[str, str]]:
    return multipart(('name="image"; filename="x"', raw(size)[0]))


def in_json(size: int) -> tuple[bytes, dict[str, str]]:
    return json.dumps({"base64": base64.b64encode(raw(size)[0]).decode()}).encode(), {}


@pytest.mark.parametrize("form", [raw, as_file, in_json])
def test_images_are_taken_up_to_4_4_megabytes_in_every_form(
    service: ServedApp, form: Callable[[int], tuple[bytes, dict[str, str]]]
) -> None:
    # Neither is an image: one gets as far as the decoder, the other does not.
    body, headers = form(MAX_SENT_BYTES - 2)
    assert service.client.post("/v1/check", content=body, headers=headers).json()["code"] == "undecodable_image"
    for size in (MAX_SENT_BYTES + 3, 2 * MAX_SENT_BYTES):
        body, headers = form(size)
        answer = service.client.post("/v1/check", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "image_too_large")
        assert "4.4 MB" in answer.json()["message"]


def none_in_query(service: ServedApp) -> httpx2.Response:
    return service.client.get("/v1/check", params={"threshold": "0.5"})


def none_named(service: ServedApp) -> httpx2.Response:
    return service.client.get("/v1/check?url=&base64=")


def none_in_an_empty_body(service: ServedApp) -> httpx2.Response:
    return service.client.post("/v1/check", content=b"", headers={"content-type": "image/png"})


def none_in_json(service: ServedApp) -> httpx2.Response:
    return service.client.post("/v1/check", json={"url": None, "base64": "", "picture": URL})


def none_in_a_form(service: ServedApp) -> httpx2.Response:
    body, headers = multipart(('name="comment"', "x"), ('name="image"; filename=""', b""))
    return service.client.post("/v1/check", content=body, headers=headers)


@pytest.mark.parametrize("call", [none_in_query, none_named, none_in_an_empty_body, none_in_json, none_in_a_form])
def test_a_call_without_an_image_is_told_so(service: ServedApp, call: Callable[[ServedApp], httpx2.Response]) -> None:
    answer = call(service)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert "exactly one image" in answer.json()["message"]
    assert "none was found" in answer.json()["message"]


TWO_FILES = multipart(('name="a"; filename="a"', IMAGE), ('name="b"; filename="b"', IMAGE))
FILE_AND_URL = multipart(('name="a"; filename="a"', IMAGE), ('name="url"', URL))
TWICE: dict[str, tuple[str, bytes, dict[str, str]]] = {
    "two URLs in the query": (f"?url={URL}&url={OTHER_URL}", b"", {}),
    "one URL twice": (f"?url={URL}&url={URL}", b"", {}),
    "url and base64 in the query": (f"?{urlencode({'url': URL, 'base64': PLAIN})}", b"", {}),
    "url and base64 in JSON": ("", json.dumps({"url": URL, "base64": PLAIN}).encode(), {}),
    "one in the query, one in JSON": (f"?url={URL}", json.dumps({"url": URL}).encode(), {}),
    "one in the query, one raw": (f"?url={URL}", IMAGE, {}),
    "two files": ("", *TWO_FILES),
    "a file and a URL in a form": ("", *FILE_AND_URL),
    "one in the query, one as a file": (f"?url={URL}", *multipart(('name="a"; filename="a"', IMAGE))),
}


@pytest.mark.parametrize(("query", "body", "headers"), TWICE.values(), ids=TWICE)
def test_a_call_with_two_images_is_told_so_and_neither_is_fetched(
    service: ServedApp, query: str, body: bytes, headers: dict[str, str]
) -> None:
    answer = service.client.post(f"/v1/check{query}", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert "exactly one image" in answer.json()["message"]
    assert "2 were found" in answer.json()["message"]
    assert service.fetch.asked == []


@pytest.mark.parametrize(
    ("field", "value"), list(itertools.product(["url", "base64"], [1, True, ["x"], {"a": 1}, [], 0]))
)
def test_an_image_field_that_is_not_text_is_named(service: ServedApp, field: str, value: object) -> None:
    answer = service.client.post("/v1/check", json={field: value})
    assert (answer.status_code, answer.json()["param"]) == (400, field)
    assert answer.json()["message"] == f"{field} must be a string."


@pytest.mark.parametrize(
    "text", ["%%%", "ab$d", "a", "abcde", "data:image/png,abc", "data:image/png;base64", "ä", "\ud800"]
)
def test_what_is_not_base64_is_refused(service: ServedApp, text: str) -> None:
    answer = service.client.post("/v1/check", content=json.dumps({"base64": text}))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_base64")


def test_base64_that_holds_nothing_is_refused(service: ServedApp) -> None:
    for text in ("=", "====", "\n", "data:image/png;base64,"):
        answer = service.client.post("/v1/check", json={"base64": text})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_base64"), text


def test_base64_too_long_for_a_url_line_is_told_to_post(service: ServedApp) -> None:
    answer = service.client.get("/v1/check", params={"base64": PLAIN[:-7] + "!"})
    assert "POST" in answer.json()["message"]


def test_a_data_url_is_no_web_address(service: ServedApp) -> None:
    answer = service.client.get("/v1/check", params={"url": SPELLINGS["a data URL"]})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_url")


def test_a_multipart_form_as_a_library_for_mail_writes_it(service: ServedApp) -> None:
    body, headers = multipart(
        ('name="image"; filename="a.bmp"\r\nContent-Transfer-Encoding: base64', base64.encodebytes(IMAGE))
    )
    preamble = b"This is a multi-part message in MIME format.\r\n"
    assert judged(service.client.post("/v1/check", content=preamble + body, headers=headers))


def test_a_compressed_body_is_called_compressed_on_every_route(service: ServedApp) -> None:
    content = gzip.compress(json.dumps({"url": URL}).encode())
    for path in (*ROUTES, "/api/nsfw/image", "/v1/moderations"):
        answer = service.client.post(path, content=content, headers={"content-encoding": "gzip"})
        assert (answer.status_code, "compressed with gzip" in answer.text) == (415 if path in ROUTES else 400, True)


def test_an_image_that_curl_read_as_text_is_told_of_data_binary(service: ServedApp) -> None:
    content = encoded(Image.new("RGB", (16, 16), "red"), "JPEG").translate(None, b"\r\n\0")
    for kind in ("application/x-www-form-urlencoded", "image/jpeg"):
        answer = service.client.post("/v1/check", content=content, headers={"content-type": kind})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_format")
        assert "--data-binary" in answer.json()["message"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("image[url]=https://example.com/", "imageUrl is a parameter of /api/nsfw/image"),
        ("url[]=https://example.com/", "Did you mean url?"),
        ("größe=1&threshold=0.5", "none was found"),
        ("url=https://example.com/größe.jpg&threshold=2", "threshold must be a number"),
        (URL, '{"url": "https://…"}'),
        (PLAIN, '{"base64": "…"}'),
        ("photo.jpg", "--data-binary @photo.jpg, with an @"),
        ("@my photos/größe 1.HEIC", "--data-binary @photo.jpg, with an @"),
        ("image=photo.jpg", "-F image=@photo.jpg, with an @"),
        ('{"image": "photo.jpg"}', "-F image=@photo.jpg, with an @"),
        ('{"image": "\\ud800.jpg"}', "-F image=@photo.jpg, with an @"),
        (json.dumps({"url": f"data:image/png;base64,{PLAIN}"}), "Send it as base64 instead of url"),
    ],
)
def test_text_that_names_no_image_is_told_what_to_send(service: ServedApp, content: str, told: str) -> None:
    answer = service.client.post("/v1/check", content=content.encode())
    assert answer.status_code == 400
    assert told in answer.json()["message"]


def test_a_short_multipart_body_is_malformed_even_if_an_image_came_whole(service: ServedApp) -> None:
    body, headers = multipart(('name="a"; filename="a"', IMAGE), ('name="b"; filename="b"', IMAGE))
    for end in (len(body) - 4, len(body) - 100, len(body) // 2 + 200, 30):
        answer = service.client.post("/v1/check", content=body[:end], headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
        assert "malformed" in answer.json()["message"]


def test_a_file_that_is_only_a_part_of_the_form_is_judged_as_it_is(service: ServedApp) -> None:
    body, headers = multipart(('name="image"; filename="x.svg"', b"<svg/>"))
    answer = service.client.post("/v1/check", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_format")
