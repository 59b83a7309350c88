"""Says in plain words why files are refused that Chromium shows."""

_BREAKS_OFF = (
    "The file is damaged or cut off, and Chromium shows what is there. A picture of which a part is missing cannot be "
    "called safe. The error asks for the whole file."
)
_BY_CODE = {
    "unsupported_format": (
        "Run-length encoded BMPs may skip pixels, which Chromium and Firefox draw differently. The error names the "
        "encoding and asks for a PNG."
    ),
    "too_many_pixels": (
        "The picture is larger than can be decoded within the limits on memory and time. The error states the limit."
    ),
}
_BY_CAUSE = {
    "DamagedPng: frames out of sequence": (
        "The frames of an animated PNG are numbered wrongly, to test viewers: Chromium and Firefox show different ones."
    ),
    "DamagedPng: interlaced rows that are turned": (
        "The PNG is interlaced and turned by EXIF, of which Firefox shows only a part."
    ),
    "Disputed: a frame without a palette": (
        "No colours are stated for a frame with a transparent index; Chromium and Firefox each make up their own."
    ),
    "MisleadingJpeg: a marker of no known kind": (
        "The file is damaged. Decoders skip such a marker or read on elsewhere, and each shows another part."
    ),
    "DeniedTransparency: transparency that its pixels deny": (
        "The lossless pixels of the WebP say that they are opaque, but they are not. Chromium adds the page's light to "
        "them or lets it through, and Firefox does not."
    ),
    "arithmetic coding": (
        "Debian's Chromium shows JPEGs with arithmetic coding, and Firefox does not. Decoding takes 14 times longer "
        "than usual. The error names the coding and asks for a plain JPEG."
    ),
    "UnusableColours: a curve beyond white": (
        "The profile makes colours brighter than white, which Chromium and Firefox cut off at different places (JPEGs "
        "in XYB)."
    ),
}


def explained(code: str, cause: str) -> str:
    if cause.startswith("BreaksOff: "):
        return _BREAKS_OFF
    return _BY_CAUSE.get(cause) or _BY_CODE.get(code) or "**Nobody has explained it yet.**"
