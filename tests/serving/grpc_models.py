"""One more SavedModel, for what those of `fixture_models` have not: default values, a long run, wrong classifications."""

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2


def rows(dtype, name):
    return tf.TensorSpec([None], dtype, name)


def write_more(directory):
    """Writes the model as a version; the input `b` of its default signature has a default value."""
    signatures = {**wires(), **classifications()}
    concrete = {name: tf.function(function).get_concrete_function(*specs) for name, (function, specs) in signatures.items()}
    tf.saved_model.save(tf.Module(), str(directory), signatures=concrete)
    path = directory / "saved_model.pb"
    saved_model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    default = saved_model.meta_graphs[0].signature_def["serving_default"].defaults["b"]
    default.CopyFrom(tf.make_tensor_proto([10.0, 20.0]))
    path.write_bytes(saved_model.SerializeToString())


def wires():
    def sum_and_texts(a, b):
        return {"sum": a + b, "texts": tf.strings.as_string(tf.cast(a, tf.int32))}

    def count_down(n):
        return {"left": tf.while_loop(lambda left: tf.reduce_any(left > 0), lambda left: [left - 1], [n])[0]}

    return {
        "serving_default": (sum_and_texts, [rows(tf.float32, "a"), rows(tf.float32, "b")]),
        "slow": (count_down, [rows(tf.int64, "n")]),
        "guarded": (lambda x: {"y": tf.ensure_shape(x, [None])}, [rows(tf.float32, "x")]),
    }


def classifications():
    """Signatures that look as if they classified or regressed, and do not."""

    def scores(inputs):
        return tf.zeros([tf.size(inputs), 2])

    outputs = {
        "double_scores": lambda inputs: {"scores": tf.cast(scores(inputs), tf.float64)},
        "flat_scores": lambda inputs: {"scores": scores(inputs)[:, 0]},
        "integers": lambda inputs: {"outputs": tf.cast(scores(inputs)[:, 0], tf.int64)},
        "three_outputs": lambda inputs: {"classes": inputs[:, None], "scores": scores(inputs), "more": scores(inputs)},
    }
    return {name: (function, [rows(tf.string, "inputs")]) for name, function in outputs.items()}
