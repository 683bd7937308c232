"""The worker processes of a server, a thread for each: every one holds all versions, so that one may die or load."""

import collections
import logging
import os
import threading
import time

from gan_keras.export.replay import text_op_libraries
from gan_keras.serving.batches import MOST_DEATHS, Task
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.worker_process import Child, ChildDied

LOGGER = logging.getLogger(__name__)
RESTART_SECONDS = 1.0  # between two starts of a process that does not even start


class Pool:
    """Worker processes that take their work from a `Queue`.

    Args:
        queue: The `batches.Queue`, of as many workers.
        num_workers: How many processes.
        on_lost: Called with the key of a version, and an error, that a worker could not load when it was started again.

    Attributes:
        is_serving: Whether requests come: then the workers load one after another, so that some answer.
    """

    def __init__(self, queue, num_workers, on_lost):
        self.queue, self.loaded, self.on_lost, self.is_serving, self.is_over = queue, {}, on_lost, False, False
        self.num_threads = max(1, (os.cpu_count() or 1) // num_workers)
        self.children = [Child(self.num_threads) for _ in range(num_workers)]
        self.threads = [threading.Thread(target=self._serve, args=[i], daemon=True) for i in range(num_workers)]
        for thread in self.threads:
            thread.start()

    def load(self, key, directory, warm_up):
        """Loads a version in every worker.

        Args:
            key: A new number to run it by.
            directory: Holds `saved_model.pb`.
            warm_up: Pairs of feeds and fetches to run first.

        Raises:
            ServingError: If it does not load, fails on a warm-up request, or ends the process; no worker holds it then.
        """
        # Before the first worker has it: one that is started again meanwhile needs it too.
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
        for worker in range(len(self.children)):
            tasks.append(self._begin(worker, "load", *arguments))
            if self.is_serving:
                tasks[-1].future.result()
        for task in tasks:
            task.future.result()

    def unload(self, key):
        """Frees a version that nobody runs any more."""
        self.loaded.pop(key, None)
        for worker in range(len(self.children)):
            try:
                self._begin(worker, "unload", key).future.result()
            except ServingError as error:  # the server is stopping, or TensorFlow kept something: neither is a reason to stop
                LOGGER.warning("A version was not unloaded: %s", error)

    def _begin(self, worker, method, *arguments):
        task = Task(method, *arguments)
        self.queue.put_task(worker, task)
        return task

    def _serve(self, worker):
        """The life of a worker: takes what comes next, and starts a new process for one that died."""
        while self._serve_one(worker):
            pass
        self.children[worker].end()

    def _serve_one(self, worker):
        """Its locals end with it: whoever holds a request holds a version back from being unloaded."""
        work = self.queue.take(worker)
        if work is None:
            return False
        try:
            work.run_on(self.children[worker])
        except ChildDied as error:
            LOGGER.error("%s It is started again.", error)
            work.lost(self.queue)
            self._restart(worker)
            work.replaced()
        return True

    def _restart(self, worker):
        """Starts a process until it holds all versions but those that it cannot load."""
        deaths = collections.Counter()
        while not self.is_over and not self._start(worker, deaths):
            time.sleep(RESTART_SECONDS)

    def _start(self, worker, deaths):
        self.children[worker].kill()
        try:
            self.children[worker] = child = Child(self.num_threads)
            child.ask("ready")
        except (ChildDied, OSError) as error:
            LOGGER.error("A worker does not start: %s", error)
            return False
        for key, arguments in list(self.loaded.items()):
            try:
                child.ask("load", key, *arguments)
            except ServingError as error:
                self._lose(key, error)
            except ChildDied as error:  # not the version's fault, unless it happens each time
                deaths[key] += 1
                if deaths[key] == MOST_DEATHS:
                    self._lose(key, error)
                return False
        return True

    def _lose(self, key, error):
        self.loaded.pop(key, None)
        self.on_lost(key, error)

    def close(self, seconds):
        """Answers what still waits, then ends the processes; those that are not done after `seconds` are killed."""
        deadline = time.monotonic() + seconds
        self.queue.close()
        for thread in self.threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self.is_over = True
        for child, thread in zip(self.children, self.threads, strict=True):
            child.process.kill()
            thread.join()
