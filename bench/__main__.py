"""`python -m bench` measures everything and writes docs/benchmarks.md; `python -m bench speed page` only those."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from bench import cost, page, request, speed, start
from bench.facts import BUILT, ROOT

_QUICK = 3


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help="speed, request, start, cost, page; all of them by default")
    parser.add_argument("--rounds", type=int, default=30, help="rounds of each comparison")
    parser.add_argument("--starts", type=int, default=9, help="starts of the image for each number of CPUs")
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK} of each, to see that it works")
    parser.add_argument("--model", type=Path, default=ROOT / ".build/model/mobilenet_v2.onnx")
    options = parser.parse_args()
    rounds, starts = (_QUICK, _QUICK) if options.quick else (options.rounds, options.starts)
    BUILT.mkdir(parents=True, exist_ok=True)
    parts: dict[str, Callable[[], None]] = {
        "speed": lambda: speed.measure(options.model, rounds),
        "request": lambda: request.measure(options.model, rounds),
        "start": lambda: start.measure(starts),
        "cost": lambda: cost.measure(rounds),
        "page": lambda: page.write("make bench"),
    }
    chosen = options.parts or list(parts)
    if unknown := set(chosen) - set(parts):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    for name in chosen:
        sys.stdout.write(f"==> {name}\n")
        sys.stdout.flush()
        parts[name]()


main()
