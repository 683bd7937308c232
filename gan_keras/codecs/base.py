"""`Codec`: the interface that codecs share, and their checks."""


class Codec:
    """Base of the codecs: `encode` maps raw values to tensors, `decode` maps them back.

    Every method on tensors works eagerly, in a `tf.function` and in a SavedModel. `adapt` finds what the constructor was not
    given; `get_config` then holds it. `raw_dtype` is the type of raw values, `output_name` the output of an exported model
    that holds decoded samples, and `arguments` names the constructor's arguments, each also an attribute.
    """

    raw_dtype = output_name = None
    arguments = ()

    @property
    def trackables(self):
        """Objects that a SavedModel must track besides the variables."""
        return []

    def get_config(self):
        """The constructor's arguments, including what `adapt` found."""
        return {name: getattr(self, name) for name in self.arguments}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def check_shape(samples, shape, expected):
    """Raises `ValueError` unless samples have this `shape` after the batch axis; `expected` describes the right one."""
    if not samples.shape.is_compatible_with([None, *shape]):
        raise ValueError(f"The samples have the shape {tuple(samples.shape)}. Expected {expected}.")
