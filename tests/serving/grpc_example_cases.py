"""Classify and Regress."""

from grpc_cases import Case, Error, example, invalid, spec


def listed(*rows, context=None):
    """An `Input` of examples, each the dict of its features."""
    texts = " ".join(f"examples {{ {example(**features)} }}" for features in rows)
    if context is None:
        return f"input {{ example_list {{ {texts} }} }}\n"
    return f"input {{ example_list_with_context {{ {texts} context {{ {example(**context)} }} }} }}\n"


def classes(*rows):
    labels = "".join(
        "classifications { " + "".join(f"classes {{ label: {label} score: {score} }} " for label, score in row) + "} "
        for row in rows
    )
    return f"result {{ {labels}}}\n"


def values(*numbers):
    return "result { " + "".join(f"regressions {{ value: {number} }} " for number in numbers) + "}\n"


def of_examples(signature="serving_default"):
    return spec("examples", signature, 1)


CAT, DOG = '"cat"', r'"a \"dog\""'
CLASSIFIER, REGRESSOR = "servables/tensorflow/classifier.cc", "servables/tensorflow/regressor.cc"
UTIL = "servables/tensorflow/util.cc"
CASES = [
    Case(
        "examples are classified",
        "Classify",
        spec("examples") + listed({"x": 2}, {"x": -1.5}),
        of_examples() + classes([(CAT, 2), (DOG, -1)], [(CAT, -1.5), (DOG, 2.5)]),
        f"{CLASSIFIER}: PostProcessClassificationResult",
    ),
    Case(
        "a classification without classes has scores only",
        "Classify",
        spec("examples", "scores") + listed({"x": 2}),
        of_examples("scores") + classes([('""', 2), ('""', -1)]),
        f"{CLASSIFIER}: PostProcessClassificationResult",
    ),
    Case(
        "a classification without scores has classes only",
        "Classify",
        spec("examples", "classes") + listed({"x": 2}),
        of_examples("classes") + classes([(CAT, 0), (DOG, 0)]),
        f"{CLASSIFIER}: PostProcessClassificationResult",
    ),
    Case(
        "the context is part of each example",
        "Regress",
        spec("examples", "value") + listed({"z": 1}, {"z": 2}, context={"x": 3}),
        of_examples("value") + values(6, 6),
        f"{UTIL}: kExampleListWithContext",
    ),
    Case(
        "examples are regressed",
        "Regress",
        spec("examples", "value") + listed({"x": 2}, {"x": 4}),
        of_examples("value") + values(4, 8),
        f"{REGRESSOR}: PostProcessRegressionResult",
    ),
    Case(
        "a column of values is a regression too",
        "Regress",
        spec("examples", "column", version=1) + listed({"x": 2}, {"x": 4}),
        of_examples("column") + values(2, 4),
        f"{REGRESSOR}: [batch_size, 1]",
    ),
    Case(
        "a model of TensorFlow 1 regresses too",
        "Regress",
        spec("half", "regress_x_to_y") + listed({"x": 2}, {}),
        spec("half", "regress_x_to_y", 2) + values(4, 3),
        "model_servers/tensorflow_model_server_test.py: def testRegress(self):",
    ),
    Case(
        "a model of TensorFlow 1 classifies too",
        "Classify",
        spec("half", "classify_x_to_y") + listed({"x": 2}),
        spec("half", "classify_x_to_y", 2) + classes([('""', 4)]),
        "model_servers/tensorflow_model_server_test.py: def testClassify(self):",
    ),
    Case(
        "an input without examples is refused",
        "Classify",
        spec("examples") + listed(),
        invalid("Input is empty."),
        f"{UTIL}: Input is empty.",
    ),
    Case(
        "a request without an input is refused",
        "Regress",
        spec("examples", "value"),
        invalid("Input is empty."),
        f"{UTIL}: Input is empty.",
    ),
    Case(
        "the signature is looked at before the input",
        "Regress",
        spec("examples", "scores"),
        invalid("No regression outputs found in SignatureDef: inputs {", is_beginning=True),
        f"{REGRESSOR}: GetRegressionSignatureDef",
    ),
    Case(
        "a request to classify without a model is refused",
        "Classify",
        listed({"x": 2}),
        invalid("Missing ModelSpec"),
        "servables/tensorflow/classification_service.cc: Missing ModelSpec",
    ),
    Case(
        "a request to regress without a model is refused",
        "Regress",
        listed({"x": 2}),
        invalid("Missing ModelSpec"),
        "servables/tensorflow/regression_service.cc: Missing ModelSpec",
    ),
    Case(
        "an unknown model does not classify",
        "Classify",
        spec("nobody") + listed({"x": 2}),
        Error("NOT_FOUND", "Servable not found for request: Latest(nobody)"),
        "core/basic_manager.cc: Servable not found for request: ",
    ),
    Case(
        "an unknown signature to classify is a bad argument",
        "Classify",
        spec("examples", "none") + listed({"x": 2}),
        invalid("No signature was found with the name: none"),
        f"{CLASSIFIER}: No signature was found with the name: ",
    ),
    Case(
        "an unknown signature to regress is a bad argument",
        "Regress",
        spec("examples", "none") + listed({"x": 2}),
        invalid("No signature was found with the name: none"),
        f"{REGRESSOR}: No signature was found with the name: ",
    ),
    Case(
        "a signature whose input has another name does not classify",
        "Classify",
        spec("examples", "other_input") + listed({"x": 2}),
        invalid('No classification inputs found in SignatureDef: inputs {\n  key: "examples"', is_beginning=True),
        f"{CLASSIFIER}: No classification inputs found in SignatureDef: ",
    ),
    Case(
        "a signature with three outputs does not classify",
        "Classify",
        spec("more", "three_outputs") + listed({"x": 2}),
        invalid("Expected one or two output Tensors, found 3"),
        f"{CLASSIFIER}: Expected one or two output Tensors, found ",
    ),
    Case(
        "a signature with other outputs does not classify",
        "Classify",
        spec("examples", "value") + listed({"x": 2}),
        invalid(
            'Expected classification signature outputs to contain at least one of "classes" or "scores". Signature was: ',
            is_beginning=True,
        ),
        f"{CLASSIFIER}: Expected classification signature outputs to contain at least one of ",
    ),
    Case(
        "a signature with two inputs does not regress",
        "Regress",
        spec("more") + listed({"x": 2}),
        invalid("Expected one input Tensor."),
        f"{REGRESSOR}: Expected one input Tensor.",
    ),
    Case(
        "a signature with two outputs does not regress",
        "Regress",
        spec("examples") + listed({"x": 2}),
        invalid("Expected one output Tensor."),
        f"{REGRESSOR}: Expected one output Tensor.",
    ),
    Case(
        "scores that are not float are refused",
        "Classify",
        spec("more", "double_scores") + listed({"x": 2}),
        invalid("Expected scores Tensor of DT_FLOAT. Got: DT_DOUBLE"),
        f"{CLASSIFIER}: Expected scores Tensor of DT_FLOAT. Got: ",
    ),
    Case(
        "scores that are no matrix are refused",
        "Classify",
        spec("more", "flat_scores") + listed({"x": 2}, {"x": 2}),
        invalid("Expected Tensor shape: [batch_size num_classes] but got [2]"),
        f"{CLASSIFIER}: Expected Tensor shape: [batch_size num_classes] but got ",
    ),
    Case(
        "a regression of two values an example is refused",
        "Regress",
        spec("examples", "matrix") + listed({"x": 2}),
        invalid("Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [1,2]"),
        f"{REGRESSOR}: Expected output Tensor shape to be either [batch_size] or ",
    ),
    Case(
        "a regression that is not float is refused",
        "Regress",
        spec("more", "integers") + listed({"x": 2}),
        invalid("Expected output Tensor of DT_FLOAT.  Got: DT_INT64"),
        f"{REGRESSOR}: Expected output Tensor of DT_FLOAT.  Got: ",
    ),
]
