"""Classification, regression and multi-inference: signatures that read serialized `tf.train.Example`s.

The rules and the messages are those of TensorFlow Serving (`classifier.cc`, `regressor.cc`, `multi_inference.cc`,
`util.cc`), with the check of a signature's `method_name` off, as it is there by default.
"""

import numpy as np
from tensorflow.core.framework import types_pb2

from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.tensor_protos import number_of

DEFAULT_SIGNATURE = "serving_default"
INPUTS = "inputs"
CLASSES, SCORES = "classes", "scores"
OUTPUTS = "outputs"
CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"


def classification_signature(signatures, name):
    """The signature of a request to classify.

    Args:
        signatures: A `SignatureDef` by name.
        name: Its name; `""` means `"serving_default"`.

    Raises:
        ServingError: INVALID_ARGUMENT if there is none, or it does not classify.
    """
    signature = _named(signatures, name)
    classification_outputs(signature)
    return signature


def regression_signature(signatures, name):
    """The same for a request to regress."""
    signature = _named(signatures, name)
    regression_outputs(signature)
    return signature


def classification_outputs(signature):
    """The names of the outputs that make up a classification: `"classes"`, `"scores"` or both.

    Raises:
        ServingError: INVALID_ARGUMENT if the `SignatureDef` has others only, or any input but the one `"inputs"`.
    """
    num = len(signature.outputs)
    _require(len(signature.inputs) == 1, "Expected one input Tensor.")
    _require(num in (1, 2), f"Expected one or two output Tensors, found {num}")
    _require(INPUTS in signature.inputs, "No classification inputs found in SignatureDef: {}", signature)
    names = [name for name in (CLASSES, SCORES) if name in signature.outputs]
    message = f'Expected classification signature outputs to contain at least one of "{CLASSES}" or "{SCORES}". '
    _require(names, message + "Signature was: {}", signature)
    return names


def regression_outputs(signature):
    """The same for a regression: the one output `"outputs"`."""
    _require(len(signature.inputs) == 1, "Expected one input Tensor.")
    _require(len(signature.outputs) == 1, "Expected one output Tensor.")
    _require(INPUTS in signature.inputs, "No regression inputs found in SignatureDef: {}", signature)
    _require(OUTPUTS in signature.outputs, "No regression outputs found in SignatureDef: {}", signature)
    return [OUTPUTS]


def serialized_examples(message):
    """The examples of an `Input` message, each as bytes; those of its context begin each of them."""
    if message.WhichOneof("kind") != "example_list_with_context":
        return [example.SerializeToString() for example in message.example_list.examples]
    with_context = message.example_list_with_context
    context = with_context.context.SerializeToString()
    return [context + example.SerializeToString() for example in with_context.examples]


def example_batch(examples):
    """The array to feed to `"inputs"`: objects of `bytes`, of shape `(batch,)`.

    Raises:
        ServingError: INVALID_ARGUMENT if there are no examples.
    """
    _require(examples, "Input is empty.")
    batch = np.empty(len(examples), object)
    batch[:] = examples
    return batch


def check_classification(outputs, num_examples):
    """What a model made of a batch, checked.

    Args:
        outputs: Arrays by name, of which `"classes"` and `"scores"` are read.
        num_examples: The size of the batch.

    Returns:
        A pair: the classes, `bytes` objects of shape `(batch, num_classes)`, or None if it names none; the scores,
        float32 of the same shape, or None.

    Raises:
        ServingError: INVALID_ARGUMENT if shapes or dtypes are others.
    """
    classes, scores = outputs.get(CLASSES), outputs.get(SCORES)
    for name, array, dtype in ((CLASSES, classes, np.dtype(object)), (SCORES, scores, np.dtype(np.float32))):
        if array is not None:
            _check_classification_output(name, array, dtype, num_examples)
    if classes is not None and scores is not None:
        _require(
            classes.shape == scores.shape,
            f"Tensors class and score should match in dim_size(1). Got {classes.shape[1]} vs. {scores.shape[1]}",
        )
    return classes, scores


def check_regression(outputs, num_examples):
    """The values that a model made of a batch, float32 of shape `(batch,)`; raises `ServingError` if it made others."""
    array = outputs[OUTPUTS]
    _require(
        array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1),
        f"Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got {_shape(array)}",
    )
    _require(
        len(array) == num_examples,
        f"Input batch size did not match output batch size: {num_examples} vs. {len(array)}",
    )
    _require(array.dtype == np.float32, f"Expected output Tensor of DT_FLOAT.  Got: {_dtype(array)}")
    return array.reshape(-1)


def check_tasks(tasks, signatures):
    """Raises `ServingError` unless the tasks of one multi-inference are of one model, each of a signature that suits it."""
    seen = set()
    for task in tasks:
        name = task.model_spec.signature_name or DEFAULT_SIGNATURE
        _require(task.model_spec.name, "Found ModelSpec with an empty model name.")
        _require(
            task.model_spec.name == tasks[0].model_spec.name,
            "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
        )
        _require(name not in seen, f"Duplicate evaluation of signature: {name}")
        _require(name in signatures, f"Requested signature not found in model graph: {name}")
        if task.method_name not in _CHECKS:
            raise ServingError(Code.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}")
        _CHECKS[task.method_name](signatures[name])
        seen.add(name)


_CHECKS = {CLASSIFY: classification_outputs, REGRESS: regression_outputs}


def _named(signatures, name):
    name = name or DEFAULT_SIGNATURE
    _require(name in signatures, f"No signature was found with the name: {name}")
    return signatures[name]


def _check_classification_output(name, array, dtype, num_examples):
    _require(array.ndim == 2, f"Expected Tensor shape: [batch_size num_classes] but got {_shape(array)}")
    expected = types_pb2.DataType.Name(number_of(dtype))
    _require(array.dtype == dtype, f"Expected {name} Tensor of {expected}. Got: {_dtype(array)}")
    _require(len(array) == num_examples, f"Expected {name} output batch size of {num_examples}. Got: {len(array)}")


def _require(condition, message, signature=None):
    """Raises INVALID_ARGUMENT unless the condition holds; the text of a signature is made for an error only."""
    if not condition:
        raise ServingError(Code.INVALID_ARGUMENT, message if signature is None else message.format(signature))


def _shape(array):
    return "[" + ",".join(map(str, array.shape)) + "]"


def _dtype(array):
    return types_pb2.DataType.Name(number_of(array.dtype))
