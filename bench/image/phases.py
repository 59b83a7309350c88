"""Runs inside the image: what becomes of the time to ready, as one JSON line. CPU milliseconds, so that sharing the
machine does not count.

Lambda's client, every import of main.py one by one, the session, its first inference, the ledger, and the rest.
"""

import ast
import importlib
import json
import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.processes import cpu_seconds, family

Phases = dict[str, float]


def timed(phases: Phases, name: str, function: Any) -> Any:
    def call(*arguments: Any, **options: Any) -> Any:
        # Of this thread: the session is opened beside the ledger's connection.
        start = time.thread_time()
        try:
            return function(*arguments, **options)
        finally:
            phases[name] = phases.get(name, 0.0) + time.thread_time() - start

    return call


def run_imports(path: Path) -> None:
    """The import statements of a module, without the rest of it."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            exec(compile(ast.Module([node], []), path.name, "exec"), {})  # noqa: S102


def main() -> None:
    phases: Phases = {"interpreter": time.process_time()}
    spec = find_spec("moderate")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("moderate")
    timed(phases, "import of Lambda's client", importlib.import_module)("awslambdaric.bootstrap")
    timed(phases, "imports", run_imports)(Path(spec.origin).parent / "main.py")
    composition: Any
    classifier: Any
    ledgers: Any
    composition, classifier, ledgers = (
        importlib.import_module(f"moderate.{name}")
        for name in ("web.composition", "inference.classifier", "calls.ledgers")
    )
    classifier.Classifier.__init__ = timed(phases, "session", classifier.Classifier.__init__)
    classifier.Classifier.warm_up = timed(phases, "first inference", classifier.Classifier.warm_up)
    ledgers.open_ledger = timed(phases, "ledger", ledgers.open_ledger)
    composition.create_app = timed(phases, "routes", composition.create_app)
    start = time.process_time()
    importlib.import_module("moderate.main")
    named = sum(phases[name] for name in ("session", "first inference", "ledger", "routes"))
    phases["the rest"] = time.process_time() - start - named
    phases["decoding processes (in parallel)"] = cpu_seconds(family(os.getpid())[1:])
    sys.stdout.write(json.dumps({name: round(seconds * 1000, 1) for name, seconds in phases.items()}) + "\n")


main()
