"""Predict requests in rows: names, shapes, and invalid rows."""

from rest_cases import Case, error_like, predict, refused, rows, same_json

TENSOR, TENSOR_TEST = "util/json_tensor.cc", "util/json_tensor_test.cc"
HANDLER, HANDLER_TEST = "model_servers/http_rest_api_handler.cc", "model_servers/http_rest_api_handler_test.cc"
PREDICT = "servables/tensorflow/predict_util.cc"


def refused_row(name, line, values, pattern, signature="int32"):
    return refused(name, line, predict("dtypes", {"instances": values}, signature), f"^The input x{pattern}")


def several(*instances):
    return predict("several", {"instances": list(instances)})


FIRST = {
    "int_tensor": [[1, 2], [3, 4], [5, 6]],
    "str_tensor": ["foo", "bar"],
    "float_tensor": [1.0, float("nan")],
    "dbl_tensor": [float("nan")],
}
SECOND = {
    "int_tensor": [[7, 8], [9, 0], [1, 2]],
    "str_tensor": ["baz", "bat"],
    "float_tensor": [2.0, float("inf")],
    "dbl_tensor": [2.0],
}
BASE64 = [{"b64": "Zm9v"}, {"b64": "YmFy"}], [{"b64": "YmF6"}, {"b64": "YmF0"}]
TWO_ROWS = {"predictions": [row | {"str_tensor_bytes": texts} for row, texts in zip((FIRST, SECOND), BASE64, strict=True)]}

CASES = [
    Case("plain rows", f"{TENSOR_TEST}:57", predict("dtypes", {"instances": [[1, 2], [3, 4], [5, 6]]}, "int32"), 200,
        rows("[1, 2], [3, 4], [5, 6]")),
    Case("rows that are scalars", f"{TENSOR_TEST}:121",
        predict("dtypes", '{"signature_name":"float","instances":[1, 2.0, 3, 5.003, 0.007, 0.0]}'), 200,
        rows("1.0, 2.0, 3.0, 5.003, 0.007, 0.0")),
    Case("rows that name several inputs", f"{TENSOR_TEST}:439", several(FIRST, SECOND), 200, same_json(TWO_ROWS)),
    Case("a row that names the one input", f"{TENSOR_TEST}:408",
        predict("dtypes", {"instances": [{"x": [["a"], ["b"]]}]}, "string"), 200, rows('[["a"], ["b"]]')),
    Case("empty rows", f"{TENSOR}:352", predict("dtypes", {"instances": [[], []]}, "int32"), 200, rows("[], []")),
    Case("an explicit default signature", f"{HANDLER_TEST}:365",
        predict("half/versions/1", {"instances": [3.0, 4.0]}, "serving_default"), 200, rows("3.5, 4.0")),
    Case("an empty name is the default signature", f"{HANDLER}:234", predict("half/versions/1", {"instances": [3.0]}, ""), 200,
        rows("3.5")),
    Case("unknown members are ignored", "util/json_tensor.h:64",
        predict("half/versions/1", '{"id": {"a": [null]}, "instances": [3.0]}'), 200, rows("3.5")),
    Case("of equal names the first one counts", f"{TENSOR}:675",
        predict("half/versions/1", '{"instances": [3.0], "instances": ["x"]}'), 200, rows("3.5")),
    refused_row("rows of other lengths", 463, [[1, 2], [3, 4], [5, 6, 7]], r"\[2\] is a list of 3. .*shape \[3, 2\]"),
    refused_row("rows of other shapes", 467, [[1, 2], [3, 4], [[5, 6]]], r"\[2\] is a list of 1. .*shape \[3, 2\]"),
    refused_row("a scalar and a list", 467, [1, [1]], r"\[1\] is a list of 1. .*shape \[2\]"),
    refused_row("lists of other lengths in a row", 425, [[[1, 2], [3]]], r"\[0\]\[1\] is a list of 1. .*shape \[1, 2, 2\]"),
    refused_row("a list next to a number", 419, [[1, [2]]], r"\[0\]\[1\] is a list of 1. .*shape \[1, 2\]"),
    refused_row("a number next to a list", 401, [[[1], 2]], r"\[0\]\[1\] is 2. .*shape \[1, 2, 1\]"),
    refused_row("a list behind an empty one", 425, [[[], [1]]], r"\[0\]\[1\] is a list of 1. .*shape \[1, 2, 0\]"),
    refused_row("texts for numbers", 266, [[1, 2], ["a", "b"]], r'\[1\]\[0\] is "a". Expected int32'),
    refused("no rows", 688, predict("half", '{"instances": []}'), "is a list of 0. Expected a list of at least one row"),
    refused("rows that are no list", 684, predict("half", '{"instances": {"x": 1}}'), "is an object with x. Expected a list"),
    refused("plain rows for several inputs", 528, several(1, 2), "without names for the inputs dbl_tensor, float_tensor"),
    refused("a list among named rows", 553, several(FIRST, [1, 20, 30]), "Row 1 .* a list of 3. Expected an object"),
    refused("a named row among lists", 577, predict("dtypes", {"instances": [["a"], {"x": ["a"]}]}, "string"),
        "Row 1 .* an object with x, the first one a plain value"),
    refused("a row that names an unknown input", 449, predict("half", '{"instances": [{"z": 1}]}'),
        "Row 0 .* an object with z. Expected an object with the inputs x"),
    refused("a row that lacks an input", 570, predict("several", '{"signature_name":"add","instances":[{"a":1}]}'),
        "Row 0 .* an object with a. Expected an object with the inputs a, b"),
    refused("named rows of other shapes", 564,
        predict("several", '{"signature_name":"add","instances":[{"a":1,"b":[2]},{"a":1,"b":[[2]]}]}'),
        r"The input b\[1\]\[0\] is a list of 1"),
    Case("bytes in base64 for several inputs are one input only", f"{PREDICT}:65",
        predict("several", {"instances": [{"b64": "aGk="}]}), 400,
        error_like("without names for the inputs")),
]  # fmt: skip
