"""`Console`: lines of progress, a bar below them on a terminal, and a sign of life while nothing else is shown."""

import contextlib
import shutil
import sys
import threading
import time

SILENCE = 30.0
"""Seconds without a line after which a heartbeat says what is being done."""

REDRAWN = 1.0, 0.1
"""Seconds on a terminal without news after which the heartbeat is drawn, and between two drawings of a bar."""

MAX_WIDTH = 80


class Console:
    """Shows lines of progress; call it with a line.

    As a context, it starts a thread that shows a heartbeat while a long computation is silent: elsewhere a line after `SILENCE`
    seconds, on a terminal the seconds so far, which are drawn in place. A bar is drawn on a terminal only.

    Args:
        show: Called with each line. None writes to `file`.
        file: Stream to write to; None is the standard output.
    """

    def __init__(self, show=None, file=None):
        self.file = (sys.stdout if file is None else file) if show is None else None
        self.show, self.is_terminal = show or self._write_line, self.file is not None and self.file.isatty()
        self.lock, self.stopped, self.drawn = threading.RLock(), threading.Event(), ""
        self.follow("Starting")

    def __call__(self, line):
        with self.lock:
            self._draw("")
            self.show(line)
            self.follow(self.doing if callable(self.doing) else line)

    def follow(self, doing):
        """Sets what heartbeats tell about: a text, or a function that returns the current one."""
        self.doing, self.since = doing, time.monotonic()
        self.last = self.since

    def draw(self, bar):
        """Draws a bar, `bar(width)` as text, on a terminal, unless the last one is too recent to be read."""
        if self.is_terminal and time.monotonic() - self.last >= REDRAWN[1]:
            with self.lock:
                self._draw(bar(self.width))
                self.last = time.monotonic()

    @property
    def width(self):
        """Columns that a bar may take."""
        return min(MAX_WIDTH, shutil.get_terminal_size().columns) - 1

    def beat(self):
        """Shows a heartbeat if nothing has been shown for a while."""
        with self.lock:
            now = time.monotonic()
            if now - self.last < (REDRAWN[0] if self.is_terminal else SILENCE):
                return
            if callable(self.doing):
                text = self.doing()
            else:
                doing = " ".join(self.doing.split())
                text = shorten(f"still running after {duration(now - self.since)}: {doing}", self.width)
            if self.is_terminal:
                self._draw(shorten(text, self.width))
            else:
                self.show(text)
            self.last = time.monotonic()

    def __enter__(self):
        self.stopped.clear()
        self.thread = threading.Thread(target=self._beat_until_stopped, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.stopped.set()
        self.thread.join()
        with self.lock:
            self._draw("")

    def _beat_until_stopped(self):
        while not self.stopped.wait(0.5):
            try:
                self.beat()
            except OSError:  # the reader has gone: the next line meets the same error where it can be handled
                return

    def _write_line(self, line):
        self.file.write(f"{line}\n")
        self.file.flush()

    def _draw(self, text):
        """Replaces what is drawn; spaces cover what was longer."""
        if text or self.drawn:
            self.file.write("\r" + text.ljust(len(self.drawn)) + ("" if text else "\r"))
            self.file.flush()
            self.drawn = text


def shown(show=print):
    """Returns a context with a `Console`: `show` itself if it is one; for `print` one with a bar; otherwise one of lines."""
    return contextlib.nullcontext(show) if isinstance(show, Console) else Console(None if show is print else show)


def shorten(text, width):
    """Returns a text cut to a width."""
    return text if len(text) <= width else f"{text[: width - 3]}..."


def duration(seconds):
    """Returns a text such as `40 s`, `12 min` or `2 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
