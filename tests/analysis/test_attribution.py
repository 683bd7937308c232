"""Attribution: against linear networks worked out by hand, completeness, the test by random weights, each modality, mistakes."""

import io
import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy.stats import spearmanr

from gan_keras import GAN, CycleGAN, Pix2Pix, TextGAN, codecs, networks
from gan_keras.analysis import attribute, attribution, randomisation_test, readings
from gan_keras.data import Table
from gan_keras.data.table.columns import CategoryColumn, IdColumn, NumberColumn
from gan_keras.data.text.phrases import english_phrases
from gan_keras.media import attributions
from gan_keras.modalities.table.presets import TablePreset
from gan_keras.networks.text_discriminators import SentenceDiscriminator

RANDOM = np.random.default_rng(0)
SHAPE = (8, 8, 1)
IMAGES = RANDOM.integers(0, 256, (6, *SHAPE)).astype(np.uint8)
IMAGES[:, :3] = 0
LINES = english_phrases().sample(60, seed=0)


def linear(shape):
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(1, bias_initializer="ones")])


def curved(shape):
    keras.utils.set_random_seed(1)
    dense = [keras.layers.Dense(24, activation="tanh", kernel_initializer=keras.initializers.RandomNormal(stddev=0.4))]
    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(), *dense, keras.layers.Dense(1)])


def gan_of(discriminator, shape=SHAPE, codec=None):
    keras.utils.set_random_seed(2)
    return GAN(networks.MLPGenerator(shape, 4, (8,)), discriminator, codec)


def image_gan(discriminator=linear):
    return gan_of(discriminator(SHAPE), codec=codecs.ImageCodec(SHAPE))


def assert_complete(found, tolerance=0.01):
    totals = found.values.reshape(len(found.values), -1).sum(axis=1)
    differences = found.scores - found.baseline_scores
    scale = np.maximum(np.abs(differences), np.abs(differences).mean())
    assert (np.abs(totals - differences) <= 1e-6 + tolerance * scale).all(), (totals, differences)


# --- Networks by hand. ---


@pytest.mark.parametrize(("baseline", "level"), [(None, -1.0), ("white", 1.0), (np.full(SHAPE, 51, np.uint8), -0.6)])
def test_integrated_gradients_of_a_linear_network_are_weights_times_differences(baseline, level):
    gan = image_gan()
    weights = np.asarray(gan.discriminator.layers[-1].kernel).reshape(SHAPE)
    found = attribute(gan, IMAGES, baseline=baseline)
    np.testing.assert_allclose(found.values, weights * (IMAGES / 127.5 - 1.0 - level), atol=1e-5)
    assert found.delta.max() < 1e-5
    np.testing.assert_allclose(found.scores, gan.score(IMAGES), atol=1e-6)
    np.testing.assert_allclose(found.baseline_scores, 1.0 + level * weights.sum(), atol=1e-5)


def test_smoothgrad_of_a_linear_network_is_its_weights_and_occlusion_shares_the_fall_of_a_patch():
    gan = gan_of(linear((16, 16, 1)), (16, 16, 1), codecs.ImageCodec((16, 16, 1)))
    images = RANDOM.random((3, 16, 16)).astype(np.float32)
    weights = np.asarray(gan.discriminator.layers[-1].kernel).reshape(16, 16)
    smooth = attribute(gan, images, "smoothgrad", steps=4)
    np.testing.assert_allclose(smooth.values, np.broadcast_to(weights, (3, 16, 16)), atol=1e-5)
    assert np.isnan(smooth.delta).all()
    falls = (weights * 2.0 * images).reshape(3, 8, 2, 8, 2).sum(axis=(2, 4))
    values = attribute(gan, images, "occlusion").values
    np.testing.assert_allclose(values, falls.repeat(2, axis=1).repeat(2, axis=2) / 4, atol=1e-5)


def test_the_mean_of_generated_samples_and_an_array_are_baselines_and_the_result_says_so():
    gan = gan_of(linear((3,)), (3,))
    points = RANDOM.normal(size=(5, 3)).astype(np.float32)
    found = attribute(gan, points, seed=4)
    mean = gan.generate(256, seed=4).mean(axis=0)
    weights = np.asarray(gan.discriminator.layers[-1].kernel)[:, 0]
    np.testing.assert_allclose(found.values, weights * (points - mean), atol=1e-5)
    assert found.baseline == "mean of 256 generated samples"
    np.testing.assert_allclose(attribute(gan, points, baseline=points[0]).values, weights * (points - points[0]), atol=1e-5)


# --- Completeness. ---


def test_steps_are_doubled_until_the_sum_is_complete():
    gan = image_gan(curved)
    few = attribute(gan, IMAGES, steps=2)
    assert few.steps > 2
    assert few.delta.max() <= attribution.TOLERANCE
    many = attribute(gan, IMAGES, steps=512)
    np.testing.assert_allclose(few.values, many.values, atol=0.05 * np.abs(many.values).max())
    for found in (few, many):
        assert_complete(found)
        differences = found.scores - found.baseline_scores
        errors = np.abs(found.values.reshape(6, -1).sum(axis=1) - differences)
        expected = errors / np.maximum(np.abs(differences), np.abs(differences).mean())
        np.testing.assert_allclose(found.delta, expected, atol=1e-4)


def test_a_sum_that_stays_incomplete_is_a_warning(monkeypatch):
    monkeypatch.setattr(attribution, "MAX_STEPS", 2)
    monkeypatch.setattr(attribution, "TOLERANCE", 1e-6)
    with pytest.warns(UserWarning, match="miss the difference of the scores by more than .* after 2 steps"):
        attribute(image_gan(curved), IMAGES, steps=2)


# --- The test by random weights. ---


def test_rank_correlations_are_scipys_over_what_counts():
    maps, others = RANDOM.normal(size=(2, 4, 5, 3)).round(1)
    free = RANDOM.random((4, 5, 3)) < 0.8
    expected = [spearmanr(a[c], b[c]).statistic for a, b, c in zip(maps, others, free, strict=True)]
    np.testing.assert_allclose(attribution.rank_correlations(maps, others, free), expected)
    assert np.isnan(attribution.rank_correlations(np.ones((1, 4)), np.arange(4.0)[np.newaxis])).all()


def test_signed_maps_forget_random_weights_and_maps_without_gradients_are_found_out():
    gan = gan_of(curved((12, 12, 1)), (12, 12, 1), codecs.ImageCodec((12, 12, 1)))
    images = RANDOM.random((16, 12, 12, 1)).astype(np.float32)
    found = attribute(gan, images)
    assert abs(found.sanity) < attribution.MAX_CORRELATION
    explainer = attribution.Explainer(readings.read(gan, images), "integrated_gradients", 8, 0, 8)
    with pytest.warns(UserWarning, match=r"Attributions correlate .* by 1.00"):
        assert randomisation_test(lambda network: images, images, explainer.random_networks(3)) == pytest.approx(1.0)
    # The size of (x - b) times a gradient draws the sample, whatever the gradient is.
    dark = images * (RANDOM.random(images.shape) < 0.5)
    explainer = attribution.Explainer(readings.read(gan, dark), "integrated_gradients", 8, 0, 8)
    absolute = np.abs(explainer.explain(gan.discriminator)[0])
    with pytest.warns(UserWarning, match="Attributions correlate"):
        randomisation_test(lambda network: np.abs(explainer.explain(network)[0]), absolute, explainer.random_networks(3))


def test_random_networks_are_drawn_anew_by_the_seed_and_the_gan_stays_as_it_is():
    gan = image_gan(curved)
    before, state = [np.array(weight) for weight in gan.weights], random.getstate()
    found = attribute(gan, IMAGES, steps=4)
    assert all(np.array_equal(old, weight) for old, weight in zip(before, gan.weights, strict=True))
    assert random.getstate() == state
    again = attribute(gan, IMAGES, steps=4)
    assert found.sanity == again.sanity
    explainer = attribution.Explainer(readings.read(gan, IMAGES), "integrated_gradients", 4, 0, 4)
    drawn = [np.array(network.weights[0]) for network in explainer.random_networks(3)]
    assert min(np.abs(one - other).max() for one, other in zip(drawn, drawn[1:] + drawn[:1], strict=True)) > 0.1
    assert np.std(drawn[0]) == pytest.approx(0.4, rel=0.1)  # the initializer's, which no trained weight has to have


def test_a_discriminator_that_cannot_be_made_anew_is_attributed_without_the_test():
    class Short(keras.Model):
        def __init__(self, units, initializer):
            super().__init__()
            self.hidden = keras.layers.Dense(units, activation="tanh", kernel_initializer=initializer)
            self.last = keras.layers.Dense(1)

        def call(self, samples, training=False):
            return self.last(self.hidden(samples))

    gan = gan_of(Short(4, keras.initializers.RandomNormal(seed=0)), (3,))
    with pytest.warns(UserWarning, match="Short has no `get_config`"):
        found = attribute(gan, np.ones((2, 3), np.float32))
    assert np.isnan(found.sanity)
    assert_complete(found)


# --- Text. ---


def text_gan(make, lines=LINES):
    keras.utils.set_random_seed(0)
    codec = codecs.WordCodec()
    codec.adapt(lines)
    generator = networks.RecurrentGenerator(codec.vocabulary_size, codec.length, 4, 16, 32, 0.1)
    gan = TextGAN(generator, make(codec), codec)
    for index, weight in enumerate(gan.discriminator.trainable_weights):  # those that begin with 0 would hide much
        weight.assign_add(0.1 * np.random.default_rng(index).normal(size=weight.shape))
    return gan


def relational(codec):
    return networks.RelationalDiscriminator(codec.vocabulary_size, codec.length, 4, 8)


DISCRIMINATORS = {
    "convolutional": lambda codec: networks.ConvolutionalDiscriminator(codec.vocabulary_size, (2, 3), embedding_dim=8, filters=8),
    "recurrent": lambda codec: networks.RecurrentDiscriminator(codec.vocabulary_size, 8, embedding_dim=8, filters=8),
    "relational": relational,
    "backward": lambda codec: networks.BackwardLanguageModel(codec.vocabulary_size, 8, 12),
    "with a head": lambda codec: networks.BackwardLanguageModel(codec.vocabulary_size, 8, 12, head=relational(codec)),
}


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_tokens_add_up_from_a_line_of_unknown_words_to_the_line(name):
    gan, lines = text_gan(DISCRIMINATORS[name]), LINES[:5]
    found = attribute(gan, lines, steps=32)
    np.testing.assert_allclose(found.scores, gan.score(lines), atol=1e-5)
    unknown = [" ".join(["zzz"] * len(tokens)) for tokens in found.tokens]
    np.testing.assert_allclose(found.baseline_scores, gan.score(unknown), atol=1e-5)
    assert_complete(found)
    assert found.tokens[0] == [token.strip("\uffed") for token in gan.codec.tokens(lines[0])]
    assert [np.count_nonzero(row) for row in found.values] == list(map(len, found.tokens))
    gone = attribute(gan, lines, "occlusion").values
    words = [*found.tokens[1]]
    words[2] = "zzz"
    without = gan.score([" ".join(words[:-1]) + words[-1]])
    assert gone[1, 2] == pytest.approx(float(found.scores[1] - without[0]), abs=1e-5)
    assert attribution.rank_correlations(found.values, gone, found.values != 0).mean() > 0.3


def test_a_planted_token_comes_first():
    lines, places = [], []
    for line in english_phrases().sample(700, seed=1):
        words = line.rstrip(".").replace(",", "").split()
        places.append(int(RANDOM.integers(len(words) + 1)) if len(lines) % 2 else -1)
        lines.append(" ".join([*words[: places[-1]], "kettle", *words[places[-1] :]] if places[-1] >= 0 else words))
    gan = text_gan(DISCRIMINATORS["convolutional"], lines)
    gan.discriminator.compile(keras.optimizers.Adam(1e-2), keras.losses.BinaryCrossentropy(from_logits=True))
    targets = np.float32(np.array(places) >= 0)
    gan.discriminator.fit(gan.codec.encode(lines[:500]), targets[:500], epochs=6, verbose=0, shuffle=False)
    tested = [index for index in range(500, 700) if places[index] >= 0]
    found = attribute(gan, [lines[index] for index in tested])
    assert np.mean(found.values.argmax(axis=1) == np.array(places)[tested]) >= 0.95
    assert len(tested) == 100


class Counting(SentenceDiscriminator):
    """Reads embedded tokens and, with `peeks`, the ids themselves."""

    def __init__(self, size, peeks=False, **kwargs):
        super().__init__(**kwargs)
        self.size, self.peeks = size, peeks
        self.embedding, self.dense = keras.layers.Embedding(size, 3), keras.layers.Dense(1)

    def call(self, samples, labels=None, training=False):
        logits = self.dense(keras.ops.mean(self.embedding(samples), axis=1))
        return logits + keras.ops.sum(keras.ops.cast(samples, "float32"), axis=1, keepdims=True) if self.peeks else logits

    def get_config(self):
        return {**super().get_config(), "size": self.size, "peeks": self.peeks}


def test_a_network_of_ones_own_has_to_read_embedded_tokens_alone():
    found = attribute(text_gan(lambda codec: Counting(codec.vocabulary_size)), LINES[:3], steps=4)
    assert_complete(found, 1e-4)
    peeking = text_gan(lambda codec: Counting(codec.vocabulary_size, peeks=True))
    pytest.raises(ValueError, attribute, peeking, LINES[:3]).match("reads tokens otherwise than by `keras.layers.Embedding`")


# --- Tables, series, sounds, clips, translations. ---


def table(num=200):
    kind = RANDOM.integers(0, 3, num)
    number = np.where(RANDOM.random(num) < 0.1, np.nan, 10.0 * kind + RANDOM.normal(0, 0.5, num)).round(1)
    columns = (
        IdColumn("id", False),
        NumberColumn("number", True, -5.0, 30.0, 1),
        CategoryColumn("kind", False, ("high", "low", "middle")),
        CategoryColumn("flag", False, ("no", "yes")),
    )
    cells = np.stack([np.arange(num), number, kind, RANDOM.integers(0, 2, num)], axis=1).astype(np.float64)
    return Table("a", columns, cells, {})


@pytest.fixture(scope="module")
def rows_gan():
    tiny = {"width": 16, "latent_dim": 4, "pack": 2, "most_modes": 3, "batch_size": 32, "most_slots": 4}
    return TablePreset(loss="non_saturating", **tiny).build(table())


def test_columns_of_a_row_add_up_over_their_slots_in_a_pack_whose_other_rows_stay(rows_gan):
    cells = table().cells[:7]
    found = attribute(rows_gan, cells)
    assert found.names == ["number", "kind", "flag"]
    assert found.values.shape == (7, 3)
    np.testing.assert_allclose(found.scores, rows_gan.score(cells), atol=1e-6)
    assert_complete(found)
    by_columns = attribute(rows_gan, rows_gan.codec.to_columns(tf.constant(cells)))
    np.testing.assert_allclose(by_columns.values, found.values, atol=1e-6)
    # A column that is replaced by another row's changes the score by its own occlusion, as long as the condition stays.
    other = cells[[1]].copy()
    gone = attribute(rows_gan, cells[:1], "occlusion", baseline=other)
    replaced = cells[:1].copy()
    replaced[0, 2] = other[0, 2]
    assert gone.values[0, 1] == pytest.approx(float(found.scores[0] - rows_gan.score(replaced)[0]), abs=1e-5)
    assert found.shown[0][1] in ("high", "low", "middle")


@pytest.mark.parametrize("kind", [codecs.ComponentCodec, codecs.NormalScoreCodec])
def test_series_that_are_read_as_components_are_attributed_by_step_and_column(kind):
    series = RANDOM.normal(size=(40, 6, 3)).cumsum(axis=1).astype(np.float32)
    codec = kind()
    codec.adapt(series)
    gan = gan_of(linear(codec.tensor_shape), codec.tensor_shape, codec)
    found = attribute(gan, series[:8], baseline=series[8])
    assert found.values.shape == (8, 6, 3) and found.names == list(codec.columns)
    np.testing.assert_allclose(found.scores, gan.score(series[:8]), atol=1e-5)
    np.testing.assert_allclose(found.baseline_scores, gan.score(series[8:9])[0], atol=1e-5)
    # A linear discriminator of components is linear in scaled values: a cell's part is what the score loses without it.
    scaled, base = codec.scaled_windows(series[:8]).numpy(), codec.scaled_windows(series[8:9]).numpy()[0]
    for step, column in ((0, 0), (5, 2)):
        without = scaled.copy()
        without[:, step, column] = base[step, column]
        lost = found.scores - gan.discriminator(codec.components_of(without)).numpy().ravel()
        np.testing.assert_allclose(found.values[:, step, column], lost, atol=1e-4)


def test_series_keep_their_end_and_columns_that_are_not_read_have_no_attribution():
    series = RANDOM.normal(size=(8, 6, 4)).astype(np.float32)
    series[:, :, 1], series[:, :, 3] = 5.0, series[:, :, 0]
    series[0, 4:] = series[1, 2:] = np.nan
    codec = codecs.SeriesCodec()
    codec.adapt(series)
    gan = gan_of(curved(codec.tensor_shape), codec.tensor_shape, codec)
    found = attribute(gan, series)
    assert found.values.shape == series.shape
    assert not found.values[np.isnan(series)].any()
    assert not found.values[:, :, [1, 3]].any()
    assert (np.abs(found.values[2:, :, [0, 2]]) > 0).all()
    np.testing.assert_allclose(found.scores, gan.score(series), atol=1e-6)
    assert_complete(found)
    assert found.names == list(codec.columns)


def test_sounds_clips_and_stereo_have_the_shape_that_the_discriminator_reads():
    time = np.arange(1024) / 4000.0
    sounds = np.sin(2 * np.pi * 440 * time) * RANDOM.random((3, 1))
    spectrogram = codecs.SpectrogramCodec(4000, 1024, size=16)
    cases = (
        (spectrogram, sounds, (16, 16, 1), "silence"),
        (codecs.WaveformCodec(4000, 1024), sounds, (1024, 1), "silence"),
        (codecs.WaveformCodec(4000, 1024, 2), np.stack([sounds, -sounds], axis=2), (1024, 2), "silence"),
        (codecs.VideoCodec((4, 8, 8, 3)), RANDOM.integers(0, 256, (3, 4, 8, 8, 3)).astype(np.uint8), (4, 8, 8, 3), "black"),
    )
    for codec, samples, shape, baseline in cases:
        gan = gan_of(linear(shape), shape, codec)
        found = attribute(gan, samples, steps=2)
        assert found.values.shape == (3, *shape)
        assert found.baseline == baseline
        np.testing.assert_allclose(found.scores, gan.score(samples), atol=1e-5)
        assert_complete(found)
        data = found.picture().data
        assert Image.open(io.BytesIO(data)).size[0] > 100
        assert attribute(gan, samples, "occlusion").values.any()


def translation(kind):
    keras.utils.set_random_seed(1)
    if kind is CycleGAN:
        generators = tuple(networks.CycleGANGenerator(SHAPE, 2, 1) for _ in range(2))
        discriminators = tuple(networks.PatchGANDiscriminator(SHAPE, 2, 1) for _ in range(2))
        return CycleGAN(generators, discriminators, codecs.ImageCodec(SHAPE))
    judge = networks.PatchGANDiscriminator((8, 8, 2), 2, 1)
    return Pix2Pix(networks.Pix2PixGenerator(SHAPE, 8, 2), judge, codecs.ImageCodec(SHAPE))


def test_each_domain_of_a_translation_is_judged_by_its_own_discriminator():
    gan = translation(CycleGAN)
    samples = IMAGES / 127.5 - 1.0
    for domain, network in zip("ab", gan.discriminator.networks, strict=True):
        found = attribute(gan, IMAGES, domain=domain)
        np.testing.assert_allclose(found.scores, np.mean(network(samples), axis=(1, 2, 3)), atol=1e-5)
        assert_complete(found)
    pytest.raises(ValueError, attribute, gan, IMAGES, domain="c").match("domain='c'. Expected 'a' or 'b'")


def test_one_image_of_a_pair_is_explained_and_the_other_stays():
    gan, others = translation(Pix2Pix), IMAGES[::-1]
    a, b = (images / 127.5 - 1.0 for images in (IMAGES, others))
    black = -np.ones_like(a)
    for domain, ground in (("a", np.concatenate([black, b], axis=-1)), ("b", np.concatenate([a, black], axis=-1))):
        found = attribute(gan, (IMAGES, others), domain=domain)
        assert found.values.shape == IMAGES.shape
        np.testing.assert_allclose(found.baseline_scores, np.mean(gan.discriminator(ground), axis=(1, 2, 3)), atol=1e-5)
        assert_complete(found)
    pytest.raises(ValueError, attribute, gan, IMAGES).match("Got no pairs for a Pix2Pix. Expected")


# --- Mistakes. ---


def test_mistakes_are_one_line_each(rows_gan):
    gan, text = image_gan(), text_gan(DISCRIMINATORS["convolutional"])
    series = codecs.SeriesCodec()
    series.adapt(RANDOM.normal(size=(8, 6, 2)).astype(np.float32))
    of_series = gan_of(linear(series.tensor_shape), series.tensor_shape, series)
    for arguments, options, message in (
        ((gan, IMAGES, "integrated_gradient"), {}, "Did you mean 'integrated_gradients'"),
        ((gan, IMAGES), {"steps": 1}, "steps=1. Expected a whole number from 2 to 1024"),
        ((gan, IMAGES), {"labels": 3}, "Got labels, but .* takes none"),
        ((gan, IMAGES), {"domain": "a"}, "domain='a' for a GAN. Expected None"),
        ((gan, IMAGES), {"baseline": "grey"}, "baseline='grey' for samples of kind 'image'. Expected 'black', 'white', 'mean'"),
        ((gan, IMAGES), {"baseline": IMAGES[:2]}, "Got a baseline of shape .* for 6 samples"),
        ((gan, np.zeros((2, 5))), {}, r"Got images of shape \(2, 5\)"),
        ((gan, 7.0 * np.ones((2, *SHAPE))), {}, "Expected uint8 levels from 0 to 255, or floats that show their scale"),
        ((gan, np.full((2, *SHAPE), np.nan)), {}, "NaN or infinite"),
        ((gan_of(linear((3,)), (3,)), np.ones((2, 4), np.float32)), {}, r"Got samples of shape \(4,\), and the generator makes"),
        ((of_series, np.ones((2, 6, 3), np.float32)), {}, r"Got series of shape \(2, 6, 3\). Expected \(batch, 6, 2\)"),
        ((text, LINES[:2], "smoothgrad"), {}, "method='smoothgrad' of text. Expected 'integrated_gradients' or 'occlusion'"),
        ((text, LINES[:2]), {"baseline": "mean"}, "baseline='mean' for text. Expected None"),
        ((text, LINES[0]), {}, "Got str as text. Expected a list of lines"),
        ((text, []), {}, "Got no lines"),
        ((rows_gan, table().cells[:2, :2]), {}, r"shape \(2, 2\). Expected columns by name"),
        ((rows_gan, {"number": [1.0]}), {}, "Got rows without the column 'kind'"),
        ((rows_gan, table().cells[:2]), {"labels": "kind=low"}, "Got labels for rows of a table"),
        ((rows_gan, table().cells[:2], "smoothgrad"), {}, "method='smoothgrad' of table"),
    ):
        pytest.raises(ValueError, attribute, *arguments, **options).match(message)
    packed = gan_of(networks.Packed(linear((6,)), 2), (3,))
    pytest.raises(ValueError, attribute, packed, np.ones((2, 3), np.float32)).match("judges 2 neighbours of a batch as one")


class Conditional(keras.Model):
    """A discriminator that fails without labels, as many of Keras' guides."""

    def __init__(self, num_labels=3, **kwargs):
        super().__init__(**kwargs)
        self.num_labels = num_labels
        self.embedding, self.dense = keras.layers.Embedding(num_labels, 4), keras.layers.Dense(1)

    def call(self, samples, labels, training=False):
        return self.dense(keras.ops.concatenate([samples, self.embedding(labels)], axis=1))

    def get_config(self):
        return {**super().get_config(), "num_labels": self.num_labels}


def test_labels_that_the_discriminator_reads_are_needed_and_stay():
    gan = GAN(networks.RCGANGenerator((2, 2), 3, 4, num_labels=3), networks.DenseSeriesDiscriminator(8, 1, num_labels=3))
    series = RANDOM.normal(size=(4, 2, 2)).astype(np.float32)
    found = attribute(gan, series, labels=[0, 1, 2, 0])
    np.testing.assert_allclose(found.scores, gan.score(series, [0, 1, 2, 0]), atol=1e-5)
    assert_complete(found)
    pytest.raises(ValueError, attribute, gan, series, labels=[0, 1, 2, 3]).match("Got labels from 0 to 3")
    assert attribute(gan, series).scores.shape == (4,)  # averages over all labels
    latents, label = keras.Input((4,)), keras.Input((), dtype="int32", name="label")
    joined = keras.layers.Concatenate()([latents, keras.layers.Embedding(3, 2)(label)])
    needy = GAN(keras.Model([latents, label], keras.layers.Dense(3)(joined)), Conditional())
    points = RANDOM.normal(size=(4, 3)).astype(np.float32)
    pytest.raises(ValueError, attribute, needy, points).match(
        "Got no labels. Expected one per sample, which the discriminator reads"
    )
    assert_complete(attribute(needy, points, labels=1))


# --- Pictures and pages. ---


def test_what_raises_the_score_is_red_and_what_lowers_it_blue():
    images, values = np.full((2, 4, 4, 1), 0.5), np.zeros((2, 4, 4))
    values[0, 1, 1], values[1, 2, 2] = 3.0, -0.1
    red, blue = attributions.overlay(images, values)
    assert tuple(red[1, 1]) == attributions.RAISES
    assert tuple(blue[2, 2]) == attributions.LOWERS
    assert len({tuple(pixel) for pixel in red.reshape(-1, 3)}) == 2
    assert len(np.unique(red[0, 0])) == 1  # grey


def test_marked_text_and_rows_are_escaped_and_tell_their_numbers():
    page = attributions.marked_text([["<b>", " cat"]], np.array([[0.5, -1.0, 0.0]]), [0.25])
    assert '<mark style="background:rgba(202,0,32,0.33);color:inherit" title="+0.5">&lt;b&gt;</mark> <mark' in page
    assert 'rgba(5,113,176,0.65);color:inherit" title="-1">cat</mark>' in page
    assert ">+0.25<" in page
    rows = attributions.marked_rows(["a&b", "c"], [["1", "<x>"]], np.array([[0.0, 2.0]]), [1.0])
    assert "a&amp;b" in rows
    assert "&lt;x&gt;" in rows
    assert "<x>" not in rows


def test_a_result_shows_itself(rows_gan):
    found = attribute(image_gan(), IMAGES)
    picture = found.picture(4)
    assert Image.open(io.BytesIO(picture.data)).size[1] > 2 * 64
    assert picture.alternative.startswith("4 samples with scores")
    assert "data:image/png" in found.html()
    rows = attribute(rows_gan, table().cells[:3])
    assert rows.html().count("<mark") == 9
    pytest.raises(ValueError, rows.picture).match("Samples of kind 'table' have no picture. Expected `attribution.html")
    text = attribute(text_gan(DISCRIMINATORS["convolutional"]), LINES[:2])
    assert text.html().count("<mark") == sum(map(len, text.tokens))
