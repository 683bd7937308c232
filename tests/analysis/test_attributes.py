"""Attributes measure what was planted, in the units that they name, and agree with independent computations."""

import keras
import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

from gan_keras import GAN, Pix2Pix, TextGAN, codecs, networks
from gan_keras.analysis import attributes_of, kind_of, label_attribute, samples_of, share_of_words, words_gained, words_of
from gan_keras.data import Table
from gan_keras.data.table.columns import CategoryColumn, DateColumn, IdColumn, NumberColumn
from gan_keras.metrics import centre_speeds
from gan_keras.modalities.table.presets import TablePreset
from small_gans import small_gan

RATE = 8000


def gan_of(codec, shape):
    """An untrained GAN that makes tensors of a shape."""
    keras.utils.set_random_seed(0)
    return GAN(networks.MLPGenerator(shape, 4, (8,), "tanh"), networks.MLPDiscriminator((8,)), codec)


@pytest.fixture(scope="module")
def images():
    return attributes_of(gan_of(codecs.ImageCodec((28, 28, 1)), (28, 28, 1)))


@pytest.fixture(scope="module")
def sounds():
    return attributes_of(gan_of(codecs.WaveformCodec(RATE, RATE), (RATE, 1)))


def bar(top, left, height, width, lean=0.0, size=(28, 28)):
    """A white bar on black, whose rows move `lean` pixels to the left for each row further down."""
    image = np.zeros((*size, 1), np.float32)
    for row in range(top, top + height):
        start = left - round(lean * (row - top))
        image[row, start : start + width] = 1.0
    return image


def measured(attributes, samples):
    return {name: attribute(samples)[0] for name, attribute in attributes.items()}


# --- Images.


def test_a_bar_has_its_width_height_place_and_ink(images):
    found = measured(images, bar(4, 10, 12, 5)[None])
    assert found["width"] == pytest.approx(5.0) and found["height"] == pytest.approx(12.0)
    assert found["slant"] == pytest.approx(0.0)
    assert found["ink"] == pytest.approx(60 / 784) and found["brightness"] == pytest.approx(60 / 784)
    assert found["x"] == pytest.approx(12 - 13.5) and found["y"] == pytest.approx(13.5 - 9.5)  # y counts upwards
    assert images["width"].unit == "pixels" and images["slant"].unit == "degrees" and images["ink"].unit == ""


@pytest.mark.parametrize("lean", [-1.0, -0.5, 0.5, 1.0])
def test_a_leaning_bar_has_the_angle_of_its_lean_and_the_width_of_an_upright_one(images, lean):
    found = measured(images, bar(4, 12, 12, 3, lean)[None])
    assert found["slant"] == pytest.approx(np.degrees(np.arctan(lean)), abs=2.0)
    assert found["width"] == pytest.approx(3.0, abs=0.3) and found["height"] == pytest.approx(12.0)


def test_a_drawn_figure_that_is_sheared_or_stretched_measures_what_was_done_to_it(images):
    random = np.random.default_rng(0)
    figure = scipy.ndimage.gaussian_filter(random.random((28, 28)), 1.5)
    figure = np.clip((figure - 0.5) * 8, 0, 1) * np.pad(np.ones((14, 14)), 7)

    def transformed(matrix):  # about the middle, in rows and columns
        middle = np.array([13.5, 13.5])
        return scipy.ndimage.affine_transform(figure, matrix, middle - np.array(matrix) @ middle, order=1)[None, ..., None]

    plain = measured(images, transformed([[1, 0], [0, 1]]))
    sheared = measured(images, transformed([[1, 0], [0.4, 1]]))  # a row further up moves 0.4 pixels to the right
    slope = np.tan(np.radians(sheared["slant"])) - np.tan(np.radians(plain["slant"]))
    assert slope == pytest.approx(0.4, abs=0.02) and sheared["width"] == pytest.approx(plain["width"], rel=0.03)
    wider = measured(images, transformed([[1, 0], [0, 1 / 1.5]]))
    assert wider["width"] == pytest.approx(1.5 * plain["width"], rel=0.03)
    assert wider["height"] == pytest.approx(plain["height"], rel=0.03)
    moved = measured(images, np.roll(transformed([[1, 0], [0, 1]]), (-2, 3), axis=(1, 2)))
    assert moved["x"] - plain["x"] == pytest.approx(3.0) and moved["y"] - plain["y"] == pytest.approx(2.0)
    place = scipy.ndimage.center_of_mass(figure)
    assert plain["x"] == pytest.approx(place[1] - 13.5) and plain["y"] == pytest.approx(13.5 - place[0])


def test_dark_figures_on_bright_ground_measure_as_bright_ones_on_dark_ground(images):
    image = bar(4, 12, 12, 3, 0.5)[None]
    bright, dark = measured(images, image), measured(images, 0.9 - 0.8 * image)
    assert dark.pop("brightness") == pytest.approx(0.9 - 0.8 * bright.pop("brightness"), abs=1e-6)
    assert dark.pop("ink") == pytest.approx(0.8 * bright.pop("ink"), abs=1e-6)
    assert dark == pytest.approx(bright, abs=1e-4)


def test_an_empty_image_has_no_place_and_no_warning(images, recwarn):
    found = measured(images, np.full((1, 28, 28, 1), 0.3, np.float32))
    assert {name for name, value in found.items() if np.isnan(value)} == {"slant", "width", "height", "x", "y"}
    assert not recwarn.list


def test_colours_are_means_of_channels_and_grey_has_no_saturation():
    attributes = attributes_of(gan_of(codecs.ImageCodec((8, 8, 3)), (8, 8, 3)))
    image = np.full((1, 8, 8, 3), [0.2, 0.5, 0.9], np.float32)
    image[:, :4] = 0.4
    found = measured(attributes, image)
    assert [found[name] for name in ("red", "green", "blue")] == pytest.approx([0.3, 0.45, 0.65])
    assert found["saturation"] == pytest.approx(0.7 / 2) and "red" not in attributes_of(small_image_gan())


def small_image_gan():
    return gan_of(None, (8, 8, 1))  # without a codec, images too


def test_attributes_do_not_depend_on_the_other_samples(images):
    random = np.random.default_rng(0)
    samples = random.random((150, 28, 28, 1), np.float32)
    for name, attribute in images.items():
        whole = attribute(samples)
        assert whole.shape == (150,) and whole.dtype == np.float64
        np.testing.assert_allclose(whole[70:75], attribute(samples[70:75]), rtol=1e-10, err_msg=name)
        assert np.std(whole) > 0, name


# --- Clips.


@pytest.mark.parametrize("velocity", [(0, 0), (1, 0), (0, 2), (-1, 1)])
def test_a_clip_moves_as_its_bar_does(velocity):
    attributes = attributes_of(gan_of(codecs.VideoCodec((6, 28, 28, 1)), (6, 28, 28, 1)))
    right, up = velocity
    clip = np.stack([bar(14 - up * frame, 10 + right * frame, 4, 3) for frame in range(6)])[None]
    found = measured(attributes, clip)
    assert [found["x velocity"], found["y velocity"]] == pytest.approx([right, up])
    assert found["speed"] == pytest.approx(np.hypot(right, up), abs=1e-6) == centre_speeds(clip)[0]
    assert found["width"] == pytest.approx(3.0) and found["height"] == pytest.approx(4.0)
    assert found["change"] == pytest.approx(np.abs(np.diff(clip, axis=1)).mean(), abs=1e-6)
    inverted = measured(attributes, 1.0 - clip)
    assert inverted["speed"] == pytest.approx(found["speed"], abs=1e-5)


def test_speed_is_the_length_of_the_path_and_velocity_that_of_its_ends():
    attributes = attributes_of(gan_of(codecs.VideoCodec((5, 28, 28, 1)), (5, 28, 28, 1)))
    clip = np.stack([bar(10, 10 + 3 * (frame % 2), 4, 4) for frame in range(5)])[None]  # there and back
    found = measured(attributes, np.concatenate([clip, 0.0 * clip]))
    assert found["speed"] == pytest.approx(3.0) and found["x velocity"] == pytest.approx(0.0, abs=1e-6)
    assert np.isnan(attributes["speed"](0.0 * clip)[0])


# --- Sounds.


def tone(hertz, seconds=0.6, start=0.1, amplitude=0.5, harmonics=(1.0,)):
    times = np.arange(RATE) / RATE
    wave = sum(share * np.sin(2 * np.pi * hertz * number * times) for number, share in enumerate(harmonics, 1))
    return amplitude * wave * ((times >= start) & (times < start + seconds))


@pytest.mark.parametrize("hertz", [70.0, 110.0, 233.1, 440.0, 913.0])
@pytest.mark.parametrize("harmonics", [(1.0,), (1.0, 0.7, 0.5, 0.35), (0.0, 0.7, 0.7, 0.7)], ids=["sine", "string", "missing"])
def test_a_tone_has_its_pitch_even_if_the_fundamental_is_missing(sounds, hertz, harmonics):
    assert sounds["pitch"](tone(hertz, harmonics=harmonics)[None])[0] == pytest.approx(hertz, rel=5e-4)


def test_loudness_and_length_are_those_of_the_part_that_sounds(sounds):
    waves = np.stack([tone(200, 0.6), tone(200, 0.3), tone(200, 0.6, amplitude=0.25)])
    assert sounds["length"](waves) == pytest.approx([0.6, 0.3, 0.6], abs=0.011)
    level = 20 * np.log10(0.5 / np.sqrt(2))
    assert sounds["loudness"](waves) == pytest.approx([level, level, level - 20 * np.log10(2)], abs=0.1)
    paused = tone(200, 0.2) + tone(200, 0.2, start=0.6)
    assert sounds["length"](paused[None])[0] == pytest.approx(0.7, abs=0.011)
    assert (sounds["length"].unit, sounds["loudness"].unit, sounds["pitch"].unit) == ("s", "dB", "Hz")


def test_the_centroid_agrees_with_a_periodogram(sounds):
    noise = np.random.default_rng(0).normal(size=RATE) * 0.1
    waves = np.stack([tone(500, 1.0, 0.0), scipy.signal.lfilter([1], [1, -0.9], noise)])
    frequencies, powers = scipy.signal.periodogram(waves, RATE, detrend=False, scaling="spectrum")
    powers[:, 1:-1] /= 2  # which it counts twice
    assert sounds["centroid"](waves) == pytest.approx(powers @ frequencies / powers.sum(axis=1), rel=1e-6)
    assert sounds["centroid"](waves)[0] == pytest.approx(500.0, abs=1.0)


def test_noise_clicks_and_silence_have_no_pitch(sounds, recwarn):
    random = np.random.default_rng(0)
    noise = random.normal(size=(40, RATE)) * 0.2
    assert np.isnan(sounds["pitch"](noise)).all()
    noise[:, 4000:4600] = tone(300.0)[4000:4600]  # too short for a pitch of the whole
    assert np.isnan(sounds["pitch"](noise)).all()
    click = np.zeros((1, RATE))
    click[0, 100] = 1.0
    assert np.isnan(sounds["pitch"](click)).all()
    found = measured(sounds, np.zeros((1, RATE)))
    assert found.pop("length") == 0.0 and np.isnan(list(found.values())).all()
    assert not recwarn.list


def test_a_tone_in_noise_keeps_its_pitch_and_a_stereo_tone_measures_as_a_mono_one(sounds):
    wave = tone(220.0, harmonics=(1.0, 0.5))
    noisy = wave + np.random.default_rng(0).normal(size=RATE) * 0.1
    assert sounds["pitch"](noisy[None])[0] == pytest.approx(220.0, rel=0.01)
    opposite = np.stack([wave, -wave], axis=1)[None]  # whose mean is silence
    assert measured(sounds, opposite) == pytest.approx(measured(sounds, wave[None]))
    right = np.stack([0 * wave, wave], axis=1)[None]
    assert sounds["pitch"](right) == pytest.approx(sounds["pitch"](wave[None]))
    assert sounds["loudness"](right) == pytest.approx(sounds["loudness"](wave[None]) - 10 * np.log10(2))


# --- Series.


def series_attributes(steps, varying=False):
    codec = codecs.SeriesCodec(steps, ("a", "b"), (-50.0, -50.0), (50.0, 50.0), (0, 1), ((), ()), varying)
    return attributes_of(gan_of(codec, codec.tensor_shape))


def autoregressive(random, coefficient, num, steps):
    return scipy.signal.lfilter([1.0], [1.0, -coefficient], random.normal(size=(num, steps + 200)), axis=1)[:, 200:]


def test_an_autoregressive_series_on_a_line_has_its_level_trend_deviation_and_coefficient():
    random = np.random.default_rng(0)
    steps, attributes = 2000, series_attributes(2000)
    a = 5.0 + 0.01 * (np.arange(steps) - (steps - 1) / 2) + autoregressive(random, 0.8, 20, steps)
    b = -3.0 + autoregressive(random, -0.5, 20, steps)
    found = {name: attribute(np.stack([a, b], axis=2)) for name, attribute in attributes.items()}
    expected = {"a level": 5.0, "a trend": 0.01, "a deviation": 1 / np.sqrt(1 - 0.64), "a autocorrelation": 0.8}
    expected |= {"b level": -3.0, "b trend": 0.0, "b deviation": 1 / np.sqrt(1 - 0.25), "b autocorrelation": -0.5}
    assert set(found) == set(expected)
    for name, value in expected.items():
        error = found[name].std() / np.sqrt(20)
        assert abs(found[name].mean() - value) < 4 * error + 0.003 * abs(value), name
    slopes = np.polyfit(np.arange(steps), a.T, 1)
    np.testing.assert_allclose(found["a trend"], slopes[0], rtol=1e-6)
    rest = a - (slopes[0][:, None] * np.arange(steps) + slopes[1][:, None])
    np.testing.assert_allclose(found["a deviation"], rest.std(axis=1), rtol=1e-6)
    np.testing.assert_allclose(found["a level"], a.mean(axis=1), rtol=1e-6)
    assert attributes["a trend"].unit == "per step"


def test_steps_after_the_end_do_not_count_and_a_line_has_no_autocorrelation(recwarn):
    attributes = series_attributes(30, varying=True)
    random = np.random.default_rng(0)
    short = random.normal(size=(1, 20, 2))
    padded = np.concatenate([short, np.full((1, 10, 2), np.nan)], axis=1)
    assert attributes["steps"](padded)[0] == 20.0
    plain = measured(series_attributes(20), short)
    assert {name: value for name, value in measured(attributes, padded).items() if name != "steps"} == pytest.approx(plain)
    line = 1000.0 + 0.37 * np.arange(30, dtype=np.float32)
    found = measured(attributes, np.stack([line, 0 * line], axis=1)[None])
    assert found["a trend"] == pytest.approx(0.37, rel=1e-4) and found["a deviation"] == pytest.approx(0.0, abs=1e-3)
    assert np.isnan([found["a autocorrelation"], found["b autocorrelation"]]).all()
    single = np.concatenate([np.ones((1, 1, 2)), np.full((1, 29, 2), np.nan)], axis=1)
    assert attributes["a level"](single)[0] == 1.0 and np.isnan(attributes["a trend"](single)[0])
    assert not recwarn.list


# --- Tables and vectors.


def test_columns_of_a_table_are_numbers_days_and_text():
    random = np.random.default_rng(0)
    number = np.where(random.random(300) < 0.2, np.nan, random.normal(10, 1, 300).round(1))
    seconds = 86400.0 * 19000 + 3600.0 * random.integers(0, 200, 300)
    cells = np.stack(
        [number, seconds, np.where(random.random(300) < 0.2, np.nan, random.integers(0, 3, 300)), np.arange(300)], axis=1
    )
    columns = (
        NumberColumn("size", True, 5.0, 15.0, 1),
        DateColumn.of("when", seconds, "%Y-%m-%d %H:%M:%S"),
        CategoryColumn("kind", True, ("high", "low", "middle")),
        IdColumn("number", prefix="N"),
    )
    gan = TablePreset(width=8, latent_dim=4, pack=1, most_modes=2).build(Table("a", columns, cells, {}))
    rows, raw = samples_of(gan, 200, seed=3), gan.generate(200, seed=3, as_frame=False)
    assert kind_of(gan) == "table" and list(rows) == ["size", "when", "kind", "number"]
    assert {name: rows[name].dtype for name in rows} == {"size": float, "when": float, "kind": object, "number": object}
    np.testing.assert_array_equal(rows["size"], raw["size"])
    dates = (np.array(raw["when"], "datetime64[s]") - np.datetime64("1970-01-01")) / np.timedelta64(1, "D")
    np.testing.assert_allclose(rows["when"], dates, rtol=1e-12)
    attributes = attributes_of(gan)
    assert list(attributes) == ["size", "when", "kind"] and attributes["when"].unit == "days"  # identifiers are not learned
    np.testing.assert_array_equal(attributes["size"](rows), rows["size"])
    assert attributes["kind"](rows).dtype == object and set(attributes["kind"](rows)) <= {"high", "low", "middle", ""}
    assert set(samples_of(gan, 20, labels=["kind=low"] * 20)["kind"]) == {"low"}


def test_points_have_their_coordinates():
    gan = small_gan()
    points, attributes = samples_of(gan, 70, seed=5), attributes_of(gan)
    np.testing.assert_array_equal(points, gan.generate(70, seed=5))
    assert kind_of(gan) == "vector" and list(attributes) == ["x0", "x1"]
    np.testing.assert_array_equal(attributes["x1"](points), points[:, 1].astype(np.float64))


# --- Text.

LINES = ["a man rides a horse .", "Two dogs, one cat!", "It's a well-known man", "..."]


def test_lines_are_measured_in_words_and_characters():
    keras.utils.set_random_seed(0)
    codec = codecs.WordCodec()
    codec.adapt(LINES)
    generator = networks.RecurrentGenerator(codec.vocabulary_size, codec.length, 4, 8, 8, 0.1, 0)
    judge = networks.ConvolutionalDiscriminator(codec.vocabulary_size, (2,), embedding_dim=8, filters=8)
    gan = TextGAN(generator, judge, codec)
    attributes = attributes_of(gan)
    found = {name: attribute(LINES) for name, attribute in attributes.items()}
    assert found["words"].tolist() == [5, 4, 4, 0] and found["characters"].tolist() == [21, 18, 21, 3]
    assert found["word length"][:2] == pytest.approx([15 / 5, 13 / 4]) and np.isnan(found["word length"][3])
    assert found["distinct words"][:2] == pytest.approx([4 / 5, 1.0]) and found["punctuation"].tolist() == [1, 2, 2, 3]
    lines = samples_of(gan, 5, seed=2)
    assert kind_of(gan) == "text" and lines == gan.generate(5, seed=2)
    own = attributes_of(gan, {"beasts": share_of_words(["horse", "Dogs", "cat"])})["beasts"](LINES)
    assert own[:3].tolist() == [1 / 5, 2 / 4, 0.0] and np.isnan(own[3])


def test_words_leave_punctuation_out_and_each_chinese_character_is_one():
    assert words_of("It's a well-known fact: 3 dogs.") == ["it's", "a", "well-known", "fact", "3", "dogs"]
    assert words_of("春眠不觉晓,花") == list("春眠不觉晓花") and words_of("Straße café") == ["strasse", "café"]


def test_words_gained_and_lost_are_counted_in_pairs_of_lines():
    before = ["a red car"] * 9 + ["a dog"] * 3 + ["a cat"]
    after = ["a blue car"] * 9 + ["a dog dog"] * 3 + ["the cat"]
    gained, lost = words_gained(before, after, num=3)
    assert [(each.word, each.before, each.after, each.z) for each in gained] == [("blue", 0, 9, 3.0), ("the", 0, 1, 1.0)]
    assert [(each.word, each.before, each.after, each.z) for each in lost] == [("red", 9, 0, -3.0), ("a", 13, 12, -1.0)]
    assert words_gained(before, before) == ([], [])
    assert [each.word for each in words_gained(after, before, num=1)[0]] == ["red"]
    swapped = words_gained(["x"] * 50 + ["y"] * 50, ["y"] * 50 + ["x"] * 50)
    assert swapped == ([], [])  # as many lines gain each word as lose it
    pytest.raises(ValueError, words_gained, before, after[:4]).match("Got 13 lines before and 4 after. Expected two lists")


# --- Choices and mistakes.


def test_names_and_own_functions_are_chosen_and_unknown_names_are_errors():
    gan = small_image_gan()
    assert list(attributes_of(gan, ["width", "ink"])) == ["width", "ink"]
    own = attributes_of(gan, {"corner": lambda images: images[:, 0, 0, 0], "wide": lambda images: images.mean((1, 2, 3)) > 2})
    assert own["wide"](np.zeros((3, 8, 8, 1))).tolist() == [0.0, 0.0, 0.0] and own["corner"].unit == ""
    joined = attributes_of(gan, {**attributes_of(gan, ["ink"]), **own})
    assert list(joined) == ["ink", "corner", "wide"]
    pytest.raises(ValueError, attributes_of, gan, ["widht"]).match(
        "Got the attribute 'widht'. Did you mean 'width'.*Expected one of"
    )
    pytest.raises(ValueError, attributes_of, gan, "ink").match("Expected a list of names")
    pytest.raises(ValueError, attributes_of, gan, []).match("Got no attribute")
    pytest.raises(ValueError, attributes_of, gan, {"a": "ink"}).match("'a' is 'ink'. Expected a function of samples")
    wrong = attributes_of(gan, {"all": lambda images: images.mean()})["all"]
    pytest.raises(ValueError, wrong, np.zeros((3, 8, 8, 1))).match(r"'all' of 3 samples .* shape \(\).*Expected one number")
    pytest.raises(ValueError, attributes_of, gan_of(None, (3, 2))).match(
        r"shape \(3, 2\) without a codec.*dictionary of functions"
    )


def test_a_gan_that_translates_has_no_samples_from_latents():
    translator = Pix2Pix.__new__(Pix2Pix)  # without networks: no sample is asked for
    pytest.raises(ValueError, samples_of, translator, 2).match("Got a Pix2Pix, which makes images from images.")


# --- Labels by a classifier.


def test_a_classifier_of_bars_names_labels_and_tells_its_accuracy_on_held_out_bars():
    random = np.random.default_rng(0)
    codec = codecs.ImageCodec((12, 12, 1))
    gan = gan_of(codec, (12, 12, 1))
    gan.label_names = ("tall", "wide")
    labels = random.integers(0, 2, 200)
    shapes = [(7, 2), (2, 7)]
    bars = np.stack([bar(*random.integers(0, 5, 2), *shapes[label], size=(12, 12)) for label in labels])
    pixels = (bars * 255).astype(np.uint8)
    found = label_attribute(gan, pixels, labels)
    assert found.accuracy >= 0.9 > found.chance >= 0.5
    predicted = found(bars)  # floats in [0, 1], the form of generated images
    assert predicted.dtype == object and set(predicted) == {"tall", "wide"}
    assert np.mean(predicted == np.array(["tall", "wide"])[labels]) > 0.95
    assert (label_attribute(gan, 2 * bars - 1, labels)(bars) == predicted).all()  # in any scale that `fit` reads
    nonsense = label_attribute(gan, random.random((100, 12, 12, 1), np.float32), labels[:100])
    assert nonsense.accuracy < 0.8  # measured on samples that it was not trained on
    assert set(attributes_of(gan, {"label": found})["label"](samples_of(gan, 20))) <= {"tall", "wide"}


def test_classifiers_of_sounds_and_series_find_the_label_that_they_hear_or_read():
    random = np.random.default_rng(0)
    labels = np.repeat(["low", "high"], 30)
    waves = np.stack([tone(random.uniform(*((100, 200) if label == "low" else (400, 800)))) for label in labels])
    sounds = gan_of(codecs.WaveformCodec(RATE, RATE), (RATE, 1))
    found = label_attribute(sounds, waves, labels)
    assert found.accuracy == 1.0 and found(0.003 * waves).tolist() == labels.tolist()
    codec = codecs.SeriesCodec(20, ("a",), (-50.0,), (50.0,), (0,), ((),), True)
    series = random.normal(size=(60, 20, 1)) + np.where(labels == "low", -2, 2)[:, None, None]
    series[::3, 15:] = np.nan
    assert label_attribute(gan_of(codec, codec.tensor_shape), series.astype(np.float32), labels).accuracy == 1.0


def test_labels_that_do_not_fit_are_errors():
    gan, images = small_image_gan(), np.zeros((20, 8, 8, 1), np.float32)
    pytest.raises(ValueError, label_attribute, gan, images, [0] * 19).match("Got 19 labels for 20 samples")
    pytest.raises(ValueError, label_attribute, gan, images, [0] * 20).match("Got 1 labels.*at least two labels")
    pytest.raises(ValueError, label_attribute, gan, images, [0] * 18 + [1] * 2).match("with 2 samples of the rarest")
    pytest.raises(ValueError, label_attribute, gan, images, np.eye(20)).match(r"Got labels of shape \(20, 20\)")
