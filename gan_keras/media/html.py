"""Pieces of a report's page: sections, pictures and tables of HTML, all text escaped."""

import base64
import json
from html import escape


def section(title, content):
    return f"<section><h2>{title}</h2>{content}</section>"


def picture(shown):
    """A `plots.Picture` as a figure that needs no file beside the page."""
    data = base64.b64encode(shown.data).decode()
    image = f'<img alt="{escape(shown.alternative)}" src="data:image/{shown.kind};base64,{data}">'
    return f"<figure><figcaption>{escape(shown.title)}</figcaption>{image}</figure>"


def definitions(values):
    """A nested dictionary as a table of dotted names and values."""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td><code>{escape(text)}</code></td></tr>' for name, text in _flat(values)
    )
    return f'<div class="wide"><table>{rows}</table></div>'


def table(columns, rows):
    """Rows, dictionaries of text by column, under the columns' names."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(row[column])}</td>" for column in columns) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _flat(values, prefix=""):
    """Nested dictionaries as pairs of a dotted name and a text."""
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{name}.")
        elif value is not None:
            yield f"{prefix}{name}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
