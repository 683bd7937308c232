"""The server of the gRPC API of TensorFlow Serving."""

import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.protobuf.message import DecodeError

from gan_keras.serving.errors import BODY_SECONDS, MAX_MESSAGE_BYTES

try:
    import grpc
    from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

    pass
    from gan_keras.serving.grpc_services import ModelService, PredictionService
except ImportError as error:
    raise ImportError(
        "gRPC needs the packages grpcio and tensorflow-serving-api. Install them: pip install 'gan_keras[serving]'."
    ) from error


def make_server(core, host, port, num_threads=128, max_rpcs=256, body_seconds=BODY_SECONDS):
    """A gRPC server that is not started yet.

    Args:
        core: The `Core` to serve.
        host: Address to listen at.
        port: 0 takes a free one.
        num_threads: Requests that are worked on at the same time.
        max_rpcs: Those and the ones that wait for a thread; beyond, the answer is RESOURCE_EXHAUSTED.
        body_seconds: For a request to come; a call that takes longer is cancelled.

    Returns:
        A pair: the `grpc.Server`, and its port.

    Raises:
        OSError: If the port is not to be had.
    """
    options = [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),  # beyond, the answer is RESOURCE_EXHAUSTED
        ("grpc.max_send_message_length", -1),
        ("grpc.so_reuseport", 0),  # a second server on the port fails instead of taking every other connection
    ]
    threads = ThreadPoolExecutor(num_threads, thread_name_prefix="grpc")
    interceptors = [RequestReader(body_seconds)]
    server = grpc.server(threads, interceptors=interceptors, options=options, maximum_concurrent_rpcs=max_rpcs)
    add_services(server, core)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        return server, server.add_insecure_port(address)
    except RuntimeError as error:
        raise OSError(f"gRPC cannot listen at {address}. Expected an address of this machine and a free port.") from error


def add_services(server, core):
    """Adds `PredictionService` and `ModelService` to a `grpc.Server`."""
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionService(core), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(core), server)


# --- How the request of a gRPC call is taken: it has to come in time, and to be a message of its method.

LOOK_SECONDS = 0.5  # from one look at the calls that wait to the next


class RequestReader(grpc.ServerInterceptor):
    """Reads the one request of each call, cancels those whose request is late, and refuses what cannot be parsed.

    gRPC hands a thread to a call at its first bytes, and the thread of a method that takes one message then waits for
    it without a limit. So methods are run as ones that take a stream, which on the wire are the same, and their only
    message is waited for here, where it is known for how long. It is parsed here too: gRPC would log a traceback for
    each one that a client got wrong.

    Args:
        seconds: For the whole request to come.
    """

    def __init__(self, seconds):
        self.seconds, self.waiting, stopped = seconds, {}, threading.Event()
        weakref.finalize(self, stopped.set)
        threading.Thread(target=_look, args=[weakref.ref(self), stopped], name="grpc-requests", daemon=True).start()

    def intercept_service(self, continuation, handler_call_details):
        handler = continuation(handler_call_details)
        if handler is None:
            return None

        def answer(messages, context):
            return handler.unary_unary(self._read(handler.request_deserializer, messages, context), context)

        return grpc.stream_unary_rpc_method_handler(answer, None, handler.response_serializer)

    def _read(self, parse, messages, context):
        content = self._only(messages, context)
        if content is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "The method requires exactly one request message.")
        try:
            return parse(content)
        except DecodeError:
            return context.abort(grpc.StatusCode.INTERNAL, "The request cannot be parsed.")

    def _only(self, messages, context):
        self.waiting[context] = time.monotonic()
        try:
            return next(messages, None)
        finally:
            del self.waiting[context]

    def cancel_late(self):
        """Cancels the calls whose request has been waited for too long."""
        late = time.monotonic() - self.seconds
        for context, since in list(self.waiting.items()):
            if since < late:
                context.cancel()


def _look(reference, stopped):
    while not stopped.wait(LOOK_SECONDS):
        if (reader := reference()) is not None:
            reader.cancel_late()
        del reader
