"""The order of the tests, the longest files first; how many examples hypothesis tries; what the tests of a `run` share."""

import hypothesis
import pytest

# Two processes share the files. One that began a long file at the end would run on alone.
LONGEST = (
    *("test_notebooks.py", "test_strategies.py", "test_image_networks.py", "test_text_gan.py", "test_cli.py", "test_resuming.py"),
    *("test_table_run.py", "test_translation_run.py", "test_video_run.py", "test_audio_run.py", "test_series_run.py"),
    *("test_image_run.py", "test_server.py", "test_run.py", "test_same_bytes.py", "test_table_gan.py", "test_learning.py"),
    *("test_guard.py", "test_augmentation_gain.py", "test_savedmodel_gate.py", "test_gan_saving.py", "test_quality.py"),
)
# Of these, the tests that need the trained run are slow.
SLOW_RUNS = ("test_audio_run.py", "test_series_run.py", "test_table_run.py", "test_translation_run.py", "test_video_run.py")

hypothesis.settings.register_profile("quick", max_examples=25, deadline=None, derandomize=True)
hypothesis.settings.register_profile("thorough", max_examples=150, deadline=None, derandomize=True)


def pytest_configure(config):
    hypothesis.settings.load_profile("quick" if config.option.markexpr == "not slow" else "thorough")


@pytest.hookimpl(tryfirst=True)  # before slow tests are deselected
def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.name in SLOW_RUNS and "run" in item.fixturenames:
            item.add_marker("slow")
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
    """The run, with its model loaded once for all tests."""
    from gan_keras.runs.files import Run

    monkeypatch.setattr(Run, "load", lambda self, compile=True: gan)
    return run


@pytest.fixture(scope="module")
def version(folder, run):
    """The version that the command line exports from the module's run."""
    from whole_runs import exported

    return exported(run, folder / "saved_models" / "model")
