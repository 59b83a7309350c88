"""The model file that `make model` builds: what it promises to whoever runs it, and what its build refuses."""

import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "model" / "models.toml"
NAME = "mobilenet_v2"
ONNX = ROOT / ".build" / "model" / f"{NAME}.onnx"
PACKAGE = ROOT / ".build" / "npm" / "nsfwjs-4.4.0.tgz"
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
    source = KNOWN["source"]
    assert metadata["name"] == NAME
    assert metadata["version"] == f"{source['package']}-{source['version']}"
    assert metadata["labels"].split(",") == source["labels"]
    assert metadata["size"] == str(KNOWN["models"][NAME]["size"])
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
    assert "mobilenet_v2, mobilenet_v2_mid, inception_v3" in result.stderr
