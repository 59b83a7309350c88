"""What imports cost, by package, from what `python -X importtime` prints."""

import re
from collections import Counter
from sys import stdlib_module_names

# Its own time is the session's, which is no import.
_COMPOSITION_ROOT = "moderate.main"
_LINE = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$", re.MULTILINE)


def milliseconds_by_package(importtime: str) -> dict[str, float]:
    """Each package's modules themselves, without what they import in turn; the standard library's as one."""
    found: Counter[str] = Counter()
    for microseconds, module in _LINE.findall(importtime):
        if module == _COMPOSITION_ROOT:
            continue
        package = module.split(".")[0]
        found["the standard library" if package in stdlib_module_names else package] += int(microseconds)
    return {package: round(total / 1000, 1) for package, total in found.most_common()}


def modules(importtime: str) -> int:
    return len(_LINE.findall(importtime))
