"""Small GANs of each modality with three directions, whose random weights make edits visible."""

import keras
import numpy as np

import gan_keras
from gan_keras import codecs, networks
from gan_keras.data import Table
from gan_keras.data.table.columns import CategoryColumn, NumberColumn
from gan_keras.data.text.phrases import english_phrases
from gan_keras.modalities.table.presets import TablePreset
from small_gans import awaken

RANDOM = np.random.default_rng(0)
IMAGE_SHAPE, COLOURS = (6, 8, 1), ("blue", "green", "red")


@keras.saving.register_keras_serializable(package="edited_gans")
class LabelledGenerator(networks.MLPGenerator):
    """Adds the label's number to the latents."""

    num_labels = 3

    def call(self, latents, labels=None, training=False):
        return super().call(latents + keras.ops.cast(labels, "float32")[:, None])


@keras.saving.register_keras_serializable(package="edited_gans")
class LabelledDiscriminator(networks.MLPDiscriminator):
    num_labels = 3

    def call(self, samples, labels=None, training=False):
        return super().call(samples)


def with_directions(gan):
    """Orthogonal unit vectors along the style latents, after all weights have become larger."""
    awaken(gan.generator)
    vectors = np.linalg.qr(np.random.default_rng(1).normal(size=(gan.style_dim, 3)))[0].T
    gan.directions = np.pad(vectors, ((0, 0), (0, gan.latent_dim - gan.style_dim)))
    return gan


def image_gan(labelled=False, kind=gan_keras.GAN):
    keras.utils.set_random_seed(1)
    generator, discriminator = (
        (LabelledGenerator, LabelledDiscriminator) if labelled else (networks.MLPGenerator, networks.MLPDiscriminator)
    )
    names = {"label_names": COLOURS} if labelled else {}
    generator = generator(IMAGE_SHAPE, 4, (16,), activation="tanh")
    return with_directions(kind(generator, discriminator((16,)), codecs.ImageCodec(IMAGE_SHAPE), **names))


def labelled_gan():
    return image_gan(labelled=True)


def series_gan():
    keras.utils.set_random_seed(1)
    codec = codecs.SeriesCodec()
    codec.adapt(np.cumsum(RANDOM.standard_normal((50, 6, 2)), axis=1).astype(np.float32))
    generator = networks.MLPGenerator((6, 2), 4, (16,), activation="tanh")
    return with_directions(gan_keras.GAN(generator, networks.MLPDiscriminator((16,)), codec))


def table_gan():
    kind = RANDOM.integers(0, 3, 200)
    cells = np.stack([(10.0 * kind + RANDOM.normal(0, 2.0, 200)).round(1), kind, RANDOM.integers(0, 9, 200)], axis=1)
    columns = (
        NumberColumn("number", False, -10.0, 40.0, 1),
        CategoryColumn("kind", False, ("high", "low", "middle")),
        CategoryColumn("many", False, tuple(f"v{index}" for index in range(9))),
    )
    sizes = {"width": 16, "latent_dim": 4, "pack": 2, "most_modes": 3, "batch_size": 32, "most_slots": 4}
    keras.utils.set_random_seed(1)
    return with_directions(TablePreset(loss="non_saturating", **sizes).build(Table("a", columns, cells, {})))


def text_gan():
    keras.utils.set_random_seed(1)
    codec = codecs.WordCodec()
    codec.adapt(english_phrases().sample(200, seed=0))
    generator = networks.RecurrentGenerator(codec.vocabulary_size, codec.length, 4, 16, 32, 0.1)
    discriminator = networks.ConvolutionalDiscriminator(codec.vocabulary_size, (2, 3), embedding_dim=16, filters=16)
    return with_directions(gan_keras.TextGAN(generator, discriminator, codec))


def columns_of(gan, samples):
    """Samples as a dictionary of arrays: a table's own columns, one column for other modalities."""
    if isinstance(samples, dict):
        return samples
    return {"sample": np.array(samples, object) if isinstance(samples, list) else samples}
