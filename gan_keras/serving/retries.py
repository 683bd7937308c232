"""Asking again: a server that is full or away may answer in a moment."""

import dataclasses
import random
import time

from gan_keras.serving.errors import ServingError


class TryLater(ServingError):
    """A refusal that may soon be over, `RESOURCE_EXHAUSTED` or `UNAVAILABLE`.

    Args:
        code: A `Code`.
        message: The server's words.
        seconds: What the server asks to wait at least, 0 or more.
    """

    def __init__(self, code, message, seconds=0.0):
        super().__init__(code, message)
        self.seconds = seconds


@dataclasses.dataclass(frozen=True)
class Retries:
    """Exponential back-off with full jitter: clients that were refused together do not come back together.

    Args:
        attempts: How often to ask in all, 1 or more.
        first: Seconds that the first pause lasts at most; each further one may last twice as long.
        most: Seconds that no pause exceeds, unless the server asks for more.
    """

    attempts: int = 6
    first: float = 0.1
    most: float = 5.0

    def __post_init__(self):
        if self.attempts < 1 or self.first < 0 or self.most < 0:
            raise ValueError(f"{self}. Expected one attempt at least, and pauses of 0 seconds or more.")

    def call(self, request, timeout):
        """Returns `request(seconds_left)`, asked again after each `TryLater` as far as attempts and time allow.

        Args:
            request: A function of the seconds that are left to it.
            timeout: Seconds for all attempts and the pauses between them.

        Raises:
            ServingError: The last refusal, or what else `request` raises.
        """
        deadline = time.monotonic() + timeout
        attempt = 0
        while True:
            attempt += 1
            try:
                return request(deadline - time.monotonic())
            except TryLater as refusal:
                pause = max(refusal.seconds, self.pause(attempt))
                if attempt == self.attempts or time.monotonic() + pause >= deadline:
                    raise
            time.sleep(pause)

    def pause(self, attempt):
        """Seconds to wait after a number of attempts, drawn anew each time."""
        return random.uniform(0.0, min(self.most, self.first * 2 ** (attempt - 1)))
