"""JSON to arrays and back: nothing is lost, both readers agree, numbers are as short as possible."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from gan_keras.export.loader import objects
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.rest import json_grammar, json_in, json_out
from gan_keras.serving.rest.json_in import read_inputs, read_object
from gan_keras.serving.rest.json_out import float32_texts, float64_texts
from gan_keras.serving.rest.json_values import Members

DTYPES = {
    "float32": types_pb2.DT_FLOAT,
    "float64": types_pb2.DT_DOUBLE,
    **{name: types_pb2.DataType.Value(f"DT_{name.upper()}") for name in ("int8", "int16", "int32", "int64")},
    **{name: types_pb2.DataType.Value(f"DT_{name.upper()}") for name in ("uint8", "uint32", "uint64", "bool")},
    "object": types_pb2.DT_STRING,
}


def signature(**dtypes):
    found = meta_graph_pb2.SignatureDef()
    for name, dtype in dtypes.items():
        found.inputs[name].dtype = dtype
    return found


def read(body, **dtypes):
    arrays, _ = read_inputs(read_object(body if isinstance(body, bytes) else body.encode()), signature(**dtypes))
    return arrays


def refusal(body, **dtypes):
    with pytest.raises(ServingError) as raised:
        read(body, **dtypes)
    assert raised.value.code == Code.INVALID_ARGUMENT
    return raised.value.message


@st.composite
def arrays(draw, smallest_rank=0, rows=None):
    """An array of any dtype that JSON has, of any shape, of any bits."""
    shape = draw(st.lists(st.integers(0, 3), min_size=smallest_rank, max_size=4))
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
    assert got.dtype == expected.dtype and got.shape == expected.shape
    equal_nan = {"equal_nan": True} if expected.dtype.kind == "f" else {}
    assert np.array_equal(got, expected, **equal_nan)
    assert expected.dtype.kind != "f" or np.array_equal(np.signbit(got[got == got]), np.signbit(expected[expected == expected]))


def as_seen_by_json(array):
    """An empty list has no axes within."""
    empty = array.shape.index(0) if 0 in array.shape else array.ndim
    return array.reshape(array.shape[: empty + 1])


@given(arrays())
def test_an_array_comes_back_from_columns_as_it_was(array):
    text = json_out.write_columns({"x": array}).replace(b'"outputs"', b'"inputs"', 1)
    assert_same(read(text, x=DTYPES[array.dtype.name])["x"], as_seen_by_json(array))


@given(arrays(smallest_rank=0, rows=2), arrays(smallest_rank=0, rows=2))
def test_arrays_come_back_from_rows_as_they_were(a, b):
    text = json_out.write_rows({"a": a, "b_bytes": b}).replace(b'"predictions"', b'"instances"', 1)
    got = read(text, a=DTYPES[a.dtype.name], b_bytes=DTYPES[b.dtype.name])
    assert_same(got["a"], as_seen_by_json(a))
    assert_same(got["b_bytes"], as_seen_by_json(b))


@given(st.lists(st.binary(max_size=9)))
def test_any_bytes_come_back_from_base64(values):
    text = json_out.write_columns({"x_bytes": objects(values, [len(values)])}).replace(b'"outputs"', b'"inputs"', 1)
    assert read(text, x=types_pb2.DT_STRING)["x"].tolist() == values


@given(st.binary(max_size=20))
def test_bytes_that_are_not_utf8_pass_through_strings(value):
    text = value.translate(None, b'"\\' + bytes(range(32)))
    assert read(b'{"inputs": "' + text + b'"}', x=types_pb2.DT_STRING)["x"].item() == text


def shortest(value, dtype, digits):
    """The rule in words: six digits if they read back as the same, else 9 or 17; a point if there is no exponent."""
    text = f"{float(value):.6g}"
    if dtype(text) != value:
        text = f"{float(value):.{digits}g}"
    return text if "." in text or "e" in text else text + ".0"


@given(st.binary(min_size=400, max_size=400), st.integers(-6, 8))
def test_float32_are_written_with_as_many_digits_as_they_need(content, exponent):
    values = np.frombuffer(content, np.float32)
    values = np.concatenate([values, np.frombuffer(content, np.uint16).astype(np.float32) * np.float32(10.0) ** exponent])
    values = values[np.isfinite(values)]
    assert float32_texts(values) == [shortest(value, np.float32, 9) for value in values]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_float64_are_written_with_as_many_digits_as_they_need(values):
    assert float64_texts(np.array(values, np.float64)) == [shortest(value, np.float64, 17) for value in values]


def test_numbers_at_the_limits_of_the_fast_path_are_written_by_the_same_rule():
    powers = np.float32(10.0) ** np.arange(-6, 9, dtype=np.float32)
    steps = [powers, np.nextafter(powers, np.float32(0)), np.nextafter(powers, np.float32(np.inf))]
    values = np.concatenate([*steps, np.float32([0, 9999.9995, 0.99999994, 1.001953125, 3])])
    values = np.concatenate([values, -values])
    assert float32_texts(values) == [shortest(value, np.float32, 9) for value in values]
    written = float32_texts(np.float32([0.1, 2, 1 / 3, -0.0, 1e-4, 1e-5]))
    assert written == ["0.1", "2.0", "0.333333343", "-0.0", "0.0001", "1e-05"]


documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8")),
    lambda values: st.lists(values) | st.dictionaries(st.text(st.characters(codec="utf-8")), values),
    max_leaves=20,
)


def plain(value):
    if type(value) is Members:
        return {name: plain(item) for name, item in value}
    return [plain(item) for item in value] if type(value) is list else value


@given(documents, st.booleans())
def test_both_readers_read_what_python_writes(value, ascii_only):
    text = json.dumps({"a": value}, ensure_ascii=ascii_only).encode()
    assert plain(read_object(text)) == {"a": value}
    assert plain(json_grammar.read_by_grammar(text)) == {"a": value}


@given(documents, st.integers(0), st.sampled_from([b"", b",", b"}", b'"', b"[", b"1", b"\xff", b"\0", b"e", b"\\"]))
def test_both_readers_agree_on_invalid_json(value, place, junk):
    text = json.dumps({"a": value}).encode()
    place %= len(text)
    text = text[:place] + junk + text[place + 1 :]

    def outcome(read):
        try:
            return repr(read(text))
        except ServingError as error:
            return error.message

    assert outcome(json_in._read) == outcome(json_grammar.read_by_grammar)


@pytest.mark.parametrize("tail", [b"[", b'"\\ud800"', b"1 2"])
def test_a_long_invalid_body_is_refused_without_reading_it_again(tail, monkeypatch):
    monkeypatch.setattr(json_grammar, "_Reader", None)
    body = b'{"inputs": [' + b"1," * 2**19 + tail
    assert refusal(body, x=types_pb2.DT_INT32).startswith("JSON Parse error: Invalid value. at offset: ")


def test_a_long_body_of_brackets_is_refused():
    assert refusal(b'{"inputs": ' + b"[" * 2**21, x=types_pb2.DT_INT32) == "JSON Parse error: Invalid value. at offset: 0"


def test_an_integer_beyond_any_float_is_refused():
    for num_digits in (400, 5000):
        for dtype in (types_pb2.DT_FLOAT, types_pb2.DT_INT64, types_pb2.DT_STRING):
            assert refusal('{"inputs": ' + "9" * num_digits + "}", x=dtype)


def test_a_tensor_has_no_more_axes_than_numpy_has():
    body = {rank: f'{{"inputs": {"[" * rank}1{"]" * rank}}}' for rank in (64, 65, 254, 300, 2000)}
    assert read(body.pop(64), x=types_pb2.DT_INT32)["x"].ndim == 64
    assert {refusal(each, x=types_pb2.DT_INT32) for each in body.values()} == {"tensor parsing error: x"}


def test_the_first_value_of_a_repeated_name_counts():
    rows = '{"instances": [{"x": 1, "x": 2}, {"x": 3}]}'
    assert read(rows, x=types_pb2.DT_INT32)["x"].tolist() == [1, 3]


def test_half_a_surrogate_pair_becomes_its_three_bytes():
    assert read(rb'{"inputs": "\udc00"}', x=types_pb2.DT_STRING)["x"].item() == b"\xed\xb0\x80"


def test_results_without_rows_are_refused():
    for write in (json_out.write_rows, json_out.write_columns):
        with pytest.raises(ServingError, match="Cannot convert empty"):
            write({})


def test_an_error_is_quoted():
    assert json_out.write_error('Bad "key" \\ \x01\n') == b'{\n    "error": "Bad \\"key\\" \\\\ \\u0001\\n"\n}'
