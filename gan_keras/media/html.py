"""HTML fragments of the report: sections, pictures and tables. All text is escaped."""

import base64
import json
from html import escape


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
