"""The model that the tests judge with, and how Hypothesis runs them."""

import gc
import os
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path

import pytest
from botocore.hooks import EventAliaser
from botocore.loaders import JSONFileLoader, Loader
from hypothesis import settings
from tests.helpers.photos import reference_photo
from tests.helpers.support import ROOT

from moderate.inference.classifier import Classifier

# Times mean nothing where other tests run on the same cores.
settings.register_profile("modest", deadline=None)
settings.load_profile("modest")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keeps the garbage collector from what stays until the end anyway: the modules and the 7,000 tests.

    It went through all of them again and again.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _descriptions_of_aws_are_parsed_once() -> Iterator[None]:
    """Lets sessions of boto3 share what only clients of one session share otherwise.

    A command of the CLI has sessions of its own, and hundreds of them run in one process here: for each, parsing the
    descriptions took half of the time, and listing the 400 folders that they are in half of what remained. Each also
    looks for other names of the same 130 events.
    """
    find_name = getattr(EventAliaser, "_alias_event_name")  # noqa: B009 - which its stubs leave out
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", staticmethod(cache(JSONFileLoader().load_file)))
        patch.setattr(Loader, "list_available_services", _listed_once(Loader.list_available_services))
        patch.setattr(EventAliaser, "_alias_event_name", _named_once(find_name))
        yield


def _listed_once(list_services: Callable[[Loader, str], list[str]]) -> Callable[[Loader, str], list[str]]:
    listed: dict[tuple[str, ...], list[str]] = {}

    def find(loader: Loader, type_name: str) -> list[str]:
        where = (type_name, *loader.search_paths)
        if where not in listed:
            listed[where] = list_services(loader, type_name)
        return listed[where]

    return find


def _named_once(find_name: Callable[[EventAliaser, str], str]) -> Callable[[EventAliaser, str], str]:
    names: dict[str, str] = {}

    def find(events: EventAliaser, name: str) -> str:
        if name not in names:
            names[name] = find_name(events, name)
        return names[name]

    return find


@pytest.fixture(scope="session")
def model_path() -> Path:
    """Built by `make model`; MODEL_PATH names another."""
    return Path(os.environ.get("MODEL_PATH", ROOT / ".build" / "model" / "mobilenet_v2.onnx"))


@pytest.fixture(scope="session")
def classifier(model_path: Path) -> Classifier:
    return Classifier(model_path)


@pytest.fixture(scope="session")
def photo_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The photo whose decode is the unit of time."""
    return reference_photo(tmp_path_factory.mktemp("reference"))
