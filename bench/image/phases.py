"""Runs inside the image and prints how long each phase of its start takes, as one line of JSON.

Times are CPU milliseconds, which other work on the machine hardly changes. The phases are the import of Lambda's
client, all imports of main.py, the ONNX session, its first inference, the ledger, the routes and the rest.
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

from bench.processes import cpu_seconds, process_tree

Phases = dict[str, float]


def timed(phases: Phases, name: str, function: Any) -> Any:
    def call(*arguments: Any, **options: Any) -> Any:
        # Only this thread counts, because the session is opened while the ledger connects.
        start = time.thread_time()
        try:
            return function(*arguments, **options)
        finally:
            phases[name] = phases.get(name, 0.0) + time.thread_time() - start

    return call


def run_imports(path: Path) -> None:
    """Runs a module's import statements without the rest of the module."""
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
    phases["decoding processes (in parallel)"] = cpu_seconds(process_tree(os.getpid())[1:])
    sys.stdout.write(json.dumps({name: round(seconds * 1000, 1) for name, seconds in phases.items()}) + "\n")


main()
