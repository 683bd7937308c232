"""Dates and times as text <-> days or seconds since 1970, in Python and inside a graph.

Days become year, month and day as in [Hinnant, 2013](https://howardhinnant.github.io/date_algorithms.html): months count from
March, so that the leap day is the last day of a year, and 400 years are always 146,097 days.
"""

import datetime
import re

import numpy as np
import tensorflow as tf

FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y%m%d",
)
"""Known formats, the likelier ones first; all fields have leading zeros, years are from 1000 to 9999."""

DAY, ERA = 86_400, 146_097
_WIDTHS = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}
_EPOCH = datetime.datetime(1970, 1, 1)  # dates of a table have no zone
_MARCH_EPOCH = 719_468  # days from 1 March of year 0 to 1970


def unit_of(date_format):
    """Seconds per unit: a day if the format has no time."""
    return 1 if "%H" in date_format else DAY


def fits(text, date_format):
    """Returns whether a text is a date in the format, with all leading zeros."""
    try:
        return _parsed(text, date_format).strftime(date_format) == text
    except ValueError:
        return False


def parse(texts, date_format):
    """Dates, a list of str, to whole units since 1970, float64; raises `ValueError` for other texts."""
    unit = unit_of(date_format)
    return np.array([(_parsed(text, date_format) - _EPOCH).total_seconds() // unit for text in texts], np.float64)


def _parsed(text, date_format):
    return datetime.datetime.strptime(text, date_format)


def write(units, date_format):
    """Units since 1970, int64 `(batch,)`, to text in the format, a string tensor."""
    days, seconds = (units, tf.zeros_like(units)) if unit_of(date_format) == DAY else (units // DAY, units % DAY)
    year, month, day = _civil(days)
    fields = {"%Y": year, "%m": month, "%d": day, "%H": seconds // 3600, "%M": seconds // 60 % 60, "%S": seconds % 60}

    def text(piece):
        if piece not in fields:
            return tf.fill(tf.shape(units), piece)
        return tf.strings.as_string(fields[piece], width=_WIDTHS[piece], fill="0")

    return tf.strings.join([text(piece) for piece in _pieces(date_format)])


def read(texts, date_format):
    """Parses text to whole units since 1970, float64; NaN if its length does not match the format."""
    length = sum(_WIDTHS.get(piece, len(piece)) for piece in _pieces(date_format))
    known = tf.strings.length(texts) == length
    texts, fields, start = tf.where(known, texts, "0" * length), {}, 0
    for piece in _pieces(date_format):
        width = _WIDTHS.get(piece, len(piece))
        if piece in _WIDTHS:
            fields[piece] = tf.strings.to_number(tf.strings.substr(texts, start, width), tf.int64)
        start += width
    days = _days(*(fields[piece] for piece in ("%Y", "%m", "%d")))
    seconds = sum(fields[piece] * of for piece, of in (("%H", 3600), ("%M", 60), ("%S", 1)) if piece in fields)
    units = days if unit_of(date_format) == DAY else days * DAY + seconds
    return tf.where(known, tf.cast(units, tf.float64), tf.constant(np.nan, tf.float64))


def _pieces(date_format):
    return [piece for piece in re.split(r"(%.)", date_format) if piece]


def _civil(days):
    """Days since 1970 to year, month and day, int64; months and days count from 1."""
    days = days + _MARCH_EPOCH
    era, day_of_era = days // ERA, days % ERA
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    from_march = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * from_march + 2) // 5 + 1
    month = tf.where(from_march < 10, from_march + 3, from_march - 9)
    return year_of_era + era * 400 + tf.cast(month <= 2, tf.int64), month, day


def _days(year, month, day):
    """Year, month and day to days since 1970, int64."""
    year = year - tf.cast(month <= 2, tf.int64)
    era, year_of_era = year // 400, year % 400
    from_march = tf.where(month > 2, month - 3, month + 9)
    day_of_year = (153 * from_march + 2) // 5 + day - 1
    return era * ERA + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - _MARCH_EPOCH
