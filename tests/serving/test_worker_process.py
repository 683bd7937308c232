"""A process that runs models: every dtype, time limits, memory, and crashes that do not reach the server."""

import signal

import ml_dtypes
import numpy as np
import psutil
import pytest
import tensorflow as tf
import tensorflow_text

from gan_keras.export.replay import text_op_libraries
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.pool import WorkerDied, WorkerProcess
from gan_keras.serving.version import Version

DTYPES = [
    *("float32", "float64", "float16", ml_dtypes.bfloat16, "complex64", "complex128", "bool"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
]


class Odd(tf.Module):
    """Signatures that return their input, do not end, crash, or hold much memory."""

    def __init__(self):
        super().__init__()
        self.ballast = tf.Variable(tf.zeros([64, 2**18]))  # 64 MiB

    def signatures(self):
        return {
            **{np.dtype(dtype).name: signature(tf.identity, dtype, None) for dtype in DTYPES},
            "text": signature(tf.identity, tf.string, None),
            "endless": signature(lambda x: tf.while_loop(lambda y: y[0] > 0.0, lambda y: [y + 1.0], [x])[0]),
            "crash": signature(lambda x: tensorflow_text.WhitespaceTokenizer().tokenize(x).to_tensor(), tf.string),
            "ballast": signature(lambda x: x + self.ballast[0, :1]),
        }


def signature(function, dtype=tf.float32, shape=(None,)):
    """The graph of a function of `x`, whose result is named `y`."""
    return tf.function(lambda x: {"y": function(x)}).get_concrete_function(tf.TensorSpec(shape, tf.as_dtype(dtype), name="x"))


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    directory = tmp_path_factory.mktemp("odd") / "1"
    model = Odd()
    tf.saved_model.save(model, str(directory), model.signatures())
    return Version("odd", 1, directory)


@pytest.fixture
def child(version):
    child = WorkerProcess(1)
    child.ask("load", 1, str(version.directory), text_op_libraries(), [])
    yield child
    child.end()


def run(child, version, name, x, timeout_ms=10_000, key=1):
    signature = version.signatures[name]
    return child.ask("run", key, {signature.inputs["x"].name: x}, [signature.outputs["y"].name], timeout_ms)[0]


def test_arrays_of_every_dtype_and_shape_come_back_as_they_were(child, version):
    randomness = np.random.default_rng(0)
    for dtype in DTYPES:
        for shape in ((), (0,), (3,), (2, 0, 3), (2, 3)):
            x = randomness.integers(0, 2, shape).astype(dtype)
            y = run(child, version, np.dtype(dtype).name, x)
            assert y.dtype == x.dtype and y.shape == x.shape and y.tobytes() == x.tobytes()
    texts = np.array([[b"", b"\0a\0", "猫".encode()], [b"\xff", b"b" * 100_000, b"c"]], object)
    assert run(child, version, "text", texts).tolist() == texts.tolist()


def test_a_run_ends_at_its_time_limit(child, version):
    with pytest.raises(ServingError) as caught:
        run(child, version, "endless", np.ones(1, np.float32), timeout_ms=300)
    assert caught.value.code == Code.DEADLINE_EXCEEDED
    assert run(child, version, "float32", np.ones(1, np.float32)) == 1


def test_a_process_that_does_not_answer_in_time_is_considered_dead(child, version):
    with pytest.raises(WorkerDied, match="did not answer within 0 s"):
        child.ask("run", 1, {version.signatures["endless"].inputs["x"].name: np.ones(1, np.float32)}, [], 60_000, seconds=0.0)
    child.kill()


def test_a_crash_in_a_kernel_ends_the_child_alone(child, version):
    """TensorFlow Text reads the size of a batch that a scalar has not."""
    with pytest.raises(WorkerDied):
        run(child, version, "crash", np.array(b"a", object))
    assert child.process.wait(20) in (-signal.SIGSEGV, -signal.SIGABRT)


def test_errors_of_tensorflow_come_with_their_codes(child, version, tmp_path):
    with pytest.raises(ServingError, match="Expects arg") as caught:
        run(child, version, "float32", np.ones(1, np.int32))
    assert caught.value.code == Code.INVALID_ARGUMENT
    with pytest.raises(ServingError, match="Could not find SavedModel") as caught:
        child.ask("load", 2, str(tmp_path), [], [])
    assert caught.value.code == Code.NOT_FOUND
    with pytest.raises(ServingError, match="not loaded here") as caught:
        run(child, version, "float32", np.ones(1, np.float32), key=2)
    assert caught.value.code == Code.UNAVAILABLE


def test_a_version_that_fails_its_warm_up_is_not_kept(child, version):
    signature = version.signatures["float32"]
    warm_up = [({signature.inputs["x"].name: np.ones(1, np.int32)}, [signature.outputs["y"].name])]
    with pytest.raises(ServingError, match="Expects arg"):
        child.ask("load", 2, str(version.directory), [], warm_up)
    with pytest.raises(ServingError, match="not loaded here"):
        run(child, version, "float32", np.ones(1, np.float32), key=2)


@pytest.mark.slow
def test_unloaded_versions_free_their_memory(child, version):
    process, sizes = psutil.Process(child.process.pid), []
    for key in range(2, 14):
        child.ask("load", key, str(version.directory), text_op_libraries(), [])
        assert run(child, version, "ballast", np.ones(1, np.float32), key=key) == 1
        child.ask("unload", key)
        sizes.append(process.memory_info().rss / 2**20)
    assert sizes[-1] - sizes[1] < 128  # twelve versions hold 768 MiB of weights


def test_a_process_without_its_server_ends_by_itself(version):
    child = WorkerProcess(1)
    child.ask("ready")
    child.connection.close()
    assert child.process.wait(20) == 0
