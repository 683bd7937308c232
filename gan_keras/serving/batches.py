"""Requests that wait for a worker: those of one signature are run as one batch, in the order in which they came.

A worker that is free takes the oldest request and with it all that wait for the same signature. So a batch costs nobody
any waiting, and batches grow with the load by themselves.
"""

import collections
import dataclasses
import threading
import time
from concurrent.futures import Future

import numpy as np

from gan_keras.serving.errors import MAX_QUEUED, Code, ServingError

GRACE_SECONDS = 5.0  # for a run to end by its own time limit, before its process is ended
MOST_DEATHS = 3  # of processes under one request, before it is taken for the cause


@dataclasses.dataclass(eq=False)
class Request:
    """One run of a model that somebody waits for.

    Args:
        version: The `Version` to run; it stays loaded as long as somebody holds it.
        feeds: An array by tensor name.
        fetches: Tensor names.
        group: Requests of equal groups may be merged; None for none.
        deadline: Of `time.monotonic`.
        observe: Told the rows and the seconds of the run that held this request.
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

    def end(self, outputs):
        """Gives the answer, or an error, to whoever waits; nobody does any more after a time limit."""
        if self.future.done():
            return
        if isinstance(outputs, Exception):
            self.future.set_exception(outputs)
        else:
            self.future.set_result(outputs)


class Batch:
    """Requests of one group, to be run at once."""

    def __init__(self, requests):
        self.requests = requests

    def run_on(self, child):
        """Runs the batch on a `Child`; a request that fails does not fail the others."""
        self.end_late()
        if not self.requests:
            return
        try:
            outputs = self.run(child)
        except ServingError as error:
            if len(self.requests) == 1 or error.code == Code.DEADLINE_EXCEEDED:
                self.end_all(error)
            else:
                self.run_one_by_one(child)
            return
        if len(self.requests) > 1 and any(array.ndim == 0 or len(array) != self.num_rows for array in outputs):
            self.run_one_by_one(child)  # its rows are not independent, whatever its shapes say
        else:
            self.split(outputs)

    @property
    def num_rows(self):
        return sum(request.num_rows for request in self.requests)

    def end_late(self):
        now = time.monotonic()
        for request in self.requests:
            if request.deadline <= now:
                request.end(ServingError(Code.DEADLINE_EXCEEDED, "The request waited for longer than its time limit."))
        self.requests = [request for request in self.requests if not request.future.done()]

    def run(self, child):
        first, started = self.requests[0], time.monotonic()
        feeds = {name: self.merged(name) for name in first.feeds}
        seconds = max(request.deadline for request in self.requests) - started
        arguments = (first.version.key, feeds, first.fetches, max(1, round(1000 * seconds)))
        outputs = child.ask("run", *arguments, seconds=seconds + GRACE_SECONDS)
        first.observe(self.num_rows, time.monotonic() - started)
        return outputs

    def merged(self, name):
        arrays = [request.feeds[name] for request in self.requests]
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

    def split(self, outputs):
        start, is_merged = 0, len(self.requests) > 1
        for request in self.requests:
            stop = start + request.num_rows
            request.end([array[start:stop] for array in outputs] if is_merged else outputs)
            start = stop

    def run_one_by_one(self, child):
        for request in self.requests:
            Batch([request]).run_on(child)

    def end_all(self, error):
        for request in self.requests:
            request.end(error)

    def lost(self, queue):
        """The process died under the batch: what has no answer waits again, each request by itself, for any worker."""
        for request in self.requests:
            request.group, request.deaths = None, request.deaths + 1
            if request.deaths < MOST_DEATHS:
                queue.put_first(request)
            else:
                request.end(ServingError(Code.INTERNAL, "The process that ran this request ended each time it was tried."))

    def replaced(self):
        """The worker has a new process; the requests need not wait for it."""


class Task:
    """Something else that one worker has to do, such as loading a version."""

    def __init__(self, method, *arguments):
        self.method, self.arguments, self.future = method, arguments, Future()

    def run_on(self, child):
        try:
            self.future.set_result(child.ask(self.method, *self.arguments))
        except ServingError as error:
            self.future.set_exception(error)

    def lost(self, queue):
        """The process died: the new one is told what to load before it takes anything else."""

    def replaced(self):
        self.future.set_result(None)


class Queue:
    """What waits for workers.

    Args:
        num_workers: Each has its own tasks, which come before the requests that all of them share.
        max_batch_rows: Requests are merged up to this number of rows; 1 merges none.
        capacity: Requests that may wait.
    """

    def __init__(self, num_workers, max_batch_rows=64, capacity=MAX_QUEUED):
        self.max_batch_rows, self.capacity = max_batch_rows, capacity
        self.requests, self.tasks = collections.deque(), [collections.deque() for _ in range(num_workers)]
        self.changed, self.is_closed = threading.Condition(), False

    def __len__(self):
        return len(self.requests)

    def put(self, request):
        """Raises `ServingError` UNAVAILABLE if there is no room: the client comes again later."""
        with self.changed:
            if self.is_closed:
                raise ServingError(Code.UNAVAILABLE, "The server is stopping.")
            if len(self.requests) >= self.capacity:
                raise ServingError(Code.UNAVAILABLE, "The queue of requests is full. Try again later.")
            self.requests.append(request)
            self.changed.notify()

    def put_first(self, request):
        with self.changed:
            self.requests.appendleft(request)
            self.changed.notify()

    def put_task(self, worker, task):
        with self.changed:
            if self.is_closed:
                raise ServingError(Code.UNAVAILABLE, "The server is stopping.")
            self.tasks[worker].append(task)
            self.changed.notify_all()

    def take(self, worker):
        """The next `Task` or `Batch` for a worker; None once the queue is closed and empty."""
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
        """No more requests are taken in; those that wait are still answered."""
        with self.changed:
            self.is_closed = True
            self.changed.notify_all()
