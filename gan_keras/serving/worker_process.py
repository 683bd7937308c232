"""A worker process as the server sees it: started, asked, found dead, ended."""

import os
import pathlib
import socket
import subprocess
import sys
from multiprocessing.connection import Connection

from gan_keras.export import c_api_loader
from gan_keras.serving import worker
from gan_keras.serving.errors import ServingError

END_SECONDS = 5.0  # for a process whose socket was closed to end by itself


class ChildDied(Exception):
    """The process ended before it answered, or took too long and was ended."""


class Child:
    """A process that runs `worker.py`.

    Args:
        num_threads: For the operations of one request; the processes of a server share the cores.
    """

    def __init__(self, num_threads):
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", worker.__file__, _loader_path(), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **_environment(num_threads)},
            )
        self.connection = Connection(ours.detach())

    def ask(self, method, *arguments, seconds=None):
        """What the process answers.

        Args:
            method: Of `worker.Worker`.
            arguments: Its arguments.
            seconds: For the answer to come; None waits.

        Raises:
            ServingError: With TensorFlow's code and message.
            ChildDied: If there is no answer.
        """
        try:
            self.connection.send((method, *arguments))
            if seconds is not None and not self.connection.poll(seconds):
                raise ChildDied(f"The process that runs models did not answer within {seconds:.0f} s.")
            kind, *reply = self.connection.recv()
        except (EOFError, OSError) as error:
            raise ChildDied("The process that runs models ended.") from error
        if kind == worker.ERROR:
            raise ServingError(*reply)
        return reply[0]

    def end(self):
        """Ends the process and waits for its end, which gives the system its memory back."""
        self.connection.close()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        self.connection.close()
        self.process.kill()
        self.process.wait()


def _loader_path():
    """The C++ loader's file, or its substitute where TensorFlow comes without the C++ library."""
    path = pathlib.Path(c_api_loader.__file__)
    return str(path if c_api_loader.find_library() else path.with_name("session_loader.py"))


def _environment(num_threads):
    threads = {"TF_NUM_INTRAOP_THREADS": str(num_threads), "TF_NUM_INTEROP_THREADS": str(num_threads)}
    return {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3", **threads}
