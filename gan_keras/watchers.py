"""The callbacks that watch over every run, whatever its modality."""

from gan_keras.callbacks import EarlyStop, Guard, Speed, Watch
from gan_keras.callbacks.events import Events
from gan_keras.callbacks.guard import TrainingFailed
from gan_keras.callbacks.history import History


class Watchers:
    """Guard, speed, history, watch and early end of a `Run`, which share its events.

    Args:
        run: A `Run`.
        modality: Its `Modality`.
        preset: Its preset.
        progress: Called with a line about each event.
    """

    def __init__(self, run, modality, preset, progress=print):
        self.path, events = run.path, Events(run.events_path, progress)
        self.guard, self.history = Guard(events), History(run.history_path)
        judged = {"events": events, "history": self.history}
        self.judges = [Watch(**judged)]
        if modality.quality is not None:
            self.judges.append(EarlyStop(*modality.quality, preset.patience, **judged))

    def around(self, callbacks):
        """All of them in their order, with the modality's own where they score: after the guard, before what reads scores."""
        return [self.guard, Speed(), *callbacks, self.history, *self.judges]

    def check(self):
        """Raises `TrainingFailed` if training was given up."""
        if self.guard.failure is not None:
            raise TrainingFailed(f"{self.guard.failure} {self.path} holds the last good state and can be used as it is.")
