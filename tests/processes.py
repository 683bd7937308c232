"""Python processes of tests: two workers that know of each other, and scripts beside this file."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import random
import socket
import subprocess
import sys

FOLDER = pathlib.Path(__file__).parent


def start(arguments, **environment):
    """A Python process on CPUs; what it prints is read by `finish`."""
    root = str(FOLDER.parent)
    variables = {**os.environ, "PYTHONPATH": root, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", **environment}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, *map(str, arguments)], env=variables, text=True, **pipes)


def start_workers(arguments_of_each):
    """Two processes that `TF_CONFIG` tells of each other."""
    addresses = [f"localhost:{port}" for port in free_ports(2)]
    for index, arguments in enumerate(arguments_of_each):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        yield start(arguments, TF_CONFIG=json.dumps(config))


def free_ports(num):
    """Ports that outgoing connections of other processes do not take while ours start: those are drawn from 32768 on."""
    found = []
    for port in random.Random(os.urandom(8)).sample(range(20_000, 32_000), 100):
        with contextlib.suppress(OSError), socket.create_server(("localhost", port)):
            found.append(port)
    return found[:num]


def finish(processes):
    """Standard output and standard error of each. When one fails, the others, which may wait for it for ever, are ended."""

    def end(process):
        try:
            return process.communicate(timeout=900)
        finally:
            if process.returncode != 0:
                for each in processes:
                    each.kill()

    with concurrent.futures.ThreadPoolExecutor() as threads:
        outputs = list(threads.map(end, processes))
    codes = [process.returncode for process in processes]
    assert not any(codes), "\n".join([f"exit codes {codes}", *(errors[-4000:] for _, errors in outputs)])
    return outputs
