"""The server of the gRPC API of TensorFlow Serving."""

from concurrent.futures import ThreadPoolExecutor

from gan_keras.serving.limits import BODY_SECONDS, MAX_MESSAGE_BYTES

try:
    import grpc
    from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

    from gan_keras.serving.grpc_requests import RequestReader
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
