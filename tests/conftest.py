"""What all tests share: the longest files come first, and text is calibrated by fewer drafts."""

import pytest

from gan_keras import text_writing

# Two processes share the files. One that began a long file at the end would run on alone.
LONGEST = ("test_notebooks.py", "test_strategies.py", "test_resuming.py", "test_text_gan.py", "test_cli.py", "test_image_run.py")


def pytest_collection_modifyitems(items):
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.fixture(scope="session", autouse=True)
def few_drafts_to_calibrate_by():
    """A `TextGAN` measures its scores on thousands of drafts when it was trained; hundreds will do here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_writing, "_CALIBRATION_DRAFTS", 512)
        yield
