"""Poisson samples: each row by chance of its own, as the accounting assumes; other samples are told apart."""

import keras
import numpy as np
import pytest
from scipy.stats import chi2

from gan_keras.data import poisson_batches
from private_gans import fit, flat, privacy_of, private_gan
from small_gans import POINTS

NUM, RATE, BATCHES = 50, 0.2, 4000


def inclusions(batches):
    """How often each row is in each batch, `(batches, rows)`, from batches of row numbers."""
    return np.stack([np.bincount(np.ravel(batch).astype(int), minlength=NUM) for batch in batches])


def check_poisson(found):
    """Asserts that rows are in batches independently with the probability `RATE`; right samples pass but once in a million."""
    assert found.max() == 1, "a row is in a batch twice"
    deviates = ((found.sum(axis=0) - BATCHES * RATE) ** 2).sum() / (BATCHES * RATE * (1 - RATE))
    assert chi2.cdf(deviates, NUM) < 1 - 1e-7 and chi2.cdf(deviates, NUM) > 1e-7, "rows are not equally likely"
    sizes, variance = found.sum(axis=1), NUM * RATE * (1 - RATE)
    assert abs(sizes.mean() - NUM * RATE) < 6 * np.sqrt(variance / BATCHES)
    assert abs(sizes.var() / variance - 1) < 6 * np.sqrt(2.5 / BATCHES), "sizes do not vary as they should"
    correlations = np.corrcoef(found.T) - np.eye(NUM)
    assert np.abs(correlations).max() < 6.5 / np.sqrt(BATCHES), "two rows come together, or avoid each other"
    later = [np.corrcoef(found[:-1, row], found[1:, row])[0, 1] for row in range(NUM)]
    assert np.abs(later).max() < 6.5 / np.sqrt(BATCHES), "a row depends on the batch before"


@pytest.fixture(scope="module")
def batches():
    privacy = privacy_of(train_size=NUM, batch_size=NUM * RATE, train_steps=BATCHES)
    return poisson_batches(np.arange(NUM), privacy)


def test_each_row_is_in_each_batch_by_chance_of_its_own(batches):
    assert int(batches.cardinality()) == BATCHES
    check_poisson(inclusions(batch.numpy() for batch in batches))


def test_each_pass_and_each_seed_has_other_samples(batches):
    passes = []
    for _ in range(2):
        keras.utils.set_random_seed(0)
        passes.append(np.concatenate([batch.numpy() for batch in batches.take(20)]))
    assert not np.array_equal(*passes)


random = np.random.default_rng(0)
SHUFFLES = [random.permutation(NUM) for _ in range(BATCHES // 5)]
MUTANTS = {
    "batches of one size": lambda: [random.permutation(NUM)[:10] for _ in range(BATCHES)],
    "with replacement": lambda: [random.integers(0, NUM, random.binomial(NUM, RATE)) for _ in range(BATCHES)],
    "shuffled epochs": lambda: [part for order in SHUFFLES for part in np.split(order, 5)],
    "pairs": lambda: [np.ravel([[i, i + 1] for i in range(0, NUM, 2) if random.random() < RATE]) for _ in range(BATCHES)],
    "too often": lambda: [np.flatnonzero(random.random(NUM) < 1.1 * RATE) for _ in range(BATCHES)],
    "one row too often": lambda: [np.flatnonzero(random.random(NUM) < RATE * (1 + np.eye(NUM)[0])) for _ in range(BATCHES)],
}


@pytest.mark.parametrize("name", MUTANTS)
def test_other_samples_are_told_apart(name):
    with pytest.raises(AssertionError):
        check_poisson(inclusions(MUTANTS[name]()))


def test_columns_belong_together_and_a_function_reads_rows_that_are_elsewhere():
    privacy = privacy_of(train_steps=5)
    for rows in ((POINTS, np.arange(64)), lambda chosen: (POINTS[chosen], chosen)):
        for points, numbers in poisson_batches(rows, privacy):
            np.testing.assert_array_equal(points, POINTS[numbers.numpy()])


@pytest.mark.parametrize("rows", [POINTS[1:], (POINTS, np.arange(63))])
def test_other_numbers_of_rows_are_refused(rows):
    with pytest.raises(ValueError, match="train_size=64. Expected equal numbers"):
        poisson_batches(rows, privacy_of())


def test_empty_samples_train_with_noise_alone():
    gan = private_gan(privacy_of(train_size=10**6, batch_size=1, train_steps=3, delta=1e-7), discriminator_rate=0.01)
    before = flat(gan.discriminator.variables)
    fit(gan, lambda chosen: (POINTS[chosen[:0] % 64],))
    assert gan.privacy.steps_spent == 3
    assert np.isfinite(flat(gan.discriminator.variables)).all() and (flat(gan.discriminator.variables) != before).all()
