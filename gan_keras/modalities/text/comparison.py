"""Comparison of text samplers: the verdict, the distance between two frontiers with its interval, the tables and the pictures."""

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


def frontier_gains(curves, seed=0):
    """Gains over rivals, of the GAN's one draw and of its resampled lines: the difference in BLEU-5 at equal Self-BLEU-5.

    Args:
        curves: Self-BLEU-5 and BLEU-5 per sentence of each sampler by name, `(temperatures, num, 2)` each.
        seed: Seed of the bootstrap.

    Returns:
        List of dictionaries: `sampler` and `over` (names), `gain` and `interval` (None if the two ranges of Self-BLEU do not
        overlap: see `reason`), `temperatures_used`, `method`.
    """
    judged = [name for name in curves if name == "gan" or name.startswith("gan_resampled")]
    pairs = [(name, rival) for name in judged for rival in curves if rival not in judged or (rival == "gan" != name)]
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


def frontier_sentences(gains, titles):
    """One line per comparison of `frontier_gains`; `titles` are those of the samplers by name."""
    return [_frontier_sentence(gain, titles) for gain in gains]


def _frontier_sentence(gain, titles):
    names = f"{titles[gain['sampler']]}, against {titles[gain['over']]}"
    if outcome(gain) == CANNOT:
        return f"{names}: {CANNOT}, {gain['reason']}."
    low, high = gain["interval"]
    return (
        f"{names}: {outcome(gain)}, BLEU-5 at equal Self-BLEU-5 {gain['gain']:+.3f} [{low:+.3f}, {high:+.3f}] "
        f"over {gain['temperatures_used']} temperatures."
    )


# --- The verdict. ---


def verdict(result):
    """The verdict of a result of `evaluate_text` in plain words, a list of lines: the first is about the discriminator."""
    lines = [_about_discriminator(result["likelihood_gain"]), _about_likelihood(result["negative_log_likelihood"])]
    tests = result["two_sample_tests"]
    if "reason" in tests:
        lines.append(f"Whether samples are near to real text could not be tested: {tests['reason']}.")
    else:
        lines += _about_samples(tests["rows"])
    if result["settings"]["is_selection"]:
        lines.append(
            "These lines are a selection set: they chose the epoch and calibrated the discriminator. Lines of another file give "
            "figures without that."
        )
    return lines


def _about_discriminator(gain):
    if "reason" in gain:
        return f"What the discriminator knows could not be measured: {gain['reason']}."
    found, control, over = (_interval(gain[name]) for name in ("discriminator", "own_likelihood_and_length", "over_control"))
    nats = f"{found} nats per held-out line"
    if gain["discriminator"][1] <= 0.0:
        return f"The discriminator does NOT know anything that its generator does not: it adds {nats}."
    if gain["over_control"][1] <= 0.0:
        return (
            f"The discriminator does NOT know more than its generator's own likelihood, length and words tell: it adds {nats}, "
            f"these alone {control}."
        )
    return (
        f"The discriminator knows something that its generator does not: it adds {nats}, {over} more than the generator's own "
        "likelihood, length and words alone."
    )


def _about_likelihood(likelihoods):
    own, baseline, ngram = (likelihoods[name] for name in ("gan", "baseline", "ngram"))
    parts = f", with its n-grams ({likelihoods['network']:.3f} without)" if "network" in likelihoods else ""
    changed = "No later stage has changed the supervised generator."
    if own != baseline:
        changed = f"The supervised network, before a later stage changed it, had {baseline:.3f}."
    return (
        f"The generator needs {own:.3f} nats per held-out token{parts}, the Kneser-Ney 5-gram {ngram:.3f}: "
        f"{'better' if own < ngram else 'worse'}. {changed}"
    )


def _about_samples(rows):
    real, one_draw = rows["real"], rows["gan"]
    lines = []
    for name, row in rows.items():
        if name.startswith("gan_resampled"):
            low, high = row["c2st_over_one_draw"][1:]
            words = "comes nearer" if high < 0.0 else "does NOT come nearer" if low > 0.0 else "does NOT come measurably nearer"
            among = row["title"].removeprefix("GAN, resampled among ")
            lines.append(
                f"Resampling among {among} {words} to real text than one draw: {_areas(row, one_draw)}; other real lines "
                f"{real['c2st']:.3f}."
            )
    row = rows["gan_lower_temperature"]
    low, high = row["c2st_over_one_draw"][1:]
    words = "and this test does not see that they leave the data" if low <= 0.0 else "by leaving the data"
    words = "and here they come nearer to the data" if high < 0.0 else words
    varied = f"distinct bigrams {row['distinct_2']:.3f} after {one_draw['distinct_2']:.3f}"
    return [*lines, f"A lower temperature writes likelier lines, {words}: {_areas(row, one_draw)}; {varied}."]


def _areas(row, one_draw):
    return f"C2ST {row['c2st']:.3f} after {one_draw['c2st']:.3f}, {_interval(row['c2st_over_one_draw'])}"


def _interval(values):
    mean, low, high = values
    return f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"


# --- Tables. ---


TEST_COLUMNS = (
    "lines", "length", "off by", "C2ST", "95 %", "MMD", "MAUVE", "dist-2", "unique", "copies", "reverse",
)  # fmt: skip


def cells_of_test(row):
    """The cells of a sampler under `TEST_COLUMNS`, strings."""
    low, high = row["c2st_interval"]
    length = f"{row['num']:,}", f"{row['mean_length']:.2f}", f"{row['length_difference']:+.1f} %"
    near = f"{row['c2st']:.3f}", f"{low:.3f}-{high:.3f}", f"{1000 * row['mmd']:.2f}"
    return [*length, *near, *(f"{row[name]:.3f}" for name in ("mauve", "distinct_2", "unique", "copies", "reverse_lm_score"))]


def likelihood_lines(result):
    """Held-out likelihoods per token and line, and the discriminator's gain with its control, as lines of text."""
    likelihoods, gain = result["negative_log_likelihood"], result.get("likelihood_gain")
    names = [name for name in LIKELIHOOD_TITLES if name in likelihoods]
    if likelihoods["baseline"] == likelihoods["gan"]:
        names.remove("baseline")
    per_line = likelihoods.get("per_line", {})
    lines = [
        f"{LIKELIHOOD_TITLES[name]}: {likelihoods[name]:.3f} per token"
        + (f", {per_line[name]:.2f} per line" if name in per_line else "")
        for name in names
    ]
    if likelihoods.get("shares"):
        shares = ", ".join(f"{share:.2f}" for share in likelihoods["shares"])
        lines.append(f"shares of the generator's n-grams after 0, 1, ... known tokens: {shares}")
    if gain and "reason" not in gain:
        titles = {
            "discriminator": "discriminator",
            "own_likelihood_and_length": "own likelihood, length and words alone, the control",
        }
        lines += [f"gain per line by {title}: {_interval(gain[name])}" for name, title in titles.items()]
    return lines


LIKELIHOOD_TITLES = {
    "gan": "generator",
    "network": "generator without its n-grams",
    "baseline": "supervised baseline",
    "ngram": "Kneser-Ney 5-gram",
}
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
    """The result of `evaluate_text`, or the same read from JSON, as text: likelihoods, tests, the sweep and the verdict."""
    lines = ["Held-out negative log-likelihood, nats:", *(f"  {line}" for line in likelihood_lines(result))]
    tests = result.get("two_sample_tests", {})
    if "rows" in tests:
        rows = [("", TEST_COLUMNS), *((row["title"], cells_of_test(row)) for row in tests["rows"].values())]
        lines += ["", "Whole sentences against held-out lines:", *_aligned(rows), TEST_NOTE]
    lines += ["", "The published protocol, over temperatures:", " ".join(f"{name:>6}" for name in COLUMNS)]
    for sampler in [*result["samplers"].values(), result["real"]]:
        lines.append(f"{sampler['title']}, {sampler['points'][0]['num']:,} sentences per row")
        lines += [" ".join(f"{cell:>6}" for cell in table_row(point)) for point in sampler["points"]]
        lines += exact_scores(sampler)
    headline, *details = result["verdict"]
    return "\n".join([*lines, *result.get("frontier", []), "", f"Verdict: {headline}", *details])


def _aligned(rows):
    """Rows of a title and cells as lines of text: titles to the left, cells to the right."""
    cells = [[title, *map(str, row)] for title, row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join([title.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row, widths[1:], strict=True))])
        for title, *row in cells
    ]


TEST_NOTE = (
    "C2ST: area under the curve of a classifier that tells the lines from real ones, 0.5 if it cannot; with its 95 % interval.\n"
    "MMD (in thousandths, 0 if equal) and MAUVE (1 if equal) compare the same features of sentences. dist-2: distinct bigrams.\n"
    "copies: equal to a training line. reverse: nats per real token of a 5-gram model of the lines; lower is better."
)


def c2st_picture(result):
    """The area under the curve of each sampler's classifier test, with its interval, as a `Picture`."""
    from matplotlib.figure import Figure  # slow to import

    rows = list(result["two_sample_tests"]["rows"].values())[::-1]
    figure = Figure(figsize=(9, 0.6 + 0.45 * len(rows)), layout="constrained")
    axes = figure.add_subplot(xlabel="C2ST: how well a classifier tells the lines from real ones (0.5: not at all)")
    for place, row in enumerate(rows):
        low, high = row["c2st_interval"]
        axes.plot([low, high], [place, place], "-", color="C0", linewidth=2)
        axes.plot(row["c2st"], place, "o", color="C0")
    axes.axvline(0.5, color="0.5", linestyle=":")
    axes.set_yticks(range(len(rows)), [row["title"] for row in rows])
    axes.grid(axis="x", alpha=0.3)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=150)
    found = "; ".join(
        f"{row['title']} {row['c2st']:.3f} ({row['c2st_interval'][0]:.3f} to {row['c2st_interval'][1]:.3f})" for row in rows[::-1]
    )
    return Picture(
        "Told from real lines", f"Area under the curve of a classifier of real and generated lines. {found}.", buffer.getvalue()
    )


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
