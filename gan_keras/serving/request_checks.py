"""What a request to predict has to fit, in the words of TensorFlow Serving.

Reference: `servables/tensorflow/predict_util.cc`, and `GetInputValues` of TensorFlow's `cc/saved_model/util.cc`.
"""

import tensorflow as tf

from gan_keras.serving.errors import Code, ServingError

DEFAULT_SIGNATURE = "serving_default"


def find_signature(signatures, name):
    """A signature by name, "" for `serving_default`; raises `ServingError` FAILED_PRECONDITION if there is none."""
    name = name or DEFAULT_SIGNATURE
    if name not in signatures:
        raise ServingError(Code.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
    return signatures[name]


def with_defaults(signature, inputs):
    """The inputs by name, with the signature's own values for those that are left out.

    Raises:
        ServingError: INVALID_ARGUMENT if one is missing or unknown.
    """
    _check_number(signature, inputs)
    _check_names(signature, inputs)
    missing = set(signature.inputs) - set(inputs)
    return {**{name: tf.make_ndarray(signature.defaults[name]) for name in missing}, **inputs}


def _check_number(signature, inputs):
    sent, expected = set(inputs), set(signature.inputs)
    if len(sent) > len(expected) or (len(sent) < len(expected) and not signature.defaults):
        message = f"input size does not match signature: {len(sent)}!={len(expected)} len({_listed(sent)}) != "
        message += f"len({_listed(expected)}). Sent extra: {_listed(sent - expected)}. "
        raise ServingError(Code.INVALID_ARGUMENT, message + f"Missing but required: {_listed(expected - sent)}.")


def _check_names(signature, inputs):
    """Not left to look-ups: `signature.inputs[name]` of an unknown name would add it to the signature."""
    sent, expected, defaults = set(inputs), set(signature.inputs), set(signature.defaults)
    for name in sorted(expected - sent - defaults):
        message = f"Signature input alias: {name}(feed name: {signature.inputs[name].name}) not found in request and no "
        message += f"default value provided. Inputs expected to be in the request {_listed(sent)}, or default input alias "
        raise ServingError(Code.INVALID_ARGUMENT, message + f"set: {','.join(sorted(defaults))}")
    if sent - expected:
        used, listed = (",".join(sorted(names)) for names in (sent & expected, sent))
        message = f"Inputs contains invalid name. Used request inputs: {used}, request input: {listed}"
        raise ServingError(Code.INVALID_ARGUMENT, message)


def _listed(names):
    return "{" + ",".join(sorted(names)) + "}"


def check_outputs(signature, names):
    """The outputs to return: those asked for, or all; raises `ServingError` INVALID_ARGUMENT for unknown or doubled ones."""
    for place, name in enumerate(names):
        if name not in signature.outputs:
            expected = _listed(signature.outputs)
            message = f"output tensor alias not found in signature: {name} Outputs expected to be in the set {expected}."
            raise ServingError(Code.INVALID_ARGUMENT, message)
        if name in names[:place]:
            raise ServingError(Code.INVALID_ARGUMENT, f"duplicate output tensor alias: {name}")
    return list(names) or sorted(signature.outputs)
