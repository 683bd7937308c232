"""Runs a SavedModel in a Python session, for a platform whose TensorFlow comes without the C++ library.

It restores variables as the C++ loader does; only the process holds more than a server's would. Run as
`python -m gan_keras.export.session_loader REQUEST REPLY`, in the place of `c_api_loader`.
"""

import sys

import tensorflow as tf

from gan_keras.export.c_api_loader import StatusError, answer

INVALID_ARGUMENT = 3


class SavedModel:
    """A SavedModel in a `tf.compat.v1.Session`; see `c_api_loader.SavedModel` for the arguments and errors."""

    def __init__(self, directory, op_libraries=()):
        for path in op_libraries:
            tf.load_op_library(path)
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        try:
            with self._session.graph.as_default():
                tf.compat.v1.saved_model.load(self._session, ["serve"], directory)
        except (tf.errors.OpError, OSError) as error:
            raise StatusError(getattr(error, "error_code", INVALID_ARGUMENT), str(error)) from error

    def run(self, feeds, fetches, timeout_ms=0):
        """As `c_api_loader.SavedModel.run`; a `ValueError` is the session's own check of the fed shapes."""
        try:
            return self._session.run(fetches, feeds, options=tf.compat.v1.RunOptions(timeout_in_ms=timeout_ms))
        except (tf.errors.OpError, ValueError) as error:
            raise StatusError(getattr(error, "error_code", INVALID_ARGUMENT), str(error)) from error

    def close(self):
        """As `c_api_loader.SavedModel.close`."""
        self._session.close()


if __name__ == "__main__":
    answer(SavedModel, *sys.argv[1:])
