"""Classify and regress requests: JSON to examples, and the results."""

from rest_cases import Case, error, error_like, exactly, post, same_json

TENSOR, TENSOR_TEST = "util/json_tensor.cc", "util/json_tensor_test.cc"
HANDLER_TEST = "model_servers/http_rest_api_handler_test.cc"
CLASSIFIER, REGRESSOR = "servables/tensorflow/classifier.cc", "servables/tensorflow/regressor.cc"
X = [{"x": 0.25}, {"x": 1.0}]


def classify(examples, signature=None, path="examples", **others):
    name = {} if signature is None else {"signature_name": signature}
    return post(f"{path}:classify", {**name, **others, "examples": examples})


def regress(examples, signature, path="examples", **others):
    return post(f"{path}:regress", {"signature_name": signature, **others, "examples": examples})


def refused(name, line, body, message):
    """Of both verbs alike."""
    return [
        Case(f"{name}, {verb}", f"{TENSOR}:{line}", post(f"examples:{verb}", body), 400, error(message))
        for verb in ("classify", "regress")
    ]


RESULTS = [
    Case(
        "regression",
        f"{HANDLER_TEST}:392",
        regress([{"x": 80.0}], "regress_x_to_y", "half/versions/1"),
        200,
        exactly('{\n    "results": [42.0]\n}'),
    ),
    Case(
        "regression by label",
        f"{HANDLER_TEST}:412",
        regress([{"x": 80.0}], "regress_x_to_y", "half/labels/stable"),
        200,
        same_json({"results": [42]}),
    ),
    Case("regression of two", f"{TENSOR}:1115", regress(X, "value"), 200, exactly('{\n    "results": [0.5, 2.0]\n}')),
    Case("regression from a column", f"{REGRESSOR}:239", regress(X, "column"), 200, same_json({"results": [0.25, 1.0]})),
    Case(
        "regression with results that are not finite",
        f"{TENSOR_TEST}:1573",
        post(
            "examples:regress",
            '{"signature_name": "column", "examples": [{"x": 0.2}, {"x": Infinity}, {"x": -Infinity}, {"x": NaN}]}',
        ),
        200,
        exactly('{\n    "results": [0.2, Infinity, -Infinity, NaN]\n}'),
    ),
    Case(
        "classification by scores",
        f"{HANDLER_TEST}:428",
        classify([{"x": 20.0}], "classify_x_to_y", "half/versions/1"),
        200,
        exactly('{\n    "results": [[["", 12.0]]\n    ]\n}'),
    ),
    Case(
        "classification by label",
        f"{HANDLER_TEST}:437",
        classify([{"x": 10.0}], "classify_x_to_y", "half/labels/stable"),
        200,
        same_json({"results": [[["", 7]]]}),
    ),
    Case(
        "classification with a signature of TensorFlow 2",
        f"{TENSOR_TEST}:1534",
        classify(X),
        200,
        exactly('{\n    "results": [[["cat", 0.25], ["a \\"dog\\"", 0.75]], [["cat", 1.0], ["a \\"dog\\"", 0.0]]\n    ]\n}'),
    ),
    Case(
        "classification without labels",
        f"{CLASSIFIER}:304",
        classify(X[:1], "scores"),
        200,
        same_json({"results": [[["", 0.25], ["", 0.75]]]}),
    ),
    Case(
        "classification without scores",
        f"{CLASSIFIER}:302",
        classify(X[:1], "classes"),
        200,
        same_json({"results": [[["cat", 0.0], ['a "dog"', 0.0]]]}),
    ),
    Case(
        "a context is part of each example",
        "servables/tensorflow/util.cc:198",
        regress([{}, {"other": "a"}], "column", context={"x": 0.5}),
        200,
        same_json({"results": [0.5, 0.5]}),
    ),
    Case(
        "the example goes before the context",
        "servables/tensorflow/util.cc:198",
        regress([{"x": 1.0}], "column", context={"x": 0.5}),
        200,
        same_json({"results": [1.0]}),
    ),
    Case(
        "of equal features the last one counts",
        f"{TENSOR}:813",
        post("examples:regress", '{"signature_name": "column", "examples": [{"x": 1.0, "x": 2.0}]}'),
        200,
        same_json({"results": [2.0]}),
    ),
]

EXAMPLES = [
    Case(
        "texts, floats, integers",
        f"{TENSOR_TEST}:1242",
        classify([{"texts": ["a", "b"], "floats": [8.0, 9.0], "integers": 20}, {"texts": ["c"], "floats": 6.0}], "counts"),
        200,
        same_json({"results": [[["", 2], ["", 2], ["", 1]], [["", 1], ["", 1], ["", 0]]]}),
    ),
    Case(
        "base64 among texts, booleans among integers",
        f"{TENSOR_TEST}:1312",
        classify([{"texts": ["baz", {"b64": "aGVsbG8="}], "integers": [1, True, False]}], "counts"),
        200,
        same_json({"results": [[["", 2], ["", 0], ["", 3]]]}),
    ),
    Case(
        "an empty feature",
        f"{TENSOR}:807",
        classify([{"texts": []}], "counts"),
        200,
        same_json({"results": [[["", 0], ["", 0], ["", 0]]]}),
    ),
    *refused("no examples", 840, "{}", "JSON Value: {} When method is classify, key 'examples' is expected and was not found"),
    *refused(
        "examples that are no list",
        844,
        '{"examples": {}}',
        "JSON Value: {\n    \"examples\": {}\n} Expecting 'examples' value to be an list/array",
    ),
    *refused(
        "an empty list of examples",
        849,
        '{"examples": []}',
        "JSON Value: {\n    \"examples\": []\n} 'examples' value is an empty array",
    ),
    *refused("an example that is no object", 799, '{"examples": [[{}]]}', "Example must be JSON object but got JSON Array"),
    *refused("a context that is no object", 799, '{"context": [1]}', "Example must be JSON object but got JSON Array"),
    *refused(
        "a signature that is no text",
        283,
        '{"signature_name": ["a"]}',
        'JSON Value: {\n    "signature_name": ["a"]\n} not formatted correctly. \'signature_name\' key must be a string value.',
    ),
    *refused(
        "null in a feature",
        743,
        '{"examples": [{"names": [10, null]}]}',
        "Feature: names has element with unexpected JSON type: Null",
    ),
    *refused(
        "an object in a feature",
        755,
        '{"examples": [{"names": {"test": 10}}]}',
        "Feature: names has element with unexpected JSON type: Object",
    ),
    *refused(
        "a list in a list",
        766,
        '{"examples": [{"names": [[10], 20]}]}',
        "Feature: names has element with unexpected JSON type: Array",
    ),
    *refused(
        "integers and floats",
        732,
        '{"examples": [{"names": [10, 10.0]}]}',
        "Unexpected element type in feature: names expecting type: int64",
    ),
    *refused(
        "floats and texts",
        732,
        '{"examples": [{"names": [10.0, "a"]}]}',
        "Unexpected element type in feature: names expecting type: float",
    ),
    *refused(
        "texts and booleans",
        732,
        '{"examples": [{"names": ["a", true]}]}',
        "Unexpected element type in feature: names expecting type: bytes",
    ),
    *refused(
        "an integer beyond int64",
        787,
        '{"examples": [{"names": [20, 18446744073709551603]}]}',
        "Feature: names has uint64_t element. Only int64_t is supported.",
    ),
    *refused("no base64", 386, '{"examples": [{"names": {"b64": "*"}}]}', "Unable to base64 decode"),
    *refused("no JSON", 488, "{", "JSON Parse error: Missing a name for object member. at offset: 1"),
]

SIGNATURES = [
    Case(
        "an unknown signature", f"{CLASSIFIER}:160", classify(X, "none"), 400, error("No signature was found with the name: none")
    ),
    Case(
        "an unknown signature, regress",
        f"{REGRESSOR}:155",
        regress(X, "none"),
        400,
        error("No signature was found with the name: none"),
    ),
    Case(
        "an unknown model",
        "core/basic_manager.cc:139",
        classify(X, path="foo"),
        404,
        error("Servable not found for request: Latest(foo)"),
    ),
    Case(
        "an input of another name",
        f"{CLASSIFIER}:197",
        classify(X, "other_input"),
        400,
        error_like("^No classification inputs found in SignatureDef: "),
    ),
    Case(
        "an input of another name, regress",
        f"{REGRESSOR}:189",
        regress(X, "other_input"),
        400,
        error_like("^No regression inputs found in SignatureDef: "),
    ),
    Case(
        "a regression that is asked to classify",
        f"{CLASSIFIER}:208",
        classify(X, "value"),
        400,
        error_like(
            '^Expected classification signature outputs to contain at least one of "classes" or "scores". Signature was: '
        ),
    ),
    Case(
        "a classification that is asked to regress",
        f"{REGRESSOR}:183",
        regress(X, "both"),
        400,
        error("Expected one output Tensor."),
    ),
    Case(
        "scores that are asked to regress",
        f"{REGRESSOR}:199",
        regress(X, "scores"),
        400,
        error_like("^No regression outputs found in SignatureDef: "),
    ),
    Case(
        "a regression of two values an example",
        f"{REGRESSOR}:241",
        regress(X, "matrix"),
        400,
        error("Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,2]"),
    ),
    Case("a feature that is missing", f"{CLASSIFIER}:74", classify([{}]), 400, error_like("x.*is required|Feature: x|missing")),
]

CASES = RESULTS + EXAMPLES + SIGNATURES
