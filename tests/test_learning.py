"""Short trainings learn more than the simplest model of their data: digits, and the rows of a table.

`gans/test_gan.py` shows that a GAN finds every mode of a ring. Other seeds passed with the same margins.
"""

import keras
import numpy as np

from gan_keras import GAN, networks, penalties
from gan_keras.data import load_images, load_table, split_images, split_table, table_batches
from gan_keras.data.table.table import RowsByCondition
from gan_keras.metrics import frechet_distance
from gan_keras.metrics.extractor import Recipe, train_extractor
from gan_keras.metrics.features import Moments
from gan_keras.metrics.image_quality import PixelGaussian
from gan_keras.metrics.table_similarity import IndependentColumns, pair_similarities
from gan_keras.presets import TablePreset

SEED = 1


def test_digits_are_nearer_to_held_out_ones_than_the_gaussian_of_their_pixels(tmp_path):
    parts = split_images(load_images("digits", size=8), seed=0)
    training, held_out = (np.asarray(part.images, np.float32) / 127.5 - 1.0 for part in parts)
    recipe = Recipe((16, 32, 64), steps=300, batch_size=64)
    extractor = train_extractor(training, parts[0].labels, recipe=recipe, directory=tmp_path)

    def distance(images):
        """The Frechet distance to the held-out digits, on the features of a classifier of digits."""
        return frechet_distance(*(Moments(64).update(extractor(each)["features"].numpy()) for each in (held_out, images)))

    keras.utils.set_random_seed(SEED)
    generator = networks.MLPGenerator((8, 8, 1), latent_dim=16, units=(128, 256), activation="tanh")
    gan = GAN(generator, networks.MLPDiscriminator((256, 128)), seed=SEED)
    optimizers = [keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99) for _ in range(2)]
    gradients = [penalties.R1(0.5), penalties.R2(0.5)]
    gan.compile(*optimizers, loss="relativistic_paired", penalties=gradients, generator_ema=0.99)
    gan.fit(training, batch_size=64, epochs=20, verbose=0)
    distances = [distance(images) for images in (training[:500], gan.generate(500), PixelGaussian(training).sample(500))]
    assert distances[0] < distances[1] < 0.6 * distances[2], distances


def test_rows_of_a_table_are_nearer_to_held_out_ones_than_independent_columns():
    wine = load_table("wine")
    training, held_out = split_table(wine, held_out=len(wine) // 2)
    keras.utils.set_random_seed(SEED)
    rates = {"generator_learning_rate": 5e-3, "discriminator_learning_rate": 5e-3, "beta_1": 0.9}
    sizes = {"width": 32, "latent_dim": 8, "pack": 1, "batch_size": 64, "most_modes": 5}
    gan = TablePreset(network="vaegan", loss="relativistic_paired", generator_ema=0.0, **rates, **sizes).build(training, SEED)
    rows = RowsByCondition(len(training), gan.codec.conditions_of(training.cells), gan.codec.num_conditions)
    gan.fit(table_batches(training.cells, rows, 64, steps=300, seed=SEED), epochs=1, verbose=0, shuffle=False)

    def similarity(cells):
        """The mean similarity of the pairs of columns to those of the held-out rows."""
        return np.mean(list(pair_similarities(wine.columns, held_out.cells, cells).values()))

    independent = similarity(IndependentColumns(training.cells).sample(500))
    found = similarity(gan.generate_cells(500))
    assert found > independent + 0.4 * (similarity(training.cells) - independent), (found, independent)
