"""How the request of a gRPC call is taken: it has to come in time, and to be a message of its method."""

import threading
import time
import weakref

import grpc
from google.protobuf.message import DecodeError

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
