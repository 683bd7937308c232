"""A local server with TensorFlow Serving's REST and gRPC API, its client, and a page to try models.

`Client` calls either server. `gan_keras.serving.server.Server` is the local one; it needs the extra `serving`.
"""

from gan_keras.serving.client import Client
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.http_client import Retries

__all__ = ["Client", "Code", "Retries", "ServingError"]
