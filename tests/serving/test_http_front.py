"""The HTTP front through real sockets: malformed requests, limits, clients that misbehave, and a stop under load."""

import concurrent.futures
import contextlib
import http.client
import json
import socket
import threading
import time

import psutil
import pytest

from gan_keras import startup
from gan_keras.serving import http_front
from gan_keras.serving.errors import MAX_BODY_BYTES, MAX_LOCAL_BODY_BYTES, Code, ServingError


class Answers:
    """A core that answers a status after `delay` seconds and knows no version."""

    delay, num_asked = 0.0, 0

    def statuses(self, name, number=None):
        self.num_asked += 1
        time.sleep(self.delay)
        return []

    def version(self, name, number, label):
        self.num_asked += 1
        raise ServingError(Code.NOT_FOUND, "no version")


@contextlib.contextmanager
def serving(core=None, host="127.0.0.1", allowed_hosts=()):
    """Runs a front; gives it."""
    front = http_front.HTTPFront(core or Answers(), startup.listener("REST", "127.0.0.1", 0), host, allowed_hosts)
    front.port = front.listener.getsockname()[1]
    thread = threading.Thread(target=front.run)
    thread.start()
    try:
        yield front
    finally:
        front.config.timeout_graceful_shutdown = 10
        front.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def front():
    with serving() as front:
        yield front


def connect(front):
    return socket.create_connection(("127.0.0.1", front.port), 20)


def exchange(front, raw):
    """Sends bytes and returns the answers, a list of (status, body), once the server has closed the connection."""
    with connect(front) as connection:
        connection.sendall(raw)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    answers = []
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        length = next(int(line[16:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: "))
        answers.append((int(head.split()[1]), received[:length]))
        received = received[length:]
    return answers


STATUS = b"GET /v1/models/m HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = STATUS.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
POST = b"POST /v1/models/m:predict HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
LONG = b"b" * 80_000
MALFORMED = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a method alone": b"GET\r\n\r\n",
    "a version that does not exist": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "a version of another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "a blank in the target": b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a control byte in the target": b"GET /\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "lines that end with LF": STATUS.replace(b"\r\n", b"\n"),
    "one line that ends with LF": POST + b"A: b\nContent-Length: 0\r\n\r\n",
    "CR in a value": POST + b"A: b\rContent-Length: 0\r\n\r\n",
    "a line without a colon": POST + b"Content-Length\r\n\r\n",
    "a blank before the colon": POST + b"Content-Length : 2\r\n\r\n{}",
    "a control byte in a name": POST + b"A\x01: b\r\n\r\n",
    "a control byte in a value": POST + b"A: \x00\r\n\r\n",
    "a line without a name": POST + b": b\r\n\r\n",
    "a folded line": POST + b"A: b\r\n c\r\n\r\n",
    "a folded first line": b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n",
    "a length and chunks": CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "the same length twice": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": POST + b"Content-Length: 2, 2\r\n\r\n{}",
    "a length with a sign": POST + b"Content-Length: +2\r\n\r\n{}",
    "a length of two numbers": POST + b"Content-Length: 1 2\r\n\r\n{}",
    "a length beyond 64 bits": POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "another coding": POST + b"Transfer-Encoding: gzip\r\n\r\n",
    "a coding before chunks": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunks twice": CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP 1.0": CHUNKED.replace(b"1.1", b"1.0") + b"\r\n0\r\n\r\n",
    "a blank before a chunk's size": CHUNKED + b"\r\n 2\r\n{}\r\n0\r\n\r\n",
    "a blank after a chunk's size": CHUNKED + b"\r\n2 \r\n{}\r\n0\r\n\r\n",
    "a chunk's size with a prefix": CHUNKED + b"\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk's size beyond 64 bits": CHUNKED + b"\r\n" + b"f" * 17 + b"\r\n",
    "a chunk without a size": CHUNKED + b"\r\n\r\n",
    "a chunk's line that ends with LF": CHUNKED + b"\r\n2\n{}\r\n0\r\n\r\n",
    "a chunk that ends with LF": CHUNKED + b"\r\n2\r\n{}\n0\r\n\r\n",
    "a chunk that is longer than its size": CHUNKED + b"\r\n1\r\n{}\r\n0\r\n\r\n",
    "a trailer without a colon": CHUNKED + b"\r\n0\r\nA b\r\n\r\n",
    "a length in a trailer": CHUNKED + b"\r\n0\r\nContent-Length: 5\r\n\r\n",
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": STATUS.replace(b"Host", b"Host: localhost\r\nHost"),
    "a Host of somebody else": STATUS.replace(b"localhost", b"evil.example:8501"),
    "a Host that ends with a known one": STATUS.replace(b"localhost", b"evil.localhost"),
    "a Host with a user": STATUS.replace(b"localhost", b"localhost@evil.example"),
    "an empty Host": STATUS.replace(b"localhost", b""),
    "a tunnel": b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "another protocol": POST + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}",
}
OVERSIZED = {
    "a target": (431, b"GET /" + LONG + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "a value": (431, POST + b"A: " + LONG + b"\r\n\r\n"),
    "a name": (431, POST + LONG + b": a\r\n\r\n"),
    "many lines": (431, POST + b"A: b\r\n" * 20_000 + b"\r\n"),
    "the line of a chunk": (431, CHUNKED + b"\r\n2;a=" + LONG + b"\r\n{}\r\n0\r\n\r\n"),
    "zeros before a chunk's size": (431, CHUNKED + b"\r\n" + b"0" * 80_000 + b"2\r\n{}\r\n0\r\n\r\n"),
    "a trailer": (431, CHUNKED + b"\r\n0\r\nA: " + LONG + b"\r\n\r\n"),
    "a body": (413, POST + b"Content-Length: %d\r\n\r\n" % (MAX_LOCAL_BODY_BYTES + 1)),
}


@pytest.mark.parametrize("name", [*MALFORMED, *OVERSIZED])
def test_a_malformed_or_oversized_request_is_refused_and_nothing_behind_it_is_run(front, name):
    expected, raw = OVERSIZED[name] if name in OVERSIZED else (400, MALFORMED[name])
    before = front.core.num_asked
    [(status, body)] = exchange(front, raw + STATUS)
    assert status == expected and json.loads(body)["error"] and front.core.num_asked == before


TAKEN = {
    "a blank after a length": POST + b"Content-Length: 2 \r\n\r\n{}",
    "a length in tabs": POST + b"Content-Length:\t2\t\r\n\r\n{}",
    "chunks with extensions and a trailer": CHUNKED + b'\r\n1;a=b;c="d"\r\n{\r\n1\r\n}\r\n0\r\nA: b\r\n\r\n',
    "a value beyond ASCII": POST + b"A: \xe9\r\nContent-Length: 2\r\n\r\n{}",
    "a target with a host": STATUS.replace(b"/v1", b"http://somewhere/v1"),
    "a Host with a port": STATUS.replace(b"localhost", b"[::1]:8501"),
    "a Host in capitals": STATUS.replace(b"localhost", b"LOCALHOST"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_legal_request_is_answered_and_its_connection_kept(front, name):
    (status, body), (last, _) = exchange(front, TAKEN[name] + LAST)
    assert last == 200 and (status == 200 or b"no version" in body)  # a body other than {} would be refused earlier


def test_a_client_may_close_its_half_and_still_gets_its_answer(front):
    with connect(front) as connection:
        connection.sendall(STATUS)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


def test_the_answers_under_way_come_before_a_refusal_ends_the_connection(front, monkeypatch):
    monkeypatch.setattr(front.core, "delay", 0.2)
    assert [status for status, _ in exchange(front, STATUS + MALFORMED["a blank before the colon"])] == [200]
    assert [status for status, _ in exchange(front, STATUS + MALFORMED["a chunk without a size"])] == [200]


def test_the_hosts_that_are_allowed_depend_on_the_address():
    for host, names, allowed, refused in (
        ("127.0.0.1", ["My.Lan"], "my.lan", "evil.example"),
        ("0.0.0.0", ["my.lan"], "my.lan", "evil.example"),
        ("0.0.0.0", [], "evil.example", "a b"),
    ):
        with serving(host=host, allowed_hosts=names) as front:
            assert exchange(front, LAST.replace(b"localhost", allowed.encode()))[0][0] == 200
            status, body = exchange(front, LAST.replace(b"localhost", refused.encode()))[0]
            assert status == 400 and b"--allowed-host" in body


def test_a_body_in_chunks_has_a_limit_too():
    with serving(host="0.0.0.0") as front:
        raw = CHUNKED + b"\r\n" + (b"10000\r\n" + b" " * 2**16 + b"\r\n") * (MAX_BODY_BYTES // 2**16 + 1) + b"0\r\n\r\n"
        [(status, body)] = exchange(front, raw)
    assert status == 413 and b"over 4,194,304 bytes" in body


def test_heads_without_an_end_take_no_memory(front):
    before, connections = psutil.Process().memory_info().rss, [connect(front) for _ in range(60)]
    for connection in connections:
        with contextlib.suppress(ConnectionError):
            connection.sendall(STATUS[:-2] + b"A: " + b"b" * 1_000_000)
        assert connection.recv(100).startswith(b"HTTP/1.1 431 ")
        connection.close()
    assert psutil.Process().memory_info().rss - before < 50e6


@pytest.mark.parametrize("start", [b"", STATUS[:-2], POST + b"Content-Length: 9\r\n\r\n", STATUS])
def test_a_client_that_sends_too_slowly_is_cut_off(monkeypatch, start):
    monkeypatch.setattr(http_front, "REQUEST_SECONDS", 0.3)
    with serving() as front, connect(front) as connection:
        connection.sendall(start)
        started = time.monotonic()
        with contextlib.suppress(ConnectionError):
            for byte in STATUS:
                connection.sendall(bytes([byte]))
                time.sleep(0.05)
        with contextlib.suppress(ConnectionError):
            while connection.recv(1000):
                pass
        assert time.monotonic() - started < 10.0


def test_a_connection_beyond_the_maximum_is_told_to_retry(monkeypatch):
    monkeypatch.setattr(http_front, "MAX_CONNECTIONS", 2)
    with serving() as front:
        kept = [http.client.HTTPConnection("127.0.0.1", front.port, timeout=20) for _ in range(3)]
        for connection, expected in zip(kept, (200, 200, 503), strict=True):
            connection.request("GET", "/v1/models/m")
            response = connection.getresponse()
            assert (response.status, response.getheader("Retry-After")) == (expected, None if expected == 200 else "1")
            assert response.read()
        connection.close()
        kept[0].close()
        until_answered = time.monotonic() + 20
        while exchange(front, LAST)[0][0] != 200:
            assert time.monotonic() < until_answered


def test_a_stop_answers_what_has_arrived_and_closes_what_comes_later():
    core, answers, ends = Answers(), [], []

    def ask(front):
        connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=20)
        while True:
            try:
                connection.request("GET", "/v1/models/m")
                answers.append((response := connection.getresponse()).status)
                response.read()
            except (OSError, http.client.HTTPException) as error:
                return ends.append(error)

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        with serving(core) as front:
            idle = connect(front)
            for _ in range(8):
                threads.submit(ask, front)
            while len(answers) < 50:
                time.sleep(0.01)
            core.delay = 0.5
            started = time.monotonic()
        assert time.monotonic() - started < 8.0
    assert set(answers) == {200} and len(answers) >= core.num_asked and idle.recv(1) == b""
    assert all(isinstance(error, ConnectionError | http.client.RemoteDisconnected) for error in ends)
