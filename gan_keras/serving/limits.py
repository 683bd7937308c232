"""What one client may ask of a server, and how long it may take."""

MAX_JSON_BYTES = 4 * 2**20
"""Of a request's body over HTTP, also after decompression: Python reads it, and all others wait for that."""

MAX_MESSAGE_BYTES = 16 * 2**20
"""Of a gRPC message."""

MAX_ROWS = 1024
"""Of one request to a signature whose rows are independent: more is split by the client."""

MAX_QUEUED = 1000
"""Requests that wait for a worker; the next one is told to come again later."""

MAX_CONNECTIONS = 500
"""Of HTTP at the same time."""

HEAD_SECONDS = 30.0
"""For a request's head to come, the wait for it on an open connection included."""

BODY_SECONDS = 30.0
"""For its body to come, and for the answer to be taken."""
