"""Models and a server for the tests of the client: TensorFlow Serving's answers over REST and gRPC.

It uses the protocol's own messages and shares no code with the client.
"""

import base64
import contextlib
import json
import re
import socket
import sys
import threading
import time
import urllib.parse
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)


def text_of(array):
    return [value.decode() for value in array]


def write(seed, prompt, temperature, top_p):
    rows = zip(text_of(prompt), seed, temperature, top_p, strict=True)
    return {"text": [f"{prompt}{seed} t={temperature:g} p={top_p:g}" for prompt, seed, temperature, top_p in rows]}


def images(values):
    return {"image": np.float32(values).reshape(-1, 1, 1, 1) / np.float32(7) * np.ones((1, 2, 2, 1), np.float32)}


CHOICES = {"seed": tf.int64, "prompt": tf.string, "temperature": tf.float32, "top_p": tf.float32}
MODELS = {
    "text": {
        "serving_default": ({"seed": tf.int64}, {"text": tf.string}, lambda seed: {"text": [f"line {n} é" for n in seed]}),
        "generate": (CHOICES, {"text": tf.string}, write),
        "score": ({"text": tf.string}, {"score": tf.float32}, lambda text: {"score": [len(each) / 3 for each in text]}),
        "__saved_model_init_op": ({}, {"__saved_model_init_op": tf.int32}, None),
    },
    "digits": {
        "serving_default": ({"seed": tf.int64}, {"image": (tf.float32, 2, 2, 1)}, lambda seed: images(seed)),
        "generate": ({"seed": tf.int64, "label": tf.int32}, {"image": (tf.float32, 2, 2, 1)}, lambda seed, label: images(label)),
        "encoded": (
            {"seed": tf.int64, "label": tf.int32},
            {"png_bytes": tf.string},
            lambda seed, label: {"png_bytes": [b"\x89PNG\xff%d of %d" % pair for pair in zip(seed, label, strict=True)]},
        ),
        "latents": ({"latents": (tf.float32, 3)}, {"image": (tf.float32, 2, 2, 1)}, lambda latents: images(latents.sum(axis=1))),
    },
    "wine": {
        "serving_default": (
            {"seed": tf.int64},
            {"alcohol": tf.float32, "grape": tf.string},
            lambda seed: {"alcohol": np.float32([np.nan if n == 0 else np.inf for n in seed]), "grape": ["Pinot"] * len(seed)},
        )
    },
}


def signature_def(inputs, outputs):
    signature = meta_graph_pb2.SignatureDef(method_name="tensorflow/serving/predict")
    for infos, specs in ((signature.inputs, inputs), (signature.outputs, outputs)):
        for name, spec in specs.items():
            dtype, *dims = spec if isinstance(spec, tuple) else (spec,)
            infos[name].name, infos[name].dtype = f"{name}:0", dtype.as_datatype_enum
            infos[name].tensor_shape.CopyFrom(tf.TensorShape([None, *dims]).as_proto())
    return signature


class Refusal(Exception):
    """An error answer: a gRPC code, a message, and seconds to wait."""

    def __init__(self, code, message, seconds=None):
        super().__init__(message)
        self.code, self.message, self.seconds = code, message, seconds


class FakeModels:
    """The models that both protocols serve.

    Attributes:
        calls: `(model, version, signature, number of rows)` of each predict request.
        failures: `Refusal`s for the next requests.
        delay: Seconds that an answer takes.
    """

    def __init__(self):
        self.models, self.calls, self.failures, self.delay = {**MODELS}, [], [], 0.0

    def enter(self, name):
        time.sleep(self.delay)
        if self.failures:
            raise self.failures.pop(0)
        if name not in self.models:
            raise Refusal(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Latest({name})")
        return self.models[name]

    def predict(self, name, version, signature_name, read):
        """Runs a signature on `read(specs)`; returns its specs of outputs and arrays."""
        inputs, outputs, function = self.enter(name)[signature_name]
        arrays = read(inputs)
        if set(arrays) != set(inputs):
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, f"input size does not match signature: {len(arrays)}!={len(inputs)}")
        self.calls.append((name, version, signature_name, len(next(iter(arrays.values())))))
        return outputs, {key: np.asarray(array) for key, array in function(**arrays).items()}

    def signatures(self, name):
        found = get_model_metadata_pb2.SignatureDefMap()
        for key, (inputs, outputs, _) in self.enter(name).items():
            found.signature_def[key].CopyFrom(signature_def(inputs, outputs))
        return found

    def status(self, name):
        if name not in self.models:
            raise Refusal(grpc.StatusCode.NOT_FOUND, f"Could not find any versions of model {name}")
        answer = get_model_status_pb2.GetModelStatusResponse()
        answer.model_version_status.add(version=3, state="AVAILABLE").status.error_code = 0
        answer.model_version_status.add(version=2, state="END").status.error_code = 15
        answer.model_version_status[1].status.error_message = "damaged"
        return answer


STATUS = {"INVALID_ARGUMENT": 400, "NOT_FOUND": 404, "RESOURCE_EXHAUSTED": 429, "UNAVAILABLE": 503, "INTERNAL": 500}
PATH = re.compile(r"/v1/models/([^/:]+)(?:/(?:versions|labels)/([^/:]+))?(:predict|/metadata)?")


def from_json(value, spec):
    dtype = spec[0] if isinstance(spec, tuple) else spec
    if dtype != tf.string:
        return np.array(value, dtype.as_numpy_dtype)
    return np.array([base64.b64decode(each["b64"]) if isinstance(each, dict) else each.encode() for each in value], object)


def to_json(name, array):
    if name.endswith("_bytes"):
        return [{"b64": base64.b64encode(each).decode()} for each in array]
    return array.tolist()


def as_dict(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def rest_answer(models, path, body):
    name, version, kind = PATH.fullmatch(path).groups()
    name = urllib.parse.unquote(name)
    if kind == "/metadata":
        spec = {"name": name, "signature_name": "", "version": "3"}
        return {"model_spec": spec, "metadata": {"signature_def": as_dict(models.signatures(name))}}
    if kind is None:
        return as_dict(models.status(name))
    request = json.loads(body)

    def read(specs):
        return {key: from_json(value, specs[key]) for key, value in request["inputs"].items()}

    outputs, arrays = models.predict(name, version, request["signature_name"], read)
    columns = {key: to_json(key, arrays[key]) for key in outputs}
    return {"outputs": columns if len(columns) > 1 else next(iter(columns.values()))}


class RestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.connections.add(self.client_address)
        status, headers = 200, {}
        try:
            answer = rest_answer(self.server.models, self.path, body)
        except Refusal as refusal:
            status, answer = STATUS[refusal.code.name], {"error": refusal.message}
            headers = {} if refusal.seconds is None else {"Retry-After": str(refusal.seconds)}
        self.reply(status, headers, json.dumps(answer, indent=4).encode())

    def reply(self, status, headers, body):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class HttpServer(ThreadingHTTPServer):
    """An HTTP server that disconnects its clients when it is closed, as the end of a process does."""

    daemon_threads = True

    def process_request(self, request, client_address):
        self.sockets = [*getattr(self, "sockets", []), request]
        super().process_request(request, client_address)

    def server_close(self):
        super().server_close()
        for connection in getattr(self, "sockets", []):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):  # a client may leave
            super().handle_error(request, client_address)


@contextlib.contextmanager
def serving_http(handler, port=0, **attributes):
    """Runs an HTTP server; gives it, with `url` set."""
    server = HttpServer(("127.0.0.1", port), handler)
    server.connections, server.url = set(), f"http://127.0.0.1:{server.server_port}"
    for name, value in attributes.items():
        setattr(server, name, value)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def serving_rest(models, port=0):
    """Serves `FakeModels` over REST; gives the URL."""
    with serving_http(RestHandler, port, models=models) as server:
        yield server.url


def refusing(method):
    def answer(self, request, context):
        try:
            return method(self, request)
        except Refusal as refusal:
            if refusal.seconds is not None:
                context.set_trailing_metadata([("grpc-retry-pushback-ms", str(round(1000 * refusal.seconds)))])
            return context.abort(refusal.code, refusal.message)

    return answer


def version_of(spec):
    return spec.version_label or (str(spec.version.value) if spec.HasField("version") else None)


class Services(prediction_service_pb2_grpc.PredictionServiceServicer, model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, models):
        self.models = models

    @refusing
    def Predict(self, request):
        def read(_):
            return {key: tf.make_ndarray(tensor) for key, tensor in request.inputs.items()}

        spec = request.model_spec
        specs, arrays = self.models.predict(spec.name, version_of(spec), spec.signature_name, read)
        answer = predict_pb2.PredictResponse()
        for key, output in specs.items():
            dtype = output[0] if isinstance(output, tuple) else output
            answer.outputs[key].CopyFrom(tf.make_tensor_proto(arrays[key], dtype))
        return answer

    @refusing
    def GetModelMetadata(self, request):
        answer = get_model_metadata_pb2.GetModelMetadataResponse()
        answer.model_spec.version.value = 3
        answer.metadata["signature_def"].Pack(self.models.signatures(request.model_spec.name))
        return answer

    @refusing
    def GetModelStatus(self, request):
        return self.models.status(request.model_spec.name)


@contextlib.contextmanager
def serving_grpc(models, port=0):
    """Serves `FakeModels` over gRPC; gives the URL."""
    options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 2**24)]
    server = grpc.server(futures.ThreadPoolExecutor(8), options=options)
    services = Services(models)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(services, server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(services, server)
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield f"grpc://127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
