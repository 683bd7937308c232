"""Fixtures of the protocol tests: models, and a core that serves them in a worker process."""

import pytest
from fixture_models import write_models

from gan_keras.serving.batches import Queue
from gan_keras.serving.core import Core
from gan_keras.serving.metrics import Metrics
from gan_keras.serving.pool import Pool
from gan_keras.serving.registry import Registry


@pytest.fixture(scope="session")
def fixture_configs(tmp_path_factory):
    """A `ModelConfig` for each model of `fixture_models`."""
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def core(fixture_configs):
    """The real `Core` over all of `fixture_models`, all versions."""
    queue, registry = Queue(1), Registry()
    registry.pool = Pool(queue, 1, registry.lose)
    registry.configure(fixture_configs)
    yield Core(registry, queue, Metrics())
    registry.pool.close(5.0)
