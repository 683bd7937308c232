"""Scores of an evaluation: a GAN next to its baselines, with real samples as the control. Result, verdict, table and report.

`values` are scores by name, of each sampler by name: `"gan"`, baselines and `"real"`, the control. `columns` are the titles of
the scores by name, in order. `signs` are the deciding scores by name: 1 if higher is better, -1 if lower is. `result` is the
dictionary of `result_of`, or the same read from JSON.
"""

from gan_keras.gans.sampling import seeds_from
from gan_keras.media.html import bullets, definitions, element, header, row_of, section, unfold

CAVEAT = "(One set of samples, no confidence interval.)"


def check_enough(num, seed, at_least, **parts):
    """Raises `ValueError` unless `num` samples can be generated from `seed`, and there are enough of them and in each part."""
    seeds_from(num, seed)
    if seed < 0:
        raise ValueError(f"seed={seed}. Expected a whole number >= 0: the baselines draw from it too.")
    if min(num, *map(len, parts.values())) < at_least:
        found = ", ".join(f"{len(part)} {name} samples" for name, part in parts.items())
        raise ValueError(f"Got num={num} and {found}. Expected at least {at_least} of each.")


def result_of(values, titles, settings, verdict, **entries):
    """The result of an evaluation, which JSON can hold; `titles` are the samplers' by name, `verdict` is a list of lines."""
    samplers = {name: {"title": titles[name], "values": values[name]} for name in titles}
    real = samplers.pop("real")
    return {"settings": settings, "samplers": samplers, "real": real, **entries, "verdict": verdict}


def headline(values, rivals, signs, columns):
    """The verdict in one line: the scores in which the GAN beats each of the `rivals`, names of samplers with their words."""
    parts = [
        f"Compared with {rival}, the GAN {'; '.join(outcome(values['gan'], values[name], signs, columns))}."
        for name, rival in rivals.items()
    ]
    return " ".join([*parts, CAVEAT])


def score_lines(names, columns, values, samplers):
    """`Frechet distance: GAN 1.2, baseline 3.4, real images 0.5.` and so on, a line for each of the names of scores."""
    return [
        f"{columns[name]}: {', '.join(f'{title} {values[sampler][name]:.4g}' for sampler, title in samplers.items())}."
        for name in names
    ]


def private_line(values, signs, rival, words, others):
    """A line about what a private GAN is worth next to a private rival without networks: who wins more of the deciding scores.

    Args:
        values: See the file's head.
        signs: The deciding scores.
        rival: Name of the rival among the samplers.
        words: The rival in words, with the class that makes it.
        others: The other samplers in words, which are not private.
    """
    won = sum(sign * values["gan"][name] > sign * values[rival][name] for name, sign in signs.items())
    advice = "prefer them" if 2 * won < len(signs) else "both will do" if 2 * won == len(signs) else "prefer the GAN"
    return (
        f"The GAN beats {words} of the same epsilon in {won} of {len(signs)} scores: {advice}. Noised statistics "
        f"take seconds. {others} are not private."
    )


def outcome(own, other, signs, columns):
    """Compares the scores of two samplers: `wins in ...` and `does NOT win in ...`, a list of those that apply."""
    better = {name: sign * own[name] > sign * other[name] for name, sign in signs.items()}
    won, lost = ([columns[name] for name in signs if bool(better[name]) is wins] for wins in (True, False))
    return [f"{word} in {', '.join(names)}" for word, names in (("wins", won), ("does NOT win", lost)) if names]


def table(result, columns):
    """The scores as rows: the titles, then one row per sampler; a dash for a missing score."""
    samplers = [*result["samplers"].values(), result["real"]]
    names = [name for name in columns if any(name in sampler["values"] for sampler in samplers)]
    rows = [[sampler["title"], *(_cell(sampler["values"].get(name)) for name in names)] for sampler in samplers]
    return [["", *(columns[name] for name in names)], *rows]


def _cell(value):
    return "-" if value is None else f"{value:.4g}"


def summary(result, columns):
    """The result as text: one line per score, and the verdict."""
    turned = list(zip(*table(result, columns), strict=True))
    widths = [max(len(row[index]) for row in turned) for index in range(len(turned[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in turned]
    first, *details = result["verdict"]
    return "\n".join([*lines, f"Verdict: {first}", *details])


# --- Report sections. ---


def sections(result, columns, note):
    """Verdict and scores, a list of HTML; `note` is a text that explains the scores and says which way is better."""
    measured = {name: result[name] for name in ("protocol", "extractor", "settings") if name in result}
    return [
        section("Verdict", verdict_box(result["verdict"])),
        section("Scores", _scores(result, columns), element("p", note), how_measured(measured)),
    ]


def verdict_box(verdict, footnote=""):
    """The lines of a verdict as HTML."""
    first, *details = verdict
    return element("div", element("p", element("strong", first)), bullets(details), footnote, class_="verdict")


def how_measured(values):
    """Everything that the scores depend on, a dictionary, as HTML to unfold."""
    return unfold("How this was measured", definitions(values))


def numbers(head, *bodies):
    """A wide table of numbers: titles of columns, and its HTML bodies."""
    return element("div", element("table", header(head), *bodies, class_="numbers"), class_="wide")


def _scores(result, columns):
    head, *rows = table(result, columns)
    return numbers(head, element("tbody", *(row_of(cells, title) for title, *cells in rows)))
