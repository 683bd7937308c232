"""Predict requests in rows: names, shapes, and invalid rows."""

from rest_cases import Case, error_like, exactly, predict, refused, rows

TENSOR, TENSOR_TEST = "util/json_tensor.cc", "util/json_tensor_test.cc"
HANDLER, HANDLER_TEST = "model_servers/http_rest_api_handler.cc", "model_servers/http_rest_api_handler_test.cc"
PREDICT = "servables/tensorflow/predict_util.cc"


def refused_row(name, line, values, message, number=0, signature="int32"):
    text = f"Failed to process element: {number} of 'instances' list. Error: INVALID_ARGUMENT: {message}"
    return refused(name, line, predict("dtypes", {"instances": values}, signature), text)


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
TWO_ROWS = """{
    "predictions": [
        {
            "dbl_tensor": [NaN],
            "float_tensor": [1.0, NaN],
            "int_tensor": [[1, 2], [3, 4], [5, 6]],
            "str_tensor": ["foo", "bar"],
            "str_tensor_bytes": [{
                    "b64": "Zm9v"
                }, {
                    "b64": "YmFy"
                }]
        },
        {
            "dbl_tensor": [2.0],
            "float_tensor": [2.0, Infinity],
            "int_tensor": [[7, 8], [9, 0], [1, 2]],
            "str_tensor": ["baz", "bat"],
            "str_tensor_bytes": [{
                    "b64": "YmF6"
                }, {
                    "b64": "YmF0"
                }]
        }
    ]
}"""

CASES = [
    Case("plain rows", f"{TENSOR_TEST}:57", predict("dtypes", {"instances": [[1, 2], [3, 4], [5, 6]]}, "int32"), 200,
        rows("[1, 2], [3, 4], [5, 6]")),
    Case("rows that are scalars", f"{TENSOR_TEST}:121",
        predict("dtypes", '{"signature_name":"float","instances":[1, 2.0, 3, 5.003, 0.007, 0.0]}'), 200,
        rows("1.0, 2.0, 3.0, 5.003, 0.007, 0.0")),
    Case("rows that name several inputs", f"{TENSOR_TEST}:439", several(FIRST, SECOND), 200, exactly(TWO_ROWS)),
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
    refused_row("rows of other lengths", 463, [[1, 2], [3, 4], [5, 6, 7]], "Expecting tensor size: 2 but got: 3", 2),
    refused_row("rows of other shapes", 467, [[1, 2], [3, 4], [[5, 6]]], "Expecting shape [2] but got: [1,2]", 2),
    refused_row("a scalar and a list", 467, [1, [1]], "Expecting shape [] but got: [1]", 1),
    refused_row("lists of other lengths in a row", 425, [[[1, 2], [3]]],
        "Encountered list at unexpected size: 1 at level: 1 expected size: 2"),
    refused_row("a list next to a number", 419, [[1, [2]]], "Encountered list at unexpected level: 1 expected < 1"),
    refused_row("a number next to a list", 401, [[[1], 2]],
        "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2"),
    refused_row("a list behind an empty one", 425, [[[], [1]]],
        "Encountered list at unexpected size: 1 at level: 1 expected size: 0"),
    refused_row("texts for numbers", 266, [[1, 2], ["a", "b"]], 'JSON Value: "a" Type: String is not of expected type: int32', 1),
    refused("no rows", 688, predict("half", '{"instances": []}'),
        "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array"),
    refused("rows that are no list", 684, predict("half", '{"instances": {"x": 1}}'),
        'JSON Value: {\n    "instances": {\n        "x": 1\n    }\n} Expecting \'instances\' to be an list/array'),
    refused("plain rows for several inputs", 528, several(1, 2),
        "instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map"),
    refused("a list among named rows", 553, several(FIRST, [1, 20, 30]), "Expecting object but got list at item 1 of input list"),
    refused("a named row among lists", 577, predict("dtypes", {"instances": [["a"], {"x": ["a"]}]}, "string"),
        "Expecting value/list but got object at item 1 of input list"),
    refused("a row that names an unknown input", 449, predict("half", '{"instances": [{"z": 1}]}'),
        "Failed to process element: 0 key: z of 'instances' list. "
        "Error: INVALID_ARGUMENT: JSON object: does not have named input: z"),
    refused("a row that lacks an input", 570, predict("several", '{"signature_name":"add","instances":[{"a":1}]}'),
        "Failed to process element: 0 of 'instances' list. JSON object: {\n    \"a\": 1\n} keys must be equal to: a,b"),
    refused("named rows of other shapes", 564,
        predict("several", '{"signature_name":"add","instances":[{"a":1,"b":[2]},{"a":1,"b":[[2]]}]}'),
        "Failed to process element: 1 key: b of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [1] but got: [1,1]"),
    Case("bytes in base64 for several inputs are one input only", f"{PREDICT}:65",
        predict("several", {"instances": [{"b64": "aGk="}]}), 400,
        error_like("of expected type|input size does not match signature")),
]  # fmt: skip
