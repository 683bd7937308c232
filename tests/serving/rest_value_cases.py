"""Values of predict requests: every dtype in and out, numbers, strings, base64, and RapidJSON's dialect of JSON."""

import json

from rest_cases import Case, error, predict, rows

TENSOR, TENSOR_TEST = "util/json_tensor.cc", "util/json_tensor_test.cc"
READER = "Tencent/rapidjson: include/rapidjson/reader.h"
BASE64 = "abseil/abseil-cpp: absl/strings/escaping.cc"


def of_dtype(name, values):
    return predict("dtypes", f'{{"signature_name": "{name}", "instances": [{values}]}}')


def echo(name, line, dtype, values, expected=None):
    """Values that come back as they were sent, or as `expected`."""
    return Case(name, f"{TENSOR}:{line}", of_dtype(dtype, values), 200, rows(values if expected is None else expected))


def misfit(name, line, dtype, value, kind):
    message = f"JSON Value: {value} Type: {kind} is not of expected type: {dtype}"
    text = f"Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: {message}"
    return Case(name, f"{TENSOR}:{line}", of_dtype(dtype, value), 400, error(text))


def misfit_base64(name, source, value, message):
    text = f"Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: {message}"
    return Case(name, source, of_dtype("string", value), 400, error(text))


def unserved(dtype):
    message = f"Conversion of JSON Value: 1 to type: {dtype}"
    row = f"Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: {message}"
    return [
        Case(f"{dtype} in rows", f"{TENSOR}:585", of_dtype(dtype, "1"), 400, error(row)),
        Case(f"{dtype} in columns", f"{TENSOR}:337", predict("dtypes", {"inputs": [1]}, dtype), 501, error(message)),
    ]


DTYPES = [
    echo("float", 295, "float", "1.5, -2.0, 0.1"),
    echo("integers for float", 295, "float", "1, 16777217", "1.0, 16777216.0"),
    echo("double", 300, "double", "0.1, 1e+300, -5.0, 0.66666666666666663"),
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
    misfit("a fraction for an integer", 307, "int32", "1.5", "Number"),
    misfit("a whole number with a point for an integer", 307, "int32", "1.0", "Number"),
    misfit("an integer beyond int32", 307, "int32", "2147483648", "Number"),
    misfit("an integer beyond int32 for int8", 307, "int8", "-2147483649", "Number"),
    misfit("an integer beyond int64", 317, "int64", "9223372036854775808", "Number"),
    misfit("a negative number for uint32", 327, "uint32", "-1", "Number"),
    misfit("a negative number for uint64", 332, "uint64", "-1", "Number"),
    misfit("true for an integer", 307, "int32", "true", "True"),
    misfit("false for a float", 294, "float", "false", "False"),
    misfit("a number for bool", 322, "bool", "1", "Number"),
    misfit("a number for string", 312, "string", "1", "Number"),
    misfit("null for a float", 294, "float", "null", "Null"),
    misfit("a text for a float", 294, "float", '"x"', "String"),
    misfit("bytes for a float", 408, "float", '{\n    "b64": "aGk="\n}', "Object"),
]  # fmt: skip

FLOATS = [
    echo("six digits if they suffice", 139, "float", "9e+06, 999999.0, 0.5, 0.0003, 3e-05, 555557.5"),
    echo("nine digits if six do not suffice", 148, "float", "0.333333343, 16777215.0, 1.00195312, 1.17549435e-38"),
    echo("seventeen digits of a double", 148, "double", "0.33333333333333331, 12345678.9, 1.7976931348623157e+308"),
    echo("a whole number has a point", 159, "float", "3, -0.0, 100000", "3.0, -0.0, 100000.0"),
    echo("not finite", 164, "float", "NaN, Infinity, 3.0, -Infinity"),
    echo("1435774380 is rounded like 1435774380.0", 295, "float", "1435774380, 1435774380.0", "1.43577434e+09, 1.43577434e+09"),
]  # fmt: skip

STRINGS = [
    echo("bytes in base64", 383, "string", '{"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}', '"hello", "world"'),
    echo("lists of bytes in base64", 383, "string", '[{"b64": "aGVsbG8="}], [{"b64": "d29ybGQ="}]', '["hello"], ["world"]'),
    Case("base64 without padding", f"{BASE64}:850", of_dtype("string", '{"b64": "aGVsbG8"}'), 200, rows('"hello"')),
    Case("base64 with blanks and a dot", f"{BASE64}:773", of_dtype("string", '{"b64": " aGVs\\nbG8. "}'), 200, rows('"hello"')),
    misfit_base64("base64 with half its padding", f"{BASE64}:863", '{"b64": "aA="}', "Unable to base64 decode"),
    misfit_base64("no base64", f"{TENSOR}:386", '{"b64": "a*"}', "Unable to base64 decode"),
    misfit_base64("base64 that is no text", f"{TENSOR}:367", '[{"b64": 1}]',
        'JSON Value: {\n    "b64": 1\n} not formatted correctly for base64 data'),
    misfit_base64("base64 and another member", f"{TENSOR}:366", '[{"b64": "aGk=", "c": 1}]',
        'JSON Value: {\n    "b64": "aGk=",\n    "c": 1\n} not formatted correctly for base64 data'),
    echo("escapes", 918, "string", r'"\"\\\/\b\f\n\r\t\u0041\u00e9\u001f"', r'"\"\\/\b\f\n\r\tAé\u001F"'),
]  # fmt: skip


def parse_error(name, line, body, message, offset):
    return Case(name, f"{READER}:{line}", predict("half", body), 400, error(f"JSON Parse error: {message} at offset: {offset}"))


DIALECT = [
    Case("no body", f"{TENSOR}:475", predict("half", ""), 400, error("JSON Parse error: The document is empty")),
    parse_error("blanks only", 1808, " \n", "The document is empty.", 2),
    parse_error("no JSON", 1202, "instances = [1, 2]", "Invalid value.", 0),
    parse_error("a closing bracket", 1808, "]", "The document is empty.", 0),
    parse_error("an end within an array", 1817, '{"instances": [1, 2', "Missing a comma or ']' after an array element.", 19),
    parse_error("an end within an object", 1813, '{"instances": [1]', "Missing a comma or '}' after an object member.", 17),
    parse_error("an end within a text", 893, '{"instances": ["a', "Missing a closing quotation mark in string.", 17),
    parse_error("a comma at the end of an array", 1752, '{"instances": [1,]}', "Invalid value.", 17),
    parse_error("a comma at the end of an object", 1722, '{"instances": [1],}', "Missing a name for object member.", 18),
    parse_error("no colon", 1812, '{"instances" [1]}', "Missing a colon after a name of object member.", 13),
    parse_error("a name that is no text", 1811, "{1: 2}", "Missing a name for object member.", 1),
    parse_error("a fraction without digits", 1247, '{"instances": [1.]}', "Miss fraction part in number.", 17),
    parse_error("an exponent without digits", 1323, '{"instances": [1e]}', "Miss exponent in number.", 17),
    parse_error("a zero in front", 1817, '{"instances": [01]}', "Missing a comma or ']' after an array element.", 16),
    parse_error("a number beyond double", 1318, '{"instances": [1e400]}', "Number too big to be stored in double.", 15),
    parse_error("half a word", 727, '{"instances": [tru]}', "Invalid value.", 18),
    parse_error("an unknown escape", 884, r'{"instances": ["\x"]}', "Invalid escape character in string.", 16),
    parse_error("a control character", 895, '{"instances": ["\x01"]}', "Invalid escape character in string.", 16),
    parse_error("an escape without four digits", 768, r'{"instances": ["\u12g4"]}',
        "Incorrect hex digit after \\u escape in string.", 16),
    parse_error("the first half of a surrogate pair", 874, r'{"instances": ["\ud800"]}',
        "The surrogate pair in string is invalid.", 16),
    parse_error("two first halves", 878, r'{"instances": ["\ud800\ud800"]}', "The surrogate pair in string is invalid.", 16),
    parse_error("a zero byte ends the document", 1829, '{"instances": \x00[1]}', "Invalid value.", 14),
    Case("bytes behind the object", f"{TENSOR}:485", predict("half", '{"instances": [1.0]} X{'), 200, rows("3.5")),
    Case("a byte order mark", f"{TENSOR}:482", predict("half", b'\xef\xbb\xbf{"instances": [1.0]}'.decode()), 200, rows("3.5")),
    Case("short forms of non-finite numbers", f"{READER}:1192", of_dtype("float", "-Inf, Inf, -NaN"), 200,
        rows("-Infinity, Infinity, NaN")),
    Case("a surrogate pair", f"{READER}:879", of_dtype("string", r'"\ud83d\ude00"'), 200, rows('"😀"')),
    Case("100,000 brackets in a member that nobody reads", f"{TENSOR_TEST}:87",
        predict("half", '{"instances": [1], "nested": ' + "[" * 100_000 + "]" * 100_000 + "}"), 200, rows("3.5")),
    Case("100,000 brackets for a name", f"{TENSOR_TEST}:104",
        predict("half", '{"signature_name": ' + "[" * 100_000 + "]" * 100_000 + "}"), 400,
        error('JSON Value: {\n    "signature_name": ' + "[" * 232
            + " not formatted correctly. 'signature_name' key must be a string value.")),
    Case("100,000 brackets for a tensor", "servables/tensorflow/predict_util.cc:129",
        predict("half", '{"inputs": ' + "[" * 100_000 + "]" * 100_000 + "}"), 400, error("tensor parsing error: x")),
    Case("an object for a number", f"{TENSOR}:408", predict("half", json.dumps({"inputs": {"x": {"x": 1}}})), 400,
        error('JSON Value: {\n    "x": 1\n} Type: Object is not of expected type: float')),
]  # fmt: skip

CASES = DTYPES + FLOATS + STRINGS + DIALECT
