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


def _answer(decode: Any, path: str, size: int) -> dict[str, Any]:
    data = Path(path).read_bytes()
    try:
        picture = decode(data, size)
    except Exception as error:  # noqa: BLE001 - whatever it raises, nothing is judged
        # Older checkouts do not say which rule a file breaks.
        return {
            "refused": type(error).__name__,
            "rule": getattr(error, "detail", ""),
            "message": getattr(error, "message", ""),
        }
    views = [base64.b64encode(view).decode() for view in picture.views]
    # Older checkouts leave frames out and do not say so.
    return {"views": views, "complete": getattr(picture.frames, "all_judged", True)}


def main() -> None:
    decode, size = _decoder(), int(sys.argv[1])
    for line in sys.stdin:
        print(json.dumps(_answer(decode, line.rstrip("\n"), size)), flush=True)


if __name__ == "__main__":
    main()
