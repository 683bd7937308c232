"""Predict requests in columns; requests in neither form; outputs in both forms."""

from rest_cases import Case, error, error_like, exactly, post, predict, refused, same_json

TENSOR, TENSOR_TEST = "util/json_tensor.cc", "util/json_tensor_test.cc"
HANDLER, HANDLER_TEST = "model_servers/http_rest_api_handler.cc", "model_servers/http_rest_api_handler_test.cc"


NAMED = {"dbl_tensor": [[1.5]], "float_tensor": [[0.5]], "int_tensor": [[1, 2]], "str_tensor": [["a"]]}
UNEQUAL_COLUMNS = {"dbl_tensor": [], "float_tensor": 0.5, "int_tensor": [1, 2], "str_tensor": "hello"}
UNEQUAL_COLUMNS |= {"str_tensor_bytes": {"b64": "aGVsbG8="}}
THREE_BY_TWO = [[[1, 2], [3, 4], [5, 6]]]


COLUMNS = [
    Case("a column by name", f"{TENSOR_TEST}:529", predict("dtypes", {"inputs": {"x": THREE_BY_TWO}}, "int32"), 200,
        same_json({"outputs": THREE_BY_TWO})),
    Case("a column without its name", f"{TENSOR_TEST}:565", predict("dtypes", {"inputs": THREE_BY_TWO}, "int32"), 200,
        same_json({"outputs": THREE_BY_TWO})),
    Case("columns of other lengths", f"{TENSOR_TEST}:589",
        predict("several",
            '{"inputs": {"int_tensor": [1, 2], "str_tensor": {"b64": "aGVsbG8="}, "float_tensor": 0.5, "dbl_tensor": []}}'), 200,
        same_json({"outputs": UNEQUAL_COLUMNS})),
    Case("columns of floats", f"{HANDLER_TEST}:376", predict("half/versions/1", {"inputs": [3.0, 4.0]}, "serving_default"), 200,
        same_json({"outputs": [3.5, 4.0]})),
    Case("a scalar", f"{TENSOR}:351", predict("dtypes", {"inputs": 3}, "int32"), 200, same_json({"outputs": 3})),
    Case("unknown columns are ignored", f"{TENSOR}:631", predict("dtypes", {"inputs": {"y": None, "x": [1]}}, "int32"), 200,
        same_json({"outputs": [1]})),
    Case("several columns", f"{TENSOR_TEST}:1103", predict("several", {"inputs": NAMED}), 200,
        same_json({"outputs": {**NAMED, "str_tensor_bytes": [[{"b64": "YQ=="}]]}})),
    refused("a missing column", 635, predict("dtypes", {"inputs": {"y": [1]}}, "int32"),
        "'inputs' lacks x."),
    refused("one column for several inputs", 620, predict("several", {"inputs": [1]}),
        "without names for the inputs dbl_tensor"),
    refused("a column of other lengths", 425, predict("dtypes", {"inputs": [[1, 2], [3]]}, "int32"),
        r"x\[1\] is a list of 1. .*shape \[2, 2\]"),
    Case("what the model refuses", "servables/tensorflow/predict_util.cc:109",
        predict("several", {"inputs": {"a": [1, 2], "b": [1, 2, 3]}}, "add"), 400,
        error_like(r"Incompatible shapes: \[2\] vs. \[3\]")),
]  # fmt: skip

WHOLE = [
    refused("neither rows nor columns", 704, predict("half", "{}"), "Got no key. Expected either"),
    refused("rows and columns", 678, predict("half", '{"inputs": 1, "instances": [1]}'),
        "Got inputs, instances. Expected either"),
    refused("a signature that is no text", 283, predict("half", '{ "signature_name": 100 }'),
        "signature_name is 100. Expected a string"),
    Case("an unknown signature", f"{HANDLER}:238", predict("half", {}, "none"), 400,
        error('Serving signature name: "none" not found in signature def')),
    Case("no default signature", f"{HANDLER}:234", predict("odd", {"instances": [1]}), 400,
        error('Serving signature name: "serving_default" not found in signature def')),
    refused("a signature without inputs", 668, predict("odd", {"instances": [1]}, "constant"),
        "Failed to get input map for signature: constant"),
    refused("an array at the top", 499, predict("half", "[1, 2]"), "a list of 2. Expected a JSON object"),
    refused("a number at the top", 499, predict("half", "1"), "The body is 1. Expected a JSON object"),
]  # fmt: skip


def odd(name, line, form, signature, status, check):
    return Case(name, f"{TENSOR}:{line}", predict("odd", {form: [1, 2]}, signature), status, check)


NOT_UTF8 = b'{"predictions":[{"text":"\xff","text_bytes":{"b64":"/w=="}}]}'
BYTES = [[{"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}], [{"b64": "dGY="}, {"b64": "c2VydmluZw=="}]]
UNEQUAL = error_like("The output twice has 4 rows, another 2")
OUTPUTS = [
    odd("a scalar output in rows", 988, "instances", "sum", 400, error_like("The output sum is a scalar")),
    odd("a scalar output in columns", 956, "inputs", "sum", 200, same_json({"outputs": 3.0})),
    odd("outputs of other lengths in rows", 994, "instances", "uneven", 400, UNEQUAL),
    odd("outputs of other lengths in columns", 1036, "inputs", "uneven", 200,
        same_json({"outputs": {"once": [1.0, 2.0], "twice": [1.0, 2.0] * 2}})),
    Case("no rows", f"{TENSOR_TEST}:1153", predict("odd", {"instances": [1, 2]}, "none"), 200,
        same_json({"predictions": []})),
    odd("half in an output", 945, "instances", "as_half", 400, error_like("is half, which REST cannot write")),
    odd("bfloat16 in an output", 945, "inputs", "as_bfloat16", 400,
        error_like("is bfloat16, which REST cannot write")),
    Case("bytes in base64", f"{TENSOR_TEST}:897", predict("odd", {"instances": [["hello", "world"], ["tf", "serving"]]}, "bytes"),
        200, same_json({"predictions": BYTES})),
    Case("a string that is not UTF-8 stays the same", f"{TENSOR}:918",
        post("odd:predict", b'{"signature_name": "both", "instances": ["\xff"]}'), 200, exactly(NOT_UTF8)),
]  # fmt: skip

CASES = COLUMNS + WHOLE + OUTPUTS
