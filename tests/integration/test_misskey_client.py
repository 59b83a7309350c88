"""The request of a Misskey server, made by Node as Misskey makes it, through the local gateway to the real model."""

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.helpers.local_gateway import LocalGateway
from tests.helpers.photos import photo
from tests.helpers.support import MOSAICS, encoded
from tests.helpers.waiting import HANGS_SECONDS

SCRIPT = Path(__file__).with_name("misskey_request.mjs")
# The sizes that Misskey makes, and larger ones.
CAT = encoded(photo("chelsea").resize((299, 299)), "PNG")
COFFEE = encoded(photo("coffee"), "PNG")
with Image.open(MOSAICS / "of-both-models/porn.png") as mosaic:
    FLAGGED, LARGE = (encoded(mosaic.resize((side, side)), "PNG") for side in (299, 900))
TEXT = ("text/plain", b"not a picture")
WEBP = ("image/webp", encoded(photo("chelsea").resize((299, 299)), "WEBP"))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalGateway]:
    with LocalGateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


def send(
    gateway: LocalGateway, *calls: list[bytes | tuple[str, bytes]], key: str | None = None
) -> list[dict[str, Any]]:
    typed = [[part if isinstance(part, tuple) else ("image/png", part) for part in parts] for parts in calls]
    given = {
        "url": gateway.url,
        "key": gateway.key("mega") if key is None else key,
        "calls": [[{"type": kind, "data": base64.b64encode(data).decode()} for kind, data in parts] for parts in typed],
    }
    done = subprocess.run(
        ["node", SCRIPT], input=json.dumps(given), capture_output=True, text=True, check=False, timeout=HANGS_SECONDS
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def results(answer: dict[str, Any]) -> list[dict[str, Any]]:
    assert (answer["status"], answer["body"]["success"]) == (200, True), answer
    return list(answer["body"]["result"]["results"])


def porn(result: dict[str, Any]) -> float:
    return next(float(share["probability"]) for share in result["predictions"] if share["className"] == "Porn")


def codes(answer: dict[str, Any]) -> list[str | None]:
    return [None if result["success"] else result["error"]["code"] for result in results(answer)]


def test_four_pictures_have_their_classes_in_the_order_in_which_they_were_sent(gateway: LocalGateway) -> None:
    (answer,) = send(gateway, [CAT, FLAGGED, COFFEE, LARGE])
    found = results(answer)
    assert [porn(result) > 0.5 for result in found] == [False, True, False, True]
    assert [result["verdict"] for result in found] == ["safe", "nsfw", "safe", "nsfw"]
    for result in found:
        shares = [share["probability"] for share in result["predictions"]]
        assert shares == sorted(shares, reverse=True)
        assert {share["className"] for share in result["predictions"]} == {
            *("Drawing", "Hentai", "Neutral", "Porn", "Sexy"),
        }


def test_empty_broken_and_foreign_parts_have_their_codes_beside_those_that_were_judged(gateway: LocalGateway) -> None:
    (answer,) = send(gateway, [CAT, b"", CAT[:500], TEXT, WEBP, ("text/plain", FLAGGED), ("image/png", b"<svg/>")])
    assert codes(answer) == [
        *(None, "INVALID_REQUEST", "IMAGE_DECODE_FAILED", "UNSUPPORTED_MEDIA_TYPE"),
        *(None, None, "UNSUPPORTED_MEDIA_TYPE"),
    ]
    assert results(answer)[5]["verdict"] == "nsfw"


def test_ten_are_judged_and_eleven_or_none_are_not(gateway: LocalGateway) -> None:
    ten, eleven, none = send(gateway, [CAT] * 10, [CAT] * 11, [])
    assert codes(ten) == [None] * 10
    assert (eleven["status"], eleven["body"]["error"]["code"]) == (413, "REQUEST_TOO_LARGE")
    assert (none["status"], none["body"]["error"]["code"]) == (400, "INVALID_REQUEST")


def test_a_wrong_key_and_a_used_up_month_are_the_gateway_s_own_errors(gateway: LocalGateway) -> None:
    (wrong,) = send(gateway, [CAT], key="mod_live_wrong")
    (without,) = send(gateway, [CAT], key="")
    for answer in (wrong, without):
        assert (answer["status"], answer["body"]["success"], answer["body"]["code"]) == (401, False, "unauthorized")
