"""Measures Modest and its peers, and writes docs/benchmarks.md. `python -m bench speed page` runs only those parts."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from bench import cost, page, request, speed, start
from bench.facts import BUILT, ROOT

_QUICK = 3


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help="speed, request, start, cost or page (default: all)")
    parser.add_argument("--rounds", type=int, default=30, help="rounds per comparison")
    parser.add_argument("--starts", type=int, default=9, help="starts of the image per number of CPUs")
    parser.add_argument(
        "--quick", action="store_true", help=f"run only {_QUICK} rounds and starts, to check that everything works"
    )
    parser.add_argument("--model", type=Path, default=ROOT / ".build/model/mobilenet_v2.onnx", help="the .onnx file")
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
        parser.error(f"unknown parts: {', '.join(sorted(unknown))}. The parts are {', '.join(parts)}.")
    for name in chosen:
        sys.stdout.write(f"==> {name}\n")
        sys.stdout.flush()
        parts[name]()


main()
