"""Networks that compute in float16: one loss scale, and equally many updates of both players."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import GAN, losses, penalties
from gan_keras.training import loss_scale
from gan_keras.training.loss_scale import FIRST_SCALE, LossScale
from gan_keras.training.player import ScaledPlayer
from small_gans import POINTS

INFINITE = tf.constant([np.inf])


def pair(policy):
    """Dense networks with the same weights in each precision; the last layers are float32."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    generator = [layers.Dense(16, "tanh", dtype=policy), layers.Dense(2, dtype="float32")]
    discriminator = [layers.Dense(16, "tanh", dtype=policy), layers.Dense(1, dtype="float32")]
    return keras.Sequential([keras.Input((4,)), *generator]), keras.Sequential([keras.Input((2,)), *discriminator])


def compiled_gan(policy="mixed_float16", **options):
    gan = GAN(*pair(policy), seed=5)
    gan.compile(**{"generator_optimizer": "sgd", "discriminator_optimizer": "sgd", **options})
    return gan


def step(gan):
    gan.train_on_batch(POINTS[:16])
    return int(gan.discriminator_optimizer.iterations), int(gan.generator_optimizer.iterations)


class Loud(losses.Wasserstein):
    """The loss of one player is so large that its first scaled gradients do not fit into float16."""

    def __init__(self, player, factor=2.0**11):
        self.factors = {player: factor}

    def discriminator(self, real_logits, fake_logits):
        return self.factors.get("discriminator", 1.0) * super().discriminator(real_logits, fake_logits)

    def generator(self, real_logits, fake_logits):
        return self.factors.get("generator", 1.0) * super().generator(real_logits, fake_logits)


SLOW = [pytest.param(*case, marks=pytest.mark.slow) for case in (("discriminator", 3), ("generator", 1))]


@pytest.mark.parametrize("player, discriminator_steps", [("discriminator", 1), ("generator", 3), *SLOW])
def test_an_overflow_of_either_player_holds_back_both(player, discriminator_steps):
    rates = {f"{each}_optimizer": keras.optimizers.SGD(1e-6) for each in ("generator", "discriminator")}
    gan = compiled_gan(loss=Loud(player), discriminator_steps=discriminator_steps, **rates)
    counts = [step(gan) for _ in range(20)]
    assert float(gan.loss_scale.scale) <= FIRST_SCALE / 2**3
    for of_discriminator, of_generator in counts:
        assert 0 <= of_discriminator - discriminator_steps * of_generator <= discriminator_steps
    of_discriminator, of_generator = counts[-1]
    assert of_discriminator == discriminator_steps * of_generator > 0
    assert counts[-1][1] - counts[-6][1] == 5  # no step is left out once the scale fits


def test_an_update_that_overflows_is_the_first_of_the_next_step():
    scale, variables = LossScale(), [tf.Variable([0.0]) for _ in range(3)]
    optimizers = [keras.optimizers.SGD(1.0) for _ in variables]
    for optimizer, variable in zip(optimizers, variables, strict=True):
        optimizer.build([variable])

    def run(*gradients):
        """The numbers of updates so far, after a step with these gradients."""
        scale.begin_step()
        for optimizer, gradient, variable in zip(optimizers, gradients, variables, strict=True):
            scale.apply(optimizer, [gradient], [variable])
        return [int(optimizer.iterations) for optimizer in optimizers]

    one = tf.constant([1.0])
    assert run(one, one, one) == [1, 1, 1]
    assert run(one, INFINITE, one) == [2, 1, 1]
    assert run(INFINITE, INFINITE, one) == [2, 1, 1]  # the first was not due: its overflow does not count
    assert run(one, one, one) == [2, 2, 2]
    assert run(INFINITE, one, one) == [2, 2, 2]
    assert run(one, one, one) == [3, 3, 3]
    assert float(scale.skipped.result()) == 3
    assert float(scale.scale) == FIRST_SCALE / 2**3


def test_the_scale_is_halved_by_an_overflow_doubled_after_many_finite_updates_and_never_zero(monkeypatch):
    monkeypatch.setattr(loss_scale, "GROWTH_UPDATES", 3)
    scale, weight, optimizer = LossScale(), tf.Variable([1.0]), keras.optimizers.SGD(1.0)
    optimizer.build([weight])
    seen = []
    for gradient in (INFINITE, [np.nan], [1.0], [1.0], INFINITE, [1.0], [1.0], [1.0], [1.0]):
        scale.begin_step()
        scale.apply(optimizer, [tf.constant(gradient)], [weight])
        seen.append(float(scale.scale) / FIRST_SCALE)
    assert seen == [0.5, 0.25, 0.25, 0.25, 0.125, 0.125, 0.125, 0.25, 0.25]
    assert float(weight[0]) == 1.0 - 6.0
    scale = LossScale()
    for _ in range(200):
        scale.adapt(True, False)
    assert float(scale.scale) == loss_scale.SMALLEST_SCALE


@pytest.mark.parametrize(
    "policy, tolerance", [("mixed_float16", 0.02), pytest.param("mixed_bfloat16", 0.1, marks=pytest.mark.slow)]
)
def test_a_step_is_that_of_float32_to_the_precision_of_the_format(policy, tolerance):
    def change(policy):
        gan = compiled_gan(policy, loss="wasserstein", penalties=[penalties.R1(3.0), penalties.GradientPenalty(3.0)])
        before = gan.generator.get_weights() + gan.discriminator.get_weights()
        assert step(gan) == (1, 1)
        after = gan.generator.get_weights() + gan.discriminator.get_weights()
        return [new - old for new, old in zip(after, before, strict=True)]

    for found, expected in zip(change(policy), change("float32"), strict=True):
        assert np.linalg.norm(found - expected) <= tolerance * np.linalg.norm(expected)


@pytest.mark.parametrize("factor", [2.0**-24, 2.0**-28])
def test_gradients_too_small_for_float16_are_not_lost(factor):
    def gradients(policy):
        gan = compiled_gan(policy, loss=Loud("generator", factor))
        with tf.GradientTape() as tape:
            batch = gan.draw(tf.constant(POINTS[:16]))
            loss = gan.adversarial_loss.generator(None, gan.judge(batch.fake_data))
        return gan.generator_player.gradients(loss, tape, gan.generator.trainable_variables)

    for found, expected in zip(gradients("mixed_float16"), gradients("float32"), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0.1, atol=0.02 * np.abs(expected).max())


def test_gradients_of_a_logit_are_scaled_for_penalties():
    """Both slopes are too small for float16, and their squares for anything but float32."""
    discriminator = ScaledPlayer(None, None, None, LossScale()).for_penalties(
        lambda x: tf.cast(tf.cast(x, tf.float16), tf.float32) * 3e-8
    )
    found = penalties.R1(2.0)(discriminator, tf.ones([2, 1]), None)
    assert float(found) == pytest.approx(9e-16, rel=1e-2)
    assert float(penalties.R1(2.0)(lambda x: x * 3.0, tf.ones([2, 1]), None)) == 9.0


def test_sparse_gradients_stay_sparse():
    gradient = tf.IndexedSlices(tf.constant([[4.0], [np.inf]]), tf.constant([0, 2]), tf.constant([3, 1]))
    halved = loss_scale.on_values(lambda numbers: numbers / 2, gradient)
    assert isinstance(halved, tf.IndexedSlices) and halved.values[0, 0] == 2.0
    assert not loss_scale.all_finite([None, gradient])
    assert loss_scale.all_finite([None, tf.constant(1.0)]) and loss_scale.all_finite([None])


def test_training_that_is_saved_and_resumed_equals_uninterrupted_training(tmp_path):
    """Saved between an overflow and its second attempt, with a scale of its own."""
    options = {"loss": Plain(), "run_eagerly": True, "penalties": [penalties.R1(0.1)]}  # a graph may order sums in another way
    straight, half = (compiled_gan(**options, generator_optimizer="adam") for _ in range(2))
    for gan in (straight, half):
        gan.loss_scale.scale.assign(2.0**22)
        history = gan.fit(POINTS[:48], batch_size=16, epochs=1, shuffle=False, verbose=0).history
        assert history["skipped"][-1] > 0
        gan.loss_scale.first.assign(1)
    half.save(tmp_path / "gan.keras")
    resumed = keras.saving.load_model(tmp_path / "gan.keras")
    for gan in (straight, resumed):
        gan.fit(POINTS[:48], batch_size=16, shuffle=False, verbose=0)
    for name in resumed.own_state():
        np.testing.assert_array_equal(straight.own_state()[name], resumed.own_state()[name], name)
    assert {"loss_scale_0", "loss_scale_1", "loss_scale_2"} < set(resumed.own_state())
    for found, expected in zip(resumed.get_weights(), straight.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(resumed.generate(5), straight.generate(5))
    used = keras.saving.load_model(tmp_path / "gan.keras", compile=False)
    np.testing.assert_array_equal(used.generate(5), half.generate(5))


@keras.saving.register_keras_serializable(package="tests")
class Plain(losses.NonSaturating):
    """A loss that is saved."""


def test_only_float16_is_scaled():
    assert type(compiled_gan("mixed_float16").loss_scale) is LossScale
    for policy in ("float32", "mixed_bfloat16"):
        gan = compiled_gan(policy)
        assert gan.loss_scale is None
        assert "skipped" not in gan.fit(POINTS, batch_size=32, verbose=0).history


def test_float16_weights_and_an_optimizer_that_scales_losses_by_itself_are_refused():
    gan = GAN(*pair("float16"))
    pytest.raises(ValueError, gan.compile).match(r'2 weights of .* are float16.*"mixed_float16", which computes in float16')
    gan = GAN(*pair("mixed_float16"))
    with pytest.raises(ValueError, match="Got a LossScaleOptimizer.*Expected its inner optimizer"):
        gan.compile("adam", keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()))


def test_keras_does_not_wrap_the_generators_optimizer_under_a_global_policy():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        gan = compiled_gan()
    finally:
        keras.config.set_dtype_policy(before)
    assert isinstance(gan.generator_optimizer, keras.optimizers.SGD)
    assert gan.optimizer.learning_rate == gan.generator_optimizer.learning_rate
