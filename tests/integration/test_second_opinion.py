"""A second model is asked about what the first one does not find safe, in every dialect."""

import io
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient
from tests.helpers.support import (
    ROOT,
    SAFE,
    FakeClassifier,
    ServedApp,
    data_url,
    encoded,
    mosaic,
    png,
    scoring,
    serve,
)

from moderate.inference.classifier import Classifier

FLAGGED_BY_ONE, FLAGGED_BY_BOTH = "porn.png", "of-both-models/porn.png"


@pytest.fixture(scope="session")
def second() -> Classifier:
    return Classifier(ROOT / ".build" / "model" / "mobilenet_v2_mid.onnx")


@pytest.fixture
def service(classifier: Classifier, second: Classifier) -> ServedApp:
    return serve(classifier=classifier, second=second)


def classify(client: TestClient, image: bytes, query: str = "") -> dict[str, Any]:
    answer: dict[str, Any] = client.post(f"/v1/classify{query}", content=image).json()
    return answer


def flags(client: TestClient, image: bytes, **more: str) -> dict[str, bool]:
    """What each dialect answers where its answer is a boolean."""
    url = data_url(image)
    query = "&".join(f"{name}={value}" for name, value in more.items())
    check = client.post(f"/v1/check?{query}", content=image).json()["data"]
    nanogpt = client.post("/api/nsfw/image", json={"imageDataUrl": url} | more).json()
    part = {"type": "image_url", "image_url": {"url": url}}
    openai = client.post("/v1/moderations", json={"input": [part]} | more).json()["results"][0]
    return {"oanor": not check["safe"], "nanogpt": nanogpt["has_nsfw_concepts"][0], "openai": openai["flagged"]}


def test_classify_says_what_each_model_said_and_answers_by_the_mean(service: ServedApp) -> None:
    answer = classify(service.client, mosaic(FLAGGED_BY_ONE))
    opinion, data = answer["meta"]["second_opinion"], answer["data"]
    assert opinion["first"]["model"] == answer["meta"]["model"] == {"name": "mobilenet_v2", "version": "nsfwjs-4.4.0"}
    assert opinion["second"]["model"]["name"] == "mobilenet_v2_mid"
    assert opinion["first"]["nsfw_score"] > 0.95
    assert opinion["second"]["nsfw_score"] < 0.05
    for name, value in data["classes"].items():
        both = opinion["first"]["classes"][name] + opinion["second"]["classes"][name]
        assert value == pytest.approx(both / 2, abs=0.0002)
    assert (data["verdict"], data["safe"]) == ("questionable", False)


def test_what_both_models_find_stays_nsfw_in_every_dialect(service: ServedApp) -> None:
    assert classify(service.client, mosaic(FLAGGED_BY_BOTH))["data"]["verdict"] == "nsfw"
    assert set(flags(service.client, mosaic(FLAGGED_BY_BOTH)).values()) == {True}
    assert service.observer.unflagged == 0
    assert service.observer.asked_again == 4


def test_what_the_first_model_alone_finds_is_not_flagged_where_the_answer_is_a_boolean_and_is_counted(
    service: ServedApp,
) -> None:
    assert set(flags(service.client, mosaic(FLAGGED_BY_ONE)).values()) == {False}
    assert (service.observer.asked_again, service.observer.unflagged) == (3, 3)


def test_the_strict_policy_and_a_service_without_a_second_model_flag_it_all_the_same(
    service: ServedApp, classifier: Classifier
) -> None:
    assert set(flags(service.client, mosaic(FLAGGED_BY_ONE), policy="strict").values()) == {True}
    assert set(flags(serve(classifier=classifier).client, mosaic(FLAGGED_BY_ONE)).values()) == {True}
    assert service.observer.unflagged == 0


def test_what_the_first_model_finds_safe_is_answered_without_a_second_opinion(service: ServedApp) -> None:
    assert "second_opinion" not in classify(service.client, mosaic("neutral.png"))["meta"]
    assert "second_opinion" not in classify(service.client, png())["meta"]
    assert service.observer.asked_again == 0


def test_the_heat_map_is_the_first_models(service: ServedApp, classifier: Classifier) -> None:
    alone, both = (
        classify(client, mosaic(FLAGGED_BY_ONE), "?explain=true")["data"]["heatmaps"]
        for client in (serve(classifier=classifier).client, service.client)
    )
    assert alone == both


def test_a_threshold_is_compared_with_the_agreed_score(service: ServedApp) -> None:
    for threshold, safe in (("0.4", False), ("0.55", True)):
        answer = service.client.post(f"/v1/check?threshold={threshold}", content=mosaic(FLAGGED_BY_ONE)).json()
        assert answer["data"]["safe"] is safe
        assert "second_opinion" in answer["meta"]


def test_each_of_ten_images_gets_its_own_opinions() -> None:
    first = FakeClassifier(SAFE, {grey: scoring(grey / 10) for grey in range(1, 11)})
    second = FakeClassifier(SAFE, {grey: scoring(1.0) for grey in range(2, 11, 2)})
    service = serve(classifier=first, second=second)
    images = [data_url(png(grey=grey)) for grey in range(1, 11)]
    for _ in range(3):
        answer = service.client.post("/api/nsfw/image", json={"imageDataUrls": images}).json()
        assert answer["has_nsfw_concepts"] == [False, False, False, True, False, True, False, True, False, True]


def test_a_second_model_that_breaks_is_a_fault_of_ours_and_never_a_verdict() -> None:
    service = serve(classifier=FakeClassifier(scoring(0.9)), second=FakeClassifier(RuntimeError("broken")))
    assert service.client.post("/v1/classify", content=png()).status_code == 500


def strip(flagged: str, *, panels: int = 4) -> bytes:
    image = Image.new("RGB", (224 * panels, 224))
    for number in range(panels):
        with Image.open(io.BytesIO(mosaic(flagged if number == 1 else "neutral.png"))) as panel:
            image.paste(panel, (224 * number, 0))
    return encoded(image, "PNG")


def test_the_parts_of_a_long_picture_are_judged_too(service: ServedApp, classifier: Classifier) -> None:
    answer = classify(service.client, strip(FLAGGED_BY_BOTH))
    assert (answer["data"]["verdict"], answer["meta"]["tiles"]) == ("nsfw", 7)
    assert answer["meta"]["frames"] == {"judged": 1, "total": 1}
    alone = classify(serve(classifier=classifier).client, strip(FLAGGED_BY_BOTH))
    assert (alone["data"]["verdict"], alone["data"]["nsfw_score"]) == ("questionable", 0.5999)


def test_a_part_that_one_model_alone_flags_makes_a_long_picture_questionable_at_most(service: ServedApp) -> None:
    assert classify(service.client, strip(FLAGGED_BY_ONE))["data"]["verdict"] == "questionable"
    assert classify(service.client, strip("neutral.png"))["data"]["verdict"] == "safe"


def test_an_ordinary_picture_has_no_parts(service: ServedApp) -> None:
    assert "tiles" not in classify(service.client, mosaic(FLAGGED_BY_BOTH))["meta"]
    assert "tiles" not in classify(service.client, strip(FLAGGED_BY_BOTH, panels=2))["meta"]
