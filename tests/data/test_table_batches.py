"""Training by sampling: rows meet their conditions, which are drawn by the logarithm of their frequency."""

import numpy as np

from gan_keras.codecs import TableCodec
from gan_keras.data import load_table, table_batches
from gan_keras.data.table.table import AllRows, RowsByCondition


def table_of(tmp_path):
    rows = [f"{i},{'a' if i % 10 else 'b'},{'uvwx'[i % 4]}" for i in range(400)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["n,first,second", *rows]))
    return load_table(path)


def test_rows_meet_their_conditions_and_rare_values_are_frequent(tmp_path):
    table, codec = table_of(tmp_path), TableCodec(most_modes=2)
    codec.adapt(table)
    met = np.stack(list(codec.conditions_of(table.cells)), axis=1)
    rows = RowsByCondition(len(table), iter(met.T), codec.num_conditions)
    np.testing.assert_array_equal(rows.counts, [360, 40, 100, 100, 100, 100])
    conditions, chosen = rows.draw(20_000, np.random.default_rng(0))
    assert (met[chosen] == conditions[:, None]).any(axis=1).all()
    weights = np.log1p([360, 40])
    expected = [*weights / weights.sum() / 2, *[1 / 8] * 4]
    np.testing.assert_allclose(np.bincount(conditions) / 20_000, expected, atol=0.01)


def test_batches_depend_on_the_seed_and_the_epoch(tmp_path):
    table, codec = table_of(tmp_path), TableCodec(most_modes=2)
    codec.adapt(table)
    rows = RowsByCondition(len(table), codec.conditions_of(table.cells), codec.num_conditions)
    epochs = [[batch for batch in dataset] for dataset in [table_batches(table.cells, rows, 30, 2, seed=1)] * 2]
    again = list(table_batches(table.cells, rows, 30, 2, seed=1))
    for (cells, conditions), (same_cells, same_conditions) in zip(epochs[0], again, strict=True):
        np.testing.assert_array_equal(cells, same_cells)
        np.testing.assert_array_equal(conditions, same_conditions)
    assert (epochs[0][0][0].numpy() != epochs[1][0][0].numpy()).any()
    alone = list(table_batches(table.cells, AllRows(len(table)), 30, 3))
    assert len(alone) == 3 and alone[0].shape == (30, 3)
