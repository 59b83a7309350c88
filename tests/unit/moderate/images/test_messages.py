"""A refusal names the fault of a file, and says what to do."""

import struct
import zlib

import pytest
from PIL import Image
from tests.helpers.heic import coded, heic, item, turn
from tests.helpers.support import encoded

from moderate.images.decode import decode
from moderate.images.limits import UndecodableImage, UnsupportedFormat

PICTURE = Image.effect_noise((16, 16), 80).convert("RGB")


def bmp_with(at: int, value: int) -> bytes:
    data = bytearray(encoded(PICTURE, "BMP"))
    struct.pack_into("<I", data, at, value)
    return bytes(data)


def out_of_sequence() -> bytes:
    frames = [PICTURE.rotate(90 * turns) for turns in range(3)]
    data = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])
    at = data.rindex(b"fcTL")
    changed = b"fcTL" + (9).to_bytes(4) + data[at + 8 : at + 30]
    return data[:at] + changed + zlib.crc32(changed).to_bytes(4) + data[at + 34 :]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (bmp_with(10, 20), "this BMP file has pixels that begin inside the header"),
        (bmp_with(30, 9), "this BMP file has an unknown way to store pixels"),
        (out_of_sequence(), "this PNG/APNG file has frames out of sequence"),
        (heic([item(coded(PICTURE), turn(1), turn(2))]), "this HEIC file has a picture that is cropped, turned or mir"),
    ],
    ids=["BMP that begins early", "BMP of another kind", "APNG", "HEIC"],
)
def test_the_message_names_what_a_file_has(data: bytes, fault: str) -> None:
    with pytest.raises(UndecodableImage, match=fault) as caught:
        decode(data, 16)
    assert caught.value.message.endswith("Export it again as a plain JPEG or PNG.")


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_half_a_file_of_boxes_is_said_to_break_off(kind: str, share: float) -> None:
    data = encoded(PICTURE.resize((200, 200)), kind)
    with pytest.raises(UndecodableImage, match="breaks off") as caught:
        decode(data[: int(len(data) * share)], 16)
    assert "Send the whole file" in caught.value.message


def test_a_file_that_is_whole_and_damaged_is_not_said_to_break_off() -> None:
    data = encoded(PICTURE, "HEIF").replace(b"hvcC", b"hvcX", 1)
    with pytest.raises(UndecodableImage, match="hvcC"):
        decode(data, 16)


def test_an_empty_file_is_called_empty() -> None:
    with pytest.raises(UnsupportedFormat, match="The file is empty"):
        decode(b"", 16)
