"""Classification, regression and multi-inference: what a signature must have, and what its outputs must be."""

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.protobuf import meta_graph_pb2

from gan_keras.serving import examples
from gan_keras.serving.errors import Code, ServingError

input_pb2 = pytest.importorskip("tensorflow_serving.apis.input_pb2")
inference_pb2 = pytest.importorskip("tensorflow_serving.apis.inference_pb2")


def signature(inputs, outputs):
    text = "".join(f'inputs {{ key: "{name}" value {{ name: "{name}:0" }} }}' for name in inputs.split())
    text += "".join(f'outputs {{ key: "{name}" value {{ name: "{name}:0" }} }}' for name in outputs.split())
    return text_format.Parse(text, meta_graph_pb2.SignatureDef())


def strings(*rows):
    array = np.empty((len(rows), len(rows[0])), object)
    array[:] = rows
    return array


def refusal(function, *arguments):
    with pytest.raises(ServingError) as raised:
        function(*arguments)
    assert raised.value.code == Code.INVALID_ARGUMENT
    return raised.value.message


def test_a_signature_is_found_by_name_or_is_the_default_one():
    signatures = {"serving_default": signature("inputs", "scores"), "value": signature("inputs", "outputs")}
    assert examples.classification_signature(signatures, "") is signatures["serving_default"]
    assert examples.regression_signature(signatures, "value") is signatures["value"]


@pytest.mark.parametrize("function", [examples.classification_signature, examples.regression_signature])
def test_a_signature_that_is_missing_or_does_something_else_is_refused(function):
    assert refusal(function, {}, "none") == "No signature was found with the name: none"
    assert refusal(function, {}, "") == "No signature was found with the name: serving_default"
    assert "SignatureDef: inputs {" in refusal(function, {"serving_default": signature("x", "scores")}, "")


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [("scores classes", ["classes", "scores"]), ("scores", ["scores"]), ("classes", ["classes"]), ("a scores", ["scores"])],
)
def test_a_classification_computes_classes_and_scores_and_no_more(outputs, expected):
    assert examples.classification_outputs(signature("inputs", outputs)) == expected


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        ("", "classes", "Expected one input Tensor."),
        ("inputs x", "classes", "Expected one input Tensor."),
        ("inputs", "", "Expected one or two output Tensors, found 0"),
        ("inputs", "classes scores more", "Expected one or two output Tensors, found 3"),
        ("x", "classes", 'No classification inputs found in SignatureDef: inputs {\n  key: "x"'),
        (
            "inputs",
            "outputs",
            'Expected classification signature outputs to contain at least one of "classes" or "scores". Signature was: inputs {',
        ),
    ],
)
def test_a_signature_that_does_not_classify_is_refused(inputs, outputs, message):
    assert refusal(examples.classification_outputs, signature(inputs, outputs)).startswith(message)


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        ("inputs x", "outputs", "Expected one input Tensor."),
        ("inputs", "outputs more", "Expected one output Tensor."),
        ("x", "outputs", 'No regression inputs found in SignatureDef: inputs {\n  key: "x"'),
        ("inputs", "scores", "No regression outputs found in SignatureDef: inputs {"),
    ],
)
def test_a_signature_that_does_not_regress_is_refused(inputs, outputs, message):
    assert refusal(examples.regression_outputs, signature(inputs, outputs)).startswith(message)
    assert examples.regression_outputs(signature("inputs", "outputs")) == ["outputs"]


CLASSES, SCORES = strings([b"a", b"b"], [b"c", b"d"]), np.array([[1, 2], [3, 4]], np.float32)


def test_classes_and_scores_come_back_as_they_are_and_either_may_lack():
    classes, scores = examples.check_classification({"classes": CLASSES, "scores": SCORES}, 2)
    assert classes is CLASSES and scores is SCORES
    assert examples.check_classification({"scores": SCORES}, 2) == (None, SCORES)
    assert examples.check_classification({"classes": CLASSES}, 2) == (CLASSES, None)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"scores": SCORES[0]}, "Expected Tensor shape: [batch_size num_classes] but got [2]"),
        ({"classes": CLASSES[None]}, "Expected Tensor shape: [batch_size num_classes] but got [1,2,2]"),
        ({"scores": SCORES.astype(float)}, "Expected scores Tensor of DT_FLOAT. Got: DT_DOUBLE"),
        ({"classes": SCORES}, "Expected classes Tensor of DT_STRING. Got: DT_FLOAT"),
        ({"scores": SCORES[:1]}, "Expected scores output batch size of 2. Got: 1"),
        ({"classes": CLASSES[:1]}, "Expected classes output batch size of 2. Got: 1"),
        ({"classes": CLASSES, "scores": SCORES[:, :1]}, "Tensors class and score should match in dim_size(1). Got 2 vs. 1"),
    ],
)
def test_a_classification_of_another_shape_or_dtype_is_refused(outputs, message):
    assert refusal(examples.check_classification, outputs, 2) == message


@pytest.mark.parametrize("shape", [(2,), (2, 1)])
def test_a_regression_is_one_value_for_each_example(shape):
    values = examples.check_regression({"outputs": np.array([5, 6], np.float32).reshape(shape)}, 2)
    assert values.shape == (2,) and values.tolist() == [5.0, 6.0]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (SCORES, "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,2]"),
        (np.float32(1).reshape(()), "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got []"),
        (SCORES[0, :1], "Input batch size did not match output batch size: 2 vs. 1"),
        (np.array([1, 2]), "Expected output Tensor of DT_FLOAT.  Got: DT_INT64"),
    ],
)
def test_a_regression_of_another_shape_or_dtype_is_refused(array, message):
    assert refusal(examples.check_regression, {"outputs": array}, 2) == message


def example(**features):
    values = {name: tf.train.Feature(float_list=tf.train.FloatList(value=[value])) for name, value in features.items()}
    return tf.train.Example(features=tf.train.Features(feature=values))


def test_examples_come_out_of_an_input_one_by_one():
    message = input_pb2.Input()
    message.example_list.examples.extend([example(x=1.0), example(x=2.0)])
    assert [tf.train.Example.FromString(each) for each in examples.serialized_examples(message)] == [
        example(x=1.0),
        example(x=2.0),
    ]


def test_the_context_is_part_of_each_example():
    message = input_pb2.Input()
    message.example_list_with_context.examples.extend([example(x=1.0), example(x=2.0)])
    message.example_list_with_context.context.CopyFrom(example(c=9.0))
    merged = [tf.train.Example.FromString(each) for each in examples.serialized_examples(message)]
    assert merged == [example(c=9.0, x=1.0), example(c=9.0, x=2.0)]


def test_an_input_without_examples_is_refused_as_empty():
    with_context = input_pb2.Input()
    with_context.example_list_with_context.context.CopyFrom(example(c=9.0))
    for message in (input_pb2.Input(), with_context):
        assert refusal(examples.example_batch, examples.serialized_examples(message)) == "Input is empty."


def test_a_batch_of_examples_is_an_array_of_bytes():
    batch = examples.example_batch([b"a", b""])
    assert batch.shape == (2,) and batch.dtype == object and batch.tolist() == [b"a", b""]


SIGNATURES = {"serving_default": signature("inputs", "scores"), "regress": signature("inputs", "outputs")}


def tasks(*triples):
    return [
        inference_pb2.InferenceTask(model_spec={"name": name, "signature_name": signature_name}, method_name=method)
        for name, signature_name, method in triples
    ]


def test_tasks_that_suit_their_signatures_pass():
    examples.check_tasks(tasks(("m", "", examples.CLASSIFY), ("m", "regress", examples.REGRESS)), SIGNATURES)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (tasks(("", "regress", examples.REGRESS)), "Found ModelSpec with an empty model name."),
        (
            tasks(("m", "regress", examples.REGRESS), ("n", "", examples.CLASSIFY)),
            "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
        ),
        (
            tasks(("m", "", examples.CLASSIFY), ("m", "serving_default", examples.CLASSIFY)),
            "Duplicate evaluation of signature: serving_default",
        ),
        (tasks(("m", "none", examples.REGRESS)), "Requested signature not found in model graph: none"),
        (tasks(("m", "regress", examples.CLASSIFY)), "Expected classification signature outputs to contain at least one of"),
    ],
)
def test_tasks_that_do_not_fit_together_are_refused(given, message):
    assert refusal(examples.check_tasks, given, SIGNATURES).startswith(message)


def test_a_task_of_another_method_is_unimplemented():
    with pytest.raises(ServingError, match="^Unsupported signature method_name: tensorflow/serving/predict$") as raised:
        examples.check_tasks(tasks(("m", "", "tensorflow/serving/predict")), SIGNATURES)
    assert raised.value.code == Code.UNIMPLEMENTED
