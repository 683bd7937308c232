"""`gan-keras doctor`: a table of versions, devices and resources, and one recommendation; with `--measure` also timings.

Everything that uses TensorFlow runs in a separate process: a broken installation must not end the doctor.
"""

import importlib.metadata
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import textwrap

from gan_keras.training.fingerprint import version_of

REQUIRED = ("tensorflow", "keras", "numpy", "ml_dtypes", "matplotlib", "scikit-learn", "typer")
OPTIONAL = {
    "tensorflow-text": ("subwords", "pip install tensorflow-text"),
    "tensorflow-serving-api": ("gRPC in `gan-keras serve`", 'pip install "gan_keras[serving]"'),
    "grpcio": ("gRPC in `gan-keras serve`", 'pip install "gan_keras[serving]"'),
    "tensorboard": ("`--track tensorboard`", 'pip install "gan_keras[tensorboard]"'),
    "mlflow": ("`--track mlflow`", 'pip install "gan_keras[mlflow]"'),
    "wandb": ("`--track wandb`", 'pip install "gan_keras[wandb]"'),
}
"""Purpose of each optional package, and the command that installs it."""

RECOMMENDED = ("tensorflow-text", "tensorflow-serving-api", "grpcio")  # the other optional packages need an account or a server
TIMEOUT_SECONDS = 300
MIN_GIB = 2.0
"""GiB of memory or disk space below which a training may fail."""

MIN_GAIN = 1.1
"""A measured choice is recommended if it is this many times as fast as the default: below that, it is noise."""

UNITS = ("amx_bf16", "avx512_bf16")
"""Linux's names of the bfloat16 matrix units in Intel and AMD processors, fastest first."""

_CPU_INFO = pathlib.Path("/proc/cpuinfo")
_NAME_WIDTH = 24
# One line of output per part that works, so that a crash shows in which part it was.
_TENSORFLOW = """
import gc; gc.disable()  # a tenth of the import
import json, sys, tensorflow as tf

devices = [device for device in tf.config.list_physical_devices() if device.device_type != "CPU"]
details = [tf.config.experimental.get_device_details(device) if device.device_type == "GPU" else {} for device in devices]
names = [f"{device.device_type} {found.get('device_name', device.name)}" for device, found in zip(devices, details)]
print(json.dumps({"devices": names, "has_cuda": tf.test.is_built_with_cuda()}), flush=True)
if "text" in sys.argv:
    import tensorflow_text as text
    print(text.WhitespaceTokenizer().tokenize(["two words"]).to_list())
"""
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


def examine(show=print, measure=False):
    """Shows a table of this machine, row by row as found, and one recommendation.

    Args:
        show: Called with each line.
        measure: Whether to measure threads and bfloat16 too, which takes about a minute.

    Returns:
        List of problems, one line each; empty if everything needed works.
    """

    def row(name, text):
        first, rest = f"{name:<{_NAME_WIDTH}}", " " * _NAME_WIDTH
        width = max(60, shutil.get_terminal_size((100, 24)).columns)
        show(textwrap.fill(text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False))

    versions = {name: version_of(name) for name in ("gan_keras", *REQUIRED, *OPTIONAL)}
    row("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for name, version in versions.items():
        purpose, command = OPTIONAL.get(name, ("", ""))
        row(name, version or (f"not installed; for {purpose}: {command}" if purpose else "not installed"))
    memory, disk = free_memory(), shutil.disk_usage(".")
    cores, set_threads = num_cores(), os.environ.get("TF_NUM_INTRAOP_THREADS")
    row("Processor", f"{cores} core{'s' * (cores > 1)}" + (f"; TF_NUM_INTRAOP_THREADS={set_threads}" if set_threads else ""))
    row("bfloat16", describe_units(units := units_of()))
    row("Memory", "unknown on this system" if memory is None else f"{memory[0]:.1f} GiB free of {memory[1]:.1f}")
    row("Disk of this folder", f"{disk.free / 2**30:.1f} GiB free of {disk.total / 2**30:.1f}")
    problems = version_problems(versions, requirements())
    devices, failed, text_error = try_tensorflow(versions["tensorflow"], versions["tensorflow-text"])
    problems += [] if failed is None else [failed]
    idle = why_no_gpu(devices)
    row("Devices", failed or ", ".join(devices["devices"]) or "the processor only" + (f": {idle}" if idle else ""))
    pair = [] if failed else pair_problems(versions["tensorflow"], versions["tensorflow-text"], text_error)
    row("With TensorFlow Text", " ".join(pair) or ("not tried" if failed else "compatible"))
    problems += pair if versions["tensorflow-text"] else []
    scarce = [
        f"Free some {name}: {free:.1f} GiB may be too little for a training."
        for name, free in (("memory", None if memory is None else memory[0]), ("disk space", disk.free / 2**30))
        if free is not None and free < MIN_GIB
    ]
    measured = _measure(row, show, cores, units) if measure and not problems else None
    advice = [*problems, *([idle] if idle else []), *scarce, *([measured] if measured else [])]
    show(f"\nRecommendation: {(advice or [_improvement(versions, measure)])[0]}")
    return problems


def _improvement(versions, measured):
    """Returns what to do where nothing is wrong: a missing optional package first, then measuring."""
    if missing := [name for name in RECOMMENDED if versions[name] is None and (name != "tensorflow-text" or _has_text_wheel())]:
        purpose, command = OPTIONAL[missing[0]]
        return f"All that training needs is here. For {purpose}: {command}"
    if measured:
        return "None. All that training needs is here, and the defaults are the fastest of what was measured."
    return "All that training needs is here. To find its fastest settings, in about a minute: gan-keras doctor --measure"


# --- Packages and devices.


def requirements():
    """Returns what this release requires of other packages, `packaging` requirements by name; empty if it is not installed."""
    if version_of("gan_keras") is None or version_of("packaging") is None:
        return {}
    from packaging.requirements import Requirement

    found = [Requirement(line) for line in importlib.metadata.requires("gan_keras") or ()]
    return {each.name: each for each in found if each.marker is None or each.marker.evaluate({"extra": ""})}


def version_problems(versions, required):
    """Returns a line for each package that is missing or of a version that this release does not support.

    Args:
        versions: Installed versions by package, None for missing ones.
        required: Result of `requirements`.
    """
    problems = []
    for name in REQUIRED:
        needed = f"{name}{required[name].specifier}" if name in required else name
        if versions[name] is None:
            problems.append(f'{name} is not installed. Install it: pip install "{needed}"')
        elif name in required and not required[name].specifier.contains(versions[name], prereleases=True):
            problems.append(f'{name} {versions[name]} is installed, which this release does not support: pip install "{needed}"')
    return problems


def try_tensorflow(tensorflow, text):
    """Imports TensorFlow, lists its devices and runs an op of TensorFlow Text, all in one separate process.

    Args:
        tensorflow: Version of TensorFlow, None if it is missing.
        text: Version of TensorFlow Text; it is not tried if it is None or does not match.

    Returns:
        Dictionary with the names of `devices` besides the processor and `has_cuda`; the problem with TensorFlow, or None; the
        error of TensorFlow Text, or None.
    """
    none = {"devices": [], "has_cuda": False}
    if tensorflow is None:
        return none, "tensorflow is not installed.", None
    matches = text is not None and not pair_problems(tensorflow, text, None)
    lines, error = run_python(_TENSORFLOW, *(["text"] if matches else []))
    if not lines:
        return none, f"tensorflow {tensorflow} cannot be imported: {error}. Install it again, in a new environment.", None
    return json.loads(lines[0]), None, error


def why_no_gpu(found):
    """Returns why TensorFlow uses no GPU although an NVIDIA driver is installed, and what to do; None if that is not so.

    `found` is the first result of `try_tensorflow`.
    """
    if found["devices"] or not (shutil.which("nvidia-smi") or os.path.exists("/proc/driver/nvidia/version")):
        return None
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible in ("", "-1"):
        return f"CUDA_VISIBLE_DEVICES={visible} hides the GPU: unset it."
    if platform.system() == "Windows":
        return "TensorFlow supports GPUs on Linux only: install this package in WSL2 to train on the GPU."
    reason = "does not find CUDA's libraries" if found["has_cuda"] else "is built without CUDA"
    return f'TensorFlow {reason}, so the GPU is idle: pip install "gan_keras[gpu]"'


def pair_problems(tensorflow, text, error):
    """Returns why these versions of TensorFlow and TensorFlow Text do not work together: a list of lines, empty if they do.

    `text` is None if it is not installed; `error` is that of one of its ops, None if it worked or was not tried.
    """
    if text is None:
        return [
            "tensorflow-text is not installed: words and characters work, subwords do not. It is available for Linux on x86_64."
        ]
    if tensorflow.split(".")[:2] != text.split(".")[:2]:
        needed = text.rsplit(".", 1)[0]
        return [f"tensorflow-text {text} requires TensorFlow {needed}, not {tensorflow}: install the matching version of one."]
    return [] if error is None else [f"tensorflow-text {text} does not run with TensorFlow {tensorflow}: {error}"]


def _has_text_wheel():
    return platform.system() == "Linux" and platform.machine() == "x86_64"


# --- Processor and memory.


def num_cores():
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory(meminfo=pathlib.Path("/proc/meminfo"), limit=pathlib.Path("/sys/fs/cgroup/memory.max")):
    """Returns free and total memory in GiB, or a container's limit if that is less; None where Linux's files are missing."""
    if not meminfo.exists():
        return None
    lines = (line.split() for line in meminfo.read_text().splitlines())
    kib = {words[0].rstrip(":"): int(words[1]) for words in lines if len(words) > 1}
    total = kib["MemTotal"] / 2**20
    if limit.exists() and (text := limit.read_text().strip()).isdecimal():
        total = min(total, int(text) / 2**30)
    return min(kib.get("MemAvailable", kib["MemFree"]) / 2**20, total), total


def units_of(cpu_info=_CPU_INFO):
    """Returns the processor's `UNITS` from Linux's description of processors; None if there is no such file."""
    if not cpu_info.exists():
        return None
    lines = cpu_info.read_text().splitlines()
    flags = {flag for line in lines if line.startswith("flags") for flag in line.partition(":")[2].split()}
    return [unit for unit in UNITS if unit in flags]


def describe_units(units):
    """Returns what the result of `units_of` means for training in mixed_bfloat16."""
    if units is None:
        return "the processor's matrix units are known on Linux only"
    if not units:
        return f"the processor has no matrix units for it ({', '.join(UNITS)}), so it would save no time"
    return f"{', '.join(units)}: mixed_bfloat16 may save time"


# --- Measurements.


def _measure(row, show, cores, units):
    """Shows a row per measurement, as it comes; returns a recommendation, None if the defaults are the fastest."""
    show("\nMeasuring training steps, about a minute on idle cores:")
    threads = fastest_threads(row, sorted({1, min(2, cores), cores}))
    options = [] if threads in (None, cores) else [f"TF_NUM_INTRAOP_THREADS={threads}"]
    command = "gan-keras train ..."
    if units:
        text, pays_off = measure_bfloat16()
        row("mixed_bfloat16", text)
        command += " --set precision=mixed_bfloat16" * pays_off
    if not options and command.endswith("..."):
        return None
    return f"Train with {' '.join([*options, command])}, at present the fastest of what was measured."


def fastest_threads(row, choices):
    """Shows the duration of a training step of the default text preset's size by number of threads.

    Returns the number that is clearly faster than the last choice, which is TensorFlow's default; otherwise the last choice, or
    None if a measurement failed.
    """
    seconds = {}
    for threads in choices:
        lines, error = run_python(_STEP, str(threads))
        name = f"{threads} thread{'s' * (threads > 1)}"
        row(name, f"{1000 * float(lines[-1]):.0f} ms a step of text" if error is None else f"the measurement failed: {error}")
        if error is not None:
            return None
        seconds[threads] = float(lines[-1])
    fastest = min(seconds, key=seconds.get)
    return fastest if seconds[choices[-1]] > MIN_GAIN * seconds[fastest] else choices[-1]


def measure_bfloat16():
    """Returns the measured benefit of mixed_bfloat16 as a line, and whether it pays off."""
    lines, error = run_python(_BFLOAT16)
    if error is not None:
        return f"the measurement failed: {error}", False
    *of_float32, product, step = (1000 * float(number) for number in lines[-1].split())
    pairs = zip(("a matrix product", "a training step"), of_float32, (product, step), strict=True)
    measured = ", ".join(
        f"{what} {new:.2f} ms, in float32 {old:.2f} ms ({old / new:.1f} times as fast)" for what, old, new in pairs
    )
    pays_off = of_float32[1] > MIN_GAIN * step
    return f"{measured}; currently {'pays off' if pays_off else 'does not pay off'} for images", pays_off


def run_python(code, *arguments):
    """Runs Python code in a separate process; returns its lines of output, and the error's last line, None if it worked."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", code, *arguments]
    try:
        child = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired as late:
        output = late.stdout or ""  # bytes or text, depending on the system
        output = output.decode(errors="replace") if isinstance(output, bytes) else output
        return output.splitlines(), f"no answer in {TIMEOUT_SECONDS} s"
    lines, errors = child.stdout.strip().splitlines(), child.stderr.strip().splitlines()
    if child.returncode == 0:
        return lines, None
    return lines, errors[-1] if errors and child.returncode > 0 else f"it ended with status {child.returncode}"
