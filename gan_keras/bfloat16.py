"""Whether the processor multiplies matrices of bfloat16 by units of its own, and what `precision=mixed_bfloat16` buys there."""

import pathlib

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


def describe(units, run_python):
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
