"""Speed of `gan-keras serve`, compared with the same SavedModel in process (the limit) and a plain FastAPI app.

Run: `python benchmarks/serving.py load [--seconds 4] [--rounds 3]` and `python benchmarks/serving.py one`. Both print the
rows of a table. Servers are separate processes on the same cores as the clients, as the table says.
"""

import argparse
import contextlib
import http.client
import itertools
import json
import pathlib
import socket
import statistics
import subprocess
import sys
import threading
import time

FOLDER = pathlib.Path(__file__).parents[1] / "saved_models"
CONNECTIONS = (1, 16, 64)


class Rest:
    """Requests over one connection, to `gan-keras serve` or the app."""

    def __init__(self, port, path, body):
        self.connection, self.path, self.body = http.client.HTTPConnection("127.0.0.1", port, timeout=60), path, body
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __call__(self, seed):
        self.connection.request("POST", self.path, self.body(seed), {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise RuntimeError(f"{response.status}: {content[:200]}")


class Grpc:
    """Requests over one channel."""

    def __init__(self, port, model):
        import grpc
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

        channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)])
        self.stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        self.request = predict_pb2.PredictRequest()
        self.request.model_spec.name = model
        self.request.inputs["seed"].CopyFrom(tf.make_tensor_proto([0], tf.int64))

    def __call__(self, seed):
        self.request.inputs["seed"].int64_val[0] = seed
        self.stub.Predict(self.request, timeout=60)


def in_process(model):
    """The SavedModel called by this process, as the limit."""
    import tensorflow as tf
    import tensorflow_text  # noqa: F401

    path = max((child for child in (FOLDER / model).iterdir() if child.name.isdecimal()), key=lambda child: int(child.name))
    signature = tf.saved_model.load(str(path)).signatures["serving_default"]

    def call(seed):
        for output in signature(seed=tf.constant([seed], tf.int64)).values():
            output.numpy()

    return call


def row_body(seed):
    return json.dumps({"instances": [seed]})


def app_body(seed):
    return json.dumps({"seed": [seed]})


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextlib.contextmanager
def running(command, port):
    """Runs a server as a process, once its port answers."""
    process = subprocess.Popen([sys.executable, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait()


def wait_for(port, process):
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            if connection.recv(1):
                return
        if process.poll() is not None:
            raise RuntimeError("The server ended before it answered.")
        time.sleep(0.2)
    raise RuntimeError("The server did not answer within two minutes.")


def serve_command(port, grpc_port, *options):
    return ["-m", "gan_keras", "serve", FOLDER, "--port", port, "--grpc-port", grpc_port, *options]


def load(make_call, connections, seconds):
    """Returns requests per second, and p50 and p99 in milliseconds, of clients that send requests without a pause."""
    calls = [make_call() for _ in range(connections)]
    seeds, times, stop = itertools.count(), [], time.monotonic() + seconds
    for call in calls:
        call(next(seeds))

    def run(call):
        while (started := time.monotonic()) < stop:
            call(next(seeds))
            times.append(time.monotonic() - started)

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.monotonic() - started
    ordered = sorted(times)
    return len(times) / elapsed, 1000 * statistics.median(times), 1000 * ordered[int(0.99 * len(ordered))]


def measure_load(arguments):
    ports = {name: (free_port(), free_port()) for name in ("batching on", "batching off", "FastAPI")}
    with contextlib.ExitStack() as stack:
        for name, options in (("batching on", ()), ("batching off", ("--max-batch-rows", 1))):
            stack.enter_context(running(serve_command(*ports[name], *options), ports[name][0]))
        app = [pathlib.Path(__file__).with_name("serving_app.py"), FOLDER, ports["FastAPI"][0]]
        stack.enter_context(running(app, ports["FastAPI"][0]))
        print("| model | what | connections | requests a second | p50, ms | p99, ms |\n|---|---|---|---|---|---|")
        for model in arguments.models:
            for connections in CONNECTIONS:
                print_rows(model, connections, makers(model, ports), arguments)


def makers(model, ports):
    """Returns functions that create clients, by the name of their row."""
    target = f"/v1/models/{model}:predict"
    limit = in_process(model)
    found = {"in process": lambda: limit, "FastAPI": lambda: Rest(ports["FastAPI"][0], f"/{model}", app_body)}
    for name in ("batching on", "batching off"):
        port, grpc_port = ports[name]
        found[f"REST, {name}"] = lambda port=port: Rest(port, target, row_body)
        found[f"gRPC, {name}"] = lambda grpc_port=grpc_port: Grpc(grpc_port, model)
    return found


def print_rows(model, connections, makers, arguments):
    """Measures in turns, so that changes of the machine's speed affect all rows; each figure is the median of its rounds."""
    figures = {name: [] for name in makers}
    for _ in range(arguments.rounds):
        for name, make_call in makers.items():
            figures[name].append(load(make_call, connections, arguments.seconds))
    for name, rounds in figures.items():
        rate, middle, slow = (statistics.median(values) for values in zip(*rounds, strict=True))
        print(f"| {model} | {name} | {connections} | {rate:.0f} | {middle:.2f} | {slow:.2f} |", flush=True)


def measure_one(arguments):
    """Measures how much longer a single request takes than in process: the calls take turns, request by request."""
    port, grpc_port = free_port(), free_port()
    with running(serve_command(port, grpc_port), port):
        print("| model | what | p50, ms | more than in process, ms |\n|---|---|---|---|")
        for model in arguments.models:
            calls = {"in process": in_process(model), "gRPC": Grpc(grpc_port, model)}
            calls["REST"] = Rest(port, f"/v1/models/{model}:predict", row_body)
            times = {name: [] for name in calls}
            for seed in range(arguments.requests):
                for name, call in calls.items():
                    started = time.monotonic()
                    call(seed)
                    times[name].append(1000 * (time.monotonic() - started))
            middle = {name: statistics.median(values[20:]) for name, values in times.items()}
            for name, value in middle.items():
                print(f"| {model} | {name} | {value:.2f} | {value - middle['in process']:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["load", "one"])
    parser.add_argument("--models", nargs="+", default=["docstrings", "digits"])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=520)
    arguments = parser.parse_args()
    {"load": measure_load, "one": measure_one}[arguments.what](arguments)


if __name__ == "__main__":
    main()
