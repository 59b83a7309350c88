"""A model that breaks the contract is refused with a sentence, and one that breaks later never leads to a verdict."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from build import keep
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, NodeProto, TensorProto
from packages import BuildError
from starlette.testclient import TestClient
from tests.helpers.models import (
    BRIGHTNESS,
    FLOAT,
    SIZE,
    UINT8,
    answering,
    constant,
    fragile_model,
    node,
    save,
    small_model,
    tensor,
)
from tests.helpers.support import png, serve

from moderate.inference.classifier import Classifier
from moderate.inference.heatmap import EXPLAINED
from moderate.inference.model_file import LABELS, ClassificationFailed, ModelFile, ModelUnusable

IMAGE = tensor("image", UINT8, [1, SIZE, SIZE, 3])
PROBABILITIES = tensor("probabilities", FLOAT, [1, 5])
VIEW = bytes(SIZE * SIZE * 3)


def with_heatmap(shape: Sequence[Any], value: float = 0.5) -> ModelProto:
    sides = [side if isinstance(side, int) else 3 for side in shape]
    return small_model(
        [*answering(0, 0, 1, 0, 0), constant(np.full(sides, value), "maps"), node("Identity", "maps", "heatmap")],
        outputs=[PROBABILITIES, tensor("heatmap", FLOAT, shape)],
    )


def with_external_weights() -> ModelProto:
    model = small_model([*BRIGHTNESS, node("Mul", "brightness weights", "probabilities")])
    weights = model.graph.initializer.add(name="weights", data_type=FLOAT, dims=[1, 5])
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="weights.bin")
    return model


def with_image(*shape: int | str, kind: int = UINT8) -> ModelProto:
    nodes = [*BRIGHTNESS, constant([[1, 0, 0, 0, 0]], "fixed"), node("Mul", "fixed brightness", "probabilities")]
    return small_model(nodes, inputs=[tensor("image", kind, shape)])


BAD: dict[str, tuple[ModelProto | bytes, str]] = {
    "empty": (b"", "not an ONNX file, or not a whole one"),
    "text": (b"not a model at all", "not an ONNX file, or not a whole one"),
    "a picture": (png(), "not an ONNX file, or not a whole one"),
    "half a file": (small_model().SerializeToString()[:100], "not an ONNX file, or not a whole one"),
    "a new opset": (small_model(opset=99), "too new or too old; export it with an opset from 13"),
    "an old opset": (small_model(opset=5), "too new or too old|cannot load it"),
    "a new IR version": (small_model(), "too new or too old; export it with an opset from 13"),
    "an operator of its own": (
        small_model([node("Judge", "image", "probabilities", domain="my.shop")], domains=["my.shop"]),
        "an operator that ONNX Runtime does not have .*my.shop:Judge",
    ),
    "an unknown operator": (small_model([node("Judge", "image", "probabilities")]), "an operator that .*Judge"),
    "weights elsewhere": (with_external_weights(), "weights are in another file; save all in one with onnx.save"),
    "a loop": (
        small_model([node("Add", "b image", "a"), node("Add", "a image", "b"), *answering(0, 0, 1, 0, 0)]),
        "ONNX Runtime cannot load it .*acyclic",
    ),
    "floats for pixels": (with_image(1, SIZE, SIZE, 3, kind=FLOAT), "uint8 .* it has image of type float"),
    "channels first": (with_image(1, 3, SIZE, SIZE), r"shape \[1, S, S, 3\].* it has image .*\[1, 3, 32, 32\]"),
    "an oblong picture": (with_image(1, SIZE, SIZE * 2, 3), r"shape \[1, S, S, 3\].*\[1, 32, 64, 3\]"),
    "a batch of any size": (with_image("N", SIZE, SIZE, 3), r"shape \[1, S, S, 3\].*\['N', 32, 32, 3\]"),
    "a picture of any size": (with_image(1, "h", "w", 3), r"with S from 32 to 512; it has image .*'h', 'w'"),
    "a tiny picture": (with_image(1, 8, 8, 3), r"with S from 32 to 512; it has image .*\[1, 8, 8, 3\]"),
    "a huge picture": (with_image(1, 1024, 1024, 3), r"with S from 32 to 512; it has image .*\[1, 1024, 1024, 3\]"),
    "another input": (small_model(inputs=[IMAGE, tensor("more", FLOAT, [1])]), "one input, image.* and shape .*, more"),
    "no input": (
        small_model([constant([[1, 0, 0, 0, 0]], "probabilities")], inputs=[]),
        "one input, image, .*; it has none",
    ),
    "an input of another name": (
        small_model(
            [node("ReduceMean", "pixels", "mean"), *answering(0, 0, 1, 0, 0)[2:3], constant([[1, 0, 0, 0, 0]], "f"),
             node("Identity", "f", "probabilities")],
            inputs=[tensor("pixels", FLOAT, [1, SIZE, SIZE, 3])],
        ),
        "one input, image, .*; it has pixels",
    ),
    "an output of another name": (
        small_model([*answering(0, 0, 1, 0, 0), node("Identity", "probabilities", "out")],
                    outputs=[tensor("out", FLOAT, [1, 5])]),
        "an output probabilities .*; it has out",
    ),
    "two classes": (
        small_model([constant([[0.5, 0.5]], "fixed"), node("Identity", "fixed", "probabilities")],
                    outputs=[tensor("probabilities", FLOAT, [1, 2])]),
        r"shape \[1, 5\]; it has probabilities .*\[1, 2\]",
    ),
    "doubles": (
        small_model([constant([[0.2] * 5], "fixed", np.float64), node("Identity", "fixed", "probabilities")],
                    outputs=[tensor("probabilities", TensorProto.DOUBLE, [1, 5])]),
        "of type float .*; it has probabilities of type double",
    ),
    "an output of any shape": (
        small_model([*BRIGHTNESS, node("NonZero", "levels", "all"), node("Cast", "all", "probabilities", to=FLOAT)],
                    outputs=[tensor("probabilities", FLOAT, None)]),
        r"shape \[1, 5\]; it has",
    ),
    "an output that is not what it says": (
        small_model([*BRIGHTNESS, constant([1, 5], "five", np.int64), node("Reshape", "levels five", "probabilities")]),
        "it fails on a picture: .*Reshape",
    ),
    "a name that is no text": (small_model(name="name!").SerializeToString().replace(b"name!", b"name\xff"), "UTF-8"),
    "no name": (small_model(name=None), r"its metadata lacks name(\.|$)"),
    "no metadata": (small_model(name=None, version=None, labels=None), "its metadata lacks name, version, labels"),
    "an empty version": (small_model(version=""), "its metadata lacks version"),
    "four labels": (small_model(labels="drawing,hentai,neutral,porn"), "the labels in its metadata must be drawing,"),
    "other labels": (small_model(labels="a,b,c,d,e"), "they are a,b,c,d,e"),
    "a label twice": (small_model(labels="porn,porn,neutral,sexy,hentai"), "they are porn,porn"),
    "no numbers": (small_model(answering(float("nan"), 0, 0, 0, 0)), "add up to 1, as after a softmax; they are nan, "),
    "a sum that is none": (small_model(answering(float("inf"), 0, 0, 0, 0)), "add up to 1.* they are "),
    "logits": (small_model(answering(-3, 2, 5, 1, -1)), "as after a softmax; they are -3, 2, 5, 1, -1"),
    "logits that add up to 1": (small_model(answering(-3, 2, 1, 0, 1)), "must be at least 0"),
    "percents": (small_model(answering(10, 20, 40, 10, 20)), "add up to 1.* they are 10, 20"),
    "nothing at all": (small_model(answering(0, 0, 0, 0, 0)), "add up to 1.* they are 0, 0"),
    "a heat map of one class": (with_heatmap([1, 1, 7, 7]), r"its heatmap must be .*\[1, 5, rows, columns\]"),
    "a huge heat map": (with_heatmap([1, 5, 7, 65]), "with at most 64 of each"),
    "a heat map without numbers": (with_heatmap([1, 5, 7, 7], float("nan")), "its heatmap holds what is not a number"),
}  # fmt: skip
BAD["a new IR version"][0].ir_version = 99  # type: ignore[union-attr]


@pytest.fixture(params=BAD)
def bad(request: pytest.FixtureRequest) -> tuple[ModelProto | bytes, str]:
    return BAD[request.param]


def test_a_bad_model_is_refused_with_a_sentence_when_it_is_built_and_when_it_is_started(
    bad: tuple[ModelProto | bytes, str], tmp_path: Path
) -> None:
    content, sentence = bad
    path = save(content, tmp_path / "bad.onnx")
    sentence = f"bad.onnx cannot be used as a model: .*{sentence}"
    with pytest.raises(ModelUnusable, match=sentence):
        Classifier(path).warm_up()
    with pytest.raises(BuildError, match=sentence):
        keep(path.read_bytes(), tmp_path / "out" / "bad.onnx")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_model_that_is_too_large_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        file.truncate(500_000_001)
    with pytest.raises(ModelUnusable, match="more than 500 MB"):
        ModelFile(path)


def test_a_whole_model_says_what_it_is(tmp_path: Path) -> None:
    assert ModelFile(save(small_model(), tmp_path / "m.onnx")).model.explains is False
    model = ModelFile(save(with_heatmap([1, 5, 4, 3]), tmp_path / "m.onnx")).model
    assert (model.name, model.version, model.labels, model.size, model.explains) == ("small", "1", LABELS, SIZE, True)


def test_classes_are_known_by_their_labels_in_any_order(tmp_path: Path) -> None:
    model = small_model(answering(0.5, 0.3, 0.1, 0.06, 0.04), labels="porn,neutral,sexy,drawing,hentai")
    scores = Classifier(save(model, tmp_path / "m.onnx")).classify(VIEW)
    found = (scores.porn, scores.neutral, scores.sexy, scores.drawing, scores.hentai)
    assert found == pytest.approx((0.5, 0.3, 0.1, 0.06, 0.04))


def test_a_probability_that_was_rounded_to_more_than_1_is_1(tmp_path: Path) -> None:
    assert Classifier(save(small_model(answering(0, 0, 0, 1.004, 0)), tmp_path / "m.onnx")).classify(VIEW).porn == 1


def test_a_model_with_heat_maps_explains_and_one_without_does_not(tmp_path: Path) -> None:
    grids = Classifier(save(with_heatmap([1, 5, 2, 3]), tmp_path / "m.onnx")).heatmaps(VIEW)
    assert grids == dict.fromkeys(EXPLAINED, [[0.0] * 3] * 2)
    assert Classifier(save(small_model(), tmp_path / "m.onnx")).heatmaps(VIEW) is None


def test_a_model_that_breaks_on_some_picture_is_a_fault_of_ours_there_and_never_a_verdict(tmp_path: Path) -> None:
    fragile = Classifier(save(fragile_model(), tmp_path / "m.onnx"))
    fragile.warm_up()
    whole = Classifier(save(small_model(answering(0, 0, 0.2, 0.8, 0)), tmp_path / "w.onnx"))
    for client in (serve(classifier=fragile).client, serve(classifier=whole, second=fragile).client):
        assert client.post("/v1/classify", content=png()).json()["code"] == "internal_error"
    assert verdict_of(serve(classifier=fragile).client, 0) == "safe"
    with pytest.raises(BuildError, match="they are nan"):
        keep(fragile_model().SerializeToString(), tmp_path / "out.onnx")


def verdict_of(client: TestClient, grey: int) -> str:
    return str(client.post("/v1/classify", content=png(grey=grey)).json()["data"]["verdict"])


OPERATORS: dict[str, Callable[[str, str], NodeProto]] = {
    name: (lambda x, y, name=name: node(name, x, y))
    for name in ("Log", "Sqrt", "Exp", "Reciprocal", "Neg", "Abs", "Sigmoid", "Tanh", "Identity")
} | {"Softmax": lambda x, y: node("Softmax", x, y, axis=1)}  # fmt: skip
NUMBERS = st.floats(width=32) | st.sampled_from([0.0, 1.0, -1.0, 0.2])


@st.composite
def graphs(draw: st.DrawFn) -> list[NodeProto]:
    """Nodes that make five numbers of a picture's brightness, most of them no probabilities."""
    factors, summands = (draw(st.lists(NUMBERS, min_size=5, max_size=5)) for _ in range(2))
    nodes = [
        *BRIGHTNESS,
        constant([factors], "factors"),
        constant([summands], "summands"),
        node("Mul", "factors brightness", "product"),
        node("Add", "product summands", "v0"),
    ]
    names = draw(st.lists(st.sampled_from(sorted(OPERATORS)), max_size=4))
    nodes += [OPERATORS[name](f"v{number}", f"v{number + 1}") for number, name in enumerate(names)]
    return [*nodes, node("Identity", f"v{len(names)}", "probabilities")]


@given(nodes=graphs(), level=st.integers(0, 255))
@settings(max_examples=100)
def test_whatever_a_graph_answers_becomes_probabilities_or_a_fault(
    tmp_path_factory: pytest.TempPathFactory, nodes: list[NodeProto], level: int
) -> None:
    path = save(small_model(nodes), tmp_path_factory.getbasetemp() / "random.onnx")
    classifier, view = Classifier(path), bytes([level]) * len(VIEW)
    raw = ModelFile(path)._run(["probabilities"], view)[0][0].astype(float)
    proper = bool(np.isfinite(raw).all() and (raw >= 0).all() and abs(raw.sum() - 1) <= 0.01)
    try:
        scores = classifier.classify(view)
    except ClassificationFailed:
        assert not proper
    else:
        assert proper
        assert [getattr(scores, label) for label in LABELS] == np.minimum(raw, 1).tolist()
