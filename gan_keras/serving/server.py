"""A local server with TensorFlow Serving's REST and gRPC API. Models and clients move to TensorFlow Serving unchanged."""

import contextlib
import functools
import gc
import logging
import os
import signal
import threading

from gan_keras import startup
from gan_keras.serving import model_config
from gan_keras.serving.batches import Queue
from gan_keras.serving.core import Core
from gan_keras.serving.errors import ServingError
from gan_keras.serving.grpc_api import make_server
from gan_keras.serving.http_front import HTTPFront
from gan_keras.serving.metrics import Metrics
from gan_keras.serving.pool import Pool
from gan_keras.serving.registry import Registry

CLOSE_SECONDS = 5.0  # given to the workers to finish their work
LOGGER = logging.getLogger(__name__)


class Server:
    """Serves models until it is closed; a context manager.

    Args:
        folder: Directory such as `saved_models`: each child with a version is a model, including children added later.
        config_file: File in the format of TensorFlow Serving's `--model_config_file` that lists the models instead; it may
            change. If a folder is given too, it replaces `/models`, the folder of the official image.
        host: Address to listen on. Everybody who can reach it can use it: there are no passwords.
        allowed_hosts: Names besides `localhost`, `127.0.0.1` and `[::1]` that an HTTP request may give as its Host; by
            default a server that other machines can reach allows any.
        allow_reload: True lets gRPC clients choose the models to serve, from within `folder`.
        port: Port for the REST API and the web page; 0 takes a free one.
        grpc_port: Port for gRPC; 0 takes a free one.
        timeout: Time limit of a request in seconds, including its waiting time.
        workers: Number of processes that run models; each holds all models. None for one per core, at least 2: while
            one loads a version or restarts, another answers.
        max_batch_rows: Maximum number of rows of a batch of merged requests; 1 merges nothing.
        poll_seconds: Seconds between two checks of the disk.

    Attributes:
        port: The port for REST.
        grpc_port: The port for gRPC.

    Raises:
        ValueError: If neither `folder` nor `config_file` is given, the file is wrong, or `allow_reload` has no folder.
        FileNotFoundError: If the folder or the file does not exist.
        OSError: If a port is not available.
    """

    def __init__(
        self,
        folder=None,
        config_file=None,
        host="127.0.0.1",
        port=8501,
        grpc_port=8500,
        allowed_hosts=(),
        allow_reload=False,
        timeout=30.0,
        workers=None,
        max_batch_rows=64,
        poll_seconds=1.0,
    ):
        if folder is None and config_file is None:
            raise ValueError(
                "Got neither a folder nor a file of models. Expected at least one: saved_models, or a models.config."
            )
        if allow_reload and folder is None:
            raise ValueError("Got allow_reload without a folder. Expected the folder that all models are below.")
        if config_file is None:
            read_configs = model_config.FolderConfigs(folder)
        else:
            read_configs = functools.partial(model_config.read_model_config, config_file, folder)
        configs, self.stopped = read_configs(), threading.Event()
        workers = workers or max(2, os.cpu_count() or 2)
        queue, self.registry = Queue(workers, max_batch_rows), Registry()
        self.registry.read_configs = read_configs
        self.core = core = Core(self.registry, queue, Metrics(), timeout, folder if allow_reload else None)
        listener = startup.listener("REST", host, port)  # a busy port shows before anything is loaded
        self.host, self.port = listener.getsockname()[:2]
        self.http = HTTPFront(core, listener, host, allowed_hosts)
        try:
            self.grpc, self.grpc_port = make_server(core.for_entrypoint("GRPC"), host, grpc_port)
        except OSError:
            listener.close()
            raise
        self.registry.pool = self.pool = Pool(queue, workers, self.registry.lose)
        try:
            self._start(configs, poll_seconds)
        except BaseException:  # also Ctrl-C: leave no process and no port behind
            self.grpc.stop(None)
            listener.close()
            self.pool.close(0.0)
            raise

    def _start(self, configs, poll_seconds):
        self.registry.configure(configs)
        self.pool.is_serving = True
        gc.collect()
        gc.freeze()  # the collector skips objects that live as long as the server
        self.threads = [
            threading.Thread(target=self.http.run, daemon=True),
            threading.Thread(target=self._poll, args=[poll_seconds], daemon=True),
        ]
        for thread in self.threads:
            thread.start()
        self.grpc.start()

    def _poll(self, seconds):
        while not self.stopped.wait(seconds):
            self.registry.refresh()

    def close(self, seconds=30.0):
        """Refuses new requests, gives current ones `seconds` to finish, and ends the workers."""
        self.stopped.set()
        self.http.config.timeout_graceful_shutdown = seconds
        self.http.should_exit = True
        self.grpc.stop(seconds).wait()
        self.threads[0].join()
        self.pool.close(CLOSE_SECONDS)  # also ends a load that the polling thread may wait for
        for thread in self.threads:
            thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def serve(show, **settings):
    """Runs a `Server` until Ctrl-C or SIGTERM.

    Args:
        show: Called with lines of text about the server.
        settings: Arguments of `Server`.
    """
    with Server(**settings) as server, signal_event() as ended:
        announce(server, show)
        ended.wait()
        show("Stopping after the current requests.")


@contextlib.contextmanager
def signal_event():
    """Provides an event that is set by Ctrl-C and SIGTERM, which then do not end the process at once."""
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def announce(server, show):
    """Shows the server's addresses and the versions that it serves."""
    host = f"[{server.host}]" if ":" in server.host else server.host
    if not server.core.names():
        show("There is no version of a model yet. New ones are served as they appear.")
    for name in server.core.names():
        try:
            for status in server.core.statuses(name):
                reason = status.message and ": " + " ".join(status.message.split())
                show(f"{name} version {status.number}: {status.state}{reason}")
        except ServingError as error:
            show(f"{name} has no version yet: {error.message}")
    show(f"REST http://{host}:{server.port}/v1/models  gRPC {host}:{server.grpc_port}  page http://{host}:{server.port}/")
