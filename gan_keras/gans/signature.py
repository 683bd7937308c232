"""What a GAN offers to a server: one named function of a batch."""

import dataclasses
from collections.abc import Callable

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Signature:
    """One function that a SavedModel serves.

    Args:
        function: Takes one tensor for every input, by name, and returns a dict of tensors, each with the batch
            dimension first. It is traced as it stands, so loops over tensors are `tf.while_loop`.
        examples: An array by input name, all with the same 2 or 3 rows. They give the inputs their dtypes and the shape
            of a row, they warm a server up, and an export is compared with them before it appears.

    Raises:
        ValueError: If there is no example, or one has no batch dimension, no row or not as many as the others.
    """

    function: Callable
    examples: dict

    def __post_init__(self):
        shapes = {name: array.shape for name, array in self.examples.items()}
        batches = {shape[:1] for shape in shapes.values()}
        if len(batches) != 1 or batches & {(), (0,)}:
            raise ValueError(
                f"The examples have the shapes {shapes}. Expected an array for every input, with a batch dimension "
                "first and the same number of rows, 1 at least, in each."
            )

    @property
    def inputs(self):
        """A `tf.TensorSpec` by input name: any number of rows like those of the examples."""
        return {
            name: tf.TensorSpec([None, *array.shape[1:]], tf.as_dtype(_dtype_name(array)), name=name)
            for name, array in self.examples.items()
        }


def expect(tensor, fits, message, shown=None):
    """The tensor, in a graph that refuses to run on values that do not fit: a server has no Python to check them.

    Args:
        tensor: An input.
        fits: Booleans, such as `tensor > 0`.
        message: What is expected; some values follow it.
        shown: Those values; None for the tensor's.
    """
    check = tf.debugging.Assert(tf.reduce_all(fits), [message, tensor if shown is None else shown])
    with tf.control_dependencies([] if check is None else [check]):  # None in eager execution, which raised
        return tf.identity(tensor)


def _dtype_name(array):
    return "string" if array.dtype.kind in "OSU" else array.dtype.name
