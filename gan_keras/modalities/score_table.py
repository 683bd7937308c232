"""The scores of an evaluation as a table: the GAN beside its baseline, and real samples as the control."""

from html import escape

from gan_keras.media.html import definitions, section


def table(result, columns):
    """A list of rows: the titles, then one for each sampler; a dash for no value.

    Args:
        result: Dictionary with `samplers` (by name: `title`, `values`), `real` (as one such sampler) and `verdict`.
        columns: Titles of the scores by their names, in their order.
    """
    samplers = [*result["samplers"].values(), result["real"]]
    names = [name for name in columns if any(name in sampler["values"] for sampler in samplers)]
    rows = [[_cell(sampler["values"].get(name)) for name in names] for sampler in samplers]
    titles = [sampler["title"] for sampler in samplers]
    return [["", *(columns[name] for name in names)], *([title, *row] for title, row in zip(titles, rows, strict=True))]


def _cell(value):
    return "-" if value is None else f"{value:.4g}"


def outcome(own, other, signs, columns):
    """What a sampler wins over another, in words: `wins in ...` and `does NOT win in ...`, a list of those that apply.

    Args:
        own: Its values by the names of the scores.
        other: Those of the other.
        signs: By the scores that decide: 1 where more is better, -1 where less is.
        columns: Titles of the scores.
    """
    better = {name: sign * own[name] > sign * other[name] for name, sign in signs.items()}
    won, lost = ([columns[name] for name in signs if bool(better[name]) is wins] for wins in (True, False))
    return [f"{word} in {', '.join(names)}" for word, names in (("wins", won), ("does NOT win", lost)) if names]


def summary(result, columns):
    """The result as text: a line for each score, and the verdict."""
    turned = list(zip(*table(result, columns), strict=True))
    wide = [max(len(row[index]) for row in turned) for index in range(len(turned[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, wide, strict=True)).rstrip() for row in turned]
    headline, *details = result["verdict"]
    return "\n".join([*lines, f"Verdict: {headline}", *details])


# --- The sections of a report that an evaluation fills: what it came to, the table of scores, and how they were measured.


def sections(result, columns, note):
    """Verdict and scores, a list of HTML.

    Args:
        result: What the evaluation returned, or the same read from JSON.
        columns: Titles of the scores: see `score_table.table`.
        note: HTML: what the scores mean, and which way is better.
    """
    return [section("Verdict", _verdict(result)), section("Scores", _scores(result, columns) + note + _measured(result))]


def _verdict(result):
    headline, *details = map(escape, result["verdict"])
    items = "".join(f"<li>{detail}</li>" for detail in details)
    return f'<div class="verdict"><p><strong>{headline}</strong></p><ul>{items}</ul></div>'


def _scores(result, columns):
    head, *rows = table(result, columns)
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    body = "".join(
        f'<tr><th scope="row">{escape(title)}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>' for title, *cells in rows
    )
    return f'<div class="wide"><table class="numbers"><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'


def _measured(result):
    measured = {name: result[name] for name in ("protocol", "extractor", "settings") if name in result}
    return f"<details><summary>How this was measured</summary>{definitions(measured)}</details>"
