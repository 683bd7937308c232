"""Counters and histograms in the text format of Prometheus, under TensorFlow Serving's names where it has one.

Reference: `prometheus_exporter.cc` and `servables/tensorflow/util.cc` of TensorFlow Serving.
"""

import bisect
import threading
import time

_LATENCY_BUCKETS = [10.0 * 1.8**power for power in range(33)]  # microseconds, TensorFlow Serving's own
_ROW_BUCKETS = [float(2**power) for power in range(11)]


class Histogram:
    """Counts values by size; `limits` are the upper limits of the buckets, in ascending order."""

    def __init__(self, limits):
        self.limits, self.counts, self.sum, self.lock = limits, [0] * (len(limits) + 1), 0.0, threading.Lock()

    def add(self, value):
        with self.lock:
            self.counts[bisect.bisect_left(self.limits, value)] += 1
            self.sum += value

    def lines(self, name, labels):
        with self.lock:
            counts, total = list(self.counts), self.sum
        running = 0
        for limit, count in zip([*(f"{limit:.6g}" for limit in self.limits), "+Inf"], counts, strict=True):
            running += count
            yield f'{name}_bucket{{{labels},le="{limit}"}} {running}'
        yield f"{name}_sum{{{labels}}} {total:.6g}"
        yield f"{name}_count{{{labels}}} {running}"


class Metrics:
    """The counters and histograms of a server."""

    def __init__(self):
        self.histograms, self.counters, self.lock = {}, {}, threading.Lock()

    def run(self, model, num_rows, seconds):
        """Counts a run of a model in a worker."""
        latency = self._histogram(":tensorflow:serving:runtime_latency", _LATENCY_BUCKETS, model_name=model)
        rows = self._histogram(":tensorflow:serving:batching_session:processed_batch_size", _ROW_BUCKETS, model_name=model)
        latency.add(1e6 * seconds)
        rows.add(num_rows)

    def request(self, model, api, entrypoint, status, started):
        """Counts a finished request.

        Args:
            model: Name of a served model. Names made up by clients would fill the memory.
            api: `Predict`, or `predict` for REST.
            entrypoint: REST or GRPC.
            status: The name of a `Code`.
            started: `time.monotonic()` at the request's arrival.
        """
        self.count(":tensorflow:serving:request_count", model_name=model, status=status)
        if status != "OK":
            return
        labels = {"model_name": model, "API": api, "entrypoint": entrypoint}
        latency = self._histogram(":tensorflow:serving:request_latency", _LATENCY_BUCKETS, **labels)
        latency.add(1e6 * (time.monotonic() - started))

    def count(self, name, **labels):
        key = name, _text(labels)
        with self.lock:
            self.counters[key] = self.counters.get(key, 0) + 1

    def _histogram(self, name, limits, **labels):
        key = name, _text(labels)
        with self.lock:
            if key not in self.histograms:
                self.histograms[key] = Histogram(limits)
            return self.histograms[key]

    def text(self, gauges):
        """Returns all counts, and the current values in `gauges`, a number by name, as text."""
        with self.lock:
            counters, histograms = sorted(self.counters.items()), sorted(self.histograms.items(), key=lambda item: item[0])
        lines = [f"# TYPE {name} gauge\n{name}{{}} {value}" for name, value in gauges.items()]
        lines += self._lines("counter", counters, lambda name, labels, value: [f"{name}{{{labels}}} {value}"])
        lines += self._lines("histogram", histograms, lambda name, labels, histogram: histogram.lines(name, labels))
        return "\n".join(lines) + "\n"

    def _lines(self, kind, items, write):
        last = None
        for (name, labels), value in items:
            if name != last:
                yield f"# TYPE {name} {kind}"
            last = name
            yield from write(name, labels, value)


def _text(labels):
    escaped = {name: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for name, value in labels.items()}
    return ",".join(f'{name}="{value}"' for name, value in escaped.items())
