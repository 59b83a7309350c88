"""Adds up the cost of imports by package, from the output of `python -X importtime`."""

import re
from collections import Counter
from sys import stdlib_module_names

# Most of its own time is spent opening the ONNX session, which is not an import.
_COMPOSITION_ROOT = "moderate.main"
_LINE = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$", re.MULTILINE)


def milliseconds_by_package(importtime: str) -> dict[str, float]:
    """Returns the time of each package's own modules without their imports. The standard library is one package."""
    found: Counter[str] = Counter()
    for microseconds, module in _LINE.findall(importtime):
        if module == _COMPOSITION_ROOT:
            continue
        package = module.split(".")[0]
        found["the standard library" if package in stdlib_module_names else package] += int(microseconds)
    return {package: round(total / 1000, 1) for package, total in found.most_common()}


def modules(importtime: str) -> int:
    return len(_LINE.findall(importtime))
