"""Small SavedModels that behave like those of TensorFlow Serving's own tests, and some for further tests.

Those with shapes or method names that TensorFlow 2 does not write are built as graphs.
"""

import pathlib

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from gan_keras.serving.model_config import All, ModelConfig

v1 = tf.compat.v1
PREDICT, CLASSIFY, REGRESS = (f"tensorflow/serving/{method}" for method in ("predict", "classify", "regress"))
DTYPES = (
    *("float", "double", "half", "bfloat16", "complex64", "string", "bool"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
)


def write_models(folder):
    """Writes all models as `folder/NAME/VERSION` and returns their `ModelConfig`s."""
    folder = pathlib.Path(folder)
    for name, versions in GRAPHS.items():
        for number, build in versions.items():
            _write_graph(folder / name / str(number), build)
    (folder / "broken" / "7").mkdir(parents=True)
    (folder / "broken" / "7" / "saved_model.pb").write_bytes(b"\xffno protocol buffer")
    labels = {"half": {"stable": 1, "canary": 2, "lost": 9}}
    return [ModelConfig(path.name, str(path), All(), labels.get(path.name, {})) for path in sorted(folder.iterdir())]


def _write_graph(directory, build):
    with tf.Graph().as_default(), v1.Session() as session:
        signatures = build()
        builder = v1.saved_model.Builder(str(directory))
        builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map=signatures)
        builder.save()


def _signature(inputs, outputs, method=PREDICT):
    infos = [{name: v1.saved_model.build_tensor_info(tensor) for name, tensor in each.items()} for each in (inputs, outputs)]
    return v1.saved_model.build_signature_def(*infos, method)


def half_plus(number):
    """`y = x / 2 + number`, of a value or of an example's feature `x`."""

    def build():
        serialized = v1.placeholder(tf.string, name="tf_example")
        features = tf.io.parse_example(serialized, {"x": tf.io.FixedLenFeature([1], tf.float32, [0.0])})
        x = tf.reshape(features["x"], [-1, 1], name="x")
        y = tf.add(x * 0.5, number, name="y")
        return {
            "serving_default": _signature({"x": x}, {"y": y}),
            "regress_x_to_y": _signature({"inputs": serialized}, {"outputs": y}, REGRESS),
            "classify_x_to_y": _signature({"inputs": serialized}, {"scores": y}, CLASSIFY),
        }

    return build


def every_dtype():
    """For each dtype a signature that returns its input, of any shape."""
    signatures = {}
    for name in DTYPES:
        x = v1.placeholder(tf.as_dtype(name), name=name)
        signatures[name] = _signature({"x": x}, {"y": tf.identity(x)})
    return signatures


def several_inputs():
    """Signatures of several inputs and outputs, of any shape."""
    dtypes = {"int_tensor": tf.int32, "str_tensor": tf.string, "float_tensor": tf.float32, "dbl_tensor": tf.float64}
    inputs = {name: v1.placeholder(dtype, name=name) for name, dtype in dtypes.items()}
    echo = {name: tf.identity(tensor) for name, tensor in inputs.items()}
    a, b = v1.placeholder(tf.float32, name="a"), v1.placeholder(tf.float32, name="b")
    return {
        "serving_default": _signature(inputs, {**echo, "str_tensor_bytes": tf.identity(inputs["str_tensor"])}),
        "add": _signature({"a": a, "b": b}, {"sum": a + b}),
    }


def odd_outputs():
    """Outputs that an answer cannot hold, or only in one of its forms."""
    x, text = v1.placeholder(tf.float32, name="x"), v1.placeholder(tf.string, name="text")
    return {
        "sum": _signature({"x": x}, {"sum": tf.reduce_sum(x)}),
        "uneven": _signature({"x": x}, {"once": tf.identity(x), "twice": tf.concat([x, x], 0)}),
        "none": _signature({"x": x}, {"y": x[:0]}),
        "bytes": _signature({"text": text}, {"text_bytes": tf.identity(text)}),
        "both": _signature({"text": text}, {"text": tf.identity(text), "text_bytes": tf.identity(text)}),
        "as_half": _signature({"x": x}, {"y": tf.cast(x, tf.half)}),
        "as_bfloat16": _signature({"x": x}, {"y": tf.cast(x, tf.bfloat16)}),
        "constant": _signature({}, {"y": tf.constant([1.0])}),
        "fails": _signature({"x": x}, {"y": tf.ensure_shape(x, [None, 2])}),
    }


GRAPHS = {
    "half": {1: half_plus(2.0), 2: half_plus(3.0)},
    "dtypes": {1: every_dtype},
    "several": {1: several_inputs},
    "odd": {1: odd_outputs},
}


def rows(dtype, name):
    return tf.TensorSpec([None], dtype, name)


def write_more(directory):
    """Writes a model with default values and a long run; the input `b` of its default signature has a default value."""
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
