"""What a private training refuses: each way by which private rows reach more than clipped gradients, with the remedy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from broken_off import text_gan
from gan_keras import GAN, HistoryPool, augmentation, auxiliary, losses, networks, penalties
from gan_keras.callbacks import AdaptiveAugmentation, Quality
from gan_keras.codecs import ImageCodec, PointCodec
from gan_keras.data import poisson_batches
from gan_keras.gans.cycle_gan import CycleGAN
from gan_keras.gans.pix2pix import Pix2Pix
from gan_keras.gans.table_vae import TableVAE, VariationalBound
from gan_keras.gans.time_gan import TimeGAN
from gan_keras.networks import MLPDiscriminator, MLPGenerator
from gan_keras.privacy import requirements
from private_gans import fit, flat, privacy_of, private_gan
from small_gans import POINTS, small_gan

layers = keras.layers


def generator(shape=(2,)):
    return MLPGenerator(shape, latent_dim=4, units=(8,))


def discriminator(*inside, shape=(2,)):
    return keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(8), *inside, layers.LeakyReLU(), layers.Dense(1)])


def refuse(message, gan=None, **options):
    """Asserts that `compile` refuses, in one line."""
    gan = gan or small_gan()
    with pytest.raises(ValueError, match=message) as caught:
        gan.compile(**{"loss": "non_saturating", **options}, privacy=privacy_of())
    assert "\n" not in str(caught.value) and "Expected" in str(caught.value)


@pytest.mark.parametrize("loss", ["relativistic_paired", "relativistic_average"])
def test_losses_that_compare_rows_are_refused(loss):
    refuse("Expected one that judges each row by itself: 'non_saturating', 'minimax'", loss=loss)


def test_a_loss_of_a_user_is_refused():
    class Own(losses.Wasserstein):
        pass

    refuse("loss=Own", loss=Own())


@pytest.mark.parametrize(
    "penalty",
    [penalties.GradientPenalty(), penalties.OneSidedGradientPenalty(), penalties.DRAGAN(), penalties.LeCam(),
     penalties.Lazy(penalties.R1(), 4)],
)  # fmt: skip
def test_penalties_that_mix_rows_or_count_calls_are_refused(penalty):
    refuse("Expected `penalties.R1` or `penalties.R2`, not lazy", penalties=penalty)


@pytest.mark.parametrize(
    "objective",
    [auxiliary.FeatureMatching(), VariationalBound(), auxiliary.AuxiliaryClassifier(), auxiliary.MutualInformation()],
)
def test_objectives_that_read_rows_and_second_heads_are_refused(objective, monkeypatch):
    monkeypatch.setattr(type(objective), "prepare", lambda *_: None, raising=False)
    refuse(f"the objective {type(objective).__name__}.*Expected none that reads real rows", auxiliary=[objective])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"history_pool": HistoryPool(8)}, "history pool.*Expected none"),
        ({"augmentation": augmentation.Adaptive(["translation"])}, "adaptive augmentation.*Expected a constant one"),
        ({"steps_per_execution": 4}, "steps_per_execution above 1. Expected 1"),
    ],
)
def test_options_that_read_rows_are_refused(options, message):
    refuse(message, **options)


@pytest.mark.parametrize(
    "layer, zeros",
    [
        (layers.BatchNormalization(), False),
        (layers.BatchNormalization(), True),  # a last layer of zeros hides what comes before
        (networks.layers.BatchNormalization(), False),
    ],
)
def test_a_discriminator_that_mixes_rows_is_refused(layer, zeros):
    network = discriminator(layer)
    if zeros:
        network.layers[-1].kernel.assign(tf.zeros_like(network.layers[-1].kernel.value))
    before = flat(network.variables)
    refuse("layers .*batch.*GroupNormalization` or `LayerNormalization", GAN(generator(), network))
    np.testing.assert_array_equal(flat(network.variables), before)


def test_packs_are_refused():
    network = discriminator()
    network.num = 10
    refuse("packs of 10 rows.*Expected pack=1", GAN(generator(), network))


def test_an_augmentation_that_mixes_rows_is_refused():
    refuse("depends on other rows", augmentation=lambda samples: samples + 0.1 * tf.reduce_mean(samples, axis=0))


@keras.saving.register_keras_serializable(package="tests")
class Remembers(layers.Layer):
    """Keeps the mean of what it has seen, and does nothing with it in training."""

    def build(self, shape):
        self.seen = self.add_weight(shape=(shape[-1],), trainable=False, initializer="zeros")

    def call(self, inputs):
        self.seen.assign(tf.reduce_mean(inputs, axis=0))
        return inputs


def test_a_discriminator_that_remembers_rows_is_refused():
    refuse("remembers rows besides its trained weights", GAN(generator(), discriminator(Remembers())))


def test_regularizers_in_the_discriminator_are_refused():
    refuse("regularizers.*weight_decay", GAN(generator(), discriminator(layers.Dense(4, kernel_regularizer="l2"))))


def test_mixed_precision_is_refused():
    network = MLPDiscriminator((8,), dtype="mixed_bfloat16")
    refuse("mixed precision.*Expected float32", GAN(generator(), network))


@pytest.mark.parametrize("layer", [layers.LayerNormalization(), layers.GroupNormalization(2), layers.Dropout(0.2)])
def test_layers_that_read_each_row_by_itself_are_allowed(layer):
    gan = GAN(generator(), discriminator(layer))
    gan.compile(loss="hinge", penalties=penalties.R1(0.1), privacy=privacy_of())
    fit(gan, steps=2)
    assert gan.privacy.steps_spent == 2 and np.isfinite(flat(gan.variables)).all()


def test_spectral_normalization_and_a_constant_augmentation_are_allowed():
    network = discriminator(layers.SpectralNormalization(layers.Dense(4)), shape=(4, 4, 1))
    gan = GAN(generator((4, 4, 1)), network)
    gan.compile(augmentation=augmentation.DiffAugment(["translation"]), privacy=privacy_of())
    fit(gan, np.zeros((64, 4, 4, 1), np.float32), steps=2)
    assert gan.privacy.steps_spent == 2


# --- Classes. ---


def test_text_gans_are_refused():
    gan = text_gan()
    with pytest.raises(ValueError, match="privacy with TextGAN, whose `.*` is its own.*Expected a GAN of images, tables, series"):
        gan.privacy = privacy_of()
        requirements.check_gan(gan)


@pytest.mark.parametrize("kind", [CycleGAN, Pix2Pix, TimeGAN, TableVAE])
def test_classes_with_steps_or_objectives_of_their_own_are_refused(kind):
    gan = object.__new__(kind)  # the class alone decides
    with pytest.raises(ValueError, match="is its own.*Expected a GAN of images, tables, series or points"):
        requirements.check_class(gan)


@pytest.mark.parametrize("name", ["train_step", "generator_loss", "read_batch", "judge", "fit", "labels_from"])
def test_subclasses_with_methods_of_their_own_are_refused(name):
    own = {name: lambda self, *args, **kwargs: getattr(GAN, name)(self, *args, **kwargs)}
    gan = type("Own", (GAN,), own)(generator(), discriminator())
    refuse(f"privacy with Own, whose `{name}` is its own", gan)


# --- Codecs. ---


def test_a_codec_that_has_learned_from_rows_is_refused_and_one_of_public_numbers_is_not():
    codec = PointCodec()
    codec.adapt(POINTS)
    refuse("PointCodec that has learned from rows.*give them to its constructor", GAN(generator(), discriminator(), codec))
    gan = GAN(generator(), discriminator(), PointCodec((0.0, 0.0), (1.0, 1.0)))
    gan.compile(privacy=privacy_of())
    fit(gan, steps=2)


def test_images_have_to_come_as_levels():
    gan = GAN(generator((4, 4, 1)), discriminator(shape=(4, 4, 1)), ImageCodec((4, 4, 1)))
    gan.compile(privacy=privacy_of())
    with pytest.raises(ValueError, match="Got images as float32 for a private training.*Expected uint8"):
        fit(gan, np.zeros((64, 4, 4, 1), np.float32))
    fit(gan, np.zeros((64, 4, 4, 1), np.uint8), steps=2)
    assert gan.privacy.steps_spent == 2


# --- `fit`. ---


@pytest.mark.parametrize(
    "change",
    [lambda data: POINTS, lambda data: data.map(lambda x: x), lambda data: data.take(2), lambda data: data.repeat(),
     lambda data: tf.data.Dataset.from_tensor_slices(POINTS).batch(16), lambda data: poisson_batches(POINTS, privacy_of())],
)  # fmt: skip
def test_data_that_are_not_poisson_samples_of_this_privacy_are_refused(change):
    gan = private_gan()
    data = change(poisson_batches(POINTS, gan.privacy))
    with pytest.raises(ValueError, match=r"Expected Poisson samples as they are.*poisson_batches\(rows, gan.privacy\)"):
        gan.fit(data, verbose=0)
    assert gan.privacy.steps_spent == 0


def test_single_batches_are_refused():
    gan = private_gan()
    fit(gan, steps=2)  # with a compiled step, Python is not asked again
    with pytest.raises(ValueError, match="Got a single batch for a private training. Expected `fit"):
        gan.train_on_batch(POINTS[:16])
    assert gan.privacy.steps_spent == 2


class ReadsRows(keras.callbacks.Callback):
    reads_data = True


@pytest.mark.parametrize("form", [list, tuple, keras.callbacks.CallbackList, lambda callbacks: callbacks[0]])
def test_callbacks_that_read_rows_are_refused_in_each_form(form):
    gan = private_gan()
    with pytest.raises(ValueError, match="Got the callback ReadsRows, which compares with private rows. Expected none"):
        fit(gan, callbacks=form([ReadsRows()]))
    with pytest.raises(ValueError, match="Got the callback ReadsRows"):
        gan.fit(poisson_batches(POINTS, gan.privacy), None, None, 1, 0, form([ReadsRows()]))  # by position


def test_callbacks_that_score_or_adapt_say_that_they_read_rows():
    assert Quality.reads_data and AdaptiveAugmentation.reads_data


@pytest.mark.parametrize("options", [{"validation_data": POINTS}, {"validation_split": 0.5}])
def test_validation_is_refused(options):
    with pytest.raises(ValueError, match="Got validation data for a private training.*use `evaluate`"):
        fit(private_gan(), **options)


def test_metrics_are_updated_by_evaluate_alone():
    class Counts(keras.metrics.Sum):
        def update_state(self, real_data, fake_data):
            super().update_state(tf.shape(real_data)[0])

    gan = private_gan(metrics=[Counts(name="rows")])
    assert "rows" not in fit(gan, steps=2).history
    assert gan.evaluate(POINTS, batch_size=64, verbose=0, return_dict=True)["rows"] == 64


def test_what_is_set_after_compile_is_checked_by_fit():
    gan = private_gan()
    gan.adversarial_loss = losses.get("relativistic_paired")
    with pytest.raises(ValueError, match="judges each row by itself"):
        fit(gan)
    gan = private_gan()
    gan.penalties.append(penalties.GradientPenalty())
    with pytest.raises(ValueError, match="Expected `penalties.R1`"):
        fit(gan)


# --- Trainings one after the other. ---


def test_training_without_privacy_before_is_refused_unless_it_is_said_to_be_public():
    gan = small_gan()
    gan.compile(loss="hinge")
    gan.fit(POINTS, batch_size=32, verbose=0)
    refuse("trained without privacy before.*public_start=True", gan)
    gan.compile(loss="hinge", privacy=privacy_of(public_start=True))
    fit(gan, steps=3)  # the step that was compiled without privacy is not used
    assert gan.privacy.steps_spent == 3
    assert "are said to come from public data" in gan.privacy_statement()


def test_a_private_gan_does_not_go_on_without_and_what_it_learned_so_is_noticed():
    gan = private_gan()
    fit(gan, steps=3)
    with pytest.raises(ValueError, match="spent 3 steps of one, which would be void.*privacy=gan.privacy"):
        gan.compile(loss="hinge")
    with pytest.raises(ValueError, match="spent 3 steps of another privacy.*adds up"):
        gan.compile(loss="hinge", privacy=privacy_of(train_steps=100))
    privacy = gan.privacy
    gan.compile(loss="hinge", privacy=privacy_of())  # the same numbers: it goes on with the steps that it has
    assert gan.privacy is privacy
    fit(gan, steps=2)
    assert privacy.steps_spent == 5
    gan.privacy = None  # gives it up
    gan.compile(loss="hinge")
    gan.fit(POINTS, batch_size=16, verbose=0)
    with pytest.raises(ValueError, match="trained without privacy before"):
        gan.compile(loss="hinge", privacy=privacy)


def test_one_privacy_counts_the_steps_of_one_gan():
    gan = private_gan()
    with pytest.raises(ValueError, match="that of another GAN.*Expected one of its own"):
        small_gan(1).compile(privacy=gan.privacy)
