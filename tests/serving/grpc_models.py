"""One more SavedModel, for what those of `fixture_models` have not: default values and a long run."""

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2


def rows(dtype, name):
    return tf.TensorSpec([None], dtype, name)


def write_more(directory):
    """Writes the model as a version; the input `b` of its default signature has a default value."""
    signatures = wires()
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
