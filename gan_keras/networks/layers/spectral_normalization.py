"""Spectral normalisation: a layer's kernel is divided by its largest singular value."""

import keras
from keras import layers, ops

_TINY = 1e-6  # lower limit of the divisor, so that a kernel of zeros stays zero instead of NaN


@keras.saving.register_keras_serializable(package="gan_keras")
class SpectralNormalization(layers.Wrapper):
    """Runs a layer with `W / sigma(W)` instead of its kernel `W`, so that its Lipschitz constant is about 1.

    The kernel itself is never overwritten: the optimizer updates it, and gradients also pass through `sigma`. `sigma = v^T W u`,
    with singular vectors from power iteration, which continues at each call with `training=True`. It is computed in float32, also
    under mixed precision.

    The kernel of a convolution is read as a matrix `(height * width * input channels, output channels)`, as in the paper.

    Args:
        layer: A `Dense`, `Conv1D`, `Conv2D`, `Conv2DTranspose`, `Embedding` or any other layer with a `kernel` or
            `embeddings` of at least two axes, the last of which are the outputs.
        power_iterations: Iterations per training call, >= 1.

    Raises:
        ValueError: If `power_iterations` is below 1, or, when built, if the layer has neither `kernel` nor `embeddings`.

    Reference: [Miyato et al., 2018](https://arxiv.org/abs/1802.05957), algorithm 1.
    """

    def __init__(self, layer, power_iterations=1, **kwargs):
        # Without autocast, the kernel is read in float32 here; the wrapped layer casts its own inputs and kernel.
        super().__init__(layer, autocast=False, **kwargs)
        if power_iterations < 1:
            raise ValueError(f"power_iterations={power_iterations}. Expected at least 1: without iterations, sigma is a guess.")
        self.power_iterations = power_iterations

    def build(self, input_shape=None):
        super().build(input_shape)
        outputs = self.matrix(self.kernel).shape[-1]
        self.u = self.add_weight(name="u", shape=(outputs,), dtype="float32", initializer="random_normal", trainable=False)

    @property
    def kernel(self):
        """The trained variable `W`, not `W / sigma(W)`."""
        for name in ("kernel", "embeddings"):
            if hasattr(self.layer, name):
                return getattr(self.layer, name)
        raise ValueError(
            f"{type(self.layer).__name__} has neither `kernel` nor `embeddings`. "
            "Expected a layer with weights that multiply its input, such as Dense or Conv2D."
        )

    def call(self, inputs, training=False):
        sigma = self.sigma(training and self.trainable)
        kernel = self.kernel
        normalized = kernel / ops.cast(sigma, kernel.dtype)
        # Inside the scope, the wrapped layer reads the normalised kernel instead of its variable.
        with keras.StatelessScope(state_mapping=[(kernel, normalized)]):
            return self.layer(inputs)

    def sigma(self, training=False):
        """Largest singular value of the kernel: scalar, float32. With `training=True`, improves the estimate first."""
        matrix = self.matrix(self.kernel)
        u = unit(self.u)
        if training:
            u = self.iterate(ops.stop_gradient(matrix), u)
            self.u.assign(u)
        v = unit(matvec(matrix, u))
        sigma = ops.sum(ops.stop_gradient(v) * matvec(matrix, ops.stop_gradient(u)))
        return ops.maximum(sigma, _TINY)

    def iterate(self, matrix, u):
        for _ in range(self.power_iterations):
            v = unit(matvec(matrix, u))
            product = matvec(ops.transpose(matrix), v)
            # A kernel of zeros has no direction: keep the old one, from which later iterations can find it.
            u = ops.where(ops.norm(product) > _TINY**2, unit(product), u)
        return u

    def matrix(self, kernel):
        """The kernel as `(inputs, outputs)`, float32. Transposed convolutions have outputs on the second-to-last axis."""
        kernel = ops.cast(kernel, "float32")
        if isinstance(self.layer, layers.Conv1DTranspose | layers.Conv2DTranspose | layers.Conv3DTranspose):
            kernel = ops.swapaxes(kernel, -1, -2)
        return ops.reshape(kernel, (-1, kernel.shape[-1]))

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def get_config(self):
        return {**super().get_config(), "power_iterations": self.power_iterations}


def unit(vector):
    return vector / ops.maximum(ops.norm(vector), 1e-12)


def matvec(matrix, vector):
    return ops.matmul(matrix, vector[:, None])[:, 0]
