"""Loads the decoders' own libraries, which come with the packages of their Python bindings."""

import ctypes


def bundled_library(package: str, name: str) -> ctypes.CDLL:
    """name: how the library's file name begins."""
    # The service, which imports this module and decodes nothing, starts without this.
    from importlib.metadata import files  # noqa: PLC0415

    path = next(file.locate() for file in files(package) or () if file.name.startswith(name))
    return ctypes.CDLL(str(path))
