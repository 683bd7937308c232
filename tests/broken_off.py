"""Small GANs with everything that has a state, and trainings to interrupt and resume, for tests of resuming."""

import keras
import numpy as np

from gan_keras import GAN, HistoryPool, TextGAN, augmentation, penalties
from gan_keras.callbacks import AdaptiveAugmentation, Checkpoint
from gan_keras.codecs import WordCodec
from gan_keras.networks import ConvolutionalDiscriminator, MLPDiscriminator, MLPGenerator, RecurrentGenerator
from gan_keras.training.rollback import Snapshot

IMAGES = np.random.default_rng(0).normal(size=(30, 8, 8, 1)).astype("float32")
POINTS = IMAGES[:, 0, :2, 0]
LINES = ["a cat sat on the mat", "the cat ran", "a mat is on the cat", "the dog sat", "a dog ran to the mat"] * 3


def image_gan(seed=2, rate=0.001, **options):
    """A GAN with adaptive augmentation, a pool of past samples, dropout, and a penalty with noise."""
    keras.utils.clear_session()  # so that layers have the names of a fresh process: the order of sums in a graph follows names
    keras.utils.set_random_seed(3)
    layers = keras.layers
    generator = keras.Sequential([keras.Input((4,)), layers.Dense(64), layers.Reshape((8, 8, 1)), layers.Dropout(0.2)])
    convolution = [layers.Conv2D(4, 3, strides=2), layers.Dropout(0.3), layers.Flatten(), layers.Dense(1)]
    gan = GAN(generator, keras.Sequential([keras.Input((8, 8, 1)), *convolution]), seed=seed)
    gan.compile(
        "adam",
        keras.optimizers.Adam(rate),
        penalties=[penalties.GradientPenalty(2.0, seed=6)],
        augmentation=augmentation.Adaptive(["translation"], 0.0, images=50, strength=0.3),
        history_pool=HistoryPool(10),
        **options,
    )
    return gan


def point_gan(**options):
    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    gan = GAN(MLPGenerator((2,), latent_dim=4, units=(4,)), MLPDiscriminator((4,)), seed=1)
    gan.compile(**options)
    return gan


def text_gan():
    """A GAN of text with one epoch of each stage."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    codec = WordCodec()
    codec.adapt(LINES)
    generator = RecurrentGenerator(codec.vocabulary_size, codec.length, 3, embedding_dim=4, units=5, dropout=0.2)
    gan = TextGAN(generator, ConvolutionalDiscriminator(codec.vocabulary_size, (2,), embedding_dim=4, filters=4), codec, seed=2)
    gan.compile(keras.optimizers.Adam(0.01), "adam", pretraining_epochs=1, discriminator_epochs=1, drafts_per_line=2)
    return gan


class BreakOff(keras.callbacks.Callback):
    """Stands for Ctrl-C after a number of batches."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def on_train_batch_end(self, batch, logs=None):
        self.batches -= 1
        if self.batches == 0:
            raise KeyboardInterrupt


def train(gan, directory, data, break_off_after=None, epochs=3, callbacks=(), **options):
    """Trains or resumes in `directory`, with a checkpoint per batch; returns the history, None after an interruption."""
    callbacks = [Checkpoint(directory, seconds=0), *callbacks, *([BreakOff(break_off_after)] if break_off_after else [])]
    if getattr(gan, "augmentation", None) is not None:
        callbacks.append(AdaptiveAugmentation(every=3))
    try:
        return gan.fit(data, epochs=epochs, callbacks=callbacks, verbose=0, **options)
    except KeyboardInterrupt:
        return None


class Anew:
    """Returns a GAN to its start at each call; its graphs, which are what costs, are made once."""

    def __init__(self, gan):
        self.gan, self.start = gan, Snapshot(gan)

    def __call__(self):
        self.start.restore(self.gan)
        return self.gan


def state_of(gan):
    """Every number that shapes the rest of a training."""
    optimizers = [
        variable.numpy() for each in (gan.generator_optimizer, gan.discriminator_optimizer) for variable in each.variables
    ]
    return [*gan.get_weights(), *optimizers, *(variable.numpy() for _, variable in sorted(gan.own_state().items()))]


def furthest(first, second):
    """The largest difference of any number in two GANs or results of `state_of`; infinities have to be equal."""
    pairs = zip(*(each if isinstance(each, list) else state_of(each) for each in (first, second)), strict=True)
    with np.errstate(invalid="ignore"):
        return max(np.abs(np.where(a == b, 0.0, np.asarray(a, np.float64) - b)).max() for a, b in pairs)
