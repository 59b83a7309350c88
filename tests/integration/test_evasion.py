"""However a picture is wrapped, the model that ships judges what a person sees."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageChops
from tests.helpers.crafted import GREY, GifFrame, animated, gif, png
from tests.helpers.judging import judge
from tests.helpers.photos import photo
from tests.helpers.support import MOSAICS, encoded, mosaic

from moderate.images.decode import decode
from moderate.images.decoded import Frames
from moderate.inference.classifier import Classifier
from moderate.verdict import Policy, Verdict, nsfw_score

FLAGGED = Image.open(MOSAICS / "porn.png").convert("RGB")
# It is flagged, but not once its colours have paled.
COLOURFUL = Image.open(MOSAICS / "hentai.png").convert("RGB")
PHOTO = photo("coffee").resize(FLAGGED.size)


def view_scores(classifier: Classifier, data: bytes) -> list[float]:
    views = decode(data, classifier.model.size).views
    return [nsfw_score(classifier.classify(view), Policy.BALANCED) for view in views]


def test_the_photo_is_safe_and_the_mosaic_is_not(classifier: Classifier) -> None:
    """All other tests here rest on this."""
    assert judge(classifier, encoded(PHOTO, "PNG")).nsfw_score < 0.1
    assert judge(classifier, mosaic("porn.png")).nsfw_score > 0.9


def only_on_white(picture: Image.Image) -> Image.Image:
    """On white it shows `picture`; on black, what is left of each colour without the grey in it."""
    grey = np.asarray(picture).min(axis=2, keepdims=True).astype(float)
    return unmixed(np.asarray(picture) - grey, 255 - grey)


def only_on_black(picture: Image.Image) -> Image.Image:
    """On black it shows `picture`; on white, it is as light as its alpha allows."""
    alpha = np.asarray(picture).max(axis=2, keepdims=True).astype(float)
    return unmixed(np.asarray(picture).astype(float), alpha)


def unmixed(seen: NDArray[np.float64], alpha: NDArray[np.float64]) -> Image.Image:
    colour = 255 * seen / np.maximum(alpha, 1)
    return Image.fromarray(np.dstack([colour, alpha]).round().astype(np.uint8), "RGBA")


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "AVIF"])
def test_what_shows_only_on_white_is_found(classifier: Classifier, image_format: str) -> None:
    data = encoded(only_on_white(COLOURFUL), image_format, lossless=True, quality=100, subsampling="4:4:4")
    on_white, on_black, *_ = view_scores(classifier, data)
    assert on_black < 0.3
    assert judge(classifier, data).verdict is Verdict.NSFW
    assert judge(classifier, data).nsfw_score == on_white


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "AVIF"])
def test_what_shows_only_on_black_is_found(classifier: Classifier, image_format: str) -> None:
    data = encoded(only_on_black(COLOURFUL), image_format, lossless=True, quality=100, subsampling="4:4:4")
    on_white, on_black, *_ = view_scores(classifier, data)
    assert on_white < 0.3
    assert judge(classifier, data).verdict is Verdict.NSFW
    assert judge(classifier, data).nsfw_score == on_black


def test_a_picture_hidden_under_what_is_transparent_is_nobodys_to_see(classifier: Classifier) -> None:
    hidden = FLAGGED.convert("RGBA")
    hidden.putalpha(0)
    assert judge(classifier, encoded(hidden, "PNG")).verdict is Verdict.SAFE


def shots(count: int, flagged: int, mode: str = "RGB") -> list[Image.Image]:
    """Shows the photo again and again, never quite the same, and the mosaic once."""
    kinds = []
    for picture in (PHOTO, FLAGGED):
        for dot in ("black", "white"):
            dotted = picture.copy()
            dotted.paste(dot, (0, 0, 3, 3))
            kinds.append(dotted.quantize(256) if mode == "P" else dotted)
    return [kinds[2 * (index == flagged) + index % 2] for index in range(count)]


# Each frame of an AVIF of halved colours is drawn in two ways.
@pytest.mark.parametrize(("image_format", "count"), [("GIF", 500), ("PNG", 500), ("WEBP", 500), ("AVIF", 320)])
def test_one_flagged_long_frame_among_hundreds_of_short_ones_is_found(
    classifier: Classifier, image_format: str, count: int
) -> None:
    durations = [4000 if index == 211 else 40 for index in range(count)]
    mode = "P" if image_format == "GIF" else "RGB"
    found = judge(classifier, animated(shots(count, 211, mode), image_format, durations))
    assert found.frames == Frames(judged=count, total=count)
    assert found.verdict is Verdict.NSFW


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_one_flagged_short_frame_among_200_long_ones_is_found(classifier: Classifier, image_format: str) -> None:
    durations = [20 if index == 121 else 4000 for index in range(200)]
    mode = "P" if image_format == "GIF" else "RGB"
    assert judge(classifier, animated(shots(200, 121, mode), image_format, durations)).verdict is Verdict.NSFW


def test_a_flagged_picture_under_a_fine_pattern_does_not_stand_for_the_plain_one(classifier: Classifier) -> None:
    """The pattern changes no mean over an area of 7 x 7."""
    plain = FLAGGED.resize((448, 448))
    rows, columns = np.mgrid[:448, :448]
    levels = np.asarray(plain).astype(int) + np.where((rows // 3 + columns // 3) % 2, 40, -40)[..., np.newaxis]
    checked = Image.fromarray(levels.clip(0, 255).astype(np.uint8))
    assert judge(classifier, encoded(checked, "PNG")).verdict is Verdict.SAFE
    assert judge(classifier, animated([checked, plain], "PNG", [20, 4000])).verdict is Verdict.NSFW


def test_a_flagged_picture_blurred_to_32_pixels_a_side_does_not_stand_for_the_sharp_one(classifier: Classifier) -> None:
    sharp = ImageChops.offset(FLAGGED, 4)
    blurred = sharp.resize((32, 32), Image.Resampling.BOX).resize(sharp.size)
    assert judge(classifier, encoded(blurred, "PNG")).verdict is Verdict.SAFE
    assert judge(classifier, animated([blurred, sharp], "PNG", [20, 4000])).verdict is Verdict.NSFW


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_a_benign_first_frame_does_not_hide_a_flagged_later_one(classifier: Classifier, image_format: str) -> None:
    found = judge(classifier, animated(shots(3, flagged=1), image_format, [1000, 100, 1000]))
    assert found.verdict is Verdict.NSFW


def test_a_default_image_that_is_not_of_the_animation_is_found(classifier: Classifier) -> None:
    data = encoded(FLAGGED, "PNG", save_all=True, default_image=True, append_images=shots(3, flagged=-1))
    found = judge(classifier, data)
    assert found.frames == Frames(judged=4, total=4)
    assert found.verdict is Verdict.NSFW


def test_a_benign_default_image_does_not_hide_a_flagged_animation(classifier: Classifier) -> None:
    data = encoded(PHOTO, "PNG", save_all=True, default_image=True, append_images=[FLAGGED])
    assert judge(classifier, data).verdict is Verdict.NSFW


def test_what_frames_build_up_together_is_found(classifier: Classifier) -> None:
    """Each holds every eighth row of the picture, and is transparent between."""
    indexed = FLAGGED.quantize(255)
    levels = np.asarray(indexed)
    rows = np.arange(levels.shape[0])[:, np.newaxis] % 8
    frames = [GifFrame(np.where(rows == part, levels, 255), transparent=255) for part in range(8)]
    palette = bytes(indexed.getpalette() or [])
    found = judge(classifier, gif(frames, FLAGGED.size, palette.ljust(768, b"\0")))
    assert found.frames.total == 8
    assert found.verdict is Verdict.NSFW


@pytest.mark.parametrize("name", ["porn.png", "sexy.png", "neutral.png", "score-0.45.png"])
def test_16_bit_grey_scores_as_its_8_bit_twin(classifier: Classifier, name: str) -> None:
    levels = np.asarray(Image.open(MOSAICS / name).convert("L")).astype(int)
    deep, shallow = (judge(classifier, png(levels * 257, 16, GREY)), judge(classifier, png(levels, 8, GREY)))
    assert deep.nsfw_score == pytest.approx(shallow.nsfw_score, abs=0.02)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("image_format", "tolerance"), [("PNG", 0.0), ("JPEG", 0.01)])
def test_every_orientation_scores_alike(
    classifier: Classifier, image_format: str, tolerance: float, orientation: int
) -> None:
    """At the model's own size no filter is used: once upright, a PNG is the same to the bit."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = FLAGGED.transpose(undo[orientation]) if orientation in undo else FLAGGED
    found = judge(classifier, encoded(stored, image_format, exif=exif, quality=95, subsampling=0))
    upright = judge(classifier, encoded(FLAGGED, image_format, quality=95, subsampling=0))
    assert found.nsfw_score == pytest.approx(upright.nsfw_score, abs=tolerance)


@pytest.mark.parametrize("factor", [4, 8, 18])
def test_a_picture_that_only_a_careless_resize_shows_is_not_what_is_judged(classifier: Classifier, factor: int) -> None:
    """The reverse holds too: a flagged picture stays flagged whatever its sampled pixels show."""
    large = np.asarray(FLAGGED).repeat(factor, 0).repeat(factor, 1)
    large[factor // 2 :: factor, factor // 2 :: factor] = np.asarray(PHOTO)
    sampled = Image.fromarray(large).resize(FLAGGED.size, Image.Resampling.NEAREST)
    assert judge(classifier, encoded(sampled, "PNG")).verdict is Verdict.SAFE
    assert judge(classifier, encoded(Image.fromarray(large), "PNG", compress_level=1)).verdict is Verdict.NSFW
