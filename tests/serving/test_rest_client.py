"""The client over HTTP: kept, lost and slow connections, and answers that do not follow the API."""

import contextlib
import email.utils
import time

import fake_models
import pytest
from fake_models import serving_http

from gan_keras.serving.client import Client
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.http_client import Retries

QUICK = Retries(attempts=3, first=0.01)


class Raw(fake_models.RestHandler):
    """Answers each request with the next function of the server's `script`."""

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.connections.add(self.client_address)
        self.server.paths.append(self.path)
        self.server.script.pop(0)(self)

    do_POST = do_GET


STATUS_OF_TEXT = (
    b'{"model_version_status": [{"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}]}'
)


def answers(handler):
    handler.reply(200, {}, STATUS_OF_TEXT)


def answers_and_hangs_up(handler):
    answers(handler)
    handler.close_connection = True


def answers_half(handler):
    handler.reply(200, {"Content-Length": str(2 * len(STATUS_OF_TEXT))}, STATUS_OF_TEXT)
    handler.close_connection = True


def answers_with(status, headers, body):
    return lambda handler: handler.reply(status, headers, body)


def drips(handler):
    handler.reply(200, {"Content-Length": "1000"}, b"")
    for _ in range(100):
        time.sleep(0.05)
        with contextlib.suppress(OSError):
            handler.wfile.write(b" ")


@contextlib.contextmanager
def scripted(*script, **settings):
    with (
        serving_http(Raw, script=list(script), paths=[]) as server,
        Client(server.url + settings.pop("path", ""), retries=QUICK, **settings) as client,
    ):
        yield server, client


def test_it_keeps_its_connection():
    with scripted(*[answers] * 10) as (server, client):
        for _ in range(10):
            client.status("text")
        assert len(server.connections) == 1


def test_it_replaces_a_connection_that_the_server_closed_meanwhile_without_a_pause():
    with scripted(answers_and_hangs_up, answers) as (server, client):
        client.status("text")
        time.sleep(0.1)
        client._retries = Retries(attempts=1)
        assert client.status("text")[0].number == 1
        assert len(server.connections) == 2


def test_it_repeats_a_request_with_an_incomplete_answer():
    with scripted(answers_half, answers) as (_, client):
        assert client.status("text")[0].state == "AVAILABLE"


def test_it_times_out_on_an_answer_that_drips():
    started = time.monotonic()
    with scripted(drips, timeout=0.4) as (_, client), pytest.raises(ServingError) as caught:
        client.status("text")
    assert caught.value.code == Code.DEADLINE_EXCEEDED
    assert time.monotonic() - started < 6


def test_it_quotes_names_and_goes_below_the_path_of_the_url():
    with scripted(answers, path="/models-of-a/") as (server, client):
        client.status("a b/ü:c?")
        assert server.paths == ["/models-of-a/v1/models/a%20b%2F%C3%BC%3Ac%3F"]


def test_it_waits_until_a_date():
    date = email.utils.formatdate(time.time() + 2, usegmt=True)
    started = time.monotonic()
    with scripted(answers_with(503, {"Retry-After": date}, b"{}"), answers) as (_, client):
        client.status("text")
    assert time.monotonic() - started > 0.9  # dates have whole seconds


def test_it_recognises_an_answer_of_another_api_and_shows_the_page_of_a_proxy():
    bodies = [b"<html>", b"[]", b"{}", b'{"model_version_status": [{}]}']
    answers_of_others = [(200, body, Code.INTERNAL, "not follow TensorFlow Serv") for body in bodies]
    proxy = (502, b"<html>Bad gateway", Code.UNKNOWN, "HTTP status 502: <html>Bad gateway")
    for status, body, code, words in (*answers_of_others, proxy):
        with scripted(answers_with(status, {}, body)) as (_, client), pytest.raises(ServingError, match=words) as caught:
            client.status("text")
        assert caught.value.code == code, body


def test_tls_to_a_server_without_it_is_unavailable():
    with serving_http(Raw, script=[], paths=[]) as server:
        client = Client(server.url.replace("http:", "https:"), retries=Retries(attempts=1))
        with pytest.raises(ServingError) as caught:
            client.status("text")
    assert caught.value.code == Code.UNAVAILABLE
