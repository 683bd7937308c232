"""Where a version stands: what a server knows of it, and what its clients are told."""

from typing import NamedTuple

from gan_keras.serving.errors import Code


class VersionState(NamedTuple):
    """The state of a version.

    Args:
        number: Of the version.
        state: `START`, `LOADING`, `AVAILABLE`, `UNLOADING` or `END`.
        code: A `Code`: `OK`, or why it is not served.
        message: The same in words.
    """

    number: int
    state: str
    code: Code = Code.OK
    message: str = ""
