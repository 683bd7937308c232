"""Behaviour of `gan-keras serve` when versions change, processes die and clients misbehave.

Run: `python benchmarks/serving_faults.py swap|kill|fuzz [--model docstrings]`. Each works on a copy of a model from
`saved_models/`, in a server of its own, and prints its counts.
"""

import argparse
import collections
import contextlib
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import psutil

from serving import FOLDER, Rest, free_port, row_body, serve_command, wait_for

DOCUMENTED = {200, 400, 404, 413, 429, 431, 499, 500, 501, 503, 504}
"""HTTP statuses that `saved_models/README.md` documents."""


class Clients:
    """Clients that send requests without a pause, and the results of their requests.

    Args:
        make_call: Creates a connection.
        num: Number of clients.
    """

    def __init__(self, make_call, num=16):
        self.ends, self.failures, self.slowest, self.stop = [], [], 0.0, threading.Event()
        self.threads = [threading.Thread(target=self.run, args=[make_call]) for _ in range(num)]

    def run(self, make_call):
        call = make_call()
        while not self.stop.is_set():
            started = time.monotonic()
            try:
                call(7)
                self.ends.append(time.monotonic())
                self.slowest = max(self.slowest, self.ends[-1] - started)
            except (OSError, RuntimeError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                call = make_call()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def longest_pause(self, since):
        """Returns the longest time between two answers, from a moment on until there are answers again."""
        time.sleep(2)
        while not self.ends or self.ends[-1] < since + 1:
            time.sleep(0.1)
        ends = sorted(end for end in [since, *self.ends] if end >= since)
        return max(after - before for before, after in zip(ends, ends[1:], strict=False))


@contextlib.contextmanager
def serving(folder):
    """Runs a server of a folder; gives its process and its port."""
    port = free_port()
    command = [sys.executable, *map(str, serve_command(port, free_port()))]
    command[command.index(str(FOLDER))] = str(folder)
    with open(folder.with_name("server.log"), "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(port, process)
        yield psutil.Process(process.pid), port
    finally:
        process.terminate()
        print(f"stopped with exit code {process.wait()}")


def statuses(port, model):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", f"/v1/models/{model}")
    found = json.loads(connection.getresponse().read())["model_version_status"]
    return {int(each["version"]): each["state"] for each in found}


def swap(folder, model, num=20, broken=10, incomplete=15):
    """Publishes versions, one of them broken and one without the index of its variables, under load."""
    source = folder / model / "1"
    with serving(folder) as (_, port), Clients(lambda: Rest(port, f"/v1/models/{model}:predict", row_body)) as clients:
        seconds = []
        for number in range(2, num + 2):
            hidden = folder / model / f".tmp-{number}"
            shutil.copytree(source, hidden)
            if number == broken:
                os.truncate(hidden / "variables" / "variables.data-00000-of-00001", 1000)
            if number == incomplete:
                (hidden / "variables" / "variables.index").unlink()
            started = time.monotonic()
            os.rename(hidden, folder / model / str(number))
            while statuses(port, model).get(number) not in ("AVAILABLE", "END"):
                time.sleep(0.05)
            seconds.append(time.monotonic() - started)
        states = statuses(port, model)
    print(f"{num} versions published, states: {collections.Counter(states.values())}, broken one: {states[broken]}")
    print(f"{len(clients.ends)} requests answered, {len(clients.failures)} failed {clients.failures[:3]}")
    print(f"seconds from rename to served: {min(seconds):.1f} to {max(seconds):.1f}; slowest request {clients.slowest:.2f} s")


def kill(folder, model, times=5):
    """Kills one worker, and then all workers at once, under load."""
    with serving(folder) as (process, port):
        time.sleep(2)
        for label, choose in (("one worker", lambda children: children[:1]), ("all workers", list)):
            with Clients(lambda: Rest(port, f"/v1/models/{model}:predict", row_body)) as clients:
                pauses = []
                for _ in range(times):
                    time.sleep(10)  # until the killed process is back
                    started = time.monotonic()
                    for child in choose(process.children()):
                        child.send_signal(signal.SIGKILL)
                    pauses.append(clients.longest_pause(started))
            listed = ", ".join(f"{pause:.2f}" for pause in pauses)
            print(
                f"{label} killed {times} times: longest pause between answers {listed} s; {len(clients.failures)} failed requests"
            )


def fuzz(folder, model, num=10_000):
    """Sends malformed requests of many kinds and checks the answers and the memory."""
    randomness = random.Random(0)
    with serving(folder) as (process, port):
        counts, before = collections.Counter(), None
        for index in range(num):
            if index == num // 10:
                before = memory(process)
            counts[send(port, malformed(randomness, model))] += 1
        after = memory(process)
        Rest(port, f"/v1/models/{model}:predict", row_body)(1)
    undocumented = {status: count for status, count in counts.items() if status not in DOCUMENTED | {"closed"}}
    print(f"{num} requests: {dict(counts.most_common())}; undocumented: {undocumented}")
    print(f"memory of all processes after a tenth and at the end: {before:.0f} and {after:.0f} MiB")


def memory(process):
    return sum(each.memory_info().rss for each in [process, *process.children()]) / 2**20


def malformed(randomness, model):
    """Returns the bytes of a request in which a part is replaced, cut, doubled or flipped."""
    choose = randomness.choice
    method = choose(["POST", "POST", "POST", "GET", "PUT", "DELETE", "post", "", "\x00"])
    path = choose([f"/v1/models/{model}", f"/v1/models/{model}/versions/{choose(['1', '99', '-1', '9' * 40])}"])
    path += choose([":predict", ":classify", ":regress", ":multi", "/metadata", "", "?x=1"])
    path = choose([path, path, path, "/v1/models/..%2f..%2fetc:predict", "/v1/models/%00:predict", "/" + "a" * 3000, "*", "//"])
    body = choose([json_body, mutated_body, random_body])(randomness)
    length = choose([len(body)] * 8 + [0, len(body) // 2, "x", -1, 10**12])
    kind = choose(["application/json"] * 4 + ["text/plain", "\xff", "application/x-protobuf"])
    extra = choose([""] * 8 + ["Content-Encoding: gzip\r\n", "Transfer-Encoding: chunked\r\n", "A: " + "b" * 70_000 + "\r\n"])
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{extra}\r\n"
    raw = bytearray(head.encode("latin-1") + body)
    for _ in range(choose([0, 0, 0, 1, 5])):
        raw[randomness.randrange(len(raw))] = randomness.randrange(256)
    return bytes(raw)


def json_body(randomness):
    values = [0, 1.5, -1, 2**70, "a", None, True, [], [[1]], {}, {"seed": 1}, {"b64": "!"}, "\ud800", float("nan"), 1e400]
    key = randomness.choice(["instances", "inputs", "instance", "signature_name", ""])
    body = {key: randomness.choice([values, randomness.choice(values), [randomness.choice(values)]])}
    if randomness.random() < 0.3:
        body["signature_name"] = randomness.choice(["generate", "encoded", "none", 3, None])
    return json.dumps(body).encode()


def mutated_body(randomness):
    body = bytearray(json_body(randomness))
    for _ in range(randomness.randint(1, 4)):
        body[randomness.randrange(len(body))] = randomness.randrange(256)
    return bytes(body[: randomness.randint(1, len(body))])


def random_body(randomness):
    return randomness.choice([b"[" * 100_000, b"", b'{"instances": [' + b"1," * 5000 + b"1]}", randomness.randbytes(50)])


def send(port, raw):
    """Returns the answer's status, or "closed" if the server ended the connection: an incomplete request has no answer."""
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            head = connection.recv(64)
        except OSError:  # reset, or ended before all was sent
            return "closed"
    return int(head.split()[1]) if head.startswith(b"HTTP/") else "closed"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["swap", "kill", "fuzz"])
    parser.add_argument("--model", default="docstrings")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as parent:
        folder = pathlib.Path(parent, "saved_models")
        shutil.copytree(FOLDER / arguments.model / "1", folder / arguments.model / "1")
        {"swap": swap, "kill": kill, "fuzz": fuzz}[arguments.what](folder, arguments.model)


if __name__ == "__main__":
    main()
