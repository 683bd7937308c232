"""HTTP/1.1 over sockets: each request becomes one call of `rest`, within limits of size and time.

Every connection has a thread; the models, which the threads wait for, run in other processes.
"""

import contextlib
import io
import logging
import re
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gan_keras.serving.errors import BODY_SECONDS, HEAD_SECONDS, MAX_CONNECTIONS, MAX_JSON_BYTES, Code, ServingError
from gan_keras.serving.playground.pages import page
from gan_keras.serving.rest.handler import Response, error_response, rest

LOGGER = logging.getLogger(__name__)
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
CHUNK_BYTES = 65536
DRAIN_SECONDS = 1.0
LENGTH, CHUNK_SIZE = re.compile(r"[0-9]{1,18}"), re.compile(rb"[0-9a-fA-F]{1,15}")
ACCEPT_SECONDS = 0.1  # pause after a connection that could not be accepted


class DeadlineReader(io.RawIOBase):
    """Reads a socket until a deadline, so that a client that sends a byte now and then does not hold a thread forever."""

    def __init__(self, connection):
        self.connection, self.deadline = connection, 0.0

    def set_limit(self, seconds):
        self.deadline = time.monotonic() + seconds

    def readable(self):
        return True

    def readinto(self, buffer):
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("The client is too slow.")
        self.connection.settimeout(seconds)
        return self.connection.recv_into(buffer)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.reader = DeadlineReader(self.connection)
        self.rfile = io.BufferedReader(self.reader, CHUNK_BYTES)

    def handle_one_request(self):
        """Reads and answers a request. Malformed, oversized or slow requests end the connection."""
        self.reader.set_limit(HEAD_SECONDS)
        self.close_connection = True
        self.raw_requestline = self.rfile.readline(CHUNK_BYTES + 1)
        if len(self.raw_requestline) > CHUNK_BYTES:
            self.command = ""
            self.send_error(414)
        elif self.raw_requestline and self.parse_request():
            self.close_connection |= self.request_version == "HTTP/1.0"
            self.answer()

    def answer(self):
        with self.server.answering():
            try:
                self.reader.set_limit(BODY_SECONDS)
                response = self.server.respond(self.command, self.path, self.headers, self.read_body())
            except ServingError as error:  # the body was not read to its end
                self.close_connection, response = True, error_response(error)
            self.close_connection |= self.server.is_stopping
            self.write(response)
        if self.close_connection:
            self.drain()

    def read_body(self):
        """Reads the body, which has a stated length or comes in chunks.

        Raises:
            ServingError: If it is longer than `MAX_JSON_BYTES`, or HTTP does not allow its length fields: a proxy could
                see another end of the request than this server.
        """
        lengths, codings = self.headers.get_all("Content-Length", []), self.headers.get_all("Transfer-Encoding", [])
        if [coding.strip().lower() for coding in codings] == ["chunked"] and not lengths:
            return self.read_chunks()
        if codings or len(lengths) > 1 or not LENGTH.fullmatch(length := lengths[0] if lengths else "0"):
            message = "Expected one Content-Length, a whole number, or only Transfer-Encoding: chunked."
            raise ServingError(Code.INVALID_ARGUMENT, message)
        return self.read_exactly(check_size(int(length)))

    def read_chunks(self):
        chunks, total = [], 0
        while size := self.chunk_size():
            total = check_size(total + size)
            chunks.append(self.read_exactly(size))
            if self.rfile.readline(CHUNK_BYTES).strip():
                raise ServingError(Code.INVALID_ARGUMENT, "Expected the end of a line after a chunk.")
        while check_size(total := total + len(line := self.rfile.readline(CHUNK_BYTES))) and line.strip():  # trailers
            pass
        return b"".join(chunks)

    def chunk_size(self):
        digits = self.rfile.readline(CHUNK_BYTES).split(b";")[0].strip()
        if not CHUNK_SIZE.fullmatch(digits):
            raise ServingError(Code.INVALID_ARGUMENT, "Expected the size of a chunk as a hexadecimal number.")
        return check_size(int(digits, 16))

    def read_exactly(self, num):
        body = self.rfile.read(num)
        if len(body) < num:
            raise ConnectionError("The client left before its request was complete.")
        return body

    def write(self, response):
        """Sends head and body together, within `BODY_SECONDS`."""
        headers = {**dict(response.headers), "Content-Length": str(len(response.body))}
        self.close_connection |= headers.get("Connection") == "close"
        if self.close_connection:
            headers["Connection"] = "close"
        phrase = self.responses.get(response.status, ("Unknown",))[0]
        lines = [f"HTTP/1.1 {response.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self.connection.settimeout(BODY_SECONDS)
        self.connection.sendall("\r\n".join(lines).encode("latin-1") + (b"" if self.command == "HEAD" else response.body))

    def drain(self):
        """Reads for a moment: closing a socket with unread bytes would discard the answer."""
        self.connection.shutdown(socket.SHUT_WR)
        self.reader.set_limit(DRAIN_SECONDS)
        with contextlib.suppress(TimeoutError):
            while self.rfile.read1(CHUNK_BYTES):
                pass

    def handle_expect_100(self):
        """Tells a client that waits before it sends a long body to continue."""
        self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def send_error(self, code, message=None, explain=None):
        """Answers what the base class refuses, such as a line that is not HTTP."""
        self.close_connection = True
        text = message or self.responses[code][0]
        response = error_response(ServingError(Code.INVALID_ARGUMENT, f"Malformed HTTP: {text}"))
        self.write(Response(code if code < 500 else 400, response.headers, response.body))

    def log_message(self, format, *arguments):
        LOGGER.debug(format, *arguments)


def check_size(num):
    """Returns `num`; raises `ServingError` if a body of `num` bytes is too long."""
    if not 0 <= num <= MAX_JSON_BYTES:
        message = f"The body has over {MAX_JSON_BYTES:,} bytes. Expected less: ask for fewer samples per request."
        raise ServingError(Code.OUT_OF_RANGE, message)
    return num


class HTTPFront(ThreadingHTTPServer):
    """The HTTP side of a server at an address `(host, port)`; port 0 takes a free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, core):
        self.core = core
        self.connections, self.busy = threading.BoundedSemaphore(MAX_CONNECTIONS), 0
        self.changed, self.is_stopping, self.has_stopped = threading.Condition(), False, False
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Handler)

    def respond(self, command, path, headers, body):
        found = page(self.core, path) if command in ("GET", "HEAD") else None
        if found:
            return Response(200, [("Content-Type", found.content_type), *found.headers.items()], found.body)
        return rest(self.core, command, path, headers, body)

    def get_request(self):
        try:
            return super().get_request()
        except OSError:  # no file descriptor is left; without a pause the loop would use a whole core
            time.sleep(ACCEPT_SECONDS)
            raise

    def process_request(self, request, client_address):
        """Starts a thread for the connection, or refuses it if there are too many."""
        if not self.connections.acquire(blocking=False):
            return self.refuse(request)
        try:
            return super().process_request(request, client_address)
        except RuntimeError:  # the system provides no more threads
            self.connections.release()
            return self.refuse(request)

    def refuse(self, request):
        request.settimeout(1.0)
        request.sendall(BUSY)
        self.shutdown_request(request)

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.release()

    def handle_error(self, request, client_address):
        """Logs errors, except those of a client that is slow or gone."""
        level = logging.DEBUG if isinstance(sys.exception(), OSError) else logging.ERROR
        LOGGER.log(level, "A connection ended early.", exc_info=True)

    @contextlib.contextmanager
    def answering(self):
        """Makes a stop wait for the answer under way.

        Raises:
            ConnectionError: If the server has stopped. The connection then closes without an answer, after which clients
                repeat a request on a kept connection; an error would fail it.
        """
        with self.changed:
            if self.has_stopped:
                raise ConnectionError("The server has stopped.")
            self.busy += 1
        try:
            yield
        finally:
            with self.changed:
                self.busy -= 1
                self.changed.notify_all()

    def stop(self, seconds):
        """Accepts no more connections and gives answers under way `seconds` to finish."""
        self.is_stopping = True  # closes kept connections after their next answer: otherwise `busy` would never be 0 under load
        self.shutdown()
        self.server_close()
        with self.changed:
            self.changed.wait_for(lambda: not self.busy, seconds)
            self.has_stopped = True
