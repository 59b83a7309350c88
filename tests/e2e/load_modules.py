"""Loads every module of all installed packages. Prints how many did, and the errors of those that lack no import."""

import contextlib
import importlib
import json
import pkgutil
import site
import sys
import warnings
from collections.abc import Iterable

loaded: list[str] = []
failures: dict[str, str] = {}


def load_all(folders: Iterable[str], prefix: str = "") -> None:
    for found in pkgutil.iter_modules(folders, prefix):
        if found.name.endswith("__main__"):
            continue
        try:
            with contextlib.redirect_stdout(None):
                module = importlib.import_module(found.name)
        except ImportError:
            continue
        except Exception as error:  # noqa: BLE001 - whatever a module raises is what is looked for
            failures[found.name] = type(error).__name__
            continue
        loaded.append(found.name)
        if found.ispkg:
            load_all(module.__path__, f"{found.name}.")


warnings.simplefilter("ignore")
load_all(site.getsitepackages())
sys.stdout.write(json.dumps([len(loaded), failures]))
