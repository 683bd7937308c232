"""A local server with the REST and gRPC API of TensorFlow Serving: the folder and the clients move on to that as they are."""

import contextlib
import functools
import gc
import logging
import os
import signal
import threading

from gan_keras.serving import model_config
from gan_keras.serving.batches import Queue
from gan_keras.serving.core import Core
from gan_keras.serving.errors import ServingError
from gan_keras.serving.grpc_api import make_server
from gan_keras.serving.http_front import HTTPFront
from gan_keras.serving.metrics import Metrics
from gan_keras.serving.pool import Pool
from gan_keras.serving.registry import Registry

CLOSE_SECONDS = 5.0  # for the models' processes to end what they do
LOGGER = logging.getLogger(__name__)


class Server:
    """Serves models until it is closed; a context manager.

    Args:
        folder: `saved_models`: each child with a version in it is a model, also one that comes later.
        config_file: A file in the form of TensorFlow Serving's `--model_config_file` says instead which models there are;
            it may change. With a folder too, that stands in for `/models`, where the official image has them.
        host: Address to listen at. What can reach it can use it: there are no passwords.
        port: Of REST and of the page; 0 takes a free one.
        grpc_port: Of gRPC; 0 takes a free one.
        timeout: Seconds for a request, those in which it waits included.
        workers: Processes that run models; each holds all of them. None for one a core, 2 at least: while one loads a
            version or is started again, another answers.
        max_batch_rows: Requests that wait are merged up to this number of rows; 1 merges none.
        poll_seconds: From one look at the disk to the next.

    Attributes:
        port: The port that was taken.
        grpc_port: The port that was taken.

    Raises:
        ValueError: If neither `folder` nor `config_file` is given, or the file is wrong.
        FileNotFoundError: If the folder or the file is not there.
        OSError: If a port is taken.
    """

    def __init__(
        self,
        folder=None,
        config_file=None,
        host="127.0.0.1",
        port=8501,
        grpc_port=8500,
        timeout=30.0,
        workers=None,
        max_batch_rows=64,
        poll_seconds=1.0,
    ):
        if folder is None and config_file is None:
            raise ValueError(
                "Got neither a folder nor a file of models. Expected one at least: saved_models, or a models.config."
            )
        if config_file is None:
            wishes = functools.partial(model_config.configs_of_folder, folder)
        else:
            wishes = functools.partial(model_config.read_model_config, config_file, folder)
        configs, self.stopped = wishes(), threading.Event()
        workers = workers or max(2, os.cpu_count() or 2)
        queue, self.registry = Queue(workers, max_batch_rows), Registry()
        self.registry.wishes = wishes
        self.core = core = Core(self.registry, queue, Metrics(), timeout)
        self.http = listen(host, port, core)  # a port that is taken shows before anything is loaded
        self.port = self.http.server_address[1]
        try:
            self.grpc, self.grpc_port = make_server(core.of_entrypoint("GRPC"), host, grpc_port)
        except OSError:
            self.http.server_close()
            raise
        self.registry.pool = self.pool = Pool(queue, workers, self.registry.lose)
        try:
            self._begin(configs, poll_seconds)
        except BaseException:  # also Ctrl-C: no process and no port stays taken
            self.grpc.stop(None)
            self.http.server_close()
            self.pool.close(0.0)
            raise

    def _begin(self, configs, poll_seconds):
        self.registry.configure(configs)
        self.pool.is_serving = True
        gc.collect()
        gc.freeze()  # what lives as long as the server is never looked through again
        self.threads = [
            threading.Thread(target=self.http.serve_forever, daemon=True),
            threading.Thread(target=self._follow_disk, args=[poll_seconds], daemon=True),
        ]
        for thread in self.threads:
            thread.start()
        self.grpc.start()

    def _follow_disk(self, seconds):
        while not self.stopped.wait(seconds):
            self.registry.follow_wishes()

    def close(self, seconds=30.0):
        """Takes no more requests, lets those under way end within `seconds`, and ends the workers."""
        self.stopped.set()
        stopping = self.grpc.stop(seconds)
        self.http.stop(seconds)
        stopping.wait()
        self.pool.close(CLOSE_SECONDS)  # also ends a load, which the thread that follows the disk may wait for
        for thread in self.threads:
            thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def listen(host, port, core):
    """The HTTP side at an address; raises `OSError` that names it if it is not to be had."""
    try:
        return HTTPFront((host, port), core)
    except OSError as error:
        raise OSError(f"REST cannot listen at {host}:{port}: {error.strerror}. Expected a free port of this machine.") from error


def serve(show, **settings):
    """Runs a `Server` until Ctrl-C or SIGTERM.

    Args:
        show: Called with lines about what is served.
        settings: Of `Server`.
    """
    with Server(**settings) as server, ended_by_signals() as ended:
        announce(server, show)
        ended.wait()
        show("Stopping: requests under way are answered first.")


@contextlib.contextmanager
def ended_by_signals():
    """An event that Ctrl-C and SIGTERM set, instead of ending the process at once."""
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def announce(server, show):
    """Says where the server is and what it serves."""
    host = server.http.server_address[0]
    host = f"[{host}]" if ":" in host else host
    if not server.core.names():
        show("There is no version of a model yet. What appears is served.")
    for name in server.core.names():
        for line in described(server.core, name):
            show(f"{name} {line}")
    show(f"REST http://{host}:{server.port}/v1/models  gRPC {host}:{server.grpc_port}  page http://{host}:{server.port}/")


def described(core, name):
    """A line for each version of a model."""
    try:
        return [
            f"version {status.number}: {status.state}{status.message and ': ' + ' '.join(status.message.split())}"
            for status in core.statuses(name)
        ]
    except ServingError as error:
        return [f"has no version yet: {error.message}"]
