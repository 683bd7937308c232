"""Runs are averaged only if nothing but their seeds differs."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import sem

from gan_keras.metrics.protocol import Protocol, Score
from gan_keras.metrics.seeds import Estimate, summarise
from refusals import refused

RUNS = [3.0, 5.0, 4.5]


def score(value, seed, **changes):
    return Score({"frechet": value, "recall": 0.5}, Protocol("m", num_fake=5, seeds=(seed,), **changes))


def test_means_and_standard_errors_equal_scipys_and_are_printed():
    found = summarise([score(value, seed) for seed, value in enumerate(RUNS)])
    assert found.values["frechet"] == pytest.approx((np.mean(RUNS), sem(RUNS))) and found.values["recall"] == (0.5, 0)
    assert found.protocol == Protocol("m", num_fake=5, seeds=(0, 1, 2))
    assert str(Estimate(12.3456, 0.4142)) == "12.35 ± 0.41"


def test_one_run_and_runs_that_differ_in_more_than_seeds_are_refused():
    refused(r"they differ in split \(None and 'test'\)", summarise, [score(1.0, 0), score(2.0, 1, split="test")])
    other = dataclasses.replace(score(1.0, 1), values={"frechet": 1.0})
    refused("same names", summarise, [score(1.0, 0), other])
    refused("Got 1 scores", summarise, [score(1.0, 0)])
