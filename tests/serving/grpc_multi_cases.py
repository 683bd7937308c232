"""MultiInference."""

from grpc_cases import Case, Error, invalid, spec
from grpc_example_cases import CAT, DOG, classes, listed, of_examples, values


def task(method, signature="", model="examples", version=None):
    return f'tasks {{ {spec(model, signature, version)} method_name: "{method}" }}\n'


def result(signature, kind, text):
    return f"results {{ {of_examples(signature)} {kind}_{text} }}\n"


CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
MULTI, MULTI_TEST = "servables/tensorflow/multi_inference.cc", "servables/tensorflow/multi_inference_test.cc"
CASES = [
    Case(
        "a regression and a classification share their input",
        "MultiInference",
        task(REGRESS, "value") + task(CLASSIFY) + listed({"x": 2}),
        result("value", "regression", values(4)) + result("serving_default", "classification", classes([(CAT, 2), (DOG, -1)])),
        f"{MULTI_TEST}: RegressAndClassifySignaturesTest",
    ),
    Case(
        "several regressions share their input",
        "MultiInference",
        task(REGRESS, "value") + task(REGRESS, "column", version=1) + listed({"x": 2}),
        result("value", "regression", values(4)) + result("column", "regression", values(2)),
        f"{MULTI_TEST}: MultipleValidRegressSignaturesTest",
    ),
    Case(
        "tasks without an input are refused",
        "MultiInference",
        task(REGRESS, "value"),
        invalid("Input is empty."),
        f"{MULTI_TEST}: MissingInputTest",
    ),
    Case(
        "an input without tasks is of no model",
        "MultiInference",
        listed({"x": 2}),
        invalid("ModelSpec has no name specified."),
        "servables/tensorflow/multi_inference_helper.cc: GetModelSpecFromRequest",
    ),
    Case(
        "a task of an unknown signature is refused",
        "MultiInference",
        task(REGRESS, "none") + listed({"x": 2}),
        invalid("Requested signature not found in model graph: none"),
        f"{MULTI_TEST}: UndefinedSignatureTest",
    ),
    Case(
        "tasks of two models are refused",
        "MultiInference",
        task(REGRESS, "value") + task(REGRESS, "value", model="half") + listed({"x": 2}),
        invalid("All ModelSpecs in a MultiInferenceRequest must access the same model name."),
        f"{MULTI_TEST}: InconsistentModelSpecsInRequestTest",
    ),
    Case(
        "a signature that is asked for twice is refused",
        "MultiInference",
        task(REGRESS, "value") + task(REGRESS, "value") + listed({"x": 2}),
        invalid("Duplicate evaluation of signature: value"),
        f"{MULTI_TEST}: EvaluateDuplicateSignaturesTest",
    ),
    Case(
        "a task that is neither is unimplemented",
        "MultiInference",
        task("tensorflow/serving/predict") + listed({"x": 2}),
        Error("UNIMPLEMENTED", "Unsupported signature method_name: tensorflow/serving/predict"),
        f"{MULTI_TEST}: UsupportedSignatureTypeTest",
    ),
    Case(
        "a later task without a model is refused",
        "MultiInference",
        task(REGRESS, "value") + task(CLASSIFY, model="") + listed({"x": 2}),
        invalid("Found ModelSpec with an empty model name."),
        f"{MULTI}: Found ModelSpec with an empty model name.",
    ),
]
