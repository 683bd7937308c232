"""The same few lines build, train, generate and evaluate for every kind of data; `evaluate` refuses what does not fit."""

import itertools
import json
import math
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import gan_keras
from gan_keras import data, modalities, presets
from gan_keras.data.audio.load import load_tones
from gan_keras.data.series.series import cut_windows
from gan_keras.data.text.corpus import corpus_from_lines
from gan_keras.metrics import series
from gan_keras.modalities import evaluate
from gan_keras.modalities.series import evaluation as series_evaluation
from gan_keras.modalities.text.modality import exact_likelihood
from gan_keras.modalities.text.presets import Lines, numbered
from gan_keras.runs.train import train
from whole_runs import silent

RANDOM = np.random.default_rng(0)
NUM = {"text": 6, "image": 8, "audio": 8, "video": 8, "table": 12, "series": 20, "translation": 6}


def corpus():
    words = ("cat", "dog", "bird"), ("sees", "likes"), ("cow", "fox")
    lines = [f"a {noun} {verb} the {other}" for noun, verb, other in itertools.product(*words)]
    return corpus_from_lines("animals", lines * 12, ["even", "odd"] * 72)


def images(name="squares"):
    return data.images_from_arrays(name, RANDOM.integers(0, 256, (150, 16, 16, 1), dtype=np.uint8), np.arange(150) % 3)


def videos():
    return data.videos_from_arrays("noise", RANDOM.integers(0, 256, (120, 4, 12, 12, 1), dtype=np.uint8), np.arange(120) % 2)


DATA = {
    "text": (corpus, data.split),
    "image": (images, data.split_images),
    "audio": (lambda: load_tones(num=120, length=1024), data.split_sounds),
    "video": (videos, data.split_videos),
    "table": (lambda: data.load_table("wine"), data.split_table),
    "series": (lambda: cut_windows("walk", [np.cumsum(RANDOM.normal(size=(500, 2)), axis=0)], ("a", "b"), 8), data.split_series),
    "translation": (lambda: data.Domains("two", images("a"), images("b")), data.split_domains),
}

KINDS = [pytest.param(kind, marks=pytest.mark.slow) if kind in ("text", "series", "translation") else kind for kind in DATA]


@pytest.fixture(scope="module", autouse=True)
def quick_judges_of_series():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(series_evaluation, "RECIPE", series.Recipe(units=4, depth=1, batch_size=64, epochs=1, patience=1))
        yield


@pytest.fixture(scope="module")
def trained():
    """For each kind its parts, its preset and a GAN after a step: made once, when a test asks for the kind."""
    made = {}

    def of(kind):
        if kind not in made:
            load, split = DATA[kind]
            training, held_out = split(load(), seed=0)
            preset = presets.get(kind, "tiny")
            gan = preset.build(training)
            gan.fit(preset.batches(gan, training).take(1), epochs=1, verbose=0)
            made[kind] = training, held_out, preset, gan
        return made[kind]

    return of


@pytest.mark.parametrize("kind", KINDS)
def test_a_gan_trained_with_the_same_lines_is_evaluated_with_baselines_and_control(trained, kind):
    training, held_out, _, gan = trained(kind)
    lines = []
    result = evaluate(gan, training, held_out, num=NUM[kind], progress=lines.append)
    assert json.loads(json.dumps(result)) == result and lines
    rival = "ngram" if kind == "text" else "baseline"  # its supervised baseline is the GAN's generator, without a third stage
    assert {"gan", rival} <= result["samplers"].keys() and "title" in result["real"]
    assert result["settings"]["num"] in (NUM[kind], [NUM[kind], NUM[kind]]) and len(result["verdict"]) > 1
    assert result["settings"].get("test") == (None if kind == "text" else held_out.name)


@pytest.mark.parametrize("kind", KINDS)
def test_fit_is_build_and_keras_fit_and_writes_no_files(trained, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    training, held_out, preset, _ = trained(kind)
    weights = []
    for by_hand in (True, False):
        keras.utils.clear_session(free_memory=False)  # names of layers, and so the order of sums, begin anew
        if by_hand:
            epochs = {stage: int(not place) for place, stage in enumerate(preset.stage_epochs)}
            gan = preset.with_stage_epochs(epochs).build(training)
            gan.fit(preset.batches(gan, training), epochs=1, shuffle=False, verbose=0)
        else:
            gan = preset.fit(training, held_out, epochs=1, verbose=0)
        weights.append(gan.generator.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", DATA)
def test_batches_are_those_of_a_run(trained, kind):
    training, _, preset, gan = trained(kind)
    part = numbered(training) if kind == "text" else training
    first, second = preset.batches(gan, training, seed=3), modalities.get(kind).batches(gan, preset, part, 3)
    assert int(first.cardinality()) == int(second.cardinality()) == preset.steps_per_pass(training)
    for one, other in zip(*(tf.nest.flatten(next(iter(each))) for each in (first, second)), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), [("image", "digits"), ("table", "wine")])
def test_fit_trains_as_a_run_does(kind, name, tmp_path):
    of_run = train(kind, name, tmp_path / "run", "tiny", epochs=3, seed=4, progress=silent)
    keras.utils.clear_session(free_memory=False)
    load = {"image": data.load_images, "table": data.load_table}[kind]
    training, held_out = DATA[kind][1](load(name), seed=4)
    gan = presets.get(kind, "tiny").fit(training, held_out, epochs=3, seed=4, verbose=0)
    for one, other in zip(gan.get_weights(), of_run.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_examples_in_the_documentation_run(monkeypatch):
    monkeypatch.setattr("builtins.print", silent)
    for text in (presets.__doc__, evaluate.__doc__):
        (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        monkeypatch.setattr(gan_keras, "evaluate", evaluate, raising=False)
        exec("\n".join(line.removeprefix("    ") for line in code.splitlines()), {"gan_keras": gan_keras})


def test_a_corpus_trains_with_its_labels_numbered_by_name(trained):
    training, held_out, preset, gan = trained("text")
    lines, numbers = numbered(training)
    assert gan.num_labels == 2 and [("even", "odd")[number] for number in numbers] == list(training.labels)
    alike = preset.build(lines, numbers)
    for one, other in zip(gan.generator.weights, alike.generator.weights, strict=True):
        assert one.shape == other.shape
    assert numbered(Lines(lines)) == numbered(lines) == (lines, None)
    other = corpus_from_lines("other", ["a cat"], ["prime"])
    pytest.raises(ValueError, numbered, other, training).match("other has prime. Expected the training labels: even, odd")
    pytest.raises(ValueError, numbered, corpus_from_lines("plain", ["a cat"]), training).match("plain has no labels")
    assert numbered(held_out, corpus_from_lines("plain", ["a cat"])).labels is None


def test_the_likelihood_is_known_for_parts_of_a_built_in_grammar_alone():
    training, _ = data.split(data.load_text("english_phrases"))
    assert exact_likelihood(training)(training.lines[0]) > -math.inf
    assert exact_likelihood(corpus_from_lines("english_phrases", ["a line of another file"])) is None
    assert exact_likelihood(corpus()) is None


def test_the_label_of_a_table_can_be_chosen_and_other_data_have_none(trained):
    training, held_out, _, gan = trained("table")
    result = evaluate(gan, training, held_out, num=12, progress=None, label="alcohol")
    assert result["settings"]["target"] == "alcohol" and "r2" in result["real"]["values"]
    with pytest.raises(ValueError, match="label='alcohol' for images. Expected none: only a table"):
        evaluate(trained("image")[3], *trained("image")[:2], label="alcohol")


def test_data_that_do_not_fit_are_refused_with_what_is_expected(trained):
    training, held_out, _, gan = trained("image")
    with pytest.raises(ValueError, match="Got data of type ndarray. Expected a data object of `gan_keras.data`: Corpus, Images"):
        evaluate(gan, np.zeros((9, 16, 16, 1)), held_out)
    with pytest.raises(ValueError, match="training data of type Images and test data of type Sounds. Expected one type"):
        evaluate(gan, training, trained("audio")[1])
    with pytest.raises(ValueError, match="Got GAN with codec=ImageCodec for sounds. Expected .* SpectrogramCodec, WaveformCodec"):
        evaluate(gan, *trained("audio")[:2])
    with pytest.raises(ValueError, match="Got GAN with codec=ImageCodec for images. Expected a GAN with the method `translate`"):
        evaluate(gan, *trained("translation")[:2])
    levels = np.zeros((20, 32, 32, 1), np.uint8) + np.arange(20, dtype=np.uint8)[:, None, None, None]
    other = data.images_from_arrays("large", levels)
    with pytest.raises(ValueError, match=r"image_shape=\(16, 16, 1\), and large has image_shape=\(32, 32, 1\)"):
        evaluate(gan, other, other)
