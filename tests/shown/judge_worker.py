"""Decodes files with the checkout that is first on its path; prints one line of JSON a file."""

import base64
import importlib
import json
import sys
from pathlib import Path
from typing import Any


def _decoder() -> Any:
    """Returns `decode`, which is a module of its own in newer checkouts."""
    found = getattr(importlib.import_module("moderate.images"), "decode", None)
    return found if callable(found) else importlib.import_module("moderate.images.decode").decode


def _answer(decode: Any, refused: type[Exception], path: str, size: int) -> dict[str, Any]:
    try:
        picture = decode(Path(path).read_bytes(), size)
    except refused as error:
        return {"refused": type(error).__name__}
    views = [base64.b64encode(view).decode() for view in picture.views]
    return {"views": views, "complete": getattr(picture, "complete", True)}


def main() -> None:
    decode, refused = _decoder(), importlib.import_module("modest.errors").PublicError
    size = int(sys.argv[1])
    for line in sys.stdin:
        print(json.dumps(_answer(decode, refused, line.rstrip("\n"), size)), flush=True)


if __name__ == "__main__":
    main()
