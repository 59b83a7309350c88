"""Holds images that try to crash, stall, bloat or mislead a decoder, and says what each must lead to."""

from tests.hostile.images import animations, caps, other_formats, png_and_gif  # noqa: F401 - they add to the catalogue
from tests.hostile.images.catalogue import HOSTILE
from tests.hostile.images.making import GOOD, jpeg_of_scans
from tests.hostile.images.samples import ACCEPTED, ANIMATED

__all__ = ["ACCEPTED", "ANIMATED", "GOOD", "HOSTILE", "jpeg_of_scans"]
