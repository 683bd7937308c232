"""Judges of the modalities that are trained quickly, for every test of the folder."""

import pytest

from gan_keras.metrics import train_on_synthetic
from gan_keras.modalities.audio import evaluation as audio_evaluation
from gan_keras.modalities.image import evaluation as image_evaluation
from gan_keras.modalities.translation import evaluation as translation_evaluation
from gan_keras.modalities.video import evaluation as video_evaluation
from whole_runs import FEW_STEPS


@pytest.fixture(scope="module", autouse=True)
def quick_judges(folder):
    """Keeps extractors in the module's directory and trains them for a few steps; one classifier judges tables."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(folder / "keras"))
        for evaluation in (audio_evaluation, image_evaluation, translation_evaluation, video_evaluation):
            patch.setattr(evaluation, "RECIPE", FEW_STEPS)
        patch.setattr(train_on_synthetic, "CLASSIFIERS", {"tree": train_on_synthetic.CLASSIFIERS["tree"]})
        yield
