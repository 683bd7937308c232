"""JSON to arrays and back: nothing is lost, and bad JSON is cheap."""

import json
import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from gan_keras.export.loader import objects
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.rest import json_out
from gan_keras.serving.rest.json_in import read_inputs, read_object

DTYPES = {
    "float32": types_pb2.DT_FLOAT,
    "float64": types_pb2.DT_DOUBLE,
    **{name: types_pb2.DataType.Value(f"DT_{name.upper()}") for name in ("int8", "int16", "int32", "int64")},
    **{name: types_pb2.DataType.Value(f"DT_{name.upper()}") for name in ("uint8", "uint32", "uint64", "bool")},
    "object": types_pb2.DT_STRING,
}
MIB = 2**20


def read(body, **dtypes):
    signature = meta_graph_pb2.SignatureDef()
    for name, dtype in dtypes.items():
        signature.inputs[name].dtype = dtype
    arrays, _ = read_inputs(read_object(body if isinstance(body, bytes) else body.encode()), signature)
    return arrays


def refusal(body, **dtypes):
    with pytest.raises(ServingError) as raised:
        read(body, **dtypes)
    assert raised.value.code == Code.INVALID_ARGUMENT
    return raised.value.message


@st.composite
def arrays(draw, rows=None):
    """An array of any dtype that JSON has, of any shape, of any bits."""
    shape = draw(st.lists(st.integers(0, 3), max_size=4))
    shape = shape if rows is None else [rows, *shape]
    size, name = math.prod(shape), draw(st.sampled_from(sorted(DTYPES)))
    if name == "object":
        texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5).map(str.encode)
        return objects(draw(st.lists(texts, min_size=size, max_size=size)), shape)
    if name == "bool":
        return np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), bool).reshape(shape)
    num_bytes = size * np.dtype(name).itemsize
    return np.frombuffer(draw(st.binary(min_size=num_bytes, max_size=num_bytes)), name).reshape(shape)


def assert_same(got, expected):
    """Equal bits but for those of NaN; an empty list has no axes within."""
    empty = expected.shape.index(0) if 0 in expected.shape else expected.ndim
    expected = expected.reshape(expected.shape[: empty + 1])
    assert got.dtype == expected.dtype and got.shape == expected.shape
    assert np.array_equal(got, expected, equal_nan=expected.dtype.kind == "f")
    assert expected.dtype.kind != "f" or np.array_equal(np.signbit(got[got == got]), np.signbit(expected[expected == expected]))


@given(arrays())
def test_an_array_comes_back_from_columns_as_it_was(array):
    text = json_out.write_columns({"x": array}).replace(b'"outputs"', b'"inputs"', 1)
    assert_same(read(text, x=DTYPES[array.dtype.name])["x"], array)


@given(arrays(rows=2), arrays(rows=2))
def test_arrays_come_back_from_rows_as_they_were(a, b):
    text = json_out.write_rows({"a": a, "b_bytes": b}).replace(b'"predictions"', b'"instances"', 1)
    got = read(text, a=DTYPES[a.dtype.name], b_bytes=DTYPES[b.dtype.name])
    assert_same(got["a"], a)
    assert_same(got["b_bytes"], b)


@given(st.lists(st.binary(max_size=9)))
def test_any_bytes_come_back_from_base64(values):
    text = json_out.write_columns({"x_bytes": objects(values, [len(values)])}).replace(b'"outputs"', b'"inputs"', 1)
    assert read(text, x=types_pb2.DT_STRING)["x"].tolist() == values


@given(st.binary(max_size=20))
def test_bytes_that_are_not_utf8_pass_through_strings(value):
    text = value.translate(None, b'"\\' + bytes(range(32)))
    assert read(b'{"inputs": "' + text + b'"}', x=types_pb2.DT_STRING)["x"].item() == text


@given(st.binary(min_size=64, max_size=64), st.booleans())
def test_a_float32_has_at_most_nine_digits(content, beside_nan):
    """As few as read back, by either way of writing."""
    values = np.frombuffer(content, np.float32)
    values = np.append(values[np.isfinite(values)], np.float32([0.1, 3, *[np.nan] * beside_nan]))
    written = json.loads(json_out.write_rows({"x": values}), parse_float=str)["predictions"]
    for text, value in zip(written, values.tolist(), strict=True):
        if math.isfinite(value):
            digits = text.split("e")[0].replace("-", "").replace(".", "").strip("0")
            assert np.float32(text) == value and len(digits) <= 9


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8")),
    lambda values: st.lists(values) | st.dictionaries(st.text(st.characters(codec="utf-8")), values),
    max_leaves=20,
)


@given(documents, st.integers(0), st.sampled_from([b"", b",", b"}", b'"', b"[", b"1", b"\xff", b"\0", b"e", b"\\", b"Inf"]))
def test_what_is_sent_is_read_or_refused(value, place, junk):
    text = json.dumps({"inputs": value}, ensure_ascii=place % 2 == 0).encode()
    assert json.dumps(read_object(text), sort_keys=True) == json.dumps({"inputs": value}, sort_keys=True)
    place %= len(text)
    text = text[:place] + junk + text[place + 1 :]
    for dtype in DTYPES.values():
        try:
            read(text, x=dtype)
        except ServingError as error:
            assert error.code == Code.INVALID_ARGUMENT and len(error.message) < 500


@pytest.mark.parametrize(
    "body",
    [
        b'{"inputs": [' + b"1," * (MIB // 2) + b"[",
        b'{"inputs": [' + b"1," * (MIB // 2) + b'"x"]}',
        b'{"inputs": ' + b"[" * MIB,
        b'{"inputs": Inf, "a": ' + b'\\"' * (MIB // 2),
        b'{"inputs": Inf, "a": "' + b"\\" * MIB,
        b'{"inputs": ' + b"9" * MIB + b"}",
        b'{"inputs": "' + b"\\ud800" * (MIB // 6) + b'"}',
        b'{"inputs": {' + b'"a": 1, ' * (MIB // 8) + b"}}",
    ],
    ids=["end", "last value", "brackets", "quotes", "backslashes", "digits", "surrogates", "names"],
)
def test_a_mebibyte_of_bad_json_is_refused_at_once(body):
    """At most 50 ms on a quiet machine."""
    begin = time.process_time()
    assert len(refusal(body, x=types_pb2.DT_INT32)) < 500
    assert time.process_time() - begin < 0.5


def test_the_first_value_that_does_not_fit_is_named():
    rows = [[[1, 2], [3, 4]] for _ in range(9)]
    for row, column, value in ((0, 1, "y"), (5, 0, 1.5), (8, 1, None)):
        wrong = json.loads(json.dumps(rows))
        wrong[row][column][1] = wrong[8][1][1] = value
        message = refusal(json.dumps({"inputs": wrong}), x=types_pb2.DT_INT32)
        assert message == f"The input x[{row}][{column}][1] is {json.dumps(value)}. Expected int32."


def test_words_of_infinity_within_strings_stay_as_they_are():
    text = '{"inputs": ["Inf", "-Inf \\" -NaN", "Inf\\\\"], "n": [Inf, -Inf, -NaN, Infinity, NaN]}'
    document = read_object(text.encode())
    assert document["inputs"] == ["Inf", '-Inf " -NaN', "Inf\\"]
    assert str(document["n"]) == "[inf, -inf, nan, inf, nan]"


def test_a_number_beyond_any_double_is_refused():
    for number in ("1e400", "-1e999", "9" * 400, "9" * 5000, "9" * 310 + ".0"):
        for dtype in (types_pb2.DT_FLOAT, types_pb2.DT_INT64, types_pb2.DT_STRING):
            assert refusal(f'{{"inputs": {number}}}', x=dtype)


def test_a_tensor_has_no_more_axes_than_numpy_has():
    body = {rank: f'{{"inputs": {"[" * rank}1{"]" * rank}}}' for rank in (64, 65, 254, 300)}
    assert read(body.pop(64), x=types_pb2.DT_INT32)["x"].ndim == 64
    assert {refusal(each, x=types_pb2.DT_INT32) for each in body.values()} == {
        "The input x has over 64 axes, more than an array may have."
    }


def test_the_first_value_of_a_repeated_name_counts():
    rows = '{"instances": [{"x": 1, "x": 2}, {"x": 3}]}'
    assert read(rows, x=types_pb2.DT_INT32)["x"].tolist() == [1, 3]


def test_results_without_outputs_are_refused():
    for write in (json_out.write_rows, json_out.write_columns):
        with pytest.raises(ServingError, match="no outputs"):
            write({})


def test_an_error_may_show_any_text():
    for message in ('Bad "key" \\ \x01\n', "half a pair \ud800", "no UTF-8 \udcff"):
        assert json.loads(json_out.write_error(message)) == {"error": message}


def test_a_number_that_is_not_finite_does_not_slow_down_the_others():
    """A tenth of a second on a quiet machine for an image of 1024x1024x3."""
    values = np.zeros([1, 512, 512, 3], np.float32)
    values[0, 0, 0] = [np.nan, np.inf, -np.inf]
    begin = time.process_time()
    text = json_out.write_rows({"image": values})
    assert time.process_time() - begin < 0.5
    assert text.startswith(b'{"predictions":[[[[NaN,Infinity,-Infinity],[0.0,')
    columns = json_out.write_columns({"a": values[0, 0, 0, 2], "b": values[0, :1, 0, ::2]})
    assert columns == b'{"outputs":{"a":-Infinity,"b":[[NaN,-Infinity]]}}'
