"""Files of version 0.1: they load, generate what they generated then, and can be trained further."""

import json
import pathlib

import keras
import numpy as np
import pytest

from gan_keras.data import table_batches, text_batches
from gan_keras.data.table.table import RowsByCondition

FOLDER = pathlib.Path(__file__).parent / "files_of_0_1"
EXPECTED = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))  # results of `generate(5, seed=3)`


def a_batch_for(kind, gan):
    """One batch of training data."""
    if kind == "text":
        return text_batches(["a cat sat on the mat", "the dog ran"] * 4, gan.codec, 8)
    if kind == "image":
        return np.zeros((8, 8, 8, 1), np.uint8)
    cells = gan.generate_cells(40, seed=1)
    rows = RowsByCondition(len(cells), gan.codec.conditions_of(cells), gan.codec.num_conditions)
    return table_batches(cells, rows, 20, steps=1, seed=0)


@pytest.mark.parametrize("kind", ["image", "text", "table"])
def test_a_file_of_version_0_1_generates_the_same_and_trains_one_more_step(kind):
    gan = keras.saving.load_model(FOLDER / f"{kind}.keras")
    found = gan.generate(5, seed=3)
    if kind == "text":
        assert found == EXPECTED[kind] and not gan.calibration.is_fitted
        assert gan.tokens_per_line == pytest.approx(1 + gan.codec.report["tokens"] / gan.codec.report["lines"])
    elif kind == "image":
        np.testing.assert_allclose(found, EXPECTED[kind], atol=1e-6)
    else:
        assert list(found) == list(EXPECTED[kind]) and found["kind"].tolist() == EXPECTED[kind]["kind"]
        for name in ("size", "count"):
            np.testing.assert_allclose(found[name], EXPECTED[kind][name], atol=1e-6)
    before, updates = gan.generator.get_weights(), int(gan.generator_optimizer.iterations)
    options = {"initial_epoch": 5, "epochs": 6} if kind == "text" else {}  # its last stage
    gan.fit(a_batch_for(kind, gan), **options, verbose=0, shuffle=False)
    assert int(gan.generator_optimizer.iterations) == updates + 1
    after = gan.generator.get_weights()
    assert all(np.isfinite(weight).all() for weight in after)
    assert any((old != new).any() for old, new in zip(before, after, strict=True))
