"""Targets, methods and headers: which request is which, and which is invalid."""

import gzip
import re

from rest_cases import Case, error, error_like, exactly, post, rows

HANDLER, PATHS = "model_servers/http_rest_api_handler.cc", "model_servers/http_rest_api_util.cc"
HANDLER_TEST, FRONT = "model_servers/http_rest_api_handler_test.cc", "model_servers/http_server.cc"
EVHTTP = "util/net_http/server/internal/evhttp_"
ONE = '{"instances": [1.0]}'


def malformed(name, source, method, target):
    return Case(name, source, (method, target, {}, ONE.encode()), 400, error(f"Malformed request: {method} {target}"))


def request(method, target, body=b"", **headers):
    return method, target, headers, body


def zipped(body, **headers):
    return post("half:predict", body, **{"Content-Encoding": "gzip", **headers})


def not_found(name, line, model, decoded=None):
    message = f"Servable not found for request: Latest({decoded or model})"
    return Case(name, f"{PATHS}:{line}", post(f"{model}:predict", ONE), 404, error(message))


def nothing(name, method, target):
    message = error_like(f"There is nothing at {re.escape(target)}. Expected /v1/models/")
    return Case(name, "model_servers/http_rest_api_util.h:33", request(method, target), 404, message)


def ignored_body(name, request):
    return Case(name, f"{EVHTTP}request.cc:256", request, 400, error_like("The body is empty"))


AVAILABLE = {"state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
STATUSES = {"model_version_status": [{"version": "2", **AVAILABLE}, {"version": "1", **AVAILABLE}]}

TARGETS = [
    malformed("a path without a model", f"{HANDLER_TEST}:183", "GET", "/v1/foo"),
    malformed("a path without a model, with a body", f"{HANDLER_TEST}:188", "POST", "/v1/foo"),
    Case("a status without a name", f"{HANDLER}:188", request("GET", "/v1/models"), 400, error("Missing model name in request.")),
    Case("metadata without a name", f"{HANDLER}:210", request("GET", "/v1/models/versions/1/metadata"), 400,
        error("Missing model name in request.")),
    malformed("a name of two parts", f"{HANDLER_TEST}:197", "GET", "/v1/models/debug/model_name"),
    malformed("a POST to the list of models", f"{HANDLER_TEST}:202", "POST", "/v1/models"),
    malformed("a GET that predicts", f"{HANDLER_TEST}:207", "GET", "/v1/models/foo:predict"),
    malformed("version instead of versions, GET", f"{HANDLER_TEST}:212", "GET", "/v1/models/foo/version/50:predict"),
    malformed("version instead of versions, POST", f"{HANDLER_TEST}:217", "POST", "/v1/models/foo/version/50:regress"),
    malformed("a version that is no number", f"{HANDLER_TEST}:223", "POST", "/v1/models/foo/versions/HELLO:regress"),
    malformed("a POST of metadata", f"{HANDLER_TEST}:236", "POST", "/v1/models/foo/metadata"),
    malformed("label instead of labels", f"{HANDLER_TEST}:242", "POST", "/v1/models/foo/label/some_label:regress"),
    malformed("a version and a label", f"{HANDLER_TEST}:247", "POST", "/v1/models/foo/versions/50/labels/some_label:regress"),
    malformed("an unknown verb", f"{PATHS}:31", "POST", "/v1/models/half:generate"),
    malformed("no verb", f"{PATHS}:31", "POST", "/v1/models/half"),
    malformed("a verb in capitals matches, but is not the verb", f"{HANDLER}:93", "POST", "/v1/models/half:PREDICT"),
    malformed("a slash at the end", f"{PATHS}:33", "GET", "/v1/models/half/"),
    malformed("a question mark behind the verb", f"{PATHS}:102", "POST", "/v1/models/half:predict?x=1"),
    malformed("a PUT", f"{HANDLER}:74", "PUT", "/v1/models/half:predict"),
    malformed("a DELETE", f"{HANDLER}:74", "DELETE", "/v1/models/half"),
    malformed("a HEAD", f"{HANDLER}:74", "HEAD", "/v1/models/half"),
    malformed("a PATCH", f"{HANDLER}:74", "PATCH", "/v1/models/half"),
    Case("a version beyond 64 bits", f"{HANDLER_TEST}:228", post("foo/versions/18446744073709551615:regress", ""), 400,
        error("Failed to convert version: 18446744073709551615 to numeric.")),
    Case("the path in any case", f"{PATHS}:31", request("POST", "/V1/MODELS/half/VERSIONS/1:predict", ONE.encode()), 200,
        rows("2.5")),
    not_found("a query is part of the name", 31, "half?x=1"),
    Case("a name is decoded after it is found", f"{PATHS}:78", post("h%61lf/labels/st%61ble:predict", ONE), 200, rows("2.5")),
    not_found("a decoded slash is part of the name", 78, "a%2Fb", "a/b"),
    not_found("dots lead nowhere", 78, "..%2F..%2Fetc", "../../etc"),
    Case("a version with zeros in front", f"{PATHS}:117", post("half/versions/0002:predict", ONE), 200, rows("3.5")),
    nothing("another path", "GET", "/index"),
    nothing("the version of the API alone", "GET", "/v1"),
]  # fmt: skip

OTHERS = [
    Case("OPTIONS with an origin", f"{FRONT}:172", request("OPTIONS", "/v1/models/half", Origin="https://page"), 200,
        exactly(b""), None),
    malformed("OPTIONS without an origin", f"{FRONT}:175", "OPTIONS", "/v1/models/half"),
    nothing("OPTIONS elsewhere", "OPTIONS", "*"),
    Case("a body in gzip", f"{EVHTTP}request.cc:265", zipped(gzip.compress(b'{"instances": [2.0]}')), 200, rows("4.0")),
    ignored_body("a body that claims to be gzip and is not", zipped(ONE)),
    ignored_body("a body in gzip that ends early", zipped(gzip.compress(ONE.encode())[:-9])),
    Case("a query at the metrics", f"{FRONT}:97", request("GET", "/monitoring/prometheus/metrics?x"), 400,
        error_like("There is nothing at /monitoring/prometheus/metrics[?]x")),
]  # fmt: skip

CASES = TARGETS + OTHERS
