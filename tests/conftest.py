"""The model that the tests judge with, and how Hypothesis runs them."""

import os
from pathlib import Path

import pytest
from hypothesis import settings
from tests.helpers.photos import reference_photo
from tests.helpers.support import ROOT

from moderate.inference.classifier import Classifier

# Times mean nothing where other tests run on the same cores.
settings.register_profile("modest", deadline=None)
settings.load_profile("modest")


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
