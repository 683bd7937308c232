"""Noise is compared bit by bit with SplitMix64 written with Python's unbounded integers."""

from statistics import NormalDist

import numpy as np
import tensorflow as tf

from gan_keras import noise

SEEDS = [0, 1, 2, -1, 12345, -(2**63), 2**63 - 1, 2**62]
WORD = 2**64


def mix(bits):
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB % WORD
    return bits ^ (bits >> 31)


def reference_uniform(seed, num):
    state = mix(seed % WORD)
    words = [mix((state + column * 0x9E3779B97F4A7C15) % WORD) for column in range(1, num + 1)]
    return [((word >> 41) + 0.5) / 2**23 for word in words]


def int64(values):
    return tf.constant(values, tf.int64)


def test_uniform_noise_is_splitmix64_seeded_by_the_row():
    assert mix(0x9E3779B97F4A7C15) == 0xE220A8397B1DCDAF  # the published first number of SplitMix64 seeded with 0
    expected = [reference_uniform(seed, 5) for seed in SEEDS]
    np.testing.assert_array_equal(noise.uniform(int64(SEEDS), 5).numpy(), np.array(expected, np.float32))


def test_normal_noise_is_the_inverse_normal_distribution_of_uniform_noise():
    expected = [[NormalDist().inv_cdf(value) for value in reference_uniform(seed, 6)] for seed in SEEDS]
    np.testing.assert_allclose(noise.normal(int64(SEEDS), 6).numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_split_seed_is_the_mix_of_both_mixes():
    expected = [mix(mix(seed % WORD) ^ mix((7 + 0x9E3779B97F4A7C15) % WORD)) for seed in SEEDS]
    np.testing.assert_array_equal(noise.split(int64(SEEDS), 7).numpy().view(np.uint64), np.array(expected, np.uint64))


def test_a_row_depends_only_on_its_seed_and_there_may_be_no_columns_or_rows():
    together = noise.normal(int64(SEEDS), 4).numpy()
    for row, seed in enumerate(SEEDS):
        np.testing.assert_array_equal(noise.normal(int64([seed]), 9).numpy()[0, :4], together[row])
    assert noise.uniform(int64(SEEDS), 0).shape == (8, 0)
    assert noise.normal(int64([]), 3).shape == (0, 3)


def test_graph_and_eager_code_give_the_same_noise_for_any_batch():
    in_graph = tf.function(noise.uniform, input_signature=[tf.TensorSpec([None], tf.int64), tf.TensorSpec([], tf.int64)])
    for seeds in (SEEDS, SEEDS[:1]):
        np.testing.assert_array_equal(in_graph(int64(seeds), int64(3)), noise.uniform(int64(seeds), 3))


def test_successive_seeds_give_uniform_numbers_without_correlation():
    values = noise.uniform(tf.range(50_000, dtype=tf.int64), 4).numpy().astype(np.float64)
    assert values.min() > 0 and values.max() < 1
    standard_error = np.sqrt(1 / 12 / values.size)
    assert abs(values.mean() - 0.5) < 4 * standard_error
    counts = np.histogram(values, bins=100, range=(0, 1))[0]
    chi_squared = np.sum((counts - values.size / 100) ** 2) / (values.size / 100)
    assert 50 < chi_squared < 160  # 99 degrees of freedom: 99 +- 14
    across_columns = np.corrcoef(values.T)[np.triu_indices(4, 1)]
    across_rows = [np.corrcoef(values[:-1, 0], values[1:, 0])[0, 1]]
    assert np.abs([*across_columns, *across_rows]).max() < 4 / np.sqrt(50_000)


def test_normal_noise_is_finite_with_unit_variance():
    values = noise.normal(tf.range(50_000, dtype=tf.int64), 4).numpy()
    assert np.isfinite(values).all() and np.abs(values).max() < 5.4
    assert abs(values.mean()) < 0.01 and abs(values.std() - 1) < 0.01


def test_children_of_different_seeds_and_indices_differ():
    seeds = tf.range(-100, 100, dtype=tf.int64)
    children = noise.split(seeds[:, None], tf.range(200, dtype=tf.int64)[None, :]).numpy()
    assert children.shape == (200, 200)
    assert len(np.unique(children)) == children.size
    assert not np.isin(children, seeds).any()


def test_padding_repeats_the_first_row_up_to_a_multiple_of_sixteen():
    for rows in [1, 15, 16, 17, 32, 33]:
        tensor = np.arange(2 * rows).reshape(rows, 2) + 1
        padded = noise.pad_rows(tf.constant(tensor)).numpy()
        assert len(padded) == -(-rows // 16) * 16
        np.testing.assert_array_equal(padded[:rows], tensor)
        assert (padded[rows:] == tensor[0]).all()
    assert noise.pad_rows(tf.zeros([0, 3])).shape == (0, 3)
    assert noise.pad_rows(tf.constant(["a", "b"])).numpy().tolist() == [b"a", b"b"] + [b"a"] * 14
