"""Robustness of `rest`: decompression bombs, errors of the server, and arbitrary bytes."""

import gzip
import json
import logging
import random
import tracemalloc

from gan_keras.serving.errors import PREDICT_ONLY
from gan_keras.serving.rest.handler import rest

DOCUMENTED = {200, 400, 404, 429, 499, 500, 501, 503, 504}


class Broken:
    """A core that fails."""

    def version(self, *_):
        raise RuntimeError("a secret of /home/somebody")


def test_a_gzip_body_may_have_exactly_the_maximum_size_and_a_bomb_is_refused_without_unpacking_it(core):
    body, headers = b'{"instances": [1.0]}', {"Content-Encoding": "gzip"}
    for max_body, status in ((len(body), 200), (len(body) - 1, 400)):
        assert rest(core, "POST", "/v1/models/half:predict", headers, gzip.compress(body), max_body).status == status
    body = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    response = rest(core, "POST", "/v1/models/half:predict", headers, body, max_body=100_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert response.status == 400 and b"over 100,000 bytes" in response.body
    assert peak < 1_000_000


def test_an_internal_error_is_logged_and_hidden_from_the_client(caplog):
    with caplog.at_level(logging.ERROR):
        response = rest(Broken(), "POST", "/v1/models/half:predict", {}, b"{}")
    assert response.status == 500
    assert json.loads(response.body) == {"error": "Internal error."}
    assert "a secret" in caplog.text


def test_classify_and_regress_are_not_implemented_whatever_the_model_and_the_body(core):
    for path, body in (("half:classify", b'{"examples": [{"x": 2.0}]}'), ("nobody/versions/7:regress", b"")):
        response = rest(core, "POST", f"/v1/models/{path}", {}, body)
        assert (response.status, json.loads(response.body)) == (501, {"error": PREDICT_ONLY})


def test_metrics_are_text(core):
    rest(core, "POST", "/v1/models/half:predict", {}, b'{"instances": [1.0]}')
    response = rest(core, "GET", "/monitoring/prometheus/metrics", {}, b"")
    assert response.status == 200 and response.headers == {"Content-Type": "text/plain"}
    assert b':tensorflow:serving:request_count{model_name="half",status="OK"}' in response.body


def test_any_request_has_a_documented_answer(core):
    source = random.Random(0)
    body = (
        b'{"signature_name": "float", "instances": [{"x": 1.5}, [2, NaN], "a\\u00e9", {"b64": "aGk="}, null, true], "inputs": {}}'
    )
    for _ in range(300):
        mutated = bytearray(body)
        for _ in range(source.randrange(6)):
            place = source.randrange(len(mutated))
            mutated[place : place + source.randrange(3)] = source.choice(
                [b"", b"[", b"]", b'"', b"\xff", b"{", b"1e9", b",", b"\0"]
            )
        method, verb = source.choice(["POST", "POST", "GET", "PUT"]), source.choice(["predict", "classify", "regress"])
        target = f"/v1/models/{source.choice(['dtypes', 'half', 'several', 'x%00', '%ff', '..'])}:{verb}"
        response = rest(core, method, target, {}, bytes(mutated))
        assert response.status in DOCUMENTED - {500}, (target, bytes(mutated), response)
