"""Dates and times as text <-> numbers: days, seconds or fractions of seconds since 1970, in Python and inside a graph.

Formats are those of `strftime`, with the fields of `FIELDS`. Days become year, month and day as in
[Hinnant, 2013](https://howardhinnant.github.io/date_algorithms.html): months count from March, so that the leap day is the last
day of a year, and 400 years are always 146,097 days.
"""

import calendar
import re

import numpy as np
import tensorflow as tf

DAY, ERA = 86_400, 146_097
_MARCH_EPOCH = 719_468  # days from 1 March of year 0 to 1970
_MICRO = 1_000_000

_MONTHS, _DAYS = list(calendar.month_name)[1:], list(calendar.day_name)  # English, whatever the locale: it is never set
_HALVES = ["AM", "PM"]

FIELDS = {
    **{"%Y": r"\d{4}", "%y": r"\d{2}", "%m": r"\d{2}", "%d": r"\d{2}", "%j": r"\d{3}", "%-m": r"\d{1,2}", "%-d": r"\d{1,2}"},
    **{"%H": r"\d{2}", "%I": r"\d{2}", "%M": r"\d{2}", "%S": r"\d{2}", "%-H": r"\d{1,2}", "%-I": r"\d{1,2}"},
    **{f"%{digits}f": rf"\d{{{digits}}}" for digits in range(1, 10)},
    **{"%b": "[A-Za-z]{3}", "%B": "[A-Za-z]+", "%a": "[A-Za-z]{3}", "%A": "[A-Za-z]+", "%p": "[AP]M", "%P": "[ap]m"},
    "%^b": "[A-Z]{3}",
    **{"%z": r"[+-]\d{4}", "%:z": r"[+-]\d{2}:\d{2}"},
}
"""Known fields, each with the pattern of its text. `%-d` has no leading zero, `%3f` is a fraction of three digits, `%P` is `am`
or `pm`, `%^b` a month in capitals. Texts with an offset (`%z`, `%:z`) are read as UTC and written in UTC."""

_NAMES = {
    "%b": [name[:3] for name in _MONTHS],
    "%^b": [name[:3].upper() for name in _MONTHS],
    "%B": _MONTHS,
    "%a": [name[:3] for name in _DAYS],
    "%A": _DAYS,
    "%p": _HALVES,
    "%P": [half.lower() for half in _HALVES],
}
_PIECE = re.compile(r"%[-:^]?[A-Za-z]|%\df|%%")


def pieces(date_format):
    """Returns a format as a list of fields and literal texts; raises `ValueError` for an unknown field."""
    found, start = [], 0
    date_format = date_format.replace("%f", "%6f")
    for match in _PIECE.finditer(date_format):
        if match[0] not in FIELDS and match[0] != "%%":
            raise ValueError(f"The date format {date_format!r} has the field {match[0]}. Expected {', '.join(FIELDS)}.")
        found += [date_format[start : match.start()], match[0]]
        start = match.end()
    return [each for each in (*found, date_format[start:]) if each]


def unit_of(date_format):
    """Seconds per unit: a day for a format without a time, a fraction of a second for a format with one, otherwise 1."""
    digits = [int(piece[1]) for piece in pieces(date_format) if piece in FIELDS and piece.endswith("f")]
    if digits:
        return 10.0 ** -min(digits[0], 6)
    return 1 if re.search("%-?[HI]", date_format) else DAY


def has_date(date_format):
    """Returns whether a format has a year; otherwise it is a time of the day."""
    return bool(re.search("%[Yy]", date_format))


# --- Python: whole columns, by pandas. ---


def parse(texts, date_format):
    """Parses texts, a sequence of str, to whole units since 1970 (or since midnight), float64; NaN for other texts."""
    import pandas as pd

    parts = [re.sub(r"[-:^\d]", "", each).replace("P", "p") if each in FIELDS else each for each in pieces(date_format)]
    plain = "".join(parts)
    found = pd.to_datetime(pd.Index(texts, dtype=object), format=plain, errors="coerce", utc="%z" in plain)
    micros = np.asarray(found.tz_localize(None).as_unit("us").asi8, np.float64)
    micros[np.asarray(found.isna())] = np.nan
    if not has_date(date_format):
        micros %= DAY * _MICRO
    return np.floor(micros / (unit_of(date_format) * _MICRO) + 1e-6)


def days_of_month(units, date_format):
    """Returns the day of the month of each date, int64; NaN is left out."""
    known = units[~np.isnan(units)] * unit_of(date_format)
    days = np.floor(known / DAY).astype("int64").astype("datetime64[D]")
    return (days - days.astype("datetime64[M]")).astype(np.int64) + 1


def candidates(text):
    """Returns formats that a text may have, the likelier ones first; an empty list if it is no date."""
    time = _TIME.search(text)
    if time is None and (packed := _PACKED.fullmatch(text)):
        return [_PACKED_DATE + _literal(packed[2]) + _PACKED_TIME[: 2 * len(packed[3])]] if _is_packed(packed) else []
    if time is None:
        return _dates(text)
    before, after = text[: time.start()], text[time.end() :]
    if before and after or not (before or after) and time[9]:
        return []
    if not before and not after:
        return _time_formats(time)
    date, gap = (
        re.fullmatch(r"(.*?)([T ,]*)", before).groups() if before else reversed(re.fullmatch(r"([ ,]*)(.*)", after).groups())
    )
    both = [(each, written) for each in _dates(date) for written in _time_formats(time)]
    return [each + gap + written if before else written + gap + each for each, written in both]


_TIME = re.compile(
    r"(?<!\d)(\d{1,2}):(\d{2})(?::(\d{2})(?:([.,])(\d{1,9}))?)?(\s?)((?:[AP]M|[ap]m)\b)?(\s?)(Z|UTC|GMT|[+-]\d{2}:?\d{2})?(?![\d:])"
)
_PACKED, _PACKED_DATE, _PACKED_TIME = re.compile(r"(\d{8})([T _-]?)(\d{4}|\d{6})"), "%Y%m%d", "%H%M%S"


def _is_packed(match):
    return 1900 <= int(match[1][:4]) <= 2100


def _time_formats(match):
    """Formats of a time; an offset may be that of every text, or be read."""
    hour, _, second, point, fraction, gap, half, space, zone = match.groups()
    parts = [f"%{'-' if len(hour) == 1 else ''}{'I' if half else 'H'}:%M", ":%S" if second else ""]
    parts += [f"{point}%{len(fraction)}f" if fraction else ""]
    parts += [gap + ("%p" if half.isupper() else "%P") if half else "", (space if half else gap + space) + zone if zone else ""]
    literal = "".join(parts)
    if zone is None or zone[0] not in "+-":
        return [literal]
    return [literal, literal.removesuffix(zone) + ("%:z" if ":" in zone else "%z")]


def _dates(text):
    """Formats of a text without a time."""
    tokens = re.findall(r"\d+|[A-Za-z]+|[^\dA-Za-z]+", text)
    options = [_token_options(token) for token in tokens]
    if not tokens or len(tokens) > 9 or not all(options):
        return []
    found = [[]]
    for choices in options:
        found = [[*each, choice] for each in found for choice in choices]
    return sorted((order for each in found if (order := "".join(each)) and _is_whole(each)), key=_rank)


def _token_options(token):
    if token.isalpha():
        names = [field for field in ("%b", "%^b", "%B", "%A", "%a") if token in _NAMES[field]]
        return names or ([token] if token == "T" else [])
    if not token.isdigit():
        return [_literal(token)] if re.fullmatch(r"[-/., ]+", token) else []
    minus = "-" if len(token) == 1 else ""
    return {8: ["%Y%m%d", "%d%m%Y", "%m%d%Y"], 4: ["%Y"], 3: ["%j"]}.get(
        len(token), [f"%{minus}d", f"%{minus}m", *([] if minus else ["%y"])] if len(token) < 3 else []
    )


def _literal(text):
    return text.replace("%", "%%")


def _is_whole(parts):
    """Returns whether the fields make a date: a year with a day of the year, or with a month and at most one day, no gap."""
    kinds = "".join(letters[-1] for part in parts for letters in re.findall(r"%[-^]?[A-Za-z]", part))
    kinds = kinds.replace("b", "m").replace("B", "m").lower()
    counts = {kind: kinds.count(kind) for kind in "ymdja"}
    dated = [kind for kind in kinds if kind != "a"]
    known_order = "".join(dated) in ("ymd", "ydm", "dmy", "mdy", "ym", "my", "yj")
    return max(counts.values()) == 1 and known_order and not (len(dated) == 2 and "%y" in "".join(parts))


def _rank(date_format):
    """Orders the formats of a text: year first, then day before month with points or dashes, month before day with slashes."""
    order = "".join(each for each in re.findall("[YymbBdj]", re.sub("[^A-Za-z]", "", date_format)))
    order = order.lower().replace("b", "m")
    preferred = ["ymd", "mdy", "dmy"] if "/" in date_format else ["ymd", "dmy", "mdy"]
    is_short = "%y" in date_format
    return (preferred.index(order) if order in preferred else 3) + (2 if is_short and order == "ymd" else 0)


# --- Graph: dates of a generated or a scored row. ---


def write(units, date_format):
    """Units since 1970, int64 `(batch,)`, to text in the format, a string tensor."""
    micros_per_unit = int(round(unit_of(date_format) * _MICRO))
    units_per_day = DAY * _MICRO // micros_per_unit
    days, micros = units // units_per_day, units % units_per_day * micros_per_unit
    seconds = micros // _MICRO
    year, month, day = _civil(days)
    hour, names = seconds // 3600, {"b": month - 1, "B": month - 1, "a": (days + 3) % 7, "A": (days + 3) % 7}
    half = tf.cast(hour >= 12, tf.int64)
    fields = {"Y": year, "y": year % 100, "m": month, "d": day, "H": hour, "I": (hour + 11) % 12 + 1, "M": seconds // 60 % 60}
    fields |= {"S": seconds % 60, "j": days - _days(year, 1, 1) + 1}
    widths = {"Y": 4, "j": 3}

    def text(piece):
        kind = piece[-1]
        if piece not in FIELDS:
            return tf.fill(tf.shape(units), piece.replace("%%", "%"))
        if kind == "z":
            return tf.fill(tf.shape(units), "+00:00" if ":" in piece else "+0000")
        if kind == "f":
            digits = int(piece[1])
            written = tf.strings.as_string(micros % _MICRO // 10 ** max(0, 6 - digits), width=min(digits, 6), fill="0")
            return written + "0" * max(0, digits - 6)
        if piece in _NAMES:
            return tf.gather(tf.constant(_NAMES[piece]), half if kind in "pP" else names[kind])
        if "-" in piece:
            return tf.strings.as_string(fields[kind])
        return tf.strings.as_string(fields[kind], width=widths.get(kind, 2), fill="0")

    return tf.strings.join([text(piece) for piece in pieces(date_format)])


def read(texts, date_format):
    """Parses text to whole units since 1970, float64; NaN for text that is not in the format."""
    parts = pieces(date_format)
    patterns = [FIELDS.get(piece, re.escape(piece.replace("%%", "%"))) for piece in parts]
    known = tf.strings.regex_full_match(texts, "".join(patterns))
    found = {}
    for index, piece in enumerate(parts):
        if piece not in FIELDS:
            continue
        marked = "".join(f"({each})" if place == index else each for place, each in enumerate(patterns))
        own = tf.strings.regex_replace(texts, marked, r"\1")
        if piece in _NAMES:
            same = tf.equal(tf.strings.lower(own)[:, None], [name.lower() for name in _NAMES[piece]])
            known &= tf.reduce_any(same, axis=1)
            found[piece[-1].replace("P", "p")] = tf.argmax(same, axis=1) + (1 if piece[-1] in "bB" else 0)
        elif piece[-1] == "z":
            number = tf.strings.to_number(tf.where(known, tf.strings.regex_replace(own, "[+:-]", ""), "0"), tf.int64)
            sign = tf.where(tf.strings.regex_full_match(own, "-.*"), -1, 1)
            found["z"] = tf.cast(sign, tf.int64) * (number // 100 * 3600 + number % 100 * 60)
        else:
            found[piece[-1]] = tf.strings.to_number(tf.where(known, own, "0"), tf.int64)
            if piece[-1] == "f":
                digits = int(piece[1])
                found["f"] = found["f"] * 10 ** max(0, 6 - digits) // 10 ** max(0, digits - 6)
    known, micros = _checked(found, known, tf.zeros_like(texts, tf.int64))
    return tf.where(
        known, tf.cast(micros // int(round(unit_of(date_format) * _MICRO)), tf.float64), tf.constant(np.nan, tf.float64)
    )


def _checked(found, known, zero):
    """Returns which fields are a date, and microseconds since 1970."""
    month, days = found.get("m", found.get("b", found.get("B", zero + 1))), zero
    if "Y" in found or "y" in found:
        year = found["Y"] if "Y" in found else found["y"] + tf.where(found["y"] < 69, zero + 2000, zero + 1900)
        day = found.get("d", zero + 1)
        days = _days(year, month, day) + found.get("j", zero + 1) - 1
        back = _civil(_days(year, month, day))
        known &= (back[0] == year) & (back[1] == month) & (back[2] == day)  # no 31 February
    hour = found.get("H", zero)
    if "I" in found:
        known &= (found["I"] >= 1) & (found["I"] <= 12)
        hour = found["I"] % 12 + 12 * found.get("p", zero)
    minute, second = found.get("M", zero), found.get("S", zero)
    known &= (hour < 24) & (minute < 60) & (second < 60)
    seconds = days * DAY + hour * 3600 + minute * 60 + second - found.get("z", zero)
    return known, seconds * _MICRO + found.get("f", zero)


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
    month = tf.convert_to_tensor(month, tf.int64)
    year = year - tf.cast(month <= 2, tf.int64)
    era, year_of_era = year // 400, year % 400
    from_march = tf.where(month > 2, month - 3, month + 9)
    day_of_year = (153 * from_march + 2) // 5 + day - 1
    return era * ERA + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - _MARCH_EPOCH
