"""Every network under mixed precision: float32 outputs, and the same precisions after a config round trip."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import networks, noise
from gan_keras.networks.base import dtype_policy
from small_gans import copy_of

SHAPE = (16, 16, 1)
IMAGES = tf.random.stateless_normal((2, *SHAPE), (1, 2))
POINTS, TOKENS = tf.constant([[0.5, -1.0], [2.0, 1.0]]), tf.constant([[4, 5, 2, 0], [6, 4, 4, 2]])
LABELS = tf.constant([0, 1])


def dense_generator(**options):
    return networks.MLPGenerator((2,), latent_dim=9, units=(4,), **options)


def dense_discriminator(**options):
    return networks.MLPDiscriminator((4,), **options)


def image_network(name, **sizes):
    return lambda **options: getattr(networks, name)(SHAPE, width=8, **sizes, **options)


PAPERS = ("DCGAN", "SNGAN", "R3GAN")  # the others consist of the same layers, except for one below
GENERATORS = {
    "MLPGenerator": dense_generator,
    "ComponentGenerator": lambda **options: networks.ComponentGenerator((2,), 9, units=(4,), components=3, **options),
    "Coded": lambda **options: networks.Coded(dense_generator(**options), categorical=(3,), **options),
    **{f"{paper}Generator": image_network(f"{paper}Generator", latent_dim=9) for paper in PAPERS},
}
DISCRIMINATORS = {
    "MLPDiscriminator": (dense_discriminator, POINTS),
    "FourierDiscriminator": (lambda **options: networks.FourierDiscriminator((4,), waves=3, **options), POINTS),
    "Packed": (lambda **options: networks.Packed(dense_discriminator(**options), **options), POINTS),
    "TwoHeaded": (lambda **options: networks.TwoHeaded(dense_discriminator(**options), 3, units=(4,), **options), POINTS),
    "RecurrentDiscriminator": (lambda **options: networks.RecurrentDiscriminator(9, 4, filters=8, **options), TOKENS),
    "ConvolutionalDiscriminator": (lambda **options: networks.ConvolutionalDiscriminator(9, filters=8, **options), TOKENS),
    **{f"{paper}Discriminator": (image_network(f"{paper}Discriminator"), IMAGES) for paper in PAPERS},
}


def precisions(network):
    return [layer.compute_dtype for layer in network._flatten_layers()]


def check(build, inputs):
    """Outputs are float32, and a network restored from its config has the same precisions."""
    before = keras.config.dtype_policy()
    network = build(dtype="mixed_float16")
    output = network(inputs, training=True)
    assert output.dtype == "float32" and np.isfinite(output).all()
    copy = copy_of(network)
    copy(inputs)
    assert keras.config.dtype_policy() is before  # unchanged
    assert precisions(copy) == precisions(network) and "float16" in precisions(network)
    assert {weight.dtype for weight in network.trainable_variables} == {"float32"}


@pytest.mark.parametrize("name", [*GENERATORS, *DISCRIMINATORS])
def test_outputs_are_float32_and_a_config_keeps_the_precisions(name):
    check(*(DISCRIMINATORS[name] if name in DISCRIMINATORS else (GENERATORS[name], noise.normal(tf.range(2), 9))))


def test_likelihoods_of_a_language_model_are_float32_and_its_latents_are_not_rounded():
    keras.utils.set_random_seed(0)
    generator = networks.RecurrentGenerator(9, 4, noise_dim=2, embedding_dim=4, units=8, dropout=0.0, dtype="mixed_bfloat16")
    latents = np.repeat(noise.normal(tf.range(1), 6), 2, axis=0)
    latents[:, 2:] = 0.0
    tokens = generator(latents)
    assert generator.logits(latents, tokens).dtype == generator.log_likelihood(latents, tokens).dtype == "float32"
    assert generator.recurrent.compute_dtype == "bfloat16"
    # Two latents on either side of the border between two tokens; in bfloat16 they would be equal.
    logits, _ = generator.step(generator.embedding(tf.constant([1])), generator.state_from(latents[:1]), 0)
    probabilities = tf.nn.softmax(logits + generator.mask_of(0))
    border = float(tf.math.ndtri(tf.cumsum(probabilities, axis=1)[0, 4]))
    latents[:, 2] = border - 1e-4, border + 1e-4
    first = generator(latents)[:, 0].numpy()
    assert first.tolist() == [4, 5]


def test_both_heads_are_float32():
    heads = networks.TwoHeaded(dense_discriminator(dtype="mixed_float16"), 3, units=(4,), dtype="mixed_float16")
    assert heads.second(POINTS).dtype == "float32"
    text = networks.RecurrentDiscriminator(9, 4, filters=8, num_labels=2, dtype="mixed_float16")
    sentence, steps = text.logits(TOKENS, LABELS)
    assert sentence.dtype == steps.dtype == "float32"


def test_layers_that_make_layers_when_built_pass_on_their_precision():
    for layer in (networks.layers.SelfAttention2D, networks.layers.ModulatedBatchNormalization):
        made = layer(dtype="mixed_float16")
        made(IMAGES, *([POINTS] if layer is networks.layers.ModulatedBatchNormalization else []))
        inner = [each for each in made._flatten_layers() if isinstance(each, keras.layers.Conv2D | keras.layers.Dense)]
        assert inner and {each.compute_dtype for each in inner} == {"float16"}


def test_the_global_policy_is_restored_after_an_error():
    before = keras.config.dtype_policy()
    with pytest.raises(ZeroDivisionError), dtype_policy("mixed_bfloat16"):
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
        raise ZeroDivisionError
    assert keras.config.dtype_policy() is before


def test_keras_still_reads_positional_arguments_of_a_network():
    assert networks.MLPDiscriminator((7, 3), name="d").get_config()["units"] == (7, 3)
