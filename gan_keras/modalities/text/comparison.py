"""Comparison of text samplers: the distance between two frontiers with its interval, the verdict, the tables and the picture."""

import io

import numpy as np

from gan_keras.media.plots import Picture
from gan_keras.metrics import frontier
from gan_keras.metrics.frontier import Point, gain_over

NUM_RESAMPLES = 1000
RESAMPLES_PER_BLOCK = 50
INTERVAL = (
    "95 %, percentile bootstrap over the sentences of this one training run, with sentence i of all samplers drawn together; "
    "it does not cover the variation between training runs"
)
CANNOT = "cannot be compared"


def frontier_gains(curves, candidates, seed=0):
    """Gains of the GAN's samplers over their rivals: the difference in BLEU-5 at equal Self-BLEU-5.

    Args:
        curves: Self-BLEU-5 and BLEU-5 per sentence of each sampler by name, `(temperatures, num, 2)` each.
        candidates: The K in the names `gan_best_of_K` and `baseline_likelihood_best_of_K`.
        seed: Seed of the bootstrap.

    Returns:
        List of dictionaries: `sampler` and `over` (names), `gain` and `interval` (None if the two ranges of Self-BLEU do not
        overlap: see `reason`), `temperatures_used`, `method`.
    """
    best, likeliest = f"gan_best_of_{candidates}", f"baseline_likelihood_best_of_{candidates}"
    pairs = [("gan", "baseline"), ("gan", "ngram"), (best, "baseline"), (best, likeliest), (best, "ngram")]
    means = {name: curve.mean(axis=1) for name, curve in curves.items()}
    resampled = resampled_means(curves, seed)
    return [
        {"sampler": name, "over": rival, **_gain(means[name], means[rival], resampled[name], resampled[rival])}
        for name, rival in pairs
    ]


def resampled_means(curves, seed=0, num_resamples=NUM_RESAMPLES):
    """Mean scores of each sampler over the same sentences, drawn with replacement: `(resamples, temperatures, 2)`."""
    generator = np.random.default_rng(seed)
    num = next(iter(curves.values())).shape[1]
    blocks = {name: [] for name in curves}
    for start in range(0, num_resamples, RESAMPLES_PER_BLOCK):
        size = min(RESAMPLES_PER_BLOCK, num_resamples - start)
        drawn = generator.integers(0, num, (size, num))
        weights = np.stack([np.bincount(row, minlength=num) for row in drawn]) / num
        for name, curve in curves.items():
            blocks[name].append(np.tensordot(weights, curve, axes=(1, 1)))
    return {name: np.concatenate(parts) for name, parts in blocks.items()}


def _gain(means, rival_means, resampled, rival_resampled):
    lowest, highest = rival_means[:, 0].min(), rival_means[:, 0].max()
    used = int(np.sum((means[:, 0] >= lowest) & (means[:, 0] <= highest)))
    result = {"gain": None, "interval": None, "reason": None, "temperatures_used": used, "method": INTERVAL}
    gains = list(_resampled_gains(resampled, rival_resampled))
    if not used or len(gains) < len(resampled) / 2:
        ranges = f"{means[:, 0].min():.3f} to {means[:, 0].max():.3f} and {lowest:.3f} to {highest:.3f}"
        return {**result, "reason": f"Self-BLEU-5 from {ranges}: too little overlap"}
    interval = np.quantile(gains, [0.025, 0.975]).tolist()
    return {**result, "gain": gain_over(_points(means), _points(rival_means)), "interval": interval}


def _resampled_gains(resampled, rival_resampled):
    for means, rival_means in zip(resampled, rival_resampled, strict=True):
        try:
            yield gain_over(_points(means), _points(rival_means))
        except ValueError:  # no overlap in this resample: it has no gain
            continue


def _points(means):
    return [Point({5: bleu}, {5: self_bleu}) for self_bleu, bleu in means]


def outcome(gain):
    """`"wins"`, `"loses"`, `"does not win"` (the interval holds 0) or `CANNOT`."""
    if gain["gain"] is None:
        return CANNOT
    low, high = gain["interval"]
    return "wins" if low > 0 else "loses" if high < 0 else "does not win"


def verdict(gains, titles):
    """The verdict in plain words: one line for the whole, then one per comparison.

    A sampler wins only if it wins over its supervised baseline and neither loses nor draws another comparison.

    Args:
        gains: List from `frontier_gains`.
        titles: Titles of the samplers by name.

    Returns:
        List of strings.
    """
    judged = {name: [gain for gain in gains if gain["sampler"] == name] for name in dict.fromkeys(g["sampler"] for g in gains)}
    whole = "; ".join(f"{titles[name]}: {_overall(parts, titles)}" for name, parts in judged.items())
    return [f"At equal diversity, {whole}.", *(_sentence(gain, titles) for gain in gains)]


def _overall(gains, titles):
    failed = [titles[gain["over"]] for gain in gains if outcome(gain) in ("loses", "does not win")]
    unknown = [titles[gain["over"]] for gain in gains if outcome(gain) == CANNOT]
    if failed:
        return f"does NOT win over {' and '.join(failed)}"
    if any(gain["over"] == "baseline" for gain in gains if outcome(gain) == CANNOT):
        return f"undecided, no overlap with {' and '.join(unknown)}"
    return "wins" + (f" wherever it can be compared (no overlap with {' and '.join(unknown)})" if unknown else "")


def _sentence(gain, titles):
    names = f"{titles[gain['sampler']]}, against {titles[gain['over']]}"
    if outcome(gain) == CANNOT:
        return f"{names}: {CANNOT}, {gain['reason']}."
    low, high = gain["interval"]
    return (
        f"{names}: {outcome(gain)}, BLEU-5 at equal Self-BLEU-5 {gain['gain']:+.3f} [{low:+.3f}, {high:+.3f}] "
        f"over {gain['temperatures_used']} temperatures."
    )


COLUMNS = ("temp", "B2", "B3", "B4", "B5", "SB2", "SB3", "SB4", "SB5", "unique", "copies", "LM", "RLM")
EXACT = (("possible", 3), ("oracle_nll", 2))


def table_row(point):
    """The cells of a point under `COLUMNS`, strings; a dash if a score does not apply."""
    scores = [*point["bleu"].values(), *point["self_bleu"].values(), point["unique"], point["copies"]]
    judges = [point["lm_score"], point["reverse_lm_score"]]
    cells = [_number(point["temperature"], 2), *(_number(score, 3) for score in scores)]
    return [*cells, *(_number(score, 2) for score in judges)]


def exact_scores(sampler):
    """The scores of each point under the true distribution, in words; an empty list if the distribution is unknown."""
    points = sampler["points"]
    if "possible" not in points[0]:
        return []
    shares, nats = (", ".join(_number(point[name], digits) for point in points) for name, digits in EXACT)
    return [f"Under the true distribution: possible {shares}; nats per possible line {nats}"]


def _number(value, digits):
    return "-" if value is None else f"{value:.{digits}f}"


def print_summary(result):
    """The result of `evaluate_text`, or the same read from JSON, as text: tables, held-out likelihoods and the verdict."""
    lines = [" ".join(f"{name:>6}" for name in COLUMNS)]
    for sampler in [*result["samplers"].values(), result["real"]]:
        lines.append(f"{sampler['title']}, {sampler['points'][0]['num']:,} sentences per row")
        lines += [" ".join(f"{cell:>6}" for cell in table_row(point)) for point in sampler["points"]]
        lines += exact_scores(sampler)
    likelihoods = result["negative_log_likelihood"]
    values = ", ".join(f"{name} {likelihoods[name]:.3f}" for name in ("gan", "baseline", "ngram"))
    headline, *details = result["verdict"]
    return "\n".join([*lines, f"Held-out nats per token: {values}", f"Verdict: {headline}", *details])


def frontier_picture(result, order=5):
    """The quality-diversity frontier of an evaluation, by BLEU-n and Self-BLEU-n of an order, as a `Picture`."""
    samplers = {sampler["title"]: _frontier_points(sampler) for sampler in result["samplers"].values()}
    buffer = io.BytesIO()
    frontier.plot(samplers, buffer, real=_frontier_points(result["real"])[0], order=order)
    ranges = "; ".join(f"{title}: {_range(points, order)}" for title, points in samplers.items())
    title = f"BLEU-{order} against Self-BLEU-{order}"
    return Picture(title, f"{title}, one line per sampler over temperatures. {ranges}.", buffer.getvalue())


def _frontier_points(sampler):
    """The `Point`s of a sampler in the result, whose orders are strings, as in JSON."""
    return [
        frontier.Point(
            *({int(n): score for n, score in point[name].items()} for name in ("bleu", "self_bleu")), point["temperature"]
        )
        for point in sampler["points"]
    ]


def _range(points, order):
    pairs = sorted((point.self_bleu[order], point.bleu[order]) for point in points)
    return " to ".join(f"({self_bleu:.2f}, {bleu:.2f})" for self_bleu, bleu in (pairs[0], pairs[-1]))
