"""The models and versions that are served: those on the disk, those that the configuration selects, those that load."""

import gc
import logging
import queue
import threading
import time
import weakref

from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.raw_values import VersionState
from gan_keras.serving.version import Version, fingerprint, versions_on_disk

LOGGER = logging.getLogger(__name__)
RETRY_SECONDS = 60.0  # between attempts to load a version that failed and has not changed since
MAX_RETRIES = 5


class Model:
    """The versions of one model.

    Args:
        config: Its `ModelConfig`.
        pool: Loads and runs versions.
        retired: A queue that gets `(name, number, key)` when the last reference to a withdrawn version is gone.
    """

    def __init__(self, config, pool, retired):
        self.config, self.pool, self.retired = config, pool, retired
        self.available, self.statuses, self.failures = {}, {}, {}

    def follow_disk(self):
        """Loads new versions, highest number first, then withdraws old ones unless no new one loads.

        Reference: `availability_preserving_policy.cc` of TensorFlow Serving.
        """
        found = versions_on_disk(self.config.base_path)
        if found is None:
            return
        wanted = self.config.policy.pick(found)
        for number in sorted(wanted, reverse=True):
            if number not in self.available and self._is_due(number, found[number]):
                self._load(number, found[number])
        if not wanted or any(number in self.available for number in wanted):
            self.withdraw(set(self.available) - set(wanted))

    def withdraw(self, numbers):
        """Takes versions out of service; each is unloaded after its last request."""
        for number in numbers:
            self.statuses[number] = VersionState(number, "UNLOADING")
            self.available.pop(number, None)  # a worker's thread may have removed it just now

    def lose(self, key, error):
        """Marks a version that a restarted worker could not load."""
        for number, version in list(self.available.items()):
            if version.key == key:
                del self.available[number]
                self._fail(number, version.directory, error, fingerprint(version.directory))

    def latest(self):
        available = dict(self.available)  # a copy: the polling thread may swap versions meanwhile
        return available.get(max(available, default=None))

    def _is_due(self, number, directory):
        """Returns True for a new version, for one whose files changed since it failed, and a few times for other failed ones."""
        if number not in self.failures:
            return True
        seen, when, num = self.failures[number]
        is_late = time.monotonic() - when > RETRY_SECONDS and num < MAX_RETRIES
        return is_late or fingerprint(directory) != seen

    def _load(self, number, directory):
        self.statuses[number], seen = VersionState(number, "LOADING"), fingerprint(directory)
        try:
            version = Version(self.config.name, number, directory)
            self.pool.load(version.key, directory, list(version.warm_up()))
        except Exception as error:  # an error in one version must not affect the others
            self._fail(number, directory, error, seen)
            return
        weakref.finalize(version, self.retired.put, (self.config.name, number, version.key)).atexit = False
        self.failures.pop(number, None)
        self.available[number] = version
        self.statuses[number] = VersionState(number, "AVAILABLE")
        LOGGER.info("%s version %d is available.", self.config.name, number)

    def _fail(self, number, directory, error, seen):
        """Records a failure. `seen` is the fingerprint from before the load: files written during it count as a change."""
        LOGGER.error("%s version %d is not served: %s", self.config.name, number, error)
        before = self.failures.get(number, (None, None, 0))
        self.failures[number] = (seen, time.monotonic(), before[2] + 1)
        code = error.code if isinstance(error, ServingError) else Code.UNKNOWN
        message = str(error).replace(str(directory), f"{self.config.name}/{number}")
        self.statuses[number] = VersionState(number, "END", code, message)


class Registry:
    """All models. Requests read it without waiting; changes take a lock.

    Attributes:
        models: A `Model` by name.
        pool: The `Pool` that runs them. Set it before `configure`; the pool reports lost versions to this registry.
        read_configs: Returns the `ModelConfig`s to serve. Set it before `refresh`.
        fault: The error in the configuration at the last refresh; None if there was none.
    """

    def __init__(self):
        self.models, self.removed, self.pool, self.read_configs, self.fault = {}, {}, None, None, None
        self.retired, self.lock = queue.SimpleQueue(), threading.RLock()

    def configure(self, configs):
        """Serves exactly these models from now on; returns after every new version was tried.

        Raises:
            ServingError: FAILED_PRECONDITION, with nothing changed, if a label would move to a version that is not
                available: its clients would get errors.
        """
        with self.lock:
            self._check_labels(configs)
            wanted = {config.name: config for config in configs}
            for name in set(self.models) - set(wanted):
                self.models[name].withdraw(list(self.models[name].available))
                self.removed[name] = self.models.pop(name)
            for name, config in wanted.items():
                if name not in self.models:
                    self.models[name] = self.removed.pop(name, None) or Model(config, self.pool, self.retired)
                self.models[name].config = config
            self.follow_disk()

    def reload(self, configs):
        """Serves the models that a client requests instead of the configured ones.

        Raises:
            ServingError: If a label is refused, with nothing changed; if a new model has no version that loads.
        """
        with self.lock:
            before = set(self.models)
            self.configure(configs)
            self.read_configs = lambda: configs
            missing = [name for name, model in self.models.items() if name not in before and not model.available]
        if missing:
            listed = ", ".join(f"{{name: {name}}}" for name in sorted(missing))
            raise ServingError(Code.UNKNOWN, f"{len(missing)} model(s) did not become available: {{{listed}}}")

    def refresh(self):
        """Applies the current configuration. An error in it is logged once; the next refresh tries again."""
        with self.lock:
            try:
                self.configure(self.read_configs())
                self.fault = None
            except (ServingError, ValueError, OSError) as error:
                if str(error) != self.fault:
                    LOGGER.error("The served models stay the same: %s", error)
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
        """Loads and unloads versions according to the disk and the configuration."""
        with self.lock:
            for model in self.models.values():
                model.follow_disk()
            self._unload_retired()

    def _unload_retired(self):
        """Unloads versions after their last request. Collects garbage first: a cycle of objects may hold a version."""
        models = {**self.removed, **self.models}
        if any(status.state == "UNLOADING" for model in models.values() for status in model.statuses.values()):
            gc.collect()
        while not self.retired.empty():
            name, number, key = self.retired.get()
            self.pool.unload(key)
            if models[name].statuses[number].state == "UNLOADING":
                models[name].statuses[number] = VersionState(number, "END")

    def lose(self, key, error):
        """Takes a version out of service that a restarted worker could not load."""
        for model in list(self.models.values()):
            model.lose(key, error)

    def statuses(self, name, number=None):
        """Returns the `VersionState` of each version that was ever seen, or of one, highest number first.

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
        """Returns the requested version.

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
            wanted = f"Latest({name})" if number is None else f"Specific({name}, {number})"
            raise ServingError(Code.NOT_FOUND, f"Servable not found for request: {wanted}")
        return found
