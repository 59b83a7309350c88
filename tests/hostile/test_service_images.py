"""The ten images that take most memory, in one call to the service as it ships: how much that is in all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers.support import MOSAICS
from tests.hostile.images import HOSTILE
from tests.hostile.namespace import Internet, internet
from tests.hostile.processes import Peak
from tests.hostile.service import serving

ADDRESS = "93.184.216.34"
GOOD = "http://pub.test/good"
# What a function of one core (1,769 MB) may take of it, or of two, on which these images wait for each other.
MAX_MEGABYTES = {1769: 500, 2 * 1769: 500}
# By what they add to the process that decodes them; test_images.py prints it.
WORST = [
    "narrow progressive CMYK JPEG at its cap",
    "WebP at its cap",
    "lossless WebP at its cap",
    "WebP with alpha at its cap",
    "narrow progressive JPEG at its cap",
    "AVIF with alpha at its cap",
    "progressive CMYK JPEG at its cap",
    "progressive JPEG at its cap",
    "baseline JPEG at its cap",
    "flat HEIC of 10 bits and all colours at its cap",
]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    folder = tmp_path_factory.mktemp("images")
    files = {"pub.test/good": MOSAICS / "of-both-models/porn.png"}
    for number, name in enumerate(WORST):
        path = folder / str(number)
        path.write_bytes(HOSTILE[name].make())
        files[f"pub.test/{number}"] = path
    with internet(folder, zone={"pub.test": [ADDRESS]}, files=files) as running:
        yield running


@pytest.mark.parametrize(("function_memory", "limit"), MAX_MEGABYTES.items())
def test_ten_of_the_worst_images_are_judged_within_the_memory_stated_and_a_good_one_after_them(
    web: Internet, tmp_path: Path, model_path: Path, function_memory: int, limit: int
) -> None:
    environment = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function_memory)}
    urls = [f"http://pub.test/{number}" for number in range(len(WORST))]
    with serving(web, tmp_path, model_path, environment=environment) as service:
        with Peak(service.process.pid) as peak:
            worst = service.client.post("/api/nsfw/image", json={"image_urls": urls, "on_error": "partial"})
        megabytes = peak.bytes / 1024**2
        good = service.client.post("/api/nsfw/image", json={"image_urls": GOOD})
    print(f"{megabytes:.0f} MB")
    # On a busy machine the call's own deadline may come first.
    assert {entry["code"] for entry in worst.json().get("errors", [])} <= {"request_too_slow"}
    assert good.json()["is_nsfw"] is True
    assert megabytes < limit
