"""A local server with TensorFlow Serving's REST and gRPC API, its client, and a page to try models.

`Client` calls either server. `Server` is the local one; it needs the extra `serving`, and is imported when it is first used.
"""

import importlib

from gan_keras.serving.client import Client
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.http_client import Retries

__all__ = ["Client", "Code", "Retries", "Server", "ServingError"]


def __getattr__(name):
    if name == "Server":
        return importlib.import_module("gan_keras.serving.server").Server
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
