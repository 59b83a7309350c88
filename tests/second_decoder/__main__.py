"""Compares how HEICs are judged with how the pictures of a second decoder are.

`python -m tests.second_decoder FOLDER...` needs ffmpeg, whose HEVC decoder shares no code with ours. What it decodes is
put together by the standard's rules in numpy, and judged as a PNG.
"""

import argparse
import io
import struct
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from moderate.images.boxes import Items
from moderate.images.decode import decode
from moderate.images.formats import is_heif
from moderate.images.heif import file as heif_file
from moderate.images.heif.pictures import CodedPicture, Plane, Still
from moderate.inference.classifier import Classifier
from moderate.verdict import Policy, nsfw_score
from modest.errors import PublicError

_MOST_APART = 0.05
_START = b"\0\0\0\1"
# The shares of red and blue in brightness, by ITU-T H.273's number of the matrix.
_SHARES = {1: (0.2126, 0.0722), 4: (0.3, 0.11), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}
_USUAL_SHARES = (0.299, 0.114)
_GREEN_BLUE_RED = 0
_ALL_COLOURS = 3
Levels = NDArray[np.float64]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.second_decoder", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--model", type=Path, default=Path(".build/model/mobilenet_v2.onnx"))
    given = parser.parse_args()
    classifier = Classifier(given.model)
    refused, apart = 0, []
    for path in sorted(path for folder in given.folders for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        if not is_heif(data):
            continue
        try:
            judged = _score(classifier, data)
        except PublicError as error:
            refused += 1
            print(f"refused                {path.name}: {error.detail or error.message}")
            continue
        second = _score(classifier, by_ffmpeg(data))
        apart.append(abs(judged - second))
        print(f"{judged:.4f} {second:.4f} {apart[-1]:.4f}   {path.name}")
    print(f"{len(apart)} judged, at most {max(apart, default=0):.4f} apart; {refused} refused")
    return int(max(apart, default=0) > _MOST_APART)


def _score(classifier: Classifier, data: bytes) -> float:
    views = decode(data, classifier.model.size).views
    return max(nsfw_score(classifier.classify(view), Policy.BALANCED) for view in views)


def by_ffmpeg(data: bytes) -> bytes:
    """Returns what ffmpeg makes of a file, as a PNG."""
    still, items = heif_file.read(data), Items(data)
    picture = _together(still.colours, [_colours(tile, still) for tile in still.colours.tiles])
    if still.alpha:
        alpha = _together(still.alpha, [_planes(tile)[0][:, :, None] for tile in still.alpha.tiles])
        across, down = (np.arange(picture.shape[axis]) * alpha.shape[axis] // picture.shape[axis] for axis in (1, 0))
        picture = np.dstack([picture, alpha[down][:, across]])
    for kind, content in items.properties()[items.shown()[0]]:
        if kind == b"irot":
            picture = np.rot90(picture, content[0] & 3)
        elif kind == b"imir":
            picture = picture[:, ::-1] if content[0] & 1 else picture[::-1]
        elif kind == b"clap":
            picture = _cropped(picture, bytes(content))
    profiles = (content for kind, content in still.said.properties if kind == b"colr" and content[:4] == b"prof")
    profile = bytes(next(profiles, b""))[4:]
    buffer = io.BytesIO()
    shown = Image.fromarray(np.ascontiguousarray(picture.round().astype(np.uint8)))
    shown.save(buffer, "PNG", compress_level=1, icc_profile=profile or None)
    return buffer.getvalue()


def _together(plane: Plane, tiles: list[Levels]) -> Levels:
    columns = plane.columns
    rows = [np.concatenate(tiles[at : at + columns], axis=1) for at in range(0, len(tiles), columns)]
    return np.concatenate(rows)[: plane.size[1], : plane.size[0]]


def _cropped(picture: Levels, aperture: bytes) -> Levels:
    numbers = struct.unpack(">IIIIiIiI", aperture)
    width, height, right, down = (numbers[at] / numbers[at + 1] for at in range(0, 8, 2))
    left, top = (int(right + (picture.shape[1] - width) // 2), int(down + (picture.shape[0] - height) // 2))
    return picture[top : top + int(height), left : left + int(width)]


def _colours(tile: CodedPicture, still: Still) -> Levels:
    """Returns red, green and blue from 0 to 255, by the box of colours or else by the stream."""
    brightness, blueness, redness = _planes(tile)
    named = tile.layout.colours
    matrix, whole = named.matrix, named.whole_range
    if still.numbers:
        *_, matrix, flags = struct.unpack(">HHHB", still.numbers[4:])
        whole = bool(flags & 0x80)
    if not whole:
        brightness = (brightness - 16) * 255 / 219
        blueness, redness = ((plane - 128) * 255 / 224 + 128 for plane in (blueness, redness))
    if not tile.layout.chroma:
        return np.dstack([brightness] * 3).clip(0, 255)
    if matrix == _GREEN_BLUE_RED:
        return np.dstack([redness, brightness, blueness]).clip(0, 255)
    of_red, of_blue = _SHARES.get(matrix, _USUAL_SHARES)
    red = brightness + 2 * (1 - of_red) * (redness - 128)
    blue = brightness + 2 * (1 - of_blue) * (blueness - 128)
    green = (brightness - of_red * red - of_blue * blue) / (1 - of_red - of_blue)
    return np.dstack([red, green, blue]).clip(0, 255)


def _planes(tile: CodedPicture) -> Levels:
    """Returns the three planes of a coded picture as they are stored, from 0 to 255."""
    is_red_green_blue = tile.layout.chroma == _ALL_COLOURS and tile.layout.colours.matrix == _GREEN_BLUE_RED
    # Whatever range and matrix are stated, ffmpeg is to leave the levels as they are.
    done = subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-f",
            "hevc",
            "-i",
            "-",
            "-vf",
            f"setparams=range=tv,format={'gbrp16le' if is_red_green_blue else 'yuv444p16le'}",
            "-f",
            "rawvideo",
            "-",
        ],
        input=_stream(tile),
        capture_output=True,
        check=True,
    )
    width, height = tile.layout.size
    return np.frombuffer(done.stdout, "<u2").reshape(3, height, width) / 256


def _stream(tile: CodedPicture) -> bytes:
    """Returns a coded picture as a stream of its own, with start codes."""
    return b"".join(_START + unit for unit in (*tile.parameters, *tile.parts))


if __name__ == "__main__":
    raise SystemExit(main())
