"""Whether XLA compiles a training, and why."""

import keras
import pytest
import tensorflow as tf

from gan_keras import GAN, penalties
from gan_keras.networks import MLPDiscriminator, MLPGenerator
from gan_keras.training import devices

layers = keras.layers


def image_gan(last=(), augmentation=None, gan_penalties=()):
    """A GAN of images whose discriminator has some more layers; with its compile options, but not compiled."""
    generator = keras.Sequential([keras.Input((4,)), layers.Dense(16), layers.Reshape((4, 4, 1))])
    discriminator = [keras.Input((4, 4, 1)), *last, layers.Flatten(), layers.Dense(1)]
    gan = GAN(generator, keras.Sequential(discriminator))
    gan.augmentation, gan.penalties = augmentation, list(gan_penalties)
    return gan


def recurrent_gan(*gan_penalties):
    return image_gan([layers.Reshape((4, 4)), layers.GRU(2)], gan_penalties=gan_penalties)


def text_gan():
    gan = image_gan()
    gan.cannot_be_compiled = "the length of drafts is not known beforehand"
    return gan


LAZY = penalties.Lazy(penalties.R1(1.0))
NOT_GRADIENTS = penalties.LeCam(1.0)
TABLE = {
    "an image GAN": (image_gan, "there is a GPU, and all layers can be compiled"),
    "with a penalty": (lambda: image_gan(gan_penalties=[LAZY]), "there is a GPU, and all layers can be compiled"),
    "a recurrent layer": (recurrent_gan, "GRU are slow"),
    "and no gradients": (lambda: recurrent_gan(NOT_GRADIENTS), "GRU are slow"),
    "and a penalty": (lambda: recurrent_gan(penalties.GradientPenalty()), "gradients of gradients of GRU"),
    "and a lazy one": (lambda: recurrent_gan(LAZY), "gradients of gradients of GRU"),
    "augmentation": (lambda: image_gan(augmentation=layers.RandomZoom(0.1)), "XLA does not compile RandomZoom"),
    "a penalty's": (lambda: image_gan(gan_penalties=[penalties.Consistency(layers.RandomCrop(4, 4))]), "compile RandomCrop"),
    "a layer": (lambda: image_gan([layers.RandomRotation(0.1)]), "XLA does not compile RandomRotation"),
    "text": (text_gan, "the length of drafts"),
}
IMPOSSIBLE = ("and a penalty", "and a lazy one", "augmentation", "a penalty's", "a layer", "text")


@pytest.fixture
def pretend_a_gpu(monkeypatch):
    return lambda: monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind=None: ["GPU:0"])


@pytest.mark.parametrize("name", TABLE)
def test_where_there_is_a_gpu_what_can_be_compiled_well_is(name, pretend_a_gpu):
    build, reason = TABLE[name]
    gan = build()  # recurrent layers look for a GPU too
    pretend_a_gpu()
    decision = devices.decide_xla(gan)
    assert reason in decision.reason
    assert decision.jit_compile == (reason == "there is a GPU, and all layers can be compiled")


@pytest.mark.parametrize("name", TABLE)
def test_what_was_asked_for_is_done_or_is_an_error(name):
    gan = TABLE[name][0]()
    assert devices.decide_xla(gan, jit_compile=False) == (False, "jit_compile=False was requested")
    if name not in IMPOSSIBLE:
        assert devices.decide_xla(gan, jit_compile=True) == (True, "jit_compile=True was requested")
        return
    with pytest.raises(ValueError, match="jit_compile=True, but XLA cannot compile this training: .*Expected False or"):
        devices.decide_xla(gan, jit_compile=True)


def test_nothing_is_compiled_on_a_processor_and_another_wish_is_an_error():
    decision = devices.decide_xla(image_gan())
    assert not decision.jit_compile and "no GPU" in decision.reason
    with pytest.raises(ValueError, match="jit_compile='yes'. Expected True, False or 'auto'"):
        devices.decide_xla(image_gan(), jit_compile="yes")


def test_under_a_strategy_and_in_eager_mode_nothing_is_compiled(pretend_a_gpu):
    gan = image_gan()
    pretend_a_gpu()
    assert "eagerly" in devices.decide_xla(gan, run_eagerly=True).reason
    with tf.distribute.OneDeviceStrategy("CPU:0").scope():
        assert "strategy" in devices.decide_xla(gan).reason
        pytest.raises(ValueError, devices.decide_xla, gan, jit_compile=True).match("strategy")


def test_where_operations_are_deterministic_nothing_is_compiled(monkeypatch, pretend_a_gpu):
    monkeypatch.setattr(devices, "is_op_determinism_enabled", lambda: True)
    gan = image_gan()
    pretend_a_gpu()
    assert "deterministic" in devices.decide_xla(gan).reason
    with pytest.raises(ValueError, match="deterministic operations .*deterministic=False"):
        devices.decide_xla(gan, jit_compile=True)


def test_compile_follows_the_decision_and_saves_the_wish():
    gan = GAN(MLPGenerator((2,)), MLPDiscriminator())
    gan.compile()
    assert gan.jit_compile is False and not gan.compilation.jit_compile
    assert "jit_compile" not in gan.get_compile_config()  # on another machine it is decided anew
    gan.compile(jit_compile=True)
    assert gan.jit_compile is True and gan.get_compile_config()["jit_compile"] is True
