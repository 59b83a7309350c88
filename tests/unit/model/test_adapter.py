"""A model that others saved as ONNX gets the pixels that it expects, and its answer becomes the five classes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapter import adapt, describe
from build import convert_own, keep
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper
from packages import BuildError
from tests.helpers.models import FLOAT, node, tensor

from moderate.inference.model_file import LABELS, ModelFile

SIZE, CROP = 40, 34
DESCRIPTION: dict[str, Any] = {
    "size": SIZE,
    "layout": "NCHW",
    "channels": "RGB",
    "mean": [100, 110, 120],
    "scale": [50, 60, 70],
    "classes": ["sexy", "neutral", "porn", "porn"],
    "answers": "logits",
}
VIEW = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3), np.uint8)


def foreign_model(layout: str, side: int, *, kind: int = FLOAT, batch: int | str = "N", opset: int = 9) -> ModelProto:
    """A linear model, whose input and nodes have the names that ours have."""
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    weights = np.random.default_rng(2).normal(0, 0.02, (side * side * 3, 4)).astype(dtype)
    shape = [batch, 3, side, side] if layout == "NCHW" else [batch, side, side, 3]
    graph = helper.make_graph(
        [node("Flatten", "image", "probabilities", axis=1), node("MatMul", "probabilities constant_0", "heatmap")],
        "foreign",
        [tensor("image", kind, shape)],
        [tensor("heatmap", kind, [batch, 4])],
        [numpy_helper.from_array(weights, "constant_0")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=4)


def probabilities(model: ModelProto, folder: Path, **description: Any) -> NDArray[np.float64]:
    content = convert_own("own", DESCRIPTION | description, model.SerializeToString())
    keep(content, folder / "own.onnx")
    return np.array(ModelFile(folder / "own.onnx").probabilities(VIEW.tobytes()))


def expected(model: ModelProto, layout: str, channels: str, crop: int) -> NDArray[np.float64]:
    """The same in plain numpy."""
    start = (SIZE - crop) // 2
    pixels = VIEW[start : start + crop, start : start + crop].astype(np.float64)
    pixels = pixels[..., ::-1] if channels == "BGR" else pixels
    pixels = (pixels - DESCRIPTION["mean"]) / DESCRIPTION["scale"]
    pixels = pixels.transpose(2, 0, 1) if layout == "NCHW" else pixels
    powers = np.exp(pixels.reshape(-1) @ numpy_helper.to_array(model.graph.initializer[0]))
    sexy, neutral, *porn = powers / powers.sum()
    return np.array([{"sexy": sexy, "neutral": neutral, "porn": sum(porn)}.get(label, 0) for label in LABELS])


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("channels", ["RGB", "BGR"])
@pytest.mark.parametrize("crop", [SIZE, CROP])
def test_pixels_are_cropped_turned_and_scaled_as_described(
    tmp_path: Path, layout: str, channels: str, crop: int
) -> None:
    model = foreign_model(layout, crop)
    found = probabilities(model, tmp_path, layout=layout, channels=channels, crop=crop)
    np.testing.assert_allclose(found, expected(model, layout, channels, crop), atol=1e-5)


@pytest.mark.parametrize("changes", [{"batch": 1}, {"opset": 17}, {"opset": 22}, {"kind": TensorProto.FLOAT16}])
def test_versions_batches_and_half_precision_are_taken_as_they_come(tmp_path: Path, changes: dict[str, Any]) -> None:
    model = foreign_model("NCHW", SIZE, **changes)
    np.testing.assert_allclose(
        probabilities(model, tmp_path), expected(model, "NCHW", "RGB", SIZE), atol=0.02 if "kind" in changes else 1e-5
    )


def test_one_mean_and_one_scale_are_enough(tmp_path: Path) -> None:
    model = foreign_model("NCHW", SIZE)
    several = probabilities(model, tmp_path, mean=[3, 3, 3], scale=[255, 255, 255])
    assert probabilities(model, tmp_path, mean=3, scale=255).tolist() == several.tolist()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"layout": None}, "lacks layout"),
        ({"size": None, "classes": None}, "lacks size, classes"),
        ({"layout": "CHW"}, "layout must be one of NHWC, NCHW"),
        ({"channels": "GRB"}, "channels must be one of RGB, BGR"),
        ({"answers": "sigmoid"}, "answers must be one of probabilities, logits"),
        ({"mean": [1, 2]}, "mean and scale must be a number or three"),
        ({"scale": [1, 0, 1]}, "scale must not be 0"),
        ({"classes": ["sfw", "nsfw", "porn", "sexy"]}, "classes must be some of drawing, hentai, neutral, porn, sexy"),
        ({"classes": []}, "classes must be some of"),
        ({"crop": SIZE + 1}, "crop must be at most size"),
        ({"classes": ["neutral", "porn"]}, r"one output, .*\[1, 2\], .* It has heatmap \(float\) of shape \['N', 4\]"),
        ({"crop": CROP}, r"one input, .*\[1, 3, 34, 34\]\. It has image \(float\) of shape \['N', 3, 40, 40\]"),
        ({"layout": "NHWC"}, r"one input, .*\[1, 40, 40, 3\]\. It has image"),
    ],
)
def test_a_description_that_does_not_fit_is_refused_with_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    entry = {key: value for key, value in (DESCRIPTION | changes).items() if value is not None}
    with pytest.raises(BuildError, match=sentence):
        adapt(foreign_model("NCHW", SIZE), describe("own", entry))


def test_weights_in_another_file_and_what_is_no_model_are_refused(tmp_path: Path) -> None:
    model = foreign_model("NCHW", SIZE)
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    with pytest.raises(BuildError, match="Save all in one"):
        probabilities(model, tmp_path)
    with pytest.raises(BuildError, match="not an ONNX file"):
        convert_own("own", DESCRIPTION, b"no model")


def test_probabilities_that_are_logits_are_found_out(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="as after a softmax"):
        probabilities(foreign_model("NCHW", SIZE), tmp_path, answers="probabilities")
