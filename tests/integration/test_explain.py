"""`explain` on classify shows where in the picture each class was seen."""

import base64
import io

import pytest
from PIL import Image
from starlette.testclient import TestClient
from tests.helpers.support import NSFW, FakeClassifier, mosaic, png, serve

from moderate.inference.classifier import Classifier
from moderate.inference.heatmap import EXPLAINED


@pytest.fixture
def client(classifier: Classifier) -> TestClient:
    return serve(classifier=classifier).client


@pytest.mark.parametrize("explain", ["true", "overlay", "True"])
def test_a_grid_for_each_class_that_speaks_against_an_image(client: TestClient, explain: str) -> None:
    data = client.post(f"/v1/classify?explain={explain}", content=mosaic("porn.png")).json()["data"]
    assert set(data["heatmaps"]) == set(EXPLAINED)
    assert {(len(grid), len(grid[0])) for grid in data["heatmaps"].values()} == {(7, 7)}
    assert sum(map(sum, data["heatmaps"]["porn"])) > 0
    assert ("overlay" in data) == (explain == "overlay")


def test_the_overlay_is_a_picture_to_lay_over(client: TestClient) -> None:
    data = client.post("/v1/classify?explain=overlay", content=mosaic("porn.png")).json()["data"]
    png = base64.b64decode(data["overlay"].removeprefix("data:image/png;base64,"))
    with Image.open(io.BytesIO(png)) as overlay:
        assert (overlay.mode, overlay.size) == ("RGBA", (224, 224))


@pytest.mark.parametrize("explain", ["true", "overlay"])
def test_a_model_without_heat_maps_is_not_said_to_have_explained(explain: str) -> None:
    client = serve(classifier=FakeClassifier(explains=False)).client
    answer = client.post(f"/v1/classify?explain={explain}", content=png())
    assert answer.status_code == 200
    assert answer.json()["message"] == "Image classified; its model makes no heat maps"
    assert answer.json()["data"]["heatmaps"] is None
    assert answer.json()["data"].get("overlay", "none") is (None if explain == "overlay" else "none")
    assert answer.json()["data"]["verdict"] == "safe"


def test_heat_maps_are_the_first_models_even_if_only_the_second_makes_any() -> None:
    service = serve(classifier=FakeClassifier(NSFW, explains=False), second=FakeClassifier(NSFW))
    data = service.client.post("/v1/classify?explain=true", content=png()).json()["data"]
    assert data["heatmaps"] is None
    assert "heatmaps" not in service.client.post("/v1/classify", content=png()).json()["data"]


@pytest.mark.parametrize("query", ["", "?explain=false", "?explain="])
def test_nothing_is_explained_unasked(client: TestClient, query: str) -> None:
    data = client.post(f"/v1/classify{query}", content=mosaic("porn.png")).json()["data"]
    assert "heatmaps" not in data


def test_an_unknown_explanation_is_refused(client: TestClient) -> None:
    answer = client.post("/v1/classify?explain=why", content=mosaic("porn.png"))
    assert (answer.status_code, answer.json()["param"]) == (400, "explain")
