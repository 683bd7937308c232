"""TimeGAN: its losses by their formulas, what each stage trains, and resuming in the middle of a stage."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import TimeGAN, networks
from gan_keras.penalties import R1
from gan_keras.training.player import Player

SHAPE = (4, 2)
SERIES = np.random.default_rng(0).uniform(-1, 1, (16, *SHAPE)).astype(np.float32)


def made(embedding_epochs=1, supervised_epochs=1, rate=1e-3, run_eagerly=True, **options):
    """A tiny TimeGAN, by default without graphs: those of the recurrent layers would cost most of the time."""
    keras.utils.set_random_seed(0)
    generator = networks.TimeGANGenerator(SHAPE, 2, 3, depth=1)
    gan = TimeGAN(generator, networks.TimeGANDiscriminator(3, depth=1), seed=1)
    stages = {"embedding_epochs": embedding_epochs, "supervised_epochs": supervised_epochs, "generator_steps": 1}
    gan.compile(*(keras.optimizers.Adam(rate) for _ in range(2)), **stages, run_eagerly=run_eagerly, **options)
    return gan


@pytest.fixture(scope="module")
def gan():
    return made()


PARTS = {
    "embedder": lambda gan: gan.discriminator.embedder,
    "recovery": lambda gan: gan.generator.recovery,
    "supervisor": lambda gan: gan.generator.dynamics.supervisor,
    "generator": lambda gan: gan.generator.dynamics.generator,
    "judge": lambda gan: gan.discriminator.judge,
}


def test_losses_are_those_of_the_formulas(gan):
    hidden = np.asarray(gan.discriminator.embedder(SERIES))
    recovered, predicted = np.asarray(gan.generator.recovery(hidden)), np.asarray(gan.generator.dynamics.supervisor(hidden))
    assert float(gan.reconstruction_loss(SERIES, hidden)) == pytest.approx(np.sqrt(np.mean((SERIES - recovered) ** 2)), rel=1e-5)
    expected = np.sqrt(np.mean((hidden[:, 1:] - predicted[:, :-1]) ** 2))
    assert float(gan.supervised_loss(hidden)) == pytest.approx(expected, rel=1e-5)
    means = np.abs(SERIES.mean(axis=0) - recovered.mean(axis=0)).mean()
    deviations = np.abs(SERIES.std(axis=0) - recovered.std(axis=0)).mean()
    assert float(gan.moments_loss(SERIES, tf.constant(recovered))) == pytest.approx(means + deviations, rel=1e-3)


def test_each_stage_trains_its_own_networks_and_measures_its_own_losses():
    losses = {"reconstruction", "supervised", "moments", "g_loss", "d_loss"}
    for stage, trained, expected in (
        ("embedding", {"embedder", "recovery"}, {"reconstruction"}),
        ("supervised", {"supervisor"}, {"supervised"}),
        ("adversarial", set(PARTS), losses),
    ):
        gan = made()
        gan.enter(stage)
        before = {name: part(gan).get_weights() for name, part in PARTS.items()}
        logs = gan.train_step(tf.constant(SERIES))
        after = {name: part(gan).get_weights() for name, part in PARTS.items()}
        moved = {name for name in PARTS if any((old != new).any() for old, new in zip(before[name], after[name], strict=True))}
        assert moved == trained, stage
        assert losses & logs.keys() == expected and all(float(logs[name]) for name in expected), stage


def test_the_losses_of_the_last_stage_are_summed_with_the_weights_of_the_papers_code(gan, monkeypatch):
    losses, parts = [], {}
    monkeypatch.setattr(Player, "update", lambda self, loss, tape, part: losses.append(float(loss)))
    monkeypatch.setattr(TimeGAN, "measured", lambda self, name, loss: parts.setdefault(name, loss))
    gan.step_metrics.g_loss.reset_state()
    gan.train_generator(tf.constant(SERIES))
    adversarial, supervised, moments = (
        float(each) for each in (gan.step_metrics.g_loss.result(), parts["supervised"], parts["moments"])
    )
    assert losses == [pytest.approx(adversarial + 100.0 * supervised + 100.0 * moments, rel=1e-5)]
    losses.clear()
    gan.update_autoencoder(tf.constant(SERIES), gan.joint_loss)
    assert losses == [pytest.approx(10.0 * float(parts["reconstruction"]) + 0.1 * supervised**2, rel=1e-5)] * 2


@pytest.mark.slow
def test_fit_passes_through_the_stages_and_a_loaded_gan_resumes_exactly(tmp_path):
    options = {"batch_size": 16, "verbose": 0, "shuffle": False}
    whole = made(embedding_epochs=1, supervised_epochs=2)
    assert [whole.stage_of(epoch) for epoch in range(4)] == ["embedding", "supervised", "supervised", "adversarial"]
    logs = whole.fit(SERIES, epochs=4, **options).history
    assert np.isfinite(logs["g_loss"]).tolist() == [False, False, False, True]
    assert whole.stage == "adversarial" and whole.generate(3).shape == (3, *SHAPE)
    parted = made(embedding_epochs=1, supervised_epochs=2)
    parted.fit(SERIES, epochs=2, **options)  # interrupted within the second stage
    parted.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert (again.stage, again.embedding_epochs, again.supervised_epochs) == ("supervised", 1, 2)
    again.fit(SERIES, initial_epoch=2, epochs=4, **options)
    for network in ("generator", "discriminator", "ema_generator"):
        pairs = zip(getattr(whole, network).get_weights(), getattr(again, network).get_weights(), strict=True)
        assert all((one == other).all() for one, other in pairs), network


def test_each_stage_begins_with_fresh_optimizers_and_keeps_their_rates():
    gan = made(embedding_epochs=2, supervised_epochs=1)
    counts = []
    look = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: counts.append(int(gan.generator_optimizer.iterations))
    )
    gan.generator_optimizer.learning_rate = 5e-4
    gan.fit(SERIES, epochs=3, batch_size=16, verbose=0, callbacks=[look])
    assert counts == [1, 2, 1] and float(gan.generator_optimizer.learning_rate) == pytest.approx(5e-4)


@pytest.mark.slow
def test_the_autoencoder_learns_to_reconstruct_series():
    levels = np.repeat(SERIES[:, :1], 4, axis=1)
    gan = made(embedding_epochs=60, rate=2e-2, run_eagerly=False)
    losses = gan.fit(levels, epochs=60, batch_size=16, verbose=0).history["reconstruction"]
    assert losses[-1] < 0.6 * losses[0]


def test_what_acts_on_series_and_impossible_numbers_are_refused():
    pytest.raises(ValueError, made, penalties=[R1()]).match("penalties=.*judges hidden states")
    pytest.raises(ValueError, made, embedding_epochs=-1).match(r"epochs \(-1, 1\)")
