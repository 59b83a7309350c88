"""Recognises what is sent in place of an image in an accepted format, so that the refusal can name it."""

import re

# Matched in this order against the start of a file.
_STARTS = (
    ("a TIFF or a camera's raw file", rb"II[*+]\0|MM\0[*+]|IIRO|IIU\0|FUJIFILMCCD-RAW|.{4}ftypcrx "),
    ("a video", rb".{4}(?:ftyp|moov|mdat|wide)|\x1aE\xdf\xa3|RIFF.{4}AVI |FLV\x01|\0\0\x01[\xb3\xba]|\x30\x26\xb2\x75"),
    ("audio", rb"RIFF.{4}WAVE|ID3|OggS|fLaC"),
    ("a JPEG XL", rb"\xff\x0a|\0\0\0\x0cJXL "),
    ("a JPEG 2000 image", rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"),
    ("a JPEG XR image", rb"II\xbc"),
    ("an icon (ICO)", rb"\0\0[\x01\x02]\0|icns"),
    ("a web page", rb"\s*<!doctype html|\s*<html\b"),
    ("an SVG", rb"[^\0]{0,1024}?<svg\b"),
    ("a PDF", rb"%PDF-"),
    ("a PostScript file", rb"%!PS|\xc5\xd0\xd3\xc6"),
    ("a Photoshop file", rb"8BPS"),
    ("a GIMP file", rb"gimp xcf"),
    ("an animated MNG or JNG image", rb"[\x8a\x8b][MJ]NG\r\n"),
    ("a PNM image (PPM, PGM, PBM or PAM)", rb"P[1-7F]\s"),
    ("an HDR image", rb"\x76\x2f\x31\x01|#\?R"),
    ("a DDS, FITS, FLIF, BPG or QOI image", rb"DDS |SIMPLE  =|FLIF|BPG\xfb|qoif"),
    ("a Windows metafile", rb"\xd7\xcd\xc6\x9a|\x01\0\0\0.{36} EMF"),
    ("an archive", rb"\x1f\x8b|\x28\xb5\x2f\xfd|PK\x03\x04|Rar!|7z\xbc\xaf|BZh[1-9]1AY|\xfd7zXZ"),
)
# An SVG among them: pages and scripts that hold one begin alike.
_NO_PICTURES = frozenset({"audio", "a web page", "an SVG", "a PDF", "a PostScript file", "an archive"})
CONTENT_TYPES = (
    *("image/tiff", "image/x-adobe-dng"),
    *("image/jxl", "image/jp2", "image/jxr", "image/x-icon", "image/vnd.microsoft.icon", "image/vnd.adobe.photoshop"),
    *("application/pdf", "application/zip", "application/gzip", "video/mp4", "video/quicktime", "video/webm"),
)
"""The types under which these are sent. template.yaml lists them too, since what arrives as text has no name."""


_COMPRESSED = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}


def compression_of(data: bytes) -> str | None:
    """Returns the content coding that the data begins with, if it is one that can be recognised."""
    return next((coding for coding, start in _COMPRESSED.items() if data.startswith(start)), None)


def name_of(data: bytes) -> str | None:
    """Returns what the data is in words that follow "This is", or None if it is not recognised."""
    return next((name for name, start in _STARTS if _begins(data, start)), None)


def is_picture(data: bytes) -> bool:
    """Returns whether the data begins like a picture or a video that is not accepted."""
    name = name_of(data)
    return name is not None and name not in _NO_PICTURES


def _begins(data: bytes, start: bytes) -> bool:
    # `re` compiles a pattern when it is first needed. All of them would take 1 ms of each start.
    return re.match(rb"(?:\xef\xbb\xbf)?(?:" + start + rb")", data, re.DOTALL | re.IGNORECASE) is not None
