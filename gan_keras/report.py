"""The report: what a run learned, on one HTML page that needs nothing beside it."""

import base64
import json
import os
import pathlib
from html import escape
from string import Template

from gan_keras.plots import frontier_picture, read_history, training_pictures
from gan_keras.verdict import COLUMNS, exact_scores, table_row

SHOWN_LINES = 10

PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --line: #8886; --soft: #8881; }
body { max-width: 76rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
figure { margin: 0; }
figcaption { font-weight: 600; }
img { width: 100%; max-width: 54rem; background: #fff; border-radius: 4px; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .2rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
.numbers th, .numbers td { text-align: right; font-variant-numeric: tabular-nums; }
.numbers tbody th { text-align: left; background: var(--soft); }
.sentences td { min-width: 11rem; }
.verdict { padding: .5rem 1rem; border-left: 4px solid currentColor; background: var(--soft); }
code { overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>$title</h1>
$body
</body>
</html>
""")


def write_report(run_directory):
    """Writes `report.html` of a run: verdict, frontier, sentences side by side, curves, samples by epoch, settings.

    What the run does not have yet is named on the page, with the command that makes it.

    Args:
        run_directory: Directory with `config.json`, and `history.csv`, `samples/`, `evaluation.json` and
            `model_card.json` as far as they exist.

    Returns:
        Path of the page; an older one is replaced once the new one is complete.

    Raises:
        FileNotFoundError: There is no such directory, or no `config.json` in it.
        ValueError: A file of the run is damaged; the message names it.
    """
    run = pathlib.Path(run_directory)
    if not (run / "config.json").is_file():
        raise FileNotFoundError(f"{run} is not a run: it has no config.json. Expected a directory that training made.")
    parts = [*_evaluation(run), _curves(run), _samples(run), *_settings(run)]
    page = PAGE.substitute(title=escape(f"Run {run.resolve().name}"), body="\n".join(parts))
    path, unfinished = run / "report.html", run / "report.html.unfinished"
    unfinished.write_text(page, encoding="utf-8")
    os.replace(unfinished, path)
    return path


def _evaluation(run):
    """The sections that `evaluation.json` fills."""
    if not (run / "evaluation.json").is_file():
        hint = f"Not evaluated yet. <code>gan-keras evaluate {escape(str(run))}</code> makes this part"
        return [_section("Verdict", f"<p>{hint}: no GAN is shown without the baselines that it has to beat.</p>")]
    result = _read_json(run / "evaluation.json")
    try:
        return [
            _section("Verdict", _verdict(result)),
            _section("Quality against diversity", _picture(frontier_picture(result)) + FRONTIER_NOTE),
            _section("Scores", _table(result) + _protocols(result)),
            _section("Sentences side by side", _sentences(result)),
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{run / 'evaluation.json'} lacks {error}. Expected a whole evaluation: make it again.") from error


FRONTIER_NOTE = """<p>A lower temperature makes every sampler more plausible and less diverse, so a single point says nothing: the
better sampler is the one whose line lies above the other's. The star is real text scored as if it were generated.</p>"""


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
    return f"<details><summary>How this was measured</summary>{_definitions(protocols)}</details>"


def _sentences(result):
    samplers = [*result["samplers"].values(), result["real"]]
    head = "".join(f'<th scope="col">{escape(sampler["title"])}</th>' for sampler in samplers)
    rows = zip(*(sampler["sentences"] for sampler in samplers), strict=False)
    body = "".join("<tr>" + "".join(f'<td dir="auto">{escape(text)}</td>' for text in row) + "</tr>" for row in rows)
    return (
        "<p>The first of each, not chosen; at the temperature nearest to 1 / 1.2.</p>"
        f'<div class="wide"><table class="sentences"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _curves(run):
    if not (run / "history.csv").is_file():
        return _section("Training", "<p>No epoch has ended yet: there is no history.csv.</p>")
    pictures = "".join(map(_picture, training_pictures(read_history(run / "history.csv"))))
    return _section("Training", f'<div class="pictures">{pictures}</div>')


def _samples(run):
    paths = sorted((run / "samples").glob("epoch_*.txt"))
    if not paths:
        return _section("Samples by epoch", "<p>No samples were written.</p>")
    return _section("Samples by epoch", "".join(_epoch(path, path in (paths[0], paths[-1])) for path in paths))


def _epoch(path, is_open):
    lines = path.read_text(encoding="utf-8").splitlines()[:SHOWN_LINES]
    items = "".join(f'<li dir="auto">{escape(line)}</li>' for line in lines)
    name = escape(path.stem.replace("_", " ").capitalize())
    return f"<details{' open' if is_open else ''}><summary>{name}</summary><ol>{items}</ol></details>"


def _settings(run):
    """The model card, once there is one, and every setting."""
    files = {"Model card": run / "model_card.json", "Settings": run / "config.json"}
    return [_section(title, _definitions(_read_json(path))) for title, path in files.items() if path.is_file()]


def _definitions(values):
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td><code>{escape(text)}</code></td></tr>' for name, text in _flat(values)
    )
    return f'<div class="wide"><table>{rows}</table></div>'


def _flat(values, prefix=""):
    """Nested dictionaries as pairs of a dotted name and a text."""
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{name}.")
        elif value is not None:
            yield f"{prefix}{name}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _section(title, content):
    return f"<section><h2>{title}</h2>{content}</section>"


def _picture(picture):
    data = base64.b64encode(picture.png).decode()
    image = f'<img alt="{escape(picture.alternative)}" src="data:image/png;base64,{data}">'
    return f"<figure><figcaption>{escape(picture.title)}</figcaption>{image}</figure>"


def _read_json(path):
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}. Expected JSON.") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} holds a {type(values).__name__}. Expected a JSON object.")
    return values
