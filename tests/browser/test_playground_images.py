"""What the playground does with files of every kind, and without a key. `make browser` runs this; it needs Chromium."""

import base64
import hashlib
import io
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pillow_heif
import pytest
from PIL import Image
from tests.browser.chromium import BUILT, ask_chromium
from tests.helpers.local_gateway import LocalGateway, changed_template
from tests.helpers.photos import photo
from tests.helpers.support import MOSAICS, ROOT, encoded
from tests.helpers.waiting import wait_until

from moderate.sources import MAX_SENT_BYTES

SCREENSHOTS = BUILT / "screenshots"
CONTACT = "https://shop.example/contact?a=1&b=2"

Facts = dict[str, Any]

pillow_heif.register_heif_opener()


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Facts]:
    """What one run of playground_images.mjs saw, by scenario."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    folders = [tmp_path_factory.mktemp(name) for name in ("contact", "contactless", "files")]
    template = changed_template(folders[0], {r'(ContactUrl:\n    Type: String\n    Default: )""': rf'\1"{CONTACT}"'})
    with (
        LocalGateway(folders[0], template=template) as gateway,
        LocalGateway(folders[1]) as contactless,
        serving_without_keys() as keyless,
    ):
        given = {
            "url": gateway.url,
            "contactless": contactless.url,
            "keyless": keyless,
            "keys": {"mega": gateway.key("mega")},
            "files": files(folders[2]),
            "screenshots": str(SCREENSHOTS),
        }
        found: dict[str, Facts] = ask_chromium("playground_images.mjs", given)["seen"]
    return found


@contextmanager
def serving_without_keys() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {"MODEL_PATH": str(ROOT / ".build/model/mobilenet_v2.onnx"), "LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "moderate.serve", "--no-keys", "--port", str(port)]

    def answers() -> bool:
        try:
            return httpx2.get(f"{url}/health").status_code == 200
        except httpx2.TransportError:
            return False

    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            assert wait_until(answers, alive=lambda: server.poll() is None), server.returncode
            yield url
        finally:
            server.terminate()


def files(folder: Path) -> dict[str, Any]:
    """Writes one file for each scenario."""
    coffee = photo("coffee")
    # Noise is what no encoder makes small.
    noise = Image.fromarray(np.random.default_rng(5).integers(0, 256, (3000, 4000, 3), np.uint8))
    large = Image.blend(coffee.resize(noise.size), noise, 0.3)
    upright = Image.Exif()
    upright[0x0112] = 6
    transparent = large.resize((2400, 1800)).convert("RGBA")
    transparent.putalpha(Image.linear_gradient("L").resize(transparent.size))
    frames = [coffee.resize((300, 200)).rotate(angle) for angle in range(0, 60, 20)]
    noisy = [noise.crop((0, at, 2000, at + 1000)).quantize(255) for at in range(3)]
    contents = {
        "large-photo.jpg": encoded(large, "JPEG", quality=95, exif=upright),
        "large-transparent.png": encoded(transparent, "PNG"),
        "large-animation.gif": encoded(noisy[0], "GIF", save_all=True, append_images=noisy[1:]),
        "large-undrawable.heic": encoded(coffee, "HEIF") + bytes(MAX_SENT_BYTES),
        "many-pixels.png": encoded(coffee.resize((60, 50)).resize((6000, 5000), Image.Resampling.NEAREST), "PNG"),
        "heic.heic": encoded(coffee, "HEIF"),
        "animation.gif": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=300),
        "questionable.png": (MOSAICS / "of-both-models/score-0.45.png").read_bytes(),
        "panorama.jpg": encoded(coffee.crop((0, 100, 600, 220)), "JPEG"),
        "empty.png": b"",
        "tiff.tif": encoded(coffee, "TIFF"),
        "damaged.jpg": b"\xff\xd8\xff\xe0" + bytes(2000),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    chosen = ["animation.gif", "questionable.png", "tiff.tif", "heic.heic", "panorama.jpg"]
    mosaics = sorted(MOSAICS.glob("*.png"))[:7]
    several = [*(folder / name for name in chosen), *mosaics]
    return {Path(name).stem: str(folder / name) for name in contents} | {
        "mosaic": str(MOSAICS / "of-both-models/porn.png"),
        "several": [str(path) for path in several],
    }


def sent(facts: Facts, number: int = 0) -> bytes:
    return base64.b64decode(facts["sent"][number])


def test_every_scenario_ends_without_an_error_in_the_console(seen: dict[str, Facts]) -> None:
    assert {name: facts["errors"] for name, facts in seen.items() if facts["errors"]} == {}


def test_axe_finds_nothing(seen: dict[str, Facts]) -> None:
    found = {name: facts["violations"] for name, facts in seen.items() if "violations" in facts}
    assert found == {name: [] for name in found}
    assert len(found) > 15


def test_nothing_is_wider_than_a_small_phone(seen: dict[str, Facts]) -> None:
    widths = {name: facts["width"] for name, facts in seen.items() if "phone" in name}
    assert widths == dict.fromkeys(widths, 360)
    assert len(widths) == 4


def test_no_page_calls_another_host(seen: dict[str, Facts]) -> None:
    """Not even if its script wants to: keys are in it."""
    assert seen["other-hosts"]["reached"] is False


def test_the_tab_key_goes_through_the_form_in_the_order_in_which_one_reads_it(seen: dict[str, Facts]) -> None:
    order = [
        "Documentation",
        "key",
        "Ask whoever runs this service.",
        "drop",
        "url",
        "policy",
        "go",
        "language",
        "copy",
    ]
    assert seen["first-sight"]["tabs"] == order


def test_who_has_no_key_is_sent_to_the_operators_contact(seen: dict[str, Facts]) -> None:
    assert seen["first-sight"]["keySource"] == "No key yet? Ask whoever runs this service."
    assert seen["first-sight"]["contact"] == CONTACT


def test_on_this_machine_it_says_where_make_run_printed_the_keys(seen: dict[str, Facts]) -> None:
    assert "make run, its terminal shows a key" in seen["no-contact"]["keySource"]


def test_elsewhere_without_a_contact_it_says_whom_to_ask(seen: dict[str, Facts]) -> None:
    assert seen["no-contact-elsewhere"]["keySource"] == "No key yet? Ask whoever runs this service for one."


def test_without_a_key_nothing_is_sent_and_the_key_is_asked_for(seen: dict[str, Facts]) -> None:
    facts = seen["no-key"]
    assert facts["invited"]["verdict"] == "API key needed"
    assert facts["invited"]["preview"]["drawn"]
    assert (facts["invited"]["focused"], facts["focused"]) == ("key", "key")
    assert facts["answer"]["verdict"] == "API key needed"
    assert "The line below its field says where to get one." in facts["answer"]["note"]
    # Those of the page and of the call after the key was entered.
    assert len(facts["requests"]) == 2


def test_a_key_that_no_header_can_carry_is_rejected_in_the_page(seen: dict[str, Facts]) -> None:
    assert seen["odd-key"]["answer"]["verdict"] == "API key rejected"
    assert len(seen["odd-key"]["requests"]) == 1


def test_where_no_key_is_needed_none_is_asked_for(seen: dict[str, Facts]) -> None:
    facts = seen["keyless"]
    assert not facts["keyShown"]
    assert facts["answer"]["verdict"] == "nsfw"


@pytest.mark.parametrize(
    ("language", "command"),
    [("curl", ["bash", "-n", "-c"]), ("python", [sys.executable, "-c"]), ("javascript", ["node", "--check", "-"])],
)
def test_where_no_key_is_needed_the_code_has_none(seen: dict[str, Facts], language: str, command: list[str]) -> None:
    code = seen["keyless"]["code"][language]
    assert "KEY" not in code
    if language == "python":
        compile(code, "shown", "exec")
    elif language == "curl":
        subprocess.run([*command, code], check=True)


def test_a_photo_over_the_limit_is_shrunk_before_it_is_sent_and_the_page_says_so(seen: dict[str, Facts]) -> None:
    for name in ("large-photo", "large-photo-phone"):
        facts = seen[name]
        (copy,) = facts["sent"]
        data = base64.b64decode(copy)
        assert len(data) <= MAX_SENT_BYTES
        with Image.open(io.BytesIO(data)) as image:
            assert image.format == "JPEG"
            width, height = image.size
        # Upright, as its orientation says.
        assert width / height == pytest.approx(3 / 4, rel=0.01)
        assert "larger than the 4.4 MB that a call can carry, so your browser shrank it." in facts["answer"]["note"]
        assert f"{width} \N{MULTIPLICATION SIGN} {height} pixels" in facts["answer"]["note"]
        assert facts["answer"]["verdict"] == "safe"
        assert facts["json"]["meta"]["sha256"] == hashlib.sha256(data).hexdigest()
        assert "Shrink it first" in facts["codeNote"]


@pytest.mark.parametrize("scenario", ["large-photo-phone", "several", "several-phone-dark"])
def test_the_verdict_is_scrolled_into_view(seen: dict[str, Facts], scenario: str) -> None:
    assert seen[scenario]["inView"]


def test_what_is_transparent_stays_so_when_it_is_shrunk(seen: dict[str, Facts]) -> None:
    with Image.open(io.BytesIO(sent(seen["large-transparent"]))) as image:
        assert (image.format, image.mode) == ("WEBP", "RGBA")
        assert image.getchannel("A").getextrema() == (0, 255)


@pytest.mark.parametrize(
    ("scenario", "why"),
    [
        ("large-animation", "Only stills can be shrunk"),
        (
            "large-undrawable",
            "This file of 4.5 MB is larger than the 4.4 MB that a call can carry. This browser cannot",
        ),
    ],
)
def test_what_cannot_be_shrunk_is_not_sent_and_the_page_says_what_to_do(
    seen: dict[str, Facts], scenario: str, why: str
) -> None:
    facts = seen[scenario]
    assert facts["sent"] == []
    assert facts["answer"]["verdict"] == "Not classified"
    assert why in facts["answer"]["note"]
    assert "Enter its URL instead (up to 10 MB)" in facts["answer"]["note"]


def test_a_picture_of_too_many_pixels_is_shrunk_once_the_service_has_refused_it(seen: dict[str, Facts]) -> None:
    facts = seen["many-pixels"]
    assert len(facts["sent"]) == 2
    with Image.open(io.BytesIO(sent(facts, 1))) as image:
        assert 10_000_000 < image.width * image.height <= 12_000_000
    assert "6000 \N{MULTIPLICATION SIGN} 5000 pixels is larger than the service decodes" in facts["answer"]["note"]


def test_what_fits_is_sent_as_it_is(seen: dict[str, Facts]) -> None:
    assert sent(seen["questionable"]) == (MOSAICS / "of-both-models/score-0.45.png").read_bytes()
    assert "shrank" not in seen["questionable"]["answer"]["note"]
    assert seen["questionable"]["answer"]["verdict"] == "questionable"
    assert seen["questionable"]["codeNote"] == ""


def test_what_the_browser_cannot_draw_is_judged_without_a_preview_and_the_page_says_why(seen: dict[str, Facts]) -> None:
    for name in ("heic", "heic-phone-dark"):
        facts = seen[name]
        assert facts["answer"]["verdict"] == "safe"
        why = "No preview: this browser cannot draw the file, but the service can."
        assert facts["preview"] == {"drawn": False, "why": why, "map": False}


@pytest.mark.parametrize(
    ("scenario", "note"), [("empty", "empty"), ("tiff", "This is a TIFF"), ("damaged", "The image")]
)
def test_a_file_that_is_refused_says_why(seen: dict[str, Facts], scenario: str, note: str) -> None:
    assert seen[scenario]["answer"]["verdict"] == "Not classified"
    assert note in seen[scenario]["answer"]["note"]


def test_an_animation_says_that_its_worst_frame_counts(seen: dict[str, Facts]) -> None:
    assert "This is the worst of 3 frames." in seen["animation"]["answer"]["note"]


def test_where_less_motion_is_preferred_an_animation_stands_still(seen: dict[str, Facts]) -> None:
    assert seen["reduced-motion"]["source"] == "data:image/png;"


def test_ten_images_are_classified_one_after_the_other_and_listed(seen: dict[str, Facts]) -> None:
    for name in ("several", "several-phone-dark"):
        facts = seen[name]
        assert facts["chosen"] == "10 images. Only the first 10 of 12 were taken."
        assert len(facts["list"]) == 10
        assert facts["list"][2] == ["tiff.tif", "Not classified"]
        assert {state for _, state in facts["list"]} <= {"safe", "questionable", "nsfw", "Not classified"}
        assert facts["progress"].startswith("10 images: ")
        assert "1 not classified" in facts["progress"]


def test_the_list_shows_the_verdict_of_the_image_that_is_chosen_in_it(seen: dict[str, Facts]) -> None:
    facts = seen["several"]
    assert facts["first"]["verdict"] == facts["list"][0][1]
    assert facts["third"]["verdict"] == "Not classified"
    assert facts["current"] == ["false"] * 2 + ["true"] + ["false"] * 7


def test_a_key_that_is_rejected_is_not_tried_again_for_each_image(seen: dict[str, Facts]) -> None:
    facts = seen["several-wrong-key"]
    assert len(facts["requests"]) == 2
    assert {state for _, state in facts["list"]} == {"API key rejected"}
    assert facts["progress"] == "10 images: 10 not classified."
