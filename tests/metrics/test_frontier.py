"""The quality-diversity frontier."""

import matplotlib.image
import numpy as np
import pytest

from gan_keras.metrics.frontier import PUBLISHED_COCO, Point, dominates, gain_over, plot, reaches
from refusals import refused

ORDERS = (2, 3, 4, 5)


def curve(*pairs):
    return [Point({5: bleu}, {5: self_bleu}) for self_bleu, bleu in pairs]


def test_gain_is_the_mean_height_over_the_interpolated_baseline_which_must_overlap():
    baseline = curve((0.6, 0.3), (0.2, 0.1))  # in any order: BLEU is half the Self-BLEU
    points = curve((0.4, 0.25), (0.5, 0.24), (0.2, 0.1), (0.9, 0.9))  # +.05, -.01, 0, outside
    assert gain_over(points, baseline) == pytest.approx(0.04 / 3)
    with pytest.raises(ValueError, match="from 0.700 to 0.800, a baseline from 0.200 to 0.600"):
        gain_over(curve((0.7, 0.3), (0.8, 0.4)), curve((0.2, 0.1), (0.6, 0.3)))


def test_a_point_dominates_a_row_only_with_all_eight_numbers_and_reaches_others_below_a_limit():
    row = PUBLISHED_COCO["LeakGAN"]
    assert dominates(Point(dict(row.bleu), dict(row.self_bleu)), row)
    for n in ORDERS:
        assert not dominates(Point({**row.bleu, n: row.bleu[n] - 0.001}, row.self_bleu), row)
        assert not dominates(Point(row.bleu, {**row.self_bleu, n: row.self_bleu[n] + 0.001}), row)
    row = PUBLISHED_COCO["RelGAN(1000)"]
    point = Point(row.bleu, dict.fromkeys(ORDERS, 0.6))
    assert reaches(point, row, 0.6) and not reaches(point, row, 0.59)
    assert not reaches(Point({**row.bleu, 3: 0.5}, point.self_bleu), row, 0.6)
    refused("without Self-BLEU", dominates, point, row)


def test_the_published_table_has_eight_rows_that_fall_with_the_order():
    assert len(PUBLISHED_COCO) == 8
    for row in PUBLISHED_COCO.values():
        for scores in filter(None, (row.bleu, row.self_bleu)):
            assert tuple(scores) == ORDERS and all(np.diff(list(scores.values())) < 0)
    assert PUBLISHED_COCO["MLE"].self_bleu[5] == 0.408


def test_the_plot_has_one_line_per_sampler(tmp_path):
    points = [Point({5: 0.2}, {5: 0.4}, 1.0), Point({5: 0.3}, {5: 0.7}, 0.8)]
    plot({"GAN": points}, tmp_path / "one.png")
    plot({"GAN": points, "baseline": curve((0.3, 0.1), (0.6, 0.2))}, tmp_path / "two.png", real=Point({5: 0.2}, {5: 0.3}))
    one, two = (matplotlib.image.imread(tmp_path / name)[..., :3] for name in ("one.png", "two.png"))
    orange = np.array([255, 127, 14]) / 255  # the second colour of matplotlib's cycle
    assert one.shape == two.shape and min(one.shape[:2]) > 500
    assert not np.any(np.all(np.abs(one - orange) < 0.01, axis=-1))
    assert np.sum(np.all(np.abs(two - orange) < 0.01, axis=-1)) > 500
