"""The HTTP front: uvicorn reads requests, a protocol refuses malformed and oversized ones, `rest` answers the others.

The grammar of HTTP is that of llhttp, uvicorn's parser. Requests are parsed, run and written in threads: the event loop
only moves bytes, so that no request holds up another.
"""

import asyncio
import functools
import ipaddress
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from gan_keras.serving.errors import MAX_BODY_BYTES, MAX_CONNECTIONS, MAX_HEAD_BYTES, MAX_LOCAL_BODY_BYTES, REQUEST_SECONDS
from gan_keras.serving.rest.handler import rest

try:
    import uvicorn
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import Response
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
except ImportError as error:
    message = "The server needs the packages uvicorn, httptools and starlette. Install them: pip install 'gan_keras[serving]'."
    raise ImportError(message) from error

DRAIN_SECONDS = 1.0  # a refused client may go on sending for so long: closing at once would discard its answer
PIECE_BYTES = 4096  # handed to the parser at a time: limits are kept to this many bytes
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]*)?")


class Refusal(Exception):
    """A request that is refused before it is understood; its connection ends.

    Args:
        status: HTTP status.
        reason: What is wrong with it.
    """

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


class Protocol(HttpToolsProtocol):
    """One connection.

    Args:
        arguments: Those of uvicorn's protocol.
        allowed_hosts: Names in a Host header, in lower case and without a port; None allows any. Otherwise a page from
            elsewhere whose name resolves to this machine could read answers.
        max_body: Maximum number of bytes of a body.
        keywords: Those of uvicorn's protocol.
    """

    def __init__(self, *arguments, allowed_hosts, max_body, **keywords):
        super().__init__(*arguments, **keywords)
        self.allowed_hosts, self.max_body, self.is_refused = allowed_hosts, max_body, False
        self.num_unfinished = 0  # bytes of a head, a line of a chunk or a trailer that has not ended
        self.num_body = 0

    def connection_made(self, transport):
        super().connection_made(transport)
        self.timer = self.loop.call_later(REQUEST_SECONDS, transport.abort)
        if len(self.connections) > MAX_CONNECTIONS:
            self.refuse(Refusal(503, f"There are over {MAX_CONNECTIONS} connections. Try again later."))

    def connection_lost(self, exc):
        self.timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data):
        for start in range(0, len(data), PIECE_BYTES):
            if self.is_refused or self.transport.is_closing():
                return
            piece = data[start : start + PIECE_BYTES]
            self.num_unfinished += len(piece)
            super().data_received(piece)
            if self.num_unfinished > MAX_HEAD_BYTES:
                self.refuse(Refusal(431, f"A head, a line of a chunk or a trailer has over {MAX_HEAD_BYTES:,} bytes."))

    def on_headers_complete(self):
        self.num_unfinished = self.num_body = 0
        self.check_head()
        super().on_headers_complete()

    def check_head(self):
        """Raises `Refusal` for what llhttp lets pass: a proxy or a browser could understand it in another way."""
        version = self.parser.get_http_version()
        hosts, codings, lengths = (
            [value.decode("latin-1").strip().lower() for key, value in self.headers if key == name]
            for name in (b"host", b"transfer-encoding", b"content-length")
        )
        if version not in ("1.0", "1.1"):
            raise Refusal(400, f"Got HTTP version {version}. Expected 1.0 or 1.1.")
        if self.parser.should_upgrade():
            raise Refusal(400, "Got a request to change the protocol. Expected plain HTTP: leave out CONNECT and Upgrade.")
        if codings and (codings != ["chunked"] or version == "1.0"):
            raise Refusal(400, f"Got Transfer-Encoding: {', '.join(codings)}. Expected only 'chunked', of HTTP 1.1.")
        if len(hosts) > 1 or (not hosts and version == "1.1"):
            raise Refusal(400, f"Got {len(hosts)} Host headers. Expected one.")
        found = _HOST.fullmatch(hosts[0] if hosts else "localhost")
        if not found or (self.allowed_hosts is not None and found[1] not in self.allowed_hosts):
            allowed = ", ".join(sorted(self.allowed_hosts or ["the name of this server"]))
            raise Refusal(400, f"Got Host: {hosts[0][:100]!r}. Expected {allowed}: allow others with --allowed-host.")
        if lengths and int(lengths[0]) > self.max_body:
            raise self.oversized()

    def oversized(self):
        return Refusal(413, f"The body has over {self.max_body:,} bytes. Expected less: ask for fewer samples per request.")

    def on_chunk_header(self):
        self.num_unfinished = 0

    def on_body(self, body):
        self.num_unfinished = 0
        self.num_body += len(body)
        if self.num_body > self.max_body:
            raise self.oversized()
        super().on_body(body)

    def on_message_complete(self):
        self.num_unfinished = 0
        self.timer.cancel()
        super().on_message_complete()

    def on_response_complete(self):
        super().on_response_complete()
        if self.is_refused:
            self.end()
        elif self.cycle.response_complete or self.cycle.more_body:  # there is no whole request in the pipeline
            self.timer.cancel()
            self.timer = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def eof_received(self):
        """Keeps the connection of a client that sends no more but waits for its answer."""
        if is_waiting := self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body:
            self.cycle.keep_alive = False
        return is_waiting or None

    def send_400_response(self, msg):
        """Is called by uvicorn for an error of the parser; one that a method above raised is its context."""
        error = sys.exception()
        refusal = error.__context__
        self.refuse(refusal if isinstance(refusal, Refusal) else Refusal(400, f"Malformed HTTP: {error}"))

    def refuse(self, refusal):
        """Ends the connection: nobody knows where its next request begins. The answers under way come first."""
        self.is_refused = True
        if self.cycle and not self.cycle.response_complete:
            if self.pipeline or not self.cycle.more_body:
                self.pipeline.clear()
                return  # `on_response_complete` ends the connection
            self.cycle.disconnected = True  # the body of this request is what is refused
            self.cycle.message_event.set()
        status, body = HTTPStatus(refusal.status), json.dumps({"error": str(refusal)}).encode()
        lines = [f"HTTP/1.1 {status.value} {status.phrase}", "Content-Type: application/json"]
        lines += [f"Content-Length: {len(body)}", "Connection: close", *["Retry-After: 1"] * (status == 503), "", ""]
        self.transport.write("\r\n".join(lines).encode() + body)
        self.end()

    def end(self):
        """Sends what is written and reads for a moment."""
        self.timer.cancel()
        self.timer = self.loop.call_later(DRAIN_SECONDS, self.transport.abort)
        self.flow.resume_reading()
        if not self.transport.is_closing():
            self.transport.write_eof()


class HTTPFront(uvicorn.Server):
    """The HTTP side of a server. `run` serves until `should_exit` is set, and then answers all requests that have arrived.

    Args:
        core: The `Core`.
        listener: Listening socket.
        host: The address it was bound to. One of this machine alone allows longer bodies, and only names of this machine
            as the Host of a request.
        allowed_hosts: Further names to allow. For other addresses all names are allowed if this is empty.
    """

    def __init__(self, core, listener, host, allowed_hosts=()):
        self.core, self.listener = core, listener
        self.threads = ThreadPoolExecutor(MAX_CONNECTIONS, thread_name_prefix="http")
        names, is_local = {name.lower() for name in allowed_hosts}, is_loopback(host)
        allowed = LOCAL_HOSTS | names | {host.lower()} if is_local or names else None
        self.max_body = MAX_LOCAL_BODY_BYTES if is_local else MAX_BODY_BYTES
        super().__init__(
            uvicorn.Config(
                self.answer,
                http=functools.partial(Protocol, allowed_hosts=allowed, max_body=self.max_body),
                interface="asgi3",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=REQUEST_SECONDS,
            )
        )

    def run(self):
        super().run([self.listener])
        self.threads.shutdown(wait=False)

    async def answer(self, scope, receive, send):
        """The ASGI application: reads the whole request and answers it in a thread."""
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        query = scope["query_string"].decode("latin-1")
        target = scope["raw_path"].decode("latin-1") + (query and f"?{query}")
        arguments = self.core, request.method, target, request.headers, body, self.max_body
        status, headers, body = await asyncio.get_running_loop().run_in_executor(self.threads, rest, *arguments)
        await Response(body, status, headers)(scope, receive, send)

    async def shutdown(self, sockets=None):
        """Closes the listener first and waits a moment: connections that were just accepted are then told to end too."""
        for server in self.servers:
            server.close()
        await asyncio.sleep(0.1)
        await super().shutdown(sockets)


def is_loopback(host):
    """Returns True if only this machine can reach an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
