"""Every accepted format is judged, every class and verdict is reached, and any other file is refused."""

import io
import json
from dataclasses import asdict
from typing import Any

import pytest
from PIL import Image
from tests.helpers.judging import judge
from tests.helpers.support import MOSAICS, encoded, mosaic

from moderate.images.limits import UndecodableImage, UnsupportedFormat
from moderate.inference.classifier import Classifier
from moderate.verdict import Policy, Verdict
from modest.errors import PublicError

INDEX: list[dict[str, Any]] = json.loads((MOSAICS / "index.json").read_text())
ALL = [pytest.param(entry, id=entry["file"]) for entry in INDEX]
TWELVE_MEGAPIXELS = (4032, 3024)


def opened(name: str) -> Image.Image:
    return Image.open(MOSAICS / name).convert("RGB")


def check(classifier: Classifier, entry: dict[str, Any], data: bytes) -> None:
    found = judge(classifier, data)
    assert found.verdict == entry["verdict"]
    if "class" in entry:
        assert found.scores.top_class == entry["class"]


def test_the_mosaics_reach_every_class_and_every_verdict() -> None:
    assert {entry["class"] for entry in INDEX if "class" in entry} == {"drawing", "hentai", "neutral", "porn", "sexy"}
    assert {entry["verdict"] for entry in INDEX} == {"safe", "questionable", "nsfw"}


@pytest.mark.parametrize("entry", ALL)
def test_a_mosaic_scores_what_its_index_says(classifier: Classifier, entry: dict[str, Any]) -> None:
    check(classifier, entry, mosaic(entry["file"]))


@pytest.mark.parametrize("entry", ALL)
def test_a_mosaic_scores_it_as_jpeg_too(classifier: Classifier, entry: dict[str, Any]) -> None:
    check(classifier, entry, encoded(opened(entry["file"]), "JPEG", quality=90))


@pytest.mark.parametrize("options", [{"format": "PNG", "compress_level": 1}, {"format": "JPEG", "quality": 90}])
@pytest.mark.parametrize("entry", ALL)
def test_a_mosaic_scores_it_at_12_megapixels_too(
    classifier: Classifier, entry: dict[str, Any], options: dict[str, Any]
) -> None:
    large = opened(entry["file"]).resize(TWELVE_MEGAPIXELS, Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    large.save(buffer, **options)
    check(classifier, entry, buffer.getvalue())


@pytest.mark.parametrize(
    ("policy", "expected"),
    [(Policy.LENIENT, Verdict.SAFE), (Policy.BALANCED, Verdict.QUESTIONABLE), (Policy.STRICT, Verdict.NSFW)],
)
def test_the_policy_decides_about_what_is_suggestive(classifier: Classifier, policy: Policy, expected: Verdict) -> None:
    assert judge(classifier, mosaic("sexy.png"), policy).verdict is expected


STILLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "JPEG": ("RGB", "JPEG", {"quality": 90}),
    "progressive JPEG": ("RGB", "JPEG", {"quality": 90, "progressive": True}),
    "CMYK JPEG": ("CMYK", "JPEG", {"quality": 90}),
    "MPO": ("RGB", "MPO", {"quality": 90, "save_all": True, "append_images": [Image.new("RGB", (64, 64))]}),
    "PNG": ("RGB", "PNG", {}),
    "PNG with alpha": ("RGBA", "PNG", {}),
    "palette PNG": ("P", "PNG", {}),
    "palette PNG with transparency": ("P", "PNG", {"transparency": bytes([255] * 255 + [254])}),
    "GIF": ("P", "GIF", {}),
    "BMP": ("RGB", "BMP", {}),
    "palette BMP": ("P", "BMP", {}),
    "WebP": ("RGB", "WEBP", {"quality": 90}),
    "lossless WebP": ("RGB", "WEBP", {"lossless": True}),
    "AVIF": ("RGB", "AVIF", {"quality": 90}),
    "HEIC": ("RGB", "HEIF", {"quality": 90}),
}


def stored(kind: str) -> bytes:
    mode, image_format, options = STILLS[kind]
    picture = opened("porn.png")
    return encoded(picture.quantize(256) if mode == "P" else picture.convert(mode), image_format, **options)


@pytest.mark.parametrize("kind", STILLS)
def test_a_still_is_judged(classifier: Classifier, kind: str) -> None:
    found = judge(classifier, stored(kind))
    assert found.verdict is Verdict.NSFW
    assert asdict(found.frames) == {"judged": 1, "total": 1}


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_an_animation_is_judged_by_its_worst_frame(classifier: Classifier, image_format: str) -> None:
    pictures = [opened(name) for name in ("neutral.png", "porn.png", "neutral.png")]
    found = judge(classifier, encoded(pictures[0], image_format, save_all=True, append_images=pictures[1:]))
    assert found.verdict is Verdict.NSFW
    assert asdict(found.frames) == {"judged": 3, "total": 3}


@pytest.mark.parametrize(
    "size",
    [pytest.param(TWELVE_MEGAPIXELS, id="landscape"), pytest.param(TWELVE_MEGAPIXELS[::-1], id="portrait")],
)
@pytest.mark.parametrize(
    ("image_format", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {"compress_level": 1}),
        ("BMP", {}),
        ("GIF", {}),
        ("WEBP", {"method": 0}),
        ("AVIF", {"speed": 10}),
        ("HEIF", {"quality": 60, "enc_params": {"preset": "ultrafast"}}),
    ],
)
def test_a_12_megapixel_photo_passes_in_every_format(
    classifier: Classifier, image_format: str, options: dict[str, Any], size: tuple[int, int]
) -> None:
    large = opened("neutral.png").resize(size, Image.Resampling.NEAREST)
    assert judge(classifier, encoded(large, image_format, **options)).verdict is Verdict.SAFE


@pytest.mark.parametrize("image_format", ["TIFF", "PDF", "ICO", "EPS", "PPM", "TGA", "ICNS", "JPEG2000", "SGI", "PCX"])
def test_a_format_that_is_not_accepted_is_refused(classifier: Classifier, image_format: str) -> None:
    with pytest.raises(UnsupportedFormat):
        judge(classifier, encoded(opened("neutral.png"), image_format))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"an image, I promise",
        b"<!doctype html><img src=a.png>",
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
        b"PK\x03\x04",
        b"SIMPLE  =                    T",
    ],
)
def test_what_is_no_image_is_refused(classifier: Classifier, data: bytes) -> None:
    with pytest.raises(UnsupportedFormat):
        judge(classifier, data)


HEADERS = {"JPEG": 20, "MPO": 20, "PNG": 33, "GIF": 13, "BMP": 54, "WebP": 30, "AVIF": 32, "HEIC": 28}


@pytest.mark.parametrize("cut", ["after its header", "in half", "2 bytes before its end"])
@pytest.mark.parametrize("kind", HEADERS)
def test_an_incomplete_image_is_refused_or_judged_rightly(classifier: Classifier, kind: str, cut: str) -> None:
    """It is never called safe because part of it is missing."""
    data = stored(kind)
    end = {"after its header": HEADERS[kind], "in half": len(data) // 2, "2 bytes before its end": -2}[cut]
    outcome: Verdict | type[PublicError]
    try:
        outcome = judge(classifier, data[:end]).verdict
    except PublicError as error:
        outcome = type(error)
    assert outcome in (Verdict.NSFW, UndecodableImage)
