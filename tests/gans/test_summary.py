"""`gan.summary()`: both networks with shapes of any batch size, and the parameters of the whole GAN."""

import re

import keras
import numpy as np
import pytest

from gan_keras import GAN, data, presets

CORPUS = data.corpus_from_lines("lines", ["the red house", "a red door", "the old door"] * 20)
KINDS = {
    "text": lambda: CORPUS,
    "image": lambda: data.load("digits"),
    "video": lambda: data.load("moving_digits"),
    "table": lambda: data.load("wine"),
    "series": lambda: data.load("sines"),
    "translation": lambda: data.load("inverted_digits"),
}


def summary_of(gan, **options):
    parts = []
    gan.summary(print_fn=parts.append, **options)
    return "\n".join(parts)


def rows_of(text):
    """Layers of the tables: lists of name and class, output shape, number of parameters."""
    cells = ([cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if line.startswith("│"))
    return [row for row in cells if row[2]]  # further lines of a row have no number


def own_gan():
    """Two `keras.Sequential` of a user, without `gan_keras.networks`."""
    generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(2)])
    discriminator = keras.Sequential([keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    return GAN(generator, discriminator)


@pytest.mark.parametrize("kind", KINDS)
def test_both_networks_are_shown_for_any_batch_size_and_nothing_changes(kind):
    gan = presets.get(kind, "tiny").build(KINDS[kind]())
    before = [np.array(variable) for variable in gan.variables]
    text = summary_of(gan, expand_nested=True)
    assert f'Model: "{gan.generator.name}"' in text and f'Model: "{gan.discriminator.name}"' in text
    shapes = [row[1] for row in rows_of(text)]
    assert any(shape.startswith("(None, ") for shape in shapes)
    assert not [row for row in rows_of(text) if re.match(r"\(\d", row[1])], text  # no number of rows
    for variable, value in zip(gan.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_an_image_gan_shows_a_shape_for_each_layer():
    for row in rows_of(summary_of(presets.get("image", "tiny").build(data.load("digits")))):
        assert row[1].startswith("(None, "), row


def test_networks_of_ones_own_are_shown_alike():
    shapes = [row[1] for row in rows_of(summary_of(own_gan()))]
    assert shapes == ["(None, 8)", "(None, 2)", "(None, 8)", "(None, 1)"]


def test_totals_are_those_of_the_whole_gan():
    gan = own_gan()
    sizes = [gan.generator.count_params(), gan.discriminator.count_params()]
    assert "Optimizer params, of both optimizers: 0" in summary_of(gan)
    gan.compile("adam", "adam")
    totals = dict(re.findall(r"^ (\w[^:\n]*): ([\d,]+)$", summary_of(gan), re.MULTILINE))
    trainable = int(totals["Trainable params"].replace(",", ""))
    frozen = int(totals["Non-trainable params, the averaged generator's included"].replace(",", ""))
    optimizer = int(totals["Optimizer params, of both optimizers"].replace(",", ""))
    assert trainable == sum(sizes) and frozen >= sizes[0] and optimizer == 2 * sum(sizes) + 4
    assert int(totals["Total params"].replace(",", "")) == trainable + frozen + optimizer


def test_options_of_keras_are_passed_on():
    gan = own_gan()
    gan.generator.trainable = False
    text = summary_of(gan, line_length=70, show_trainable=True)
    assert "Trainable" in text and max(map(len, text.splitlines())) == 70


def test_a_summary_is_printed_again_alike():
    gan = presets.get("image", "tiny").build(data.load("digits"))
    assert summary_of(gan) == summary_of(gan)
