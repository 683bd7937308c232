"""`Signature`: what a SavedModel serves, and `expect`: checks of inputs that are part of its graph."""

import dataclasses
from collections.abc import Callable

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Signature:
    """A function of a batch that a SavedModel serves.

    Args:
        function: Takes one tensor per input, by name, and returns a dict of tensors, each with the batch dimension first. It
            is traced without autograph, so loops over tensors are `tf.while_loop`.
        examples: Arrays by input name, all with the same 2 or 3 rows. They determine the inputs' dtypes and row shapes, warm
            up a server, and are run to check an export before it is published.

    Raises:
        ValueError: If there is no example, or an example has no batch dimension, no row, or another number of rows.
    """

    function: Callable
    examples: dict

    def __post_init__(self):
        shapes = {name: array.shape for name, array in self.examples.items()}
        batches = {shape[:1] for shape in shapes.values()}
        if len(batches) != 1 or batches & {(), (0,)}:
            raise ValueError(
                f"The examples have the shapes {shapes}. Expected an array per input, each with a batch dimension first and the "
                "same number of rows, at least 1."
            )

    @property
    def inputs(self):
        """A `tf.TensorSpec` by input name, for any number of rows like those of the examples."""
        dtypes = {name: "string" if array.dtype.kind in "OSU" else array.dtype.name for name, array in self.examples.items()}
        shapes = {name: [None, *array.shape[1:]] for name, array in self.examples.items()}
        return {name: tf.TensorSpec(shapes[name], tf.as_dtype(dtype), name=name) for name, dtype in dtypes.items()}


def signatures_of(gan, score, edit):
    """Returns the `Signature`s of a GAN by name; one without directions need not know the argument `edit`."""
    return gan.signatures(score=score, **({"edit": True} if edit else {}))


def expect(tensor, is_valid, message, shown=None):
    """Returns a tensor, in a graph that raises if a value is not valid: a server has no Python to check it.

    Args:
        tensor: An input.
        is_valid: Booleans, such as `tensor > 0`.
        message: The expectation; some values are appended.
        shown: Values to append; None for the tensor's.
    """
    check = tf.debugging.Assert(tf.reduce_all(is_valid), [message, tensor if shown is None else shown])
    with tf.control_dependencies([] if check is None else [check]):  # None in eager execution, which raises at once
        return tf.identity(tensor)
