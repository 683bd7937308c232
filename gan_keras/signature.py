"""What a GAN offers to a server: one named function of a batch."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Signature:
    """One function that a SavedModel serves.

    Args:
        function: Takes one tensor for every input, by position in the order of `inputs`, and returns a dict of tensors,
            each with the batch dimension first. It is traced as it stands, so loops over tensors are `tf.while_loop`.
        inputs: `tf.TensorSpec` by input name, each of shape `(None, ...)`.
        examples: An array by input name, all with the same 2 or 3 rows. They warm a server up, and an export is
            compared with them before it appears.

    Raises:
        ValueError: If an input lacks the batch dimension or the examples do not match the inputs in names, dtypes or
            number of rows.
    """

    function: Callable
    inputs: dict
    examples: dict

    def __post_init__(self):
        for name, spec in self.inputs.items():
            if not spec.shape.rank or spec.shape[0] is not None:
                raise ValueError(
                    f"The input {name!r} has shape {spec.shape}. Expected a batch dimension of any size first: "
                    "use tf.TensorSpec([None, ...])."
                )
        if list(self.examples) != list(self.inputs):
            raise ValueError(
                f"The examples are {list(self.examples)} but the inputs are {list(self.inputs)}. "
                "Expected one array for every input, in the same order."
            )
        for name, array in self.examples.items():
            dtype = "string" if array.dtype.kind in "OSU" else array.dtype.name
            if dtype != self.inputs[name].dtype.name:
                raise ValueError(f"The example of {name!r} is {dtype}. Expected {self.inputs[name].dtype.name}.")
        rows = {name: len(array) for name, array in self.examples.items()}
        if len(set(rows.values())) != 1 or 0 in rows.values():
            raise ValueError(f"The examples have {rows} rows. Expected the same number of rows, 1 at least, in each.")
