"""Dates in the graph agree with Python's `datetime`."""

import datetime

import numpy as np
import pytest
import tensorflow as tf

from gan_keras.data.table import dates


@pytest.mark.parametrize("date_format", dates.FORMATS)
def test_dates_are_written_and_read_as_python_does(date_format):
    unit = dates.unit_of(date_format)
    units = np.random.default_rng(0).integers(-300_000 * dates.DAY // unit, 900_000 * dates.DAY // unit, 200)
    units = units if "%S" in date_format or unit > 1 else units // 60 * 60
    start = datetime.datetime(1970, 1, 1)
    expected = [(start + datetime.timedelta(seconds=int(each) * unit)).strftime(date_format) for each in units]
    written = dates.write(tf.constant(units), date_format)
    assert [text.decode() for text in written.numpy()] == expected
    np.testing.assert_array_equal(dates.read(written, date_format), units)
    np.testing.assert_array_equal(dates.parse(expected, date_format), units)


def test_other_texts_do_not_fit_a_format():
    assert dates.fits("2024-02-29", "%Y-%m-%d")
    assert not any(dates.fits(text, "%Y-%m-%d") for text in ("2023-02-29", "2024-2-29", "24-02-29", "2024-02-29 "))
    assert np.isnan(dates.read(tf.constant(["", "2024-01"]), "%Y-%m-%d")).all()
