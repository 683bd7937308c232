"""Values of predict requests: every dtype in and out, numbers, strings, base64, and JSON itself."""

import json

from rest_cases import Case, error_like, predict, rows

TENSOR, TENSOR_TEST = "util/json_tensor.cc", "util/json_tensor_test.cc"
READER = "Tencent/rapidjson: include/rapidjson/reader.h"
BASE64 = "abseil/abseil-cpp: absl/strings/escaping.cc"


def of_dtype(name, values):
    return predict("dtypes", f'{{"signature_name": "{name}", "instances": [{values}]}}')


def echo(name, line, dtype, values, expected=None):
    """Values that come back as they were sent, or as `expected`."""
    return Case(name, f"{TENSOR}:{line}", of_dtype(dtype, values), 200, rows(values if expected is None else expected))


def misfit(name, line, dtype, value):
    return Case(name, f"{TENSOR}:{line}", of_dtype(dtype, value), 400, error_like(rf"^The input x\[0\] is .*Expected {dtype}"))


def misfit_string(name, source, value):
    return Case(name, source, of_dtype("string", value), 400, error_like(r"^The input x\[0\].* is .*Expected text, or bytes as"))


def unserved(dtype):
    message = error_like(f"^The input x is {dtype}, which REST cannot read")
    return [
        Case(f"{dtype} in rows", f"{TENSOR}:585", of_dtype(dtype, "1"), 400, message),
        Case(f"{dtype} in columns", f"{TENSOR}:337", predict("dtypes", {"inputs": [1]}, dtype), 501, message),
    ]


DTYPES = [
    echo("float", 295, "float", "1.5, -2.0, 0.1"),
    echo("integers for float", 295, "float", "1, 16777217", "1.0, 16777216.0"),
    echo("double", 300, "double", "0.1, 1e+300, -5.0, 0.6666666666666666"),
    echo("int8", 308, "int8", "-128, 127"),
    echo("int16", 308, "int16", "-32768, 32767"),
    echo("int32", 308, "int32", "-2147483648, 2147483647"),
    echo("uint8", 308, "uint8", "0, 255"),
    echo("int64", 318, "int64", "-9223372036854775808, 9223372036854775807"),
    echo("uint32", 328, "uint32", "0, 4294967295"),
    echo("uint64", 333, "uint64", "0, 18446744073709551615"),
    echo("bool", 323, "bool", "true, false"),
    echo("string", 313, "string", '"foo", "", "é中😀"'),
    echo("an integer beyond int8 loses its upper bits", 308, "int8", "300, -129", "44, 127"),
    echo("a number beyond float is infinite", 295, "float", "1e39, -1e39", "Infinity, -Infinity"),
    echo("a number below float is zero", 295, "float", "1e-320, -1e-320", "0.0, -0.0"),
    *unserved("half"),
    *unserved("bfloat16"),
    *unserved("uint16"),
    *unserved("complex64"),
    misfit("a fraction for an integer", 307, "int32", "1.5"),
    misfit("a whole number with a point for an integer", 307, "int32", "1.0"),
    misfit("an integer beyond int32", 307, "int32", "2147483648"),
    misfit("an integer beyond int32 for int8", 307, "int8", "-2147483649"),
    misfit("an integer beyond int64", 317, "int64", "9223372036854775808"),
    misfit("a negative number for uint32", 327, "uint32", "-1"),
    misfit("a negative number for uint64", 332, "uint64", "-1"),
    misfit("true for an integer", 307, "int32", "true"),
    misfit("false for a float", 294, "float", "false"),
    misfit("a number for bool", 322, "bool", "1"),
    misfit_string("a number for string", f"{TENSOR}:312", "1"),
    misfit("null for a float", 294, "float", "null"),
    misfit("a text for a float", 294, "float", '"x"'),
    misfit("bytes for a float", 408, "float", '{\n    "b64": "aGk="\n}'),
]  # fmt: skip

FLOATS = [
    echo("float32 with the digits that it needs", 148, "float", "9000000.0, 0.5, 0.0003, 3e-05, 555557.5, 0.1, 16777215.0"),
    echo("seventeen digits of a double", 148, "double", "0.3333333333333333, 12345678.9, 1.7976931348623157e+308"),
    echo("a whole number has a point", 159, "float", "3, -0.0, 100000", "3.0, -0.0, 100000.0"),
    echo("not finite", 164, "float", "NaN, Infinity, 3.0, 0.1, -Infinity"),
]  # fmt: skip

STRINGS = [
    echo("bytes in base64", 383, "string", '{"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}', '"hello", "world"'),
    echo("lists of bytes in base64", 383, "string", '[{"b64": "aGVsbG8="}], [{"b64": "d29ybGQ="}]', '["hello"], ["world"]'),
    Case("base64 without padding", f"{BASE64}:850", of_dtype("string", '{"b64": "aGVsbG8"}'), 200, rows('"hello"')),
    Case("base64 with blanks and a dot", f"{BASE64}:773", of_dtype("string", '{"b64": " aGVs\\nbG8. "}'), 200, rows('"hello"')),
    misfit_string("base64 with half its padding", f"{BASE64}:863", '{"b64": "aA="}'),
    misfit_string("no base64", f"{TENSOR}:386", '{"b64": "a*"}'),
    misfit_string("base64 that is no text", f"{TENSOR}:367", '[{"b64": 1}]'),
    misfit_string("base64 and another member", f"{TENSOR}:366", '[{"b64": "aGk=", "c": 1}]'),
    echo("escapes", 918, "string", r'"\"\\\/\b\f\n\r\t\u0041\u00e9\u001f"', r'"\"\\/\b\f\n\r\tAé\u001F"'),
]  # fmt: skip


def no_json(name, line, body, pattern="The body is no JSON"):
    return Case(name, f"{READER}:{line}", predict("half", body), 400, error_like(pattern))


DIALECT = [
    Case("no body", f"{TENSOR}:475", predict("half", ""), 400, error_like("The body is empty")),
    no_json("blanks only", 1808, " \n"),
    no_json("no JSON", 1202, "instances = [1, 2]"),
    no_json("a closing bracket", 1808, "]"),
    no_json("an end within an array", 1817, '{"instances": [1, 2'),
    no_json("an end within an object", 1813, '{"instances": [1]'),
    no_json("an end within a text", 893, '{"instances": ["a'),
    no_json("a comma at the end of an array", 1752, '{"instances": [1,]}'),
    no_json("a comma at the end of an object", 1722, '{"instances": [1],}'),
    no_json("no colon", 1812, '{"instances" [1]}'),
    no_json("a name that is no text", 1811, "{1: 2}"),
    no_json("a fraction without digits", 1247, '{"instances": [1.]}'),
    no_json("an exponent without digits", 1323, '{"instances": [1e]}'),
    no_json("a zero in front", 1817, '{"instances": [01]}'),
    no_json("a number beyond double", 1318, '{"instances": [1e400]}'),
    no_json("half a word", 727, '{"instances": [tru]}'),
    no_json("an unknown escape", 884, r'{"instances": ["\x"]}'),
    no_json("a control character", 895, '{"instances": ["\x01"]}'),
    no_json("an escape without four digits", 768, r'{"instances": ["\u12g4"]}'),
    no_json("the first half of a surrogate pair", 874, r'{"instances": ["\ud800"]}', "x.0. is"),
    no_json("two first halves", 878, r'{"instances": ["\ud800\ud800"]}', "x.0. is"),
    no_json("a zero byte ends the document", 1829, '{"instances": \x00[1]}'),
    Case("bytes behind the object", f"{TENSOR}:485", predict("half", '{"instances": [1.0]} X{'), 200, rows("3.5")),
    Case("a byte order mark", f"{TENSOR}:482", predict("half", b'\xef\xbb\xbf{"instances": [1.0]}'.decode()), 200, rows("3.5")),
    Case("short forms of non-finite numbers", f"{READER}:1192", of_dtype("float", "-Inf, Inf, -NaN"), 200,
        rows("-Infinity, Infinity, NaN")),
    Case("a surrogate pair", f"{READER}:879", of_dtype("string", r'"\ud83d\ude00"'), 200, rows('"😀"')),
    Case("100,000 brackets", f"{TENSOR_TEST}:104", predict("half", '{"inputs": ' + "[" * 100_000 + "]" * 100_000 + "}"), 400,
        error_like("too many brackets")),
    Case("an object for a number", f"{TENSOR}:408", predict("half", json.dumps({"inputs": {"x": {"x": 1}}})), 400,
        error_like("The input x is an object with x. Expected float")),
]  # fmt: skip

CASES = DTYPES + FLOATS + STRINGS + DIALECT
