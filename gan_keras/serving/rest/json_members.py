"""A JSON object as a client wrote it."""


class Members(tuple):
    """Pairs of a name and a value, in order; a name may come twice."""

    __slots__ = ()

    def first_values(self):
        """A value by name; of a name that comes twice the first one, as TensorFlow Serving takes it."""
        return dict(reversed(self))
