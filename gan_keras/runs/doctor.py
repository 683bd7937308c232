"""Whether the processor multiplies matrices of bfloat16 by units of its own, and what `precision=mixed_bfloat16` buys there."""

import os
import pathlib
import platform
import subprocess
import sys

from gan_keras.training.fingerprint import version_of

UNITS = ("amx_bf16", "avx512_bf16")
"""Names that Linux has for such units of Intel's and AMD's processors, the faster first."""

_CPU_INFO = pathlib.Path("/proc/cpuinfo")

# The product is what the default of images computes in its second convolution of 64 images of 28 by 28 pixels.
_PROBE = """
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


def units_of(cpu_info=_CPU_INFO):
    """The names of `UNITS` that the processor has; None where that is not known.

    Args:
        cpu_info: The file in which Linux describes processors.
    """
    if not cpu_info.exists():
        return None
    lines = cpu_info.read_text().splitlines()
    flags = {flag for line in lines if line.startswith("flags") for flag in line.partition(":")[2].split()}
    return [unit for unit in UNITS if unit in flags]


def describe_bfloat16(units, run_python):
    """A line about what mixed_bfloat16 buys on the processor, measured where it has units for it.

    Args:
        units: What `units_of` returns.
        run_python: Runs Python in a process of its own: whether it worked, and the last line that it said.
    """
    if units is None:
        return "whether the processor has matrix units for it is known on Linux only; not measured"
    if not units:
        return f"the processor has no matrix units for it ({', '.join(UNITS)}); not measured, as it would save no time"
    worked, said = run_python(_PROBE)
    if not worked:
        return f"{', '.join(units)}; the probe failed: {said}"
    *of_float32, product, step = (1000 * float(number) for number in said.split())
    pairs = zip(("a matrix product", "a training step"), of_float32, (product, step), strict=True)
    measured = ", ".join(
        f"{what} {new:.2f} ms, in float32 {old:.2f} ms ({old / new:.1f} times as fast)" for what, old, new in pairs
    )
    advice = "pays" if step < of_float32[1] else "does not pay"
    return f"{', '.join(units)}; {measured}; `--set precision=mixed_bfloat16` {advice} here now"


# --- What this machine has: versions, devices, threads, and whether TensorFlow and TensorFlow Text are a working pair.

PACKAGES = ("gan_keras", "tensorflow", "tensorflow-text", "keras", "numpy", "matplotlib", "scikit-learn", "typer")
TIMEOUT_SECONDS = 300

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


def examine(show=print):
    """Shows versions, devices and threads; returns what is broken, a list of lines."""
    show(f"python {platform.python_version()} on {platform.system()} {platform.machine()}")
    for package in PACKAGES:
        show(f"{package} {version_of(package) or 'not installed'}")
    show(f"devices: {run_python(_DEVICES)[1]}")
    problems = pair_problems(version_of("tensorflow"), version_of("tensorflow-text"), lambda: run_python(_TEXT))
    show("tensorflow and tensorflow-text: " + (" ".join(problems) or "a working pair"))
    show(f"threads: {os.cpu_count()} cores; {probe_threads()}")
    show(f"bfloat16: {describe_bfloat16(units_of(), run_python)}")
    return [] if version_of("tensorflow-text") is None else problems


def pair_problems(tensorflow, text, try_text):
    """Why TensorFlow and TensorFlow Text do not work together: a list of lines, empty if they do.

    Args:
        tensorflow: Version of TensorFlow.
        text: Version of TensorFlow Text, or None.
        try_text: Runs an op of TensorFlow Text and returns whether it worked, and what was said.
    """
    if text is None:
        return [
            "tensorflow-text is not installed: words and characters work, subwords do not (it has wheels for Linux on x86_64)."
        ]
    if tensorflow.split(".")[:2] != text.split(".")[:2]:
        return [
            f"tensorflow-text {text} is made for TensorFlow {text.rsplit('.', 1)[0]}, not {tensorflow}: install one of its kind."
        ]
    worked, said = try_text()
    return [] if worked else [f"tensorflow-text {text} does not run with TensorFlow {tensorflow}: {said}"]


def probe_threads():
    """Measures a training step of the default size with one thread and with two, each in a process of its own."""
    seconds = {}
    for threads in (1, 2):
        worked, said = run_python(_STEP, str(threads))
        if not worked:
            return f"the probe failed: {said}"
        seconds[threads] = float(said)
    faster = min(seconds, key=seconds.get)
    measured = ", ".join(f"{threads}: {1000 * each:.0f} ms" for threads, each in seconds.items())
    return f"a training step with intra-op threads {measured}; TF_NUM_INTRAOP_THREADS={faster} is faster now"


def run_python(code, *arguments):
    """Runs a line of Python in a process of its own: whether it worked, and the last line that it said."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", code, *arguments]
    try:
        child = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return False, f"no answer in {TIMEOUT_SECONDS} s"
    lines = (child.stderr if child.returncode else child.stdout).strip().splitlines()
    return child.returncode == 0, lines[-1] if lines else f"status {child.returncode}"
