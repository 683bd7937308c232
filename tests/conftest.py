"""The order of the tests, the longest files first, and what the tests of a `run` share: each module has one of its own."""

import pytest

# Two processes share the files. One that began a long file at the end would run on alone.
LONGEST = (
    *("test_notebooks.py", "test_strategies.py", "test_resuming.py", "test_text_gan.py", "test_cli.py", "test_image_run.py"),
    *("test_table_gan.py", "test_translation_run.py", "test_video_run.py", "test_audio_run.py", "test_series_run.py"),
)


def pytest_collection_modifyitems(items):
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A directory for the files of a module."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def gan(run):
    """The GAN of the module's run."""
    from gan_keras.runs.files import Run  # here: not every test needs TensorFlow

    return Run(run).load()


@pytest.fixture
def loaded(run, gan, monkeypatch):
    """The run, whose model is read from the disk once for all tests."""
    from gan_keras.runs.files import Run

    monkeypatch.setattr(Run, "load", lambda self, compile=True: gan)
    return run
