"""Loads the decoders' own libraries, which come with the packages of their Python bindings."""

import ctypes
import os
import sys
from collections.abc import Sequence

# Where wheels for Linux and for macOS install them. The packages' lists of files say it too, but to read those takes a
# quarter of a decoding process's start.
PILLOW = ("pillow.libs", "PIL/.dylibs")
PI_HEIF = ("pi_heif.libs", "pi_heif/.dylibs")
PYVIPS = ("pyvips_binary.libs", "pyvips_binary.dylibs")


def bundled_library(folders: Sequence[str], name: str) -> ctypes.CDLL:
    """name: how the library's file name begins. Raises ImportError if there is no such library."""
    for folder in (os.path.join(root, folder) for root in sys.path for folder in folders):
        for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            if file.startswith(name):
                return ctypes.CDLL(os.path.join(folder, file))
    raise ImportError(f"{name} is not installed in {' or '.join(folders)}")
