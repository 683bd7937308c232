"""The sections of a report that the evaluation of text fills."""

from html import escape

from gan_keras.media.html import definitions, picture, section
from gan_keras.media.plots import frontier_picture
from gan_keras.verdict import COLUMNS, exact_scores, table_row

FRONTIER_NOTE = """<p>A lower temperature makes every sampler more plausible and less diverse, so a single point says nothing: the
better sampler is the one whose line lies above the other's. The star is real text scored as if it were generated.</p>"""


def sections(result):
    """Verdict, frontier, scores and sentences side by side, a list of HTML.

    Args:
        result: What `evaluate_text` returned, or the same read from JSON.
    """
    return [
        section("Verdict", _verdict(result)),
        section("Quality against diversity", picture(frontier_picture(result)) + FRONTIER_NOTE),
        section("Scores", _table(result) + _protocols(result)),
        section("Sentences side by side", _sentences(result)),
    ]


def _verdict(result):
    headline, *details = map(escape, result["verdict"])
    items = "".join(f"<li>{detail}</li>" for detail in details)
    method = escape(result["gains"][0]["method"])
    return f'<div class="verdict"><p><strong>{headline}</strong></p><ul>{items}</ul><p>Intervals: {method}.</p></div>'


def _table(result):
    samplers = [*result["samplers"].values(), result["real"]]
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    bodies = "".join(f"<tbody>{_title_row(sampler)}{_point_rows(sampler)}</tbody>" for sampler in samplers)
    likelihoods = result["negative_log_likelihood"]
    held_out = ", ".join(f"{name} {likelihoods[name]:.3f}" for name in ("gan", "baseline", "ngram"))
    return (
        f'<div class="wide"><table class="numbers"><thead><tr>{head}</tr></thead>{bodies}</table></div>'
        "<p>B: BLEU (higher is better), SB: Self-BLEU (lower is more diverse), copies: fraction equal to a training line, LM "
        "and RLM: nats a token of the samples under a 5-gram model of real text and the reverse (lower is better).</p>"
        f"<p>Held-out negative log-likelihood: {held_out} ({escape(likelihoods['unit'])}).</p>"
    )


def _title_row(sampler):
    title = ". ".join([f"{sampler['title']}, {sampler['points'][0]['num']:,} sentences a row", *exact_scores(sampler)])
    return f'<tr><th scope="rowgroup" colspan="{len(COLUMNS)}">{escape(title)}</th></tr>'


def _point_rows(sampler):
    rows = (table_row(point) for point in sampler["points"])
    return "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)


def _protocols(result):
    protocols = next(iter(result["samplers"].values()))["protocols"]
    return f"<details><summary>How this was measured</summary>{definitions(protocols)}</details>"


def _sentences(result):
    samplers = [*result["samplers"].values(), result["real"]]
    head = "".join(f'<th scope="col">{escape(sampler["title"])}</th>' for sampler in samplers)
    rows = zip(*(sampler["sentences"] for sampler in samplers), strict=False)
    body = "".join("<tr>" + "".join(f'<td dir="auto">{escape(text)}</td>' for text in row) + "</tr>" for row in rows)
    return (
        "<p>The first of each, not chosen; at the temperature nearest to 1 / 1.2.</p>"
        f'<div class="wide"><table class="sentences"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
