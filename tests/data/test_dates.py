"""Dates and times: every format is written and read as Python does, and is recognised."""

import datetime
import re

import numpy as np
import pytest
import tensorflow as tf

from gan_keras.data.table import dates

FORMATS = (
    *("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%Y%m%dT%H%M%S", "%Y-%j"),
    *(
        "%d %b %Y",
        "%B %d, %Y",
        "%A, %d %B %Y %I:%M %p",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%d %H:%M:%S+02:00",
        "%H:%M:%S",
        "%I:%M:%S %p",
    ),
    *("%d-%b-%y", "%m/%d/%y", "%Y-%m-%d %H:%M:%S.%f"),
)


@pytest.mark.parametrize("date_format", FORMATS)
def test_dates_are_written_and_read_as_python_does_and_recognised(date_format):
    unit = dates.unit_of(date_format)
    short = "%y" in date_format
    days = (-300, 9000) if short else (-30_000, 40_000) if dates.has_date(date_format) else (0, 1)
    low, high = (round(each * dates.DAY / unit) for each in days)
    units = np.random.default_rng(0).integers(low, high, 100)
    units = units if "%S" in date_format or unit > 1 else units // 60 * 60
    start = datetime.datetime(1970, 1, 1)
    expected = [(start + datetime.timedelta(microseconds=int(each) * round(unit * 1e6))).strftime(date_format) for each in units]
    written = dates.write(tf.constant(units), date_format)
    assert [text.decode() for text in written.numpy()] == expected
    np.testing.assert_array_equal(dates.read(written, date_format), units)
    np.testing.assert_array_equal(dates.parse(expected, date_format), units)
    assert date_format.replace("%f", "%6f") in dates.candidates(expected[0])


@pytest.mark.parametrize(
    ("text", "date_format"),
    [
        ("5.1.2024", "%-d.%-m.%Y"),
        ("1/5/2024 3:07", "%-m/%-d/%Y %-H:%M"),
        ("31-DEC-2024", "%d-%^b-%Y"),
        ("Jan 5 2024 3:04pm", "%b %-d %Y %-I:%M%P"),
        ("2024-01-05T10:11:12.123+02:00", "%Y-%m-%dT%H:%M:%S.%3f%:z"),
        ("10:11 05.01.2024", "%H:%M %d.%m.%Y"),
    ],
)
def test_forms_that_strftime_does_not_write_are_recognised_and_come_back(text, date_format):
    assert date_format in dates.candidates(text)
    units = dates.parse([text], date_format)
    np.testing.assert_array_equal(dates.read(tf.constant([text]), date_format), units)
    back = dates.write(tf.constant(units, tf.int64), date_format).numpy()[0].decode()
    assert back == (text if "z" not in date_format else "2024-01-05T08:11:12.123+00:00")


def test_other_texts_are_no_dates():
    for text in ("192.168.0.1", "3/4", "hello", "7", "12:30-13:30", "2024Q1", "1-2-3"):
        assert dates.candidates(text) == []
    wrong = ["", "2024-01", "2023-02-29", "24-02-29", "2024-02-29 "]
    assert np.isnan(dates.read(tf.constant(wrong), "%Y-%m-%d")).all()
    assert np.isnan(dates.parse(wrong[1:4], "%Y-%m-%d")).all()
    with pytest.raises(ValueError, match=re.escape("has the field %Q. Expected %Y")):
        dates.pieces("%Q")
