"""Dynamic batching: waiting requests for one signature run as a single batch, oldest first.

A free worker takes the oldest request and, with it, all that wait for the same signature. Batching therefore delays
no request, and batches grow with the load by themselves.
"""

import collections
import dataclasses
import threading
import time
from concurrent.futures import Future

import numpy as np

from gan_keras.serving.errors import MAX_QUEUED, Code, ServingError

GRACE_SECONDS = 5.0  # added to a run's own time limit before its process is killed
MAX_DEATHS = 2  # of processes that run a request: it may be the cause


@dataclasses.dataclass(eq=False)
class Request:
    """A run of a model that a client waits for.

    Args:
        version: The `Version` to run; it stays loaded as long as an object refers to it.
        feeds: An array by tensor name.
        fetches: Tensor names.
        group: Requests with equal groups may be merged; None for a request that runs alone.
        deadline: In terms of `time.monotonic`.
        observe: Called with the number of rows and the seconds of the run that included this request.
    """

    version: object
    feeds: dict
    fetches: list
    group: object
    deadline: float
    observe: object
    future: Future = dataclasses.field(default_factory=Future)
    deaths: int = 0

    @property
    def num_rows(self):
        array = next(iter(self.feeds.values()), np.empty(()))
        return len(array) if array.ndim else 1

    def finish(self, outputs):
        """Delivers the outputs or an error; does nothing if the request already has a result."""
        if self.future.done():
            return
        if isinstance(outputs, Exception):
            self.future.set_exception(outputs)
        else:
            self.future.set_result(outputs)


class Batch:
    """Requests of one group that run together."""

    def __init__(self, requests):
        self.requests = requests

    def run_on(self, process):
        """Runs the batch on a `WorkerProcess`; a request that fails does not fail the others."""
        self.finish_expired()
        if not self.requests:
            return
        try:
            outputs = self.run(process)
        except ServingError as error:
            if len(self.requests) > 1 and error.code != Code.DEADLINE_EXCEEDED:
                self.run_one_by_one(process)
            else:
                for request in self.requests:
                    request.finish(error)
            return
        if len(self.requests) > 1 and any(array.ndim == 0 or len(array) != self.num_rows for array in outputs):
            self.run_one_by_one(process)  # its rows are not independent, whatever its shapes say
        else:
            self.split(outputs)

    @property
    def num_rows(self):
        return sum(request.num_rows for request in self.requests)

    def finish_expired(self):
        now = time.monotonic()
        for request in self.requests:
            if request.deadline <= now:
                request.finish(ServingError(Code.DEADLINE_EXCEEDED, "The request waited longer than its time limit."))
        self.requests = [request for request in self.requests if not request.future.done()]

    def run(self, process):
        first, started = self.requests[0], time.monotonic()
        feeds = first.feeds
        if len(self.requests) > 1:
            feeds = {name: np.concatenate([request.feeds[name] for request in self.requests]) for name in feeds}
        seconds = max(request.deadline for request in self.requests) - started
        arguments = (first.version.key, feeds, first.fetches, max(1, round(1000 * seconds)))
        outputs = process.ask("run", *arguments, seconds=seconds + GRACE_SECONDS)
        first.observe(self.num_rows, time.monotonic() - started)
        return outputs

    def split(self, outputs):
        start, is_merged = 0, len(self.requests) > 1
        for request in self.requests:
            stop = start + request.num_rows
            request.finish([array[start:stop] for array in outputs] if is_merged else outputs)
            start = stop

    def run_one_by_one(self, process):
        for request in self.requests:
            Batch([request]).run_on(process)

    def worker_died(self, queue, worker):
        """Has each request without a result run once more, alone, by the process that follows the dead one.

        The other workers are left in peace: one of the requests may have killed the process.
        """
        for request in self.requests:
            request.deaths += 1
            if request.deaths < MAX_DEATHS:
                queue.put_back(worker, Batch([request]))
            else:
                request.finish(ServingError(Code.INTERNAL, "The process that ran this request ended, and so did the next one."))

    def worker_restarted(self):
        """Does nothing: the requests wait for it."""


class Task:
    """Other work for one worker, such as loading a version."""

    def __init__(self, method, *arguments):
        self.method, self.arguments, self.future = method, arguments, Future()

    def run_on(self, process):
        try:
            self.future.set_result(process.ask(self.method, *self.arguments))
        except ServingError as error:
            self.future.set_exception(error)

    def worker_died(self, queue, worker):
        """Does nothing: the pool tells a new process what to load before it takes other work."""

    def worker_restarted(self):
        self.future.set_result(None)


class Queue:
    """Waiting requests and tasks.

    Args:
        num_workers: Each worker has tasks of its own, which come before the requests that all workers share.
        max_batch_rows: Maximum number of rows of a merged batch; 1 merges nothing.
        capacity: Maximum number of waiting requests.
    """

    def __init__(self, num_workers, max_batch_rows=64, capacity=MAX_QUEUED):
        self.max_batch_rows, self.capacity = max_batch_rows, capacity
        self.requests, self.tasks = collections.deque(), [collections.deque() for _ in range(num_workers)]
        self.changed, self.is_closed = threading.Condition(), False

    def __len__(self):
        return len(self.requests)

    def put(self, request):
        """Adds a request; raises `ServingError` UNAVAILABLE, so that the client retries later, if the queue is full."""
        with self.changed:
            self._check_open()
            if len(self.requests) >= self.capacity:
                raise ServingError(Code.UNAVAILABLE, "The queue of requests is full. Try again later.")
            self.requests.append(request)
            self.changed.notify()

    def put_task(self, worker, task):
        with self.changed:
            self._check_open()
            self.tasks[worker].append(task)
            self.changed.notify_all()

    def put_back(self, worker, batch):
        """Returns work to a worker, also while the queue is closed."""
        with self.changed:
            self.tasks[worker].append(batch)

    def _check_open(self):
        if self.is_closed:
            raise ServingError(Code.UNAVAILABLE, "The server is stopping.")

    def take(self, worker):
        """Waits for and returns the next `Task` or `Batch` of a worker; None once the queue is closed and empty."""
        with self.changed:
            while not (self.tasks[worker] or self.requests):
                if self.is_closed:
                    return None
                self.changed.wait()
            return self.tasks[worker].popleft() if self.tasks[worker] else self._next_batch()

    def _next_batch(self):
        first = self.requests.popleft()
        chosen, num_rows, others = [first], first.num_rows, []
        while self.requests and first.group is not None and num_rows < self.max_batch_rows:
            request = self.requests.popleft()
            fits = request.group == first.group and num_rows + request.num_rows <= self.max_batch_rows
            num_rows += request.num_rows * fits
            (chosen if fits else others).append(request)
        self.requests.extendleft(reversed(others))
        return Batch(chosen)

    def close(self):
        """Refuses new requests; those that wait are still answered."""
        with self.changed:
            self.is_closed = True
            self.changed.notify_all()
