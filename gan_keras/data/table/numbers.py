"""Numbers as people write them: separators of thousands and decimals, currencies, units, brackets for negative ones."""

import collections
import re

import numpy as np

_UNIT = r"[^\W\d_][^\d]{0,7}|[%‰°²³€$£¥₹₽₩₺₫]{1,3}[^\d]{0,5}"
_SIGNS = r"[€$£¥₹₽₩₺₫]|US\$|C\$|A\$|Rs\.?|kr\.?"
_CODES = "EUR|USD|GBP|CHF|JPY|CNY|INR|NOK|SEK|DKK|PLN|CZK|AUD|CAD|NZD|HKD|SGD|BRL|MXN|ZAR|RUB|TRY"
_NUMBER = r"[+-]?(?:\d(?:[\d.,'’\u00a0\u202f ]*\d)?\.?|[.,]\d+)(?:[eE][+-]?\d+)?"
_WRITTEN = re.compile(
    rf"(?P<minus>-?)(?P<prefix>(?:(?:{_SIGNS}|{_CODES})\s?)?)(?P<number>{_NUMBER})(?P<suffix>(?:\s?(?:{_UNIT}))?)"
)
_PLAIN = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
MAX_EXACT = 2.0**53
"""Largest whole number of a cell: float64 skips some larger integers."""
MAX_NUMBER = 1e100
"""Largest number with an exponent: sums of squares of larger ones overflow."""


def is_plain(text):
    """Returns whether a text is a number as Python writes it, without leading zeros."""
    return _PLAIN.fullmatch(text) is not None


def parsed_numbers(texts, thousands="", point="."):
    """Texts, with or without a currency or a unit, to float64; NaN where a text is no number in this form."""
    found = np.full(len(texts), np.nan)
    for index, text in enumerate(texts):
        plain = text
        if not _PLAIN.fullmatch(text):
            if text[:1] == "(" and text[-1:] == ")":  # as accountants write negative numbers
                text = f"-{text[1:-1]}"
            match = _WRITTEN.fullmatch(text)
            if match is None:
                continue
            plain = plain_number(match["minus"] + match["number"], thousands, point)
        elif point != "." and "." in text:
            plain = plain_number(text, thousands, point)
        if plain is not None:
            number = float(plain)
            found[index] = number if abs(number) <= (MAX_NUMBER if "e" in plain.lower() else MAX_EXACT) else np.nan
    return found


def plain_number(text, thousands, point):
    """A number with separators as Python writes it; None if it has other separators or a leading zero."""
    whole, _, fraction = text.partition(point)
    if thousands:
        sign, digits = re.fullmatch(r"([+-]*)(.*)", whole).groups()
        groups = digits.split(thousands)
        if len(groups) > 1 and not (1 <= len(groups[0]) <= 3 and all(len(each) == 3 for each in groups[1:])):
            return None
        whole = sign + "".join(groups)
    plain = f"{whole}.{fraction}" if fraction else whole
    return plain if _PLAIN.fullmatch(plain) else None


def units_of(texts):
    """Prefix and suffix of each text that looks like a number, else None."""
    matches = map(_WRITTEN.fullmatch, texts)
    return [None if match is None else (match["prefix"], match["suffix"]) for match in matches]


def are_thousands(texts):
    """Returns whether numbers such as 950 and 1.234 are whole ones, where semicolons between cells suggest decimal commas."""
    plain = [text.lstrip("+-") for text in texts]
    return any("." in text for text in plain) and all(re.fullmatch(r"\d{1,3}|[1-9]\d{0,2}\.\d{3}", text) for text in plain)


def separators(texts, has_semicolons=False):
    """Thousands separator, decimal separator, and a sentence if it is a guess; `has_semicolons` between the cells of its file."""
    bodies = [re.sub(r"[^\d.,'’\u00a0\u202f ]", "", text).strip() for text in texts]
    bodies = [body for body in bodies if any(character.isdigit() for character in body)]
    comma, dot = [[body for body in bodies if mark in body] for mark in ",."]
    space = next(
        (
            mark
            for mark in "'’\u00a0\u202f "
            if any(re.fullmatch(rf"\d{{1,3}}(?:{mark}\d{{3}})+(?:[.,]\d*)?", each) for each in bodies)
        ),
        "",
    )
    both = [body for body in bodies if "," in body and "." in body]
    if both:
        ends = collections.Counter(max(",.", key=body.rfind) for body in both)
        point = ends.most_common(1)[0][0]
        return "," if point == "." else ".", point, ""
    groups = {
        mark: [re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+", body) is not None for body in own]
        for mark, own in ((",", comma), (".", dot))
    }
    if comma and dot and all(groups["."]) != all(groups[","]):
        return (".", ",", "") if all(groups["."]) else (",", ".", "")
    if comma and not dot:
        if all(groups[","]) and any(body.count(",") > 1 for body in comma):
            return ",", ".", ""
        if all(groups[","]):  # such as 1,234
            return ",", ".", "commas taken for separators of thousands"
        return space, ",", ""
    if dot and not comma:
        if all(groups["."]) and any(body.count(".") > 1 for body in dot):
            return ".", ",", ""
        if has_semicolons and are_thousands(bodies):
            return ".", ",", "points taken for separators of thousands"
        return space, ".", ""
    return space, ".", ""
