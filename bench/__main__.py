"""Measures Modest and its peers, and writes docs/benchmarks.md. `python -m bench speed page` runs only those parts."""

import argparse
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from bench import cost, page, releases, request, speed, start
from bench.base import Base, checked_out
from bench.facts import BUILT, ROOT

_QUICK = 3


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help="speed, request, start, cost or page (default: all), or release")
    parser.add_argument("--rounds", type=int, default=30, help="rounds per comparison")
    parser.add_argument("--starts", type=int, default=9, help="starts of the image per number of CPUs")
    parser.add_argument(
        "--quick", action="store_true", help=f"run only {_QUICK} rounds and starts, to check that everything works"
    )
    parser.add_argument("--base", help="a commit that is measured beside this one, in the same rounds")
    parser.add_argument("--model", type=Path, default=ROOT / ".build/model/mobilenet_v2.onnx", help="the .onnx file")
    options = parser.parse_args()
    rounds, starts = (_QUICK, _QUICK) if options.quick else (options.rounds, options.starts)
    BUILT.mkdir(parents=True, exist_ok=True)
    with checked_out(options.base) if options.base else nullcontext() as base:
        parts = _parts(options.model, rounds, starts, base)
        chosen = options.parts or [name for name in parts if name != "release"]
        if unknown := set(chosen) - set(parts):
            parser.error(f"unknown parts: {', '.join(sorted(unknown))}. The parts are {', '.join(parts)}.")
        for name in chosen:
            sys.stdout.write(f"==> {name}\n")
            sys.stdout.flush()
            parts[name]()


def _parts(model: Path, rounds: int, starts: int, base: Base | None) -> dict[str, Callable[[], None]]:
    return {
        "speed": lambda: speed.measure(model, rounds, base),
        "request": lambda: request.measure(model, rounds),
        "start": lambda: start.measure(starts, base),
        "cost": lambda: cost.measure(rounds),
        "release": releases.keep,
        "page": lambda: page.write("make bench"),
    }


main()
