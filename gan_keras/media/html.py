"""HTML: pages, and fragments of them, such as sections, pictures and tables. All text is escaped."""

import base64
import json
from html import escape
from string import Template

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --line: #8886; --soft: #8881; }
body { max-width: 76rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
figure { margin: 0 0 1rem; }
figcaption { font-weight: 600; }
figcaption p { margin: 0; max-width: 44rem; font-size: .9rem; font-weight: 400; }
img { max-width: 100%; background: #fff; border-radius: 4px; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1rem; }
.pictures img { width: 100%; }
.card { border: 1px solid var(--line); border-radius: 4px; padding: .5rem 1rem; }
.card tr:not(:last-child) code { font-family: inherit; }
.card tr:last-child > * { border-bottom: 0; }
summary { cursor: pointer; }
audio { width: 16rem; max-width: 100%; }
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


def page_of(title, body):
    """Returns a self-contained page; `body` is HTML."""
    return _PAGE.substitute(title=escape(title), body=body)


def section(title, content):
    return f"<section><h2>{title}</h2>{content}</section>"


def picture(shown, note=None):
    """Returns a `plots.Picture` as a figure with embedded data: the page needs no other file.

    Args:
        shown: A `plots.Picture`.
        note: Text below its title, such as what rows and columns mean; None for none.
    """
    data = base64.b64encode(shown.data).decode()
    image = f'<img alt="{escape(shown.alternative)}" src="data:image/{shown.kind};base64,{data}">'
    explained = "" if note is None else f"<p>{escape(note)}</p>"
    return f"<figure><figcaption>{escape(shown.title)}{explained}</figcaption>{image}</figure>"


def unfold(summary, content):
    """Returns HTML that is shown once its summary is clicked."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def definitions(values):
    """Returns a nested dictionary as a table of dotted names and values; entries that are None are left out."""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td><code>{escape(text)}</code></td></tr>' for name, text in _flat(values)
    )
    return f'<div class="wide"><table>{rows}</table></div>'


def _flat(values, prefix=""):
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{name}.")
        elif value is not None:
            yield f"{prefix}{name}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def table(columns, rows):
    """Returns a table with a header; each row is a dictionary from column name to text."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(row[column])}</td>" for column in columns) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
