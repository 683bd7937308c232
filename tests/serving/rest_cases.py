"""Answers of TensorFlow Serving's REST API: one case per request, each with the place in its sources that proves it.

`source` is a line of a file below `tensorflow_serving/` of `tensorflow/serving` (July 2026) or, after the name of another
repository, of that one: `Tencent/rapidjson` v1.1.0, `abseil/abseil-cpp` (August 2026). The models are those of `fixture_models`.
"""

import dataclasses
import json
import re
from typing import Any

MODELS = "/v1/models/"


@dataclasses.dataclass(frozen=True)
class Case:
    """A request (method, target, headers, body) and its answer; `check` is called with the body and asserts."""

    name: str
    source: str
    request: tuple
    status: int
    check: Any
    content_type: str | None = "application/json"


def post(path, body, **headers):
    """A POST below `/v1/models/`; a body that is neither bytes nor a string is written as JSON."""
    if not isinstance(body, str | bytes):
        body = json.dumps(body)
    return "POST", MODELS + path, headers, body if isinstance(body, bytes) else body.encode()


def predict(model, body, signature=None):
    """A predict request; `body` is a dict or the text of one."""
    if signature is not None:
        body = {"signature_name": signature, **body}
    return post(f"{model}:predict", body)


def get(path):
    """A GET below `/v1/models/`."""
    return "GET", MODELS + path, {}, b""


def exactly(expected):
    """Expects the body to be these bytes."""

    def check(body):
        assert body == expected

    return check


def same_json(expected):
    """Expects the body to be JSON of this value, in which 1 is not 1.0, and NaN is NaN."""

    def check(body):
        assert json.dumps(json.loads(body), sort_keys=True) == json.dumps(expected, sort_keys=True)

    return check


def rows(text):
    """Expects predictions with these rows, in JSON without the brackets around them."""
    return same_json({"predictions": json.loads(f"[{text}]")})


def refused(name, line, request, pattern):
    """A request that `json_tensor.cc` refuses in this line, with a message that matches a regular expression."""
    return Case(name, f"util/json_tensor.cc:{line}", request, 400, error_like(pattern))


def error(text):
    """Expects an error with exactly this text."""
    return same_json({"error": text})


def error_like(pattern):
    """Expects an error that matches a regular expression."""

    def check(body):
        (name, message), *others = json.loads(body).items()
        assert name == "error" and not others and re.search(pattern, message)

    return check


def json_with(pattern):
    """Expects JSON whose text matches a regular expression."""

    def check(body):
        json.loads(body)
        assert re.search(pattern, body.decode())

    return check
