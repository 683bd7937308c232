"""HTML: pages, and fragments of them, such as sections, pictures and tables.

A fragment is a `Markup`. What is not one is text, and is escaped wherever it is put: names of files, labels and columns of a run
from elsewhere cannot become HTML.
"""

import base64
import json
from string import Template

from markupsafe import Markup, escape

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
iframe { width: 100%; height: 40rem; border: 0; }
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


def element(tag, *children, **attributes):
    """Returns an element with texts and fragments as its children, and attributes such as `class_="wide"`."""
    given = "".join(f' {name.rstrip("_")}="{escape(value)}"' for name, value in attributes.items())
    return Markup(f"<{tag}{given}>{joined(children)}</{tag}>")


def joined(children):
    """Returns texts and fragments one after another."""
    return Markup("").join(children)


def bullets(lines):
    """Returns a list of texts."""
    return element("ul", *(element("li", line) for line in lines))


def page_of(title, body):
    """Returns a self-contained page as str."""
    return _PAGE.substitute(title=escape(title), body=escape(body))


def section(title, *content):
    return element("section", element("h2", title), *content)


def picture(shown, note=None):
    """Returns a `plots.Picture` as a figure with embedded data: the page needs no other file.

    Args:
        shown: A `plots.Picture`.
        note: Text below its title, such as what rows and columns mean; None for none.
    """
    data = base64.b64encode(shown.data).decode()
    image = Markup('<img alt="{}" src="data:image/{};base64,{}">').format(shown.alternative, shown.kind, data)
    explained = [] if note is None else [element("p", note)]
    return element("figure", element("figcaption", shown.title, *explained), image)


def pictures(shown):
    """Returns `plots.Picture`s side by side."""
    return element("div", *map(picture, shown), class_="pictures")


def unfold(summary, *content):
    """Returns HTML that is shown once its summary is clicked."""
    return element("details", element("summary", summary), *content)


def definitions(values):
    """Returns a nested dictionary as a table of dotted names and values; entries that are None are left out."""
    rows = (element("tr", element("th", name, scope="row"), element("td", element("code", text))) for name, text in _flat(values))
    return element("div", element("table", *rows), class_="wide")


def _flat(values, prefix=""):
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{name}.")
        elif value is not None:
            yield f"{prefix}{name}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def table(columns, rows):
    """Returns a table with a header; each row is a dictionary from column name to text."""
    body = element("tbody", *(row_of([row[column] for column in columns]) for row in rows))
    return element("div", element("table", header(columns), body), class_="wide")


def header(titles):
    """Returns the head of a table."""
    return element("thead", element("tr", *(element("th", title, scope="col") for title in titles)))


def row_of(cells, title=None, **attributes):
    """Returns a row of a table of texts, with a title before them unless it is None; attributes are those of a cell."""
    first = [] if title is None else [element("th", title, scope="row")]
    return element("tr", *first, *(element("td", cell, **attributes) for cell in cells))
