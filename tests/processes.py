"""Python processes of tests: scripts, and two workers that know of each other."""

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
    """Starts a Python process on CPUs; `finish` reads its output."""
    root = str(FOLDER.parent)
    variables = {**os.environ, "PYTHONPATH": root, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", **environment}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, *map(str, arguments)], env=variables, text=True, **pipes)


def start_workers(arguments_of_each, **environment):
    """Starts two processes that know of each other by `TF_CONFIG`."""
    addresses = [f"localhost:{port}" for port in free_ports(2)]
    for index, arguments in enumerate(arguments_of_each):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        yield start(arguments, TF_CONFIG=json.dumps(config), **environment)


def free_ports(num):
    """Free ports below 32768, which outgoing connections of other processes do not take while ours start."""
    found = []
    for port in random.Random(os.urandom(8)).sample(range(20_000, 32_000), 100):
        with contextlib.suppress(OSError), socket.create_server(("localhost", port)):
            found.append(port)
    return found[:num]


def finish(processes):
    """Returns the standard output and error of each. If one fails, the others, which may wait for it forever, are killed."""

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
