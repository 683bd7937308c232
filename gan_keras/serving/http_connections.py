"""Requests over HTTP/1.1 connections that are kept and shared between threads."""

import contextlib
import email.utils
import http.client
import threading
import time
import urllib.parse
from typing import NamedTuple

from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.retries import TryLater

_CLOSED_MEANWHILE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
_KINDS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
_CHUNK = 1 << 16


class Answer(NamedTuple):
    """An HTTP response: its status, its headers (an `email.message.Message`) and its whole body."""

    status: int
    headers: object
    body: bytes


class Connections:
    """Connections to one server. A request takes an idle one or opens another, and gives it back.

    Args:
        url: `http://HOST:PORT` or `https://HOST:PORT`, with a path to put before each request's, if any.
    """

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.url, self._prefix, self._address = url, parts.path.rstrip("/"), (parts.hostname, parts.port)
        self._kind = _KINDS[parts.scheme]
        self._idle, self._lock = [], threading.Lock()

    def request(self, method, path, body, timeout):
        """Sends one request and returns its `Answer`, whatever the status is.

        Args:
            method: `GET` or `POST`.
            path: Quoted, with a slash first.
            body: Bytes of JSON, or None.
            timeout: Seconds until the last byte of the body.

        Raises:
            ServingError: `DEADLINE_EXCEEDED`; or, as `TryLater`, `UNAVAILABLE` if the connection is refused or lost.
        """
        deadline = time.monotonic() + timeout
        try:
            return self._on_any_connection(method, path, body, deadline)
        except TimeoutError as error:
            raise ServingError(Code.DEADLINE_EXCEEDED, f"{self.url} did not answer within {timeout:.3g} s.") from error
        except (OSError, http.client.HTTPException) as error:
            raise TryLater(Code.UNAVAILABLE, f"{self.url} cannot be reached: {error or type(error).__name__}.") from error

    def _on_any_connection(self, method, path, body, deadline):
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection:
            with contextlib.suppress(*_CLOSED_MEANWHILE):  # a server may close an idle connection at any time
                return self._on(connection, method, path, body, deadline)
        return self._on(self._kind(*self._address), method, path, body, deadline)

    def _on(self, connection, method, path, body, deadline):
        kept = False
        try:
            answer, kept = _exchange(connection, method, self._prefix + path, body, deadline)
        finally:
            if not kept:
                connection.close()
        with self._lock:
            self._idle += [connection] * kept
        return answer

    def close(self):
        """Closes the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


def _exchange(connection, method, path, body, deadline):
    """Returns an `Answer`, and whether the connection can carry another request."""
    connection.timeout = _left(deadline)
    if connection.sock:
        connection.sock.settimeout(connection.timeout)
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    socket = connection.sock
    response = connection.getresponse()
    chunks = []
    socket.settimeout(_left(deadline))
    while chunk := response.read1(_CHUNK):
        chunks.append(chunk)
        socket.settimeout(_left(deadline))
    response.close()
    body = b"".join(chunks)
    if response.length:
        raise http.client.IncompleteRead(body, response.length)
    return Answer(response.status, response.headers, body), not response.will_close


def _left(deadline):
    """Seconds until the deadline; raises `TimeoutError` when it has passed: a socket's own limit starts anew at each byte."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def seconds_to_wait(headers):
    """What `Retry-After` asks for, a number of seconds or a date; 0 if there is no such header or it makes no sense."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value)
    with contextlib.suppress(ValueError):
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    return 0.0
