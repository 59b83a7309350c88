import base64
import io

import numpy as np
import pytest
from PIL import Image

from moderate.inference.classifier import Classifier
from moderate.inference.heatmap import EXPLAINED, against_neutral
from moderate.inference.overlay import overlay

LABELS = ("drawing", "hentai", "neutral", "porn", "sexy")


def test_a_map_is_what_speaks_for_a_class_against_neutral() -> None:
    maps = np.zeros((5, 7, 7), np.float32)
    maps[LABELS.index("porn"), 2, 3] = 4.5
    maps[LABELS.index("neutral"), 0, 0] = 1.25
    grids = against_neutral(maps, LABELS)
    assert set(grids) == set(EXPLAINED)
    assert grids["porn"][2][3] == 4.5
    assert grids["porn"][0][0] == -1.25


@pytest.mark.parametrize("strongest", [0.2, 8.0])
def test_the_overlay_is_red_and_least_transparent_where_the_class_was_seen(strongest: float) -> None:
    grid = [[0.0] * 7 for _ in range(7)]
    grid[1][5] = strongest
    png = base64.b64decode(overlay(grid, 224).removeprefix("data:image/png;base64,"))
    pixels = np.asarray(Image.open(io.BytesIO(png)))
    red, _, blue, alpha = pixels[1 * 32 + 16, 5 * 32 + 16]
    assert red > blue
    assert alpha == pixels[..., 3].max() > 0
    assert pixels[220, 4, 3] == 0


def test_the_maps_of_a_view_average_to_the_logits_that_its_probabilities_come_from(classifier: Classifier) -> None:
    rng = np.random.default_rng(1)
    view = rng.bytes(224 * 224 * 3)
    scores = classifier.classify(view)
    grids = classifier.heatmaps(view)
    assert grids
    averages = {name: np.mean(grid) for name, grid in grids.items()}
    for name, average in averages.items():
        assert average == pytest.approx(np.log(getattr(scores, name) / scores.neutral), abs=2e-3)
