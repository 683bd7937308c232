"""Worker processes and the threads that feed them. Each worker holds all versions, so that one may die or load."""

import collections
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection

from gan_keras import startup
from gan_keras.export import loader
from gan_keras.export.replay import text_op_libraries
from gan_keras.serving import worker
from gan_keras.serving.batches import Task
from gan_keras.serving.errors import Code, ServingError

LOGGER = logging.getLogger(__name__)
EXIT_SECONDS = 5.0  # given to a process to exit after its socket was closed
RESTART_SECONDS = 1.0  # between two attempts to start a process
MAX_LOADS = 3  # of a version by processes that die of it


class WorkerDied(Exception):
    """The process ended before it answered, or exceeded its time limit and is to be killed."""


class WorkerProcess:
    """A process that runs `worker.py`.

    Args:
        num_threads: Threads for the operations of one request; the workers of a server share the cores.
    """

    def __init__(self, num_threads):
        ours, theirs = socket.socketpair()
        threads = {"TF_NUM_INTRAOP_THREADS": str(num_threads), "TF_NUM_INTEROP_THREADS": str(num_threads)}
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", worker.__file__, loader.__file__, startup.__file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", **threads},
            )
        self.connection = Connection(ours.detach())

    def ask(self, method, *arguments, seconds=None):
        """Calls a method of the process's `worker.Worker` and returns its result.

        Args:
            method: The method's name.
            arguments: Its arguments.
            seconds: Time limit; None waits.

        Raises:
            ServingError: With TensorFlow's code and message.
            WorkerDied: If there is no answer.
        """
        try:
            self.connection.send((method, *arguments))
            if seconds is not None and not self.connection.poll(seconds):
                raise WorkerDied(f"The process that runs models did not answer within {seconds:.0f} s.")
            kind, *reply = self.connection.recv()
        except (EOFError, OSError) as error:
            raise WorkerDied("The process that runs models ended.") from error
        if kind == worker.ERROR:
            raise ServingError(*reply)
        return reply[0]

    def end(self):
        """Ends the process and waits for its exit, which frees its memory."""
        self.connection.close()
        try:
            self.process.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        self.connection.close()
        self.process.kill()
        self.process.wait()


class Pool:
    """Worker processes that take their work from a `Queue`, each through a thread of its own.

    Args:
        queue: The `batches.Queue`, for as many workers.
        num_workers: Number of processes.
        on_lost: Called with a version's key and an error if a restarted worker cannot load that version.

    Attributes:
        is_serving: True once requests arrive: versions are then loaded by one worker after another while the rest answer.
    """

    def __init__(self, queue, num_workers, on_lost):
        self.queue, self.loaded, self.on_lost, self.is_serving, self.is_closed = queue, {}, on_lost, False, False
        self.num_threads = max(1, (os.cpu_count() or 1) // num_workers)
        self.workers = [WorkerProcess(self.num_threads) for _ in range(num_workers)]
        self.threads = [threading.Thread(target=self._serve, args=[i], daemon=True) for i in range(num_workers)]
        for thread in self.threads:
            thread.start()

    def load(self, key, directory, warm_up):
        """Loads a version in every worker.

        Args:
            key: The version's key.
            directory: Holds `saved_model.pb`.
            warm_up: Pairs of feeds and fetches to run first.

        Raises:
            ServingError: If it does not load, fails on a warm-up request or ends the process; no worker keeps it then.
        """
        # Before the first worker has it: a worker that is restarted meanwhile needs it too.
        self.loaded[key] = arguments = (str(directory), text_op_libraries(), warm_up)
        try:
            self._load_everywhere(key, *arguments)
            if key not in self.loaded:
                raise ServingError(Code.INTERNAL, "The process that loads the version ends each time.")
        except ServingError:
            self.unload(key)
            raise

    def _load_everywhere(self, *arguments):
        tasks = []
        for place in range(len(self.workers)):
            tasks.append(self._start_task(place, "load", *arguments))
            if self.is_serving:
                tasks[-1].future.result()
        for task in tasks:
            task.future.result()

    def unload(self, key):
        """Frees a version that no request uses."""
        self.loaded.pop(key, None)
        for place in range(len(self.workers)):
            try:
                self._start_task(place, "unload", key).future.result()
            except ServingError as error:  # the server is stopping, or TensorFlow failed: neither is a reason to stop
                LOGGER.warning("A version was not unloaded: %s", error)

    def _start_task(self, place, method, *arguments):
        task = Task(method, *arguments)
        self.queue.put_task(place, task)
        return task

    def _serve(self, place):
        """Runs a worker's thread: gives it what comes next and replaces a process that died."""
        while self._serve_one(place):
            pass
        self.workers[place].end()

    def _serve_one(self, place):
        """Runs one task or batch. A function of its own: local variables would keep a version from being unloaded."""
        work = self.queue.take(place)
        if work is None:
            return False
        try:
            work.run_on(self.workers[place])
        except WorkerDied as error:
            LOGGER.error("%s Restarting it.", error)
            work.worker_died(self.queue, place)
            self._restart(place)
            work.worker_restarted()
        return True

    def _restart(self, place):
        """Starts processes until one of them holds all versions except those that it cannot load."""
        deaths = collections.Counter()
        while not self.is_closed and not self._start(place, deaths):
            time.sleep(RESTART_SECONDS)

    def _start(self, place, deaths):
        self.workers[place].kill()
        try:
            self.workers[place] = process = WorkerProcess(self.num_threads)
            process.ask("ready")
        except (WorkerDied, OSError) as error:
            LOGGER.error("A worker does not start: %s", error)
            return False
        for key, (directory, libraries, _) in list(self.loaded.items()):
            try:  # without the requests that warm it up: they take seconds, and clients may be waiting
                process.ask("load", key, directory, libraries, [])
            except ServingError as error:
                self._lose(key, error)
            except WorkerDied as error:  # not the version's fault, unless it happens each time
                deaths[key] += 1
                if deaths[key] == MAX_LOADS:
                    self._lose(key, error)
                return False
        return True

    def _lose(self, key, error):
        self.loaded.pop(key, None)
        self.on_lost(key, error)

    def close(self, seconds):
        """Answers the waiting requests, then ends the processes; those still busy after `seconds` are killed."""
        deadline = time.monotonic() + seconds
        self.queue.close()
        for thread in self.threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self.is_closed = True
        for process, thread in zip(self.workers, self.threads, strict=True):
            process.process.kill()
            thread.join()
