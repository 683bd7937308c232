"""The sections of a report that an evaluation fills: what it came to, the table of scores, and how they were measured."""

from html import escape

from gan_keras.media.html import definitions, section
from gan_keras.score_table import table


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
