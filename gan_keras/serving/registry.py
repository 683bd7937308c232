"""Which versions of which models are served: what is on the disk, what is wished, what could be loaded."""

import contextlib
import gc
import logging
import queue
import threading
import time
import weakref

from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.version import Version, VersionState, fingerprint, versions_on_disk

LOGGER = logging.getLogger(__name__)
RETRY_SECONDS = 60.0  # between attempts to load a version that failed and has not changed since
MOST_RETRIES = 5


class Model:
    """The versions of one model.

    Args:
        config: Its `ModelConfig`.
        pool: Loads and runs them.
        retired: A queue that gets `(name, number, key)` when nobody holds a version any more that is no longer served.
    """

    def __init__(self, config, pool, retired):
        self.config, self.pool, self.retired = config, pool, retired
        self.available, self.statuses, self.failures = {}, {}, {}

    def follow_disk(self):
        """Loads what is new, highest first, then lets go of what is old: never the last one for one that does not load.

        Reference: `availability_preserving_policy.cc` of TensorFlow Serving.
        """
        found = versions_on_disk(self.config.base_path)
        if found is None:
            return
        wished = self.config.policy.pick(found)
        for number in sorted(wished, reverse=True):
            if number not in self.available and self._is_due(number, found[number]):
                self._load(number, found[number])
        if not wished or any(number in self.available for number in wished):
            self.let_go(set(self.available) - set(wished))

    def let_go(self, numbers):
        """Takes versions out of service; each is unloaded when its last request has its answer."""
        for number in numbers:
            self.statuses[number] = VersionState(number, "UNLOADING")
            self.available.pop(number, None)  # a worker's thread may have lost it just now

    def lose(self, key, error):
        """Marks a version that a worker could not load again."""
        for number, version in list(self.available.items()):
            if version.key == key:
                del self.available[number]
                self._fail(number, version.directory, error, self._seen(version.directory))

    def latest(self):
        available = dict(self.available)  # as of one moment: the disk's thread may swap versions meanwhile
        return available.get(max(available, default=None))

    def _is_due(self, number, directory):
        """A version that failed is tried again as soon as its files change, and a few times anyway."""
        if number not in self.failures:
            return True
        seen, when, num = self.failures[number]
        is_late = time.monotonic() - when > RETRY_SECONDS and num < MOST_RETRIES
        return is_late or self._seen(directory) != seen

    def _load(self, number, directory):
        self.statuses[number], seen = VersionState(number, "LOADING"), self._seen(directory)
        try:
            version = Version(self.config.name, number, directory)
            self.pool.load(version.key, directory, list(version.warm_up()))
        except Exception as error:  # whatever is wrong with one version, the others are served
            self._fail(number, directory, error, seen)
            return
        weakref.finalize(version, self.retired.put, (self.config.name, number, version.key)).atexit = False
        self.failures.pop(number, None)
        self.available[number] = version
        self.statuses[number] = VersionState(number, "AVAILABLE")
        LOGGER.info("%s version %d is available.", self.config.name, number)

    def _seen(self, directory):
        with contextlib.suppress(OSError):  # files that go while we look: the next look tells
            return fingerprint(directory)
        return None

    def _fail(self, number, directory, error, seen):
        """`seen` is the fingerprint from before the load: files that came during it count as a change."""
        LOGGER.error("%s version %d is not served: %s", self.config.name, number, error)
        before = self.failures.get(number, (None, None, 0))
        self.failures[number] = (seen, time.monotonic(), before[2] + 1)
        code = error.code if isinstance(error, ServingError) else Code.UNKNOWN
        message = str(error).replace(str(directory), f"{self.config.name}/{number}")
        self.statuses[number] = VersionState(number, "END", code, message)


class Registry:
    """All models. Requests read it and never wait; what changes it takes the lock.

    Attributes:
        models: A `Model` by name.
        pool: The `Pool` that runs them; to be set before `configure`, for it reports lost versions here.
        wishes: Called for the `ModelConfig`s that `follow_wishes` serves; to be set before that.
        fault: What was wrong with the wishes at the last look, in words; None if nothing was.
    """

    def __init__(self):
        self.models, self.removed, self.pool, self.wishes, self.fault = {}, {}, None, None, None
        self.retired, self.lock = queue.SimpleQueue(), threading.RLock()

    def configure(self, configs):
        """Serves these models from now on, and no others; returns when those that are new were tried.

        Raises:
            ServingError: FAILED_PRECONDITION, with nothing changed, if a label would move to a version that is not
                available: its clients would lose their answers.
        """
        with self.lock:
            self._check_labels(configs)
            wished = {config.name: config for config in configs}
            for name in set(self.models) - set(wished):
                self.models[name].let_go(list(self.models[name].available))
                self.removed[name] = self.models.pop(name)
            for name, config in wished.items():
                if name not in self.models:
                    self.models[name] = self.removed.pop(name, None) or Model(config, self.pool, self.retired)
                self.models[name].config = config
            self.follow_disk()

    def reload(self, configs):
        """Serves what a client asks for, and from now on no longer what was wished before.

        Raises:
            ServingError: If a label is refused, with nothing changed; if a model that is new has no version that loads.
        """
        with self.lock:
            before = set(self.models)
            self.configure(configs)
            self.wishes = lambda: configs
            missing = [name for name, model in self.models.items() if name not in before and not model.available]
        if missing:
            listed = ", ".join(f"{{name: {name}}}" for name in sorted(missing))
            raise ServingError(Code.UNKNOWN, f"{len(missing)} model(s) did not become available: {{{listed}}}")

    def follow_wishes(self):
        """Does what is wished now. What is wrong there is told once, and looked at again: it may be mended at any time."""
        with self.lock:
            try:
                self.configure(self.wishes())
                self.fault = None
            except (ServingError, ValueError, OSError) as error:
                if str(error) != self.fault:
                    LOGGER.error("What is served stays as it is: %s", error)
                self.fault = str(error)

    def _check_labels(self, configs):
        for config in configs:
            model = self.models.get(config.name)
            for label, number in config.labels.items() if model else ():
                if model.config.labels.get(label, number) != number and number not in model.available:
                    raise ServingError(
                        Code.FAILED_PRECONDITION,
                        f"Request to assign label to version {number} of model {config.name}, "
                        "which is not currently available for inference",
                    )

    def follow_disk(self):
        """Loads and unloads once what the disk and the wishes say."""
        with self.lock:
            for model in self.models.values():
                model.follow_disk()
            self._unload_retired()

    def _unload_retired(self):
        """Unloads versions whose last request has its answer. A cycle of Python objects may still hold one: collect it."""
        models = {**self.removed, **self.models}
        if any(status.state == "UNLOADING" for model in models.values() for status in model.statuses.values()):
            gc.collect()
        while not self.retired.empty():
            name, number, key = self.retired.get()
            self.pool.unload(key)
            if models[name].statuses[number].state == "UNLOADING":
                models[name].statuses[number] = VersionState(number, "END")

    def lose(self, key, error):
        """Takes a version out of service that a worker could not load when it was started again."""
        for model in list(self.models.values()):
            model.lose(key, error)

    def statuses(self, name, number=None):
        """The `VersionState` of each version that was ever seen, or of one, highest first.

        Raises:
            ServingError: NOT_FOUND if there is none.
        """
        model = self.models.get(name) or self.removed.get(name)
        found = dict(model.statuses) if model else {}
        if number is not None and number not in found:
            raise ServingError(Code.NOT_FOUND, f"Could not find version {number} of model {name}")
        if not found:
            raise ServingError(Code.NOT_FOUND, f"Could not find any versions of model {name}")
        return [found[each] for each in sorted(found, reverse=True) if number in (None, each)]

    def version(self, name, number=None, label=None):
        """The version that a request asks for.

        Raises:
            ServingError: NOT_FOUND if it is not served, INVALID_ARGUMENT for an unknown label.
        """
        if not name:
            raise ServingError(Code.INVALID_ARGUMENT, "ModelSpec has no name specified.")
        model = self.models.get(name)
        if label is not None:
            number = None if model is None else model.config.labels.get(label)
            if number is None:
                raise ServingError(Code.INVALID_ARGUMENT, f"Unrecognized servable version label: {label}")
        found = None if model is None else model.latest() if number is None else model.available.get(number)
        if found is None:
            wish = f"Latest({name})" if number is None else f"Specific({name}, {number})"
            raise ServingError(Code.NOT_FOUND, f"Servable not found for request: {wish}")
        return found
