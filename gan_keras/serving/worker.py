"""The process that runs models for a server, so that a crash in a kernel ends this process and nothing else.

`python -P worker.py LOADER STARTUP DESCRIPTOR`: LOADER and STARTUP are the paths of `export/loader.py` and `startup.py`,
DESCRIPTOR the number of an open socket. The process does not import TensorFlow's Python package: with the C++ loader it starts
within half a second.
"""

import contextlib
import os
import runpy
import select
import signal
import sys
import threading
import traceback
from multiprocessing.connection import Connection

OK, ERROR = "ok", "error"
WARM_UP_MS = 60_000  # per request: while a version loads, no other version is checked
INTERNAL, UNAVAILABLE = 13, 14  # TensorFlow's codes


class Worker:
    """The models of this process by key, and the methods that the server calls.

    Args:
        loader: The globals of the loader's file: `SavedModel` and `StatusError`.
    """

    def __init__(self, loader):
        self.load_model, self.status_error = loader["SavedModel"], loader["StatusError"]
        self.models = {}

    def ready(self):
        """Does nothing: an answer shows that the process runs."""

    def load(self, key, directory, op_libraries, warm_up):
        """Loads a version and runs its warm-up requests, pairs of feeds and fetches; does nothing if it is loaded."""
        if key in self.models:
            return
        model = self.load_model(directory, op_libraries)
        try:
            for feeds, fetches in warm_up:
                model.run(feeds, fetches, WARM_UP_MS)
        except self.status_error:
            model.close()
            raise
        self.models[key] = model

    def unload(self, key):
        """Frees a version if it is loaded."""
        if key in self.models:
            self.models.pop(key).close()

    def run(self, key, feeds, fetches, timeout_ms):
        """Returns the fetched arrays of one run. A restarted process may not have the version yet."""
        if key not in self.models:
            raise self.status_error(UNAVAILABLE, "The version is not loaded here. Try again later.")
        return self.models[key].run(feeds, fetches, timeout_ms)

    def answer(self, connection):
        """Answers requests `(method, *arguments)` one by one until the server closes the socket or is gone."""
        with contextlib.suppress(EOFError, ConnectionError):
            while True:
                connection.send(self.reply(*connection.recv()))

    def reply(self, method, *arguments):
        try:
            return OK, getattr(self, method)(*arguments)
        except self.status_error as error:
            return ERROR, error.code, str(error)
        except Exception:  # such as a signature without a tensor: no reason to end the other models too
            traceback.print_exc()
            return ERROR, INTERNAL, "The request could not be run."


def main(loader_path, startup_path, descriptor):
    """Runs the process. Ctrl-C in a terminal is left to the server, which then closes the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_server, args=[int(descriptor)], daemon=True).start()
    loader = runpy.run_path(loader_path)
    with runpy.run_path(startup_path)["without_log"]():
        loader["SavedModel"].load_library()
    Worker(loader).answer(Connection(int(descriptor)))


def end_with_server(descriptor):
    """Ends the process at any point once the other end of the socket is closed."""
    poll = select.poll()
    poll.register(descriptor, 0)  # a hang-up is always reported
    poll.poll()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
