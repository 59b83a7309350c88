"""Decoding in another process gives the same answers, whatever an image does to that process."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from starlette.types import Message
from tests.helpers.crafted import animated, film
from tests.helpers.support import attempt, data_url, encoded, mosaic, png, serve
from tests.helpers.waiting import HANGS_SECONDS

from moderate.images.decode import decode
from moderate.images.decoded import Picture
from moderate.images.limits import MAX_VIEWS_OF_CALL, DecoderDied, UndecodableImage
from moderate.images.room import NeedsRoom
from moderate.images.sandbox.pool import Decoder
from modest.errors import PublicError

SIZE = 224
PHOTO = Image.effect_noise((300, 200), 60).convert("RGB")
SMALL = PHOTO.crop((0, 0, 60, 40))


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(1, max_seconds=HANGS_SECONDS)
    yield decoder
    decoder.close()


@pytest.fixture
def fragile() -> Iterator[Decoder]:
    decoder = Decoder(1, max_seconds=HANGS_SECONDS, module="tests.helpers.fragile_worker")
    decoder.warm_up()
    yield decoder
    decoder.close()


def with_texts() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "Grüße")
    texts.add_itxt("Title", "図", "ja", "題", zip=True)
    return encoded(PHOTO, "PNG", pnginfo=texts, dpi=(72, 72))


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "Grüße"
    return exif


GOOD: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: encoded(PHOTO, "JPEG", exif=turned(), dpi=(72, 72), comment=b"hello", icc_profile=bytes(300)),
    "progressive JPEG": lambda: encoded(PHOTO, "JPEG", progressive=True),
    "CMYK JPEG": lambda: encoded(PHOTO.convert("CMYK"), "JPEG"),
    "MPO": lambda: encoded(PHOTO, "MPO", save_all=True, append_images=[PHOTO]),
    "PNG": with_texts,
    "16-bit PNG": lambda: encoded(Image.fromarray(np.arange(4096, dtype=np.uint16).reshape(64, 64)), "PNG"),
    "transparent PNG": lambda: encoded(Image.new("RGBA", (9, 9), (9, 9, 9, 9)), "PNG", exif=turned()),
    "GIF": lambda: animated([SMALL.rotate(turn) for turn in range(20)], "GIF", [40] * 20),
    "APNG": lambda: animated([SMALL.rotate(turn) for turn in range(20)], "PNG", [40] * 20),
    "WebP": lambda: animated([PHOTO.rotate(turn) for turn in range(5)], "WEBP", [40] * 5),
    "still WebP": lambda: encoded(PHOTO, "WEBP", exif=turned()),
    "AVIF": lambda: encoded(PHOTO, "AVIF", exif=turned()),
    "HEIC": lambda: encoded(PHOTO, "HEIF", exif=turned()),
    "transparent HEIC": lambda: encoded(Image.new("RGBA", (64, 64), (9, 9, 9, 9)), "HEIF"),
    "BMP": lambda: encoded(PHOTO, "BMP"),
}
BAD = {
    "nothing": b"",
    "text": b"hello",
    "half a PNG": mosaic("porn.png")[:2000],
    "too many pixels": b"BM"
    + encoded(Image.new("1", (8, 8)), "BMP")[2:].replace(b"\x08\0\0\0\x08", b"\0\0\x01\0\0\0\x01"),
}


def comparable(picture: Picture | PublicError) -> object:
    if isinstance(picture, PublicError):
        return type(picture), picture.message, picture.detail
    return picture


def detail_of(decoder: Decoder, deed: str, error: type[UndecodableImage] = UndecodableImage) -> str:
    with pytest.raises(UndecodableImage) as raised:
        decoder.decode(b"BM" + deed.encode(), SIZE)
    assert type(raised.value) is error
    return raised.value.detail


@pytest.mark.parametrize("name", GOOD)
def test_a_picture_comes_out_as_it_does_in_one_process(decoder: Decoder, name: str) -> None:
    data = GOOD[name]()
    assert comparable(decoder.decode(data, SIZE)) == comparable(decode(data, SIZE))


@pytest.mark.parametrize("name", GOOD)
def test_the_points_of_a_picture_come_out_as_they_do_in_one_process_and_only_if_asked_for(
    decoder: Decoder, name: str
) -> None:
    data = GOOD[name]()
    with_points = decoder.decode(data, SIZE, points=True)
    assert comparable(with_points) == comparable(decode(data, SIZE))
    assert with_points.points == decode(data, SIZE, points=True).points
    assert len(with_points.points) == len(with_points.whole)
    assert decoder.decode(data, SIZE).points == []


@pytest.mark.parametrize("name", BAD)
def test_an_error_comes_out_as_it_does_in_one_process(decoder: Decoder, name: str) -> None:
    data = BAD[name]
    expected = attempt(lambda: decode(data, SIZE))
    assert isinstance(expected, PublicError)
    assert comparable(attempt(lambda: decoder.decode(data, SIZE))) == comparable(expected)


def test_as_many_views_as_an_animation_can_have_pass_through(decoder: Decoder) -> None:
    data = animated(film(MAX_VIEWS_OF_CALL), "GIF", [40] * MAX_VIEWS_OF_CALL)
    picture = decoder.decode(data, SIZE, points=True)
    assert len(picture.views) == len(picture.points) == MAX_VIEWS_OF_CALL
    assert comparable(picture) == comparable(decode(data, SIZE))


def test_ten_megabytes_pass_through(decoder: Decoder) -> None:
    data = png() + bytes(10 * 1024 * 1024)
    assert comparable(decoder.decode(data, SIZE)) == comparable(decode(data, SIZE))


def test_a_picture_that_takes_more_memory_than_it_may_says_how_much_and_is_decoded_once_it_may(
    decoder: Decoder,
) -> None:
    data = encoded(Image.new("RGB", (2000, 1500), "teal"), "JPEG")
    with pytest.raises(NeedsRoom) as raised:
        decoder.decode(data, SIZE, room=0)
    assert comparable(decoder.decode(data, SIZE, room=raised.value.needed)) == comparable(decode(data, SIZE))


def test_small_pictures_take_what_they_need_whatever_else_is_decoded(decoder: Decoder) -> None:
    data = GOOD["JPEG"]()
    assert comparable(decoder.decode(data, SIZE, room=0)) == comparable(decode(data, SIZE))


def test_pictures_too_large_to_be_decoded_side_by_side_are_all_judged(decoder: Decoder) -> None:
    large = [Image.new("RGB", (4200, 3200), colour) for colour in ("teal", "navy", "white")]
    images = [data_url(encoded(each, "JPEG", progressive=True, subsampling=0)) for each in large]
    served = serve(decode=decoder.decode, deadline_seconds=HANGS_SECONDS)
    answer = served.client.post("/api/nsfw/image", json={"imageDataUrls": images})
    assert answer.status_code == 200
    assert len(set(answer.json()["sha256"])) == len(images)


def test_callers_share_the_workers_and_each_gets_its_own_picture() -> None:
    decoder = Decoder(2, max_seconds=HANGS_SECONDS)
    greys = list(range(0, 250, 10))
    with ThreadPoolExecutor(8) as threads:
        pictures = list(threads.map(lambda grey: decoder.decode(png(grey=grey), 8), greys))
    decoder.close()
    assert [max(picture.views[0]) for picture in pictures] == greys


@pytest.mark.parametrize(
    ("deed", "fate"),
    [
        ("crash", "killed by signal 11"),
        ("leave", "exited with status 0"),
        ("say nonsense", "answered nonsense"),
        ("say too much", "answered nonsense"),
        ("show no picture", "answered nonsense"),
    ],
)
def test_a_decoder_that_breaks_is_replaced_and_its_fate_is_named(fragile: Decoder, deed: str, fate: str) -> None:
    assert detail_of(fragile, deed, DecoderDied) == fate
    assert max(fragile.decode(png(grey=7), 8).views[0]) == 7


@pytest.mark.parametrize(
    ("deed", "error"),
    [
        ("take memory", "MemoryError"),
        ("open a file", "OSError"),
        ("open its parent's variables", "OSError"),
        ("connect", "OSError"),
    ],
)
def test_a_decoder_cannot_reach_beyond_its_image(fragile: Decoder, deed: str, error: str) -> None:
    assert detail_of(fragile, deed) == error


@pytest.mark.parametrize("deed", ["spin", "sleep"])
def test_a_decoder_that_hangs_is_ended_at_its_time(deed: str) -> None:
    decoder = Decoder(1, max_seconds=HANGS_SECONDS, module="tests.helpers.fragile_worker")
    decoder.warm_up()
    hung = decoder._workers[0]._process
    # Only now: on a busy machine a process may take longer to start.
    decoder._max_seconds = 1
    assert detail_of(decoder, deed, DecoderDied) == "did not answer in time"
    assert hung.returncode == -signal.SIGKILL
    decoder._max_seconds = HANGS_SECONDS
    decoder.warm_up()
    decoder.close()


def test_a_decoder_that_an_image_killed_is_logged_and_counted_and_the_image_refused(fragile: Decoder) -> None:
    served = serve(decode=fragile.decode)
    answer = served.client.post("/v1/check", content=b"BMcrash", headers={"content-type": "image/bmp"})
    assert (answer.status_code, answer.json()["code"]) == (422, "undecodable_image")
    assert served.observer.dead_decoders == ["killed by signal 11"]
    assert served.client.post("/v1/check", content=png(), headers={"content-type": "image/png"}).status_code == 200


@pytest.mark.parametrize("deed", ["spin", "sleep"])
def test_a_call_that_is_over_leaves_its_decoder_to_the_next(fragile: Decoder, deed: str) -> None:
    hung = fragile._workers[0]._process
    impatient = serve(decode=fragile.decode, deadline_seconds=0.5)
    answer = impatient.client.post("/v1/check", content=b"BM" + deed.encode())
    assert answer.json()["code"] == "request_too_slow"
    patient = serve(decode=fragile.decode, deadline_seconds=HANGS_SECONDS / 2)
    assert patient.client.post("/v1/check", content=png()).status_code == 200
    assert hung.returncode == -signal.SIGKILL
    assert impatient.observer.dead_decoders == []


def test_what_a_call_that_is_over_had_queued_is_dropped(fragile: Decoder) -> None:
    impatient = serve(decode=fragile.decode, deadline_seconds=0.5)
    images = [data_url(b"BMsleep" + str(number).encode()) for number in range(10)]
    assert impatient.client.post("/api/nsfw/image", json={"imageDataUrls": images}).status_code == 400
    fragile.warm_up()
    assert not impatient.pipeline._turns._queues


def test_a_caller_who_hangs_up_ends_what_is_done_for_it(fragile: Decoder) -> None:
    served = serve(decode=fragile.decode, deadline_seconds=HANGS_SECONDS)
    hung = fragile._workers[0]._process
    waiting: list[Message] = [{"type": "http.request", "body": b"BMsleep"}]

    async def receive() -> Message:
        # As a server whose client goes while its image is decoded.
        await asyncio.sleep(0 if waiting else 0.5)
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        pass

    scope = {"type": "http", "method": "POST", "path": "/v1/check", "query_string": b"", "headers": []}
    asyncio.run(served.app(scope, receive, send))
    fragile.warm_up()
    assert hung.returncode == -signal.SIGKILL
    assert [call["detail"] for call in served.observer.calls] == ["caller gone"]


def test_a_decoder_knows_no_variable_of_the_service_and_has_no_file_but_its_socket(
    fragile: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    # So that a process is started which could have inherited it.
    detail_of(fragile, "crash", DecoderDied)
    # The last three are Python's own and the package's.
    ours = {"PYTHONPATH", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"}
    assert set(detail_of(fragile, "tell its variables").split(",")) <= ours | {
        "LC_CTYPE",
        "ORT_DISABLE_TELEMETRY",
        "OPENBLAS_NUM_THREADS",
    }
    assert detail_of(fragile, "tell its files") == "[0, 1, 2]"


def test_workers_end_with_the_service() -> None:
    decoder = Decoder(2, max_seconds=HANGS_SECONDS)
    decoder.warm_up()
    processes = [worker._process for worker in decoder._workers]
    decoder.close()
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)
