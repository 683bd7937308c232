"""Merging of requests for the same signature: each gets its own rows or its own error, in time."""

import threading
import time
import types

import numpy as np
import pytest

from gan_keras.serving.batches import MAX_DEATHS, Queue, Request
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.pool import WorkerDied


class Doubles:
    """A fake process: doubles its inputs, refuses negative rows, and records its requests."""

    def __init__(self):
        self.fed = []

    def ask(self, method, key, feeds, fetches, timeout_ms, seconds):
        self.fed.append(feeds["x"].tolist())
        if (feeds["x"] < 0).any():
            raise ServingError(Code.INVALID_ARGUMENT, "negative")
        return [2 * feeds["x"]]


def request(*rows, group="g", seconds=10.0):
    version = types.SimpleNamespace(key=1)
    return Request(version, {"x": np.array(rows)}, ["y"], group, time.monotonic() + seconds, lambda rows, seconds: None)


def run_all(queue, child):
    while queue.requests:
        queue.take(0).run_on(child)


def put(queue, *requests):
    for each in requests:
        queue.put(each)
    return requests


def test_requests_of_one_group_are_merged_and_each_gets_its_own_rows():
    queue, child = Queue(1), Doubles()
    first, second, third = put(queue, request(1, 2), request(3), request(4, 5, 6))
    run_all(queue, child)
    assert child.fed == [[1, 2, 3, 4, 5, 6]]
    assert [each.future.result()[0].tolist() for each in (first, second, third)] == [[2, 4], [6], [8, 10, 12]]


def test_other_groups_wait_in_order_of_arrival():
    queue, child = Queue(1), Doubles()
    put(queue, request(1), request(2, group="h"), request(3), request(4, group="h"), request(5, group=None))
    run_all(queue, child)
    assert child.fed == [[1, 3], [2, 4], [5]]


@pytest.mark.parametrize(("limit", "batches"), [(1, [[1, 2], [3], [4]]), (3, [[1, 2, 3], [4]])])
def test_a_batch_keeps_the_limit_of_rows_but_has_at_least_one_request(limit, batches):
    queue, child = Queue(1, max_batch_rows=limit), Doubles()
    put(queue, request(1, 2), request(3), request(4))
    run_all(queue, child)
    assert child.fed == batches


def test_a_request_that_fails_does_not_fail_those_that_were_merged_with_it():
    queue = Queue(1)
    good, bad, last = put(queue, request(1), request(-1), request(2))
    run_all(queue, Doubles())
    assert good.future.result()[0].tolist() == [2] and last.future.result()[0].tolist() == [4]
    with pytest.raises(ServingError, match="negative"):
        bad.future.result()


def test_requests_without_one_output_row_per_row_run_one_by_one():
    class Sums(Doubles):
        def ask(self, *arguments, **options):
            return [super().ask(*arguments, **options)[0].sum()]

    queue = Queue(1)
    first, second = put(queue, request(1), request(2, 3))
    run_all(queue, Sums())
    assert (first.future.result(), second.future.result()) == ([2], [10])


def test_a_request_that_waited_too_long_is_not_run():
    queue, child = Queue(1), Doubles()
    late, good = put(queue, request(1, seconds=-1.0), request(2))
    run_all(queue, child)
    assert child.fed == [[2]] and good.future.result()[0].tolist() == [4]
    with pytest.raises(ServingError) as caught:
        late.future.result()
    assert caught.value.code == Code.DEADLINE_EXCEEDED


def test_a_full_queue_and_a_closed_one_refuse_at_once():
    queue = Queue(1, capacity=2)
    put(queue, request(1), request(2))
    for expected in ("queue of requests is full", "server is stopping"):
        with pytest.raises(ServingError, match=expected) as caught:
            queue.put(request(3))
        assert caught.value.code == Code.UNAVAILABLE
        queue.close()


def test_a_closed_queue_hands_out_what_waits_and_then_nothing():
    queue = Queue(1)
    put(queue, request(1))
    queue.close()
    assert queue.take(0).num_rows == 1
    assert queue.take(0) is None


def test_requests_of_a_dead_process_are_retried_one_by_one_and_the_cause_fails():
    class Dies(Doubles):
        def ask(self, method, key, feeds, *arguments, **options):
            if 13 in feeds["x"]:
                raise WorkerDied
            return super().ask(method, key, feeds, *arguments, **options)

    queue, child = Queue(2), Dies()
    first, cause, last = put(queue, request(1), request(13), request(2))
    num_deaths = 0
    while queue.requests or queue.tasks[0]:  # the other worker is given nothing
        batch = queue.take(0)
        try:
            batch.run_on(child)
        except WorkerDied:
            num_deaths += 1
            batch.worker_died(queue, 0)
    assert num_deaths == MAX_DEATHS
    assert first.future.result()[0].tolist() == [2] and last.future.result()[0].tolist() == [4]
    with pytest.raises(ServingError) as caught:
        cause.future.result()
    assert caught.value.code == Code.INTERNAL


def test_a_request_wakes_a_waiting_worker():
    queue, child = Queue(1), Doubles()
    worker = threading.Thread(target=lambda: queue.take(0).run_on(child))
    worker.start()
    waiting = request(5)
    queue.put(waiting)
    assert waiting.future.result(10)[0].tolist() == [10]
    worker.join()
