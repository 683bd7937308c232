"""Units: switched off in the graph as if their weights were 0, on the same samples, and the generator stays as it was."""

import io

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from gan_keras import GAN, CycleGAN, analysis, networks
from gan_keras.analysis.units import changed_output, unit_layer, unit_layers
from gan_keras.codecs import ImageCodec
from small_gans import small_gan

SHAPE = (8, 8, 1)
ATTRIBUTES = {
    "brightness": lambda images: images.mean(axis=(1, 2, 3)),
    "left": lambda images: images[:, :, :4].mean(axis=(1, 2, 3)),
    "side": lambda images: np.where(images[:, :, :4].sum(axis=(1, 2, 3)) > images[:, :, 4:].sum(axis=(1, 2, 3)), "left", "right"),
}


@keras.saving.register_keras_serializable(package="tests")
class CountedConv(layers.Conv2D):
    """A convolution that counts how often its call is traced or run."""

    calls = 0

    def call(self, inputs):
        CountedConv.calls += 1
        return super().call(inputs)


def conv_gan(channels=5, codec=None, activation="tanh"):
    """Channel 1 is dead, and channel 2 counts ten times as much as the others."""
    keras.utils.set_random_seed(0)
    generator = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(4 * 4 * 3, activation="relu"),
            layers.Reshape((4, 4, 3)),
            CountedConv(channels, 3, padding="same", activation="relu", name="body"),
            layers.UpSampling2D(),
            layers.Conv2D(1, 1, activation=activation, name="to_image"),
        ]
    )
    body, to_image = generator.get_layer("body"), generator.get_layer("to_image")
    kernel, bias = body.get_weights()
    kernel[..., 1], bias[1] = 0.0, 0.0
    body.set_weights([kernel, bias])
    weights = np.full((1, 1, channels, 1), 0.1)
    weights[0, 0, 2] = 1.0
    to_image.set_weights([weights, np.array([-0.5])])
    discriminator = keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(1)])
    return GAN(generator, discriminator, codec)


def without_weights(gan, channel, n):
    """Samples of the same latents with the weights that read a channel set to 0, and back again."""
    layer = gan.ema_generator.get_layer("to_image")
    kernel, bias = layer.get_weights()
    changed = kernel.copy()
    changed[:, :, channel] = 0.0
    layer.set_weights([changed, bias])
    samples = gan.generate(n, seed=0)
    layer.set_weights([kernel, bias])
    return samples


def test_effects_are_those_of_weights_set_to_0_in_deviations_with_students_interval():
    from scipy import stats

    gan = conv_gan(codec=ImageCodec(SHAPE))
    found, before = analysis.units(gan, attributes=ATTRIBUTES, n=20), gan.generate(20, seed=0)
    assert found.layer == "body" and found.names == tuple(ATTRIBUTES) and found.effects.shape == (5, 3)
    for channel in range(5):
        after = without_weights(gan, channel, 20)
        for index, (name, measure) in enumerate(ATTRIBUTES.items()):
            if name == "side":
                change = (measure(after) != measure(before)).astype(float)
            else:
                change = (measure(after) - measure(before)) / measure(before).std()
            assert found.effects[channel, index] == pytest.approx(change.mean(), abs=2e-5)
            if change.std() > 1e-4:
                low, high = stats.t.interval(0.95, 19, change.mean(), change.std(ddof=1) / 20**0.5)
                np.testing.assert_allclose(found.bounds[channel, index], (low, high), atol=1e-4)
        threshold = 0.1 * np.ptp(before)
        assert found.changed[channel] == pytest.approx(np.mean(abs(after - before) > threshold), abs=2e-3)


def test_a_dead_channel_has_no_effect_and_the_planted_one_the_largest():
    found = analysis.units(conv_gan(), attributes=["brightness"], n=32)
    assert found.effects[1, 0] == 0.0 and found.changed[1] == 0.0 and found.sizes[1] == 0.0
    largest, *others = found.largest(3)
    assert largest.channel == 2 and largest.changed == found.changed[2] > 0.05
    assert largest.effects["brightness"].mean == found.effects[2, 0] < -0.5
    assert largest.effects["brightness"].high < 0
    assert found.sizes[2] > 3 * max(found.sizes[each.channel] for each in others)


def test_the_placebo_takes_the_part_along_random_unit_vectors_out_of_the_features():
    gan, n = conv_gan(activation="linear"), 16
    found = analysis.units(gan, attributes={"mean": lambda images: images.mean(axis=(1, 2, 3))}, n=n, seed=3)
    body, to_image = (gan.ema_generator.get_layer(name) for name in ("body", "to_image"))
    features = keras.Model(gan.ema_generator.inputs, body.output)(gan.latents_from(np.arange(3, 3 + n))).numpy()
    mixtures = np.random.default_rng(3).standard_normal((5, 5))
    mixtures /= np.linalg.norm(mixtures, axis=1, keepdims=True)
    weights = to_image.get_weights()[0][0, 0, :, 0]
    deviation = (features @ weights).mean(axis=(1, 2)).std()
    for index, vector in enumerate(mixtures):
        expected = -np.mean(features @ vector) * (vector @ weights) / deviation
        assert found.placebo[index, 0] == pytest.approx(expected, rel=1e-3, abs=1e-4)
    assert found.placebo.shape == found.effects.shape and (found.placebo_sizes > 0).all()


def test_the_generator_is_as_it_was_and_the_graph_is_traced_once_however_many_channels_there_are():
    traces = []
    for channels in (4, 12):
        gan = conv_gan(channels)
        before, weights = gan.generate(5), gan.ema_generator.get_weights()
        CountedConv.calls = 0
        analysis.units(gan, attributes=["brightness"], n=4)
        traces.append(CountedConv.calls)
        np.testing.assert_array_equal(gan.generate(5), before)
        for weight, old in zip(gan.ema_generator.get_weights(), weights, strict=True):
            np.testing.assert_array_equal(weight, old)
        assert not any("call" in vars(layer) for layer in gan.ema_generator._flatten_layers())
    assert traces[0] == traces[1] <= 3


def test_a_layer_is_restored_after_an_error_and_keeps_a_call_of_its_own():
    layer = layers.Dense(2)
    layer(np.ones((1, 3), np.float32))
    with pytest.raises(RuntimeError), changed_output(layer, lambda *_: 1 / 0):
        raise RuntimeError
    assert "call" not in vars(layer)
    own = layer.call = lambda inputs: inputs + 1.0
    with changed_output(layer, lambda _, inputs, outputs: outputs * 0.0):
        assert layer.call(1.0) == 0.0
    assert layer.call is own and layer.call(1.0) == 2.0


def test_a_normalization_that_follows_is_a_part_of_the_unit():
    keras.utils.set_random_seed(0)
    shape = (16, 16, 1)
    gan = GAN(networks.DCGANGenerator(shape, 4, 4), networks.DCGANDiscriminator(shape, 4))
    (chosen,) = unit_layers(gan)
    normalization = gan.ema_generator.normalizations[1]
    assert chosen.name == gan.ema_generator.ups[0].name and chosen.layer is normalization
    assert (chosen.places, chosen.channels) == (64, 4)
    normalization.beta.assign(np.array([0.1, 0.5, -0.2, 0.9]))  # with a 0 before it, this channel would still be on
    found = analysis.units(gan, attributes=["brightness"], n=8)
    before = gan.generate(8)
    normalization.gamma.assign(normalization.gamma * np.array([1.0, 0.0, 1.0, 1.0]))
    normalization.beta.assign(normalization.beta * np.array([1.0, 0.0, 1.0, 1.0]))
    measure = analysis.attributes_of(gan, ["brightness"])["brightness"]
    change = measure(gan.generate(8)) - measure(before)
    assert found.effects[1, 0] == pytest.approx(change.mean() / measure(before).std(), rel=1e-3) and change.mean() != 0


def test_hidden_dense_units_serve_where_there_are_no_convolutions():
    gan = small_gan()
    found, before = analysis.units(gan, n=16), gan.generate(16)
    assert found.layer == gan.ema_generator.hidden[0].name and found.effects.shape == (8, 2)
    kernel, bias = gan.ema_generator.last.get_weights()
    kernel[3] = 0.0
    gan.ema_generator.last.set_weights([kernel, bias])
    change = (gan.generate(16) - before) / before.std(axis=0)
    np.testing.assert_allclose(found.effects[3], change.mean(axis=0), atol=1e-5)
    with pytest.raises(ValueError, match="no pictures. Expected images, clips or sounds"):
        found.picture()


def test_a_generator_that_keras_cannot_rebuild_has_units_of_its_averaged_weights():
    class Own(keras.Model):
        def __init__(self, units):
            super().__init__()
            self.hidden, self.last = layers.Dense(units, "relu", name="hidden"), layers.Dense(2)

        def call(self, latents, training=False):
            return self.last(self.hidden(latents))

    keras.utils.set_random_seed(0)
    generator = Own(6)
    generator(np.ones((2, 4), np.float32))
    generator.latent_dim = 4
    gan = GAN(generator, small_gan().discriminator)
    found = analysis.units(gan, n=8)
    assert found.layer == "hidden" and found.effects.shape == (6, 2) and found.sizes.max() > 0
    assert not any("call" in vars(layer) for layer in generator._flatten_layers())


def test_the_picture_shows_samples_and_each_of_the_largest_units():
    found = analysis.units(conv_gan(codec=ImageCodec(SHAPE)), attributes=["brightness"], n=8, num=2)
    assert list(found.without)[0] == 2 and len(found.without) == 2
    picture = found.picture()
    image = np.asarray(Image.open(io.BytesIO(picture.data)))
    assert image.shape[0] == 3 * 66 - 2 and image.shape[1] > 12 * 66
    assert "no 2: brightness -" in picture.alternative
    np.testing.assert_array_less(found.without[2].mean(), found.samples.mean())
    shown = image[-130:, -6 * 66 :].astype(int)
    assert shown.min() == 0 and abs(shown - 128).max() == 128  # differences at full contrast


def test_wrong_use_is_an_error_that_names_what_works():
    gan = conv_gan()
    known = "Expected one of body .5 channels of 16 places., or its index from 0 to 0"
    pytest.raises(ValueError, analysis.units, gan, layer="bodi").match(f"Did you mean 'body'.* {known}")
    pytest.raises(ValueError, analysis.units, gan, layer=1).match(known)
    assert unit_layer(gan, 0) == unit_layer(gan, "body") == unit_layer(gan)
    pytest.raises(ValueError, analysis.units, gan, n=1).match("n=1. Expected at least 2")
    pytest.raises(ValueError, analysis.units, gan, attributes=["slnt"]).match("slant")
    linear = GAN(keras.Sequential([keras.Input((2,)), layers.Dense(2)]), small_gan().discriminator)
    pytest.raises(ValueError, analysis.units, linear).match(
        "no hidden convolution or dense layer.*`analysis.Directions` needs none"
    )
    image = keras.Sequential([keras.Input(SHAPE), layers.Conv2D(1, 1)])
    judge = keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(1)])
    cycle = CycleGAN((image, keras.models.clone_model(image)), (judge, keras.models.clone_model(judge)))
    pytest.raises(ValueError, analysis.units, cycle).match("Got a CycleGAN, which translates images")
