"""`gan-keras doctor`: versions, devices, threads, bfloat16 speed, and whether TensorFlow and TensorFlow Text are compatible.

Everything that uses TensorFlow runs in a separate process: a broken installation must not end the doctor.
"""

import os
import pathlib
import platform
import subprocess
import sys

from gan_keras.training.fingerprint import version_of

PACKAGES = ("gan_keras", "tensorflow", "tensorflow-text", "keras", "numpy", "matplotlib", "scikit-learn", "typer")
TIMEOUT_SECONDS = 300

UNITS = ("amx_bf16", "avx512_bf16")
"""Linux's names of the bfloat16 matrix units in Intel and AMD processors, fastest first."""

_CPU_INFO = pathlib.Path("/proc/cpuinfo")
_DEVICES = "import tensorflow as tf; print(*[f'{d.device_type}:{d.name}' for d in tf.config.list_physical_devices()])"
_TEXT = "import tensorflow as tf, tensorflow_text as text; print(text.WhitespaceTokenizer().tokenize(['two words']).to_list())"
_STEP = """
import sys, time, keras, numpy as np, tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[1]))
inputs = keras.Input((20, 256))
model = keras.Model(inputs, keras.layers.Dense(5000)(keras.layers.LSTM(512, return_sequences=True)(inputs)))
model.compile("adam", "mse")
x, y = np.ones((64, 20, 256), "float32"), np.ones((64, 20, 5000), "float32")
model.train_on_batch(x, y)
times = []
for _ in range(5):
    start = time.perf_counter(); model.train_on_batch(x, y); times.append(time.perf_counter() - start)
print(sorted(times)[2])
"""
# The product is that of the second convolution of the default image preset, for 64 images of 28 x 28 pixels.
_BFLOAT16 = """
import time, keras, numpy as np, tensorflow as tf
from gan_keras.networks import DCGANDiscriminator

def seconds(function):
    function()
    found = []
    for _ in range(9):
        start = time.perf_counter(); function(); found.append(time.perf_counter() - start)
    return sorted(found)[4]

def measure(policy):
    matrices = [tf.cast(tf.random.normal(shape), keras.DTypePolicy(policy).compute_dtype) for shape in ((3136, 800), (800, 64))]
    model = DCGANDiscriminator((28, 28, 1), width=32, dtype=policy)
    model.compile("adam", "mse")
    images, logits = np.ones((64, 28, 28, 1), "float32"), np.ones((64, 1), "float32")
    product = tf.function(lambda: tf.reduce_sum(tf.matmul(*matrices)))
    return seconds(lambda: product().numpy()), seconds(lambda: model.train_on_batch(images, logits))

print(*measure("float32"), *measure("mixed_bfloat16"))
"""


def examine(show=print):
    """Shows versions, devices and threads; returns a list of problems, one line each."""
    show(f"python {platform.python_version()} on {platform.system()} {platform.machine()}")
    for package in PACKAGES:
        show(f"{package} {version_of(package) or 'not installed'}")
    show(f"devices: {run_python(_DEVICES)[1]}")
    problems = pair_problems(version_of("tensorflow"), version_of("tensorflow-text"), lambda: run_python(_TEXT))
    show("tensorflow and tensorflow-text: " + (" ".join(problems) or "compatible"))
    show(f"threads: {os.cpu_count()} cores; {_compare_threads()}")
    show(f"bfloat16: {describe_bfloat16(units_of(), run_python)}")
    return [] if version_of("tensorflow-text") is None else problems


def pair_problems(tensorflow, text, try_text):
    """Returns why these versions of TensorFlow and TensorFlow Text do not work together: a list of lines, empty if they do.

    `text` is None if it is not installed; `try_text` runs one of its ops and returns whether it worked, and the output.
    """
    if text is None:
        return [
            "tensorflow-text is not installed: words and characters work, subwords do not. It is available for Linux on x86_64."
        ]
    if tensorflow.split(".")[:2] != text.split(".")[:2]:
        needed = text.rsplit(".", 1)[0]
        return [f"tensorflow-text {text} requires TensorFlow {needed}, not {tensorflow}: install the matching version of one."]
    worked, output = try_text()
    return [] if worked else [f"tensorflow-text {text} does not run with TensorFlow {tensorflow}: {output}"]


def _compare_threads():
    """Measures a training step of the default text preset's size with one thread and with two."""
    seconds = {}
    for threads in (1, 2):
        worked, output = run_python(_STEP, str(threads))
        if not worked:
            return f"the measurement failed: {output}"
        seconds[threads] = float(output)
    faster = min(seconds, key=seconds.get)
    measured = ", ".join(f"{threads}: {1000 * each:.0f} ms" for threads, each in seconds.items())
    return f"a training step by intra-op threads: {measured}; TF_NUM_INTRAOP_THREADS={faster} is currently faster"


def units_of(cpu_info=_CPU_INFO):
    """Returns the processor's `UNITS` from Linux's description of processors; None if there is no such file."""
    if not cpu_info.exists():
        return None
    lines = cpu_info.read_text().splitlines()
    flags = {flag for line in lines if line.startswith("flags") for flag in line.partition(":")[2].split()}
    return [unit for unit in UNITS if unit in flags]


def describe_bfloat16(units, run_python):
    """Returns a line about the benefit of mixed_bfloat16, measured if the result of `units_of` is not empty."""
    if units is None:
        return "the processor's matrix units are known on Linux only; not measured"
    if not units:
        return f"the processor has no matrix units for it ({', '.join(UNITS)}), so it would save no time; not measured"
    worked, output = run_python(_BFLOAT16)
    if not worked:
        return f"{', '.join(units)}; the measurement failed: {output}"
    *of_float32, product, step = (1000 * float(number) for number in output.split())
    pairs = zip(("a matrix product", "a training step"), of_float32, (product, step), strict=True)
    measured = ", ".join(
        f"{what} {new:.2f} ms, in float32 {old:.2f} ms ({old / new:.1f} times as fast)" for what, old, new in pairs
    )
    advice = "pays off" if step < of_float32[1] else "does not pay off"
    return f"{', '.join(units)}; {measured}; `--set precision=mixed_bfloat16` currently {advice}"


def run_python(code, *arguments):
    """Runs Python code in a separate process; returns whether it worked, and the last line of output."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", code, *arguments]
    try:
        child = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return False, f"no answer in {TIMEOUT_SECONDS} s"
    lines = (child.stderr if child.returncode else child.stdout).strip().splitlines()
    return child.returncode == 0, lines[-1] if lines else f"status {child.returncode}"
