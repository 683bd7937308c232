# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Tables: rows that nobody ever was
#
# An image is one kind of number on a grid. A row of a table is everything at once: ages with several humps, categories of
# two or of a thousand values, dates, and cells that are missing. This notebook makes tensors of rows, trains a GAN that can
# be *asked* for rows ("a tumour that is benign"), and asks the only question that counts: does a model that has learned
# from made-up rows know anything about real ones?
#
# It takes under three minutes on one processor core.

# %%
import os
import pathlib
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # TensorFlow's start-up notes, not its errors in Python

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from IPython.display import Image, Markdown, display

from gan_keras import codecs, data, modalities, presets
from gan_keras.metrics.column_similarity import column_similarities
from gan_keras.metrics.independent_columns import IndependentColumns
from gan_keras.metrics.synthetic_training import synthetic_training
from gan_keras.modalities.table_report import histograms

SMOKE = os.environ.get("GAN_KERAS_SMOKE") == "1"  # the tests run this notebook on tiny settings
tf.config.threading.set_intra_op_parallelism_threads(1)
folder = pathlib.Path(tempfile.mkdtemp())
plt.rcParams.update({"figure.dpi": 72, "axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. A file, and what it is taken for
#
# `load_table` reads a CSV file twice: once to find out what the columns are, once for the cells. Whole numbers stay whole,
# decimals keep their digits, dates their format; what is missing (`?`, `NA`, an empty cell) stays missing. Odd rows and names
# are mended, and told:

# %%
lines = [f"town {i % 3},{20 + i},{1.5 + i / 100:.2f},{1 + i % 28:02}.03.2021,{('?', 'yes')[i % 2]},1" for i in range(40)]
(folder / "people.csv").write_text("\n".join(["name of town,age,height,since,,age", *lines, "a row that is too short,1"]))
people = data.load_table(folder / "people.csv")
print(data.describe_table(people))
for column in people.columns:
    print(" ", column)

# %% [markdown]
# ## 2. Rows as tensors
#
# From here on: 569 tumours, ten measurements and a diagnosis (`breast_cancer` of scikit-learn). 169 are held out: no
# network ever sees them.
#
# A number is a bad input where its distribution has several humps or a spike. So each column of numbers gets its own
# variational mixture of Gaussians ([Xu et al., 2019](https://arxiv.org/abs/1907.00503), section 4.2), and a number becomes
# two things: *which* mode it belongs to, one-hot, and *where* in that mode it lies,
#
# $$\alpha = \frac{x - \mu_k}{4\,\sigma_k} \in [-1, 1].$$
#
# A category is one-hot; a missing cell is one more mode, or one more category.

# %%
names = data.load_table("breast_cancer").column_names
kept = ("mean_radius", "mean_area", "mean_concavity", "diagnosis") if SMOKE else ("mean_", "diagnosis")
dropped = {name: "drop" for name in names if not name.startswith(kept)}
training, held_out = data.split_table(data.load_table("breast_cancer", dropped), held_out=169, seed=0)
codec = codecs.TableCodec(most_modes=5)
codec.adapt(training)
print(data.describe_table(training))

place = training.index("mean_area")
modes = codec.modes[place]
numbers = training.cells[:, place]
grid = np.linspace(numbers.min(), numbers.max(), 300)
plt.figure(figsize=(8, 2.6), layout="constrained")
plt.hist(numbers, 40, density=True, alpha=0.4)
for weight, mean, deviation in zip(*modes, strict=True):
    plt.plot(grid, weight * np.exp(-((grid - mean) ** 2) / deviation**2 / 2) / deviation / np.sqrt(2 * np.pi))
plt.title("mean_area: the data, and the modes of its mixture")
plt.show()

# %% [markdown]
# ## 3. Training by sampling
#
# Rare values drown: a generator may forget them and lose next to nothing. So each batch is drawn the other way round.
# First a *condition*, such as "diagnosis = malignant", rare ones nearly as often as frequent ones; then real rows that meet
# it. Both networks read the condition, and the generator pays for rows that do not meet it. When rows are generated and
# nothing is asked for, conditions come as often as in the data, so that nothing is out of proportion.

# %%
modality = modalities.get("table")


def train(name, epochs):
    """A preset, trained for some epochs of 20 steps."""
    settings = {"batch_size": "100", "epochs": str(epochs), "most_modes": "5", "steps_per_epoch": "2" if SMOKE else "20"}
    preset = presets.with_settings(presets.get("table", name), settings)
    gan = preset.build(training, seed=0)
    gan.fit(modality.batches(gan, preset, training, seed=0), epochs=epochs, verbose=0, shuffle=False)
    return gan


gan = train("relativistic", 1 if SMOKE else 30)
rows = gan.generate(5, seed=0, labels=["diagnosis=malignant"] * 5)
print({name: values.tolist() for name, values in list(rows.items())[:3]}, "...", rows["diagnosis"])

asked = gan.generate(2000, seed=0, labels=["diagnosis=malignant", "diagnosis=benign"] * 1000)
met = np.mean(asked["diagnosis"] == ["malignant", "benign"] * 1000)
print(f"{met:.1%} of 2,000 rows meet what they were asked for.")

# %% [markdown]
# The preset `relativistic` is the conditional tabular GAN with the losses of R3GAN; the paper's own recipe is `ctgan`.
# *Every* row meets its condition: the network was told, and in the end the cell is set to the value in the graph, in a
# SavedModel too. Column by column the rows look right:

# %%
generated = gan.generate_cells(len(training), seed=1)
shown = [training.index(name) for name in ("mean_radius", "mean_area", "mean_concavity", "diagnosis")]
pictures = histograms([training.columns[i] for i in shown], held_out.cells[:, shown], generated[:, shown])
display(Image(pictures))

# %% [markdown]
# ## 4. The question that counts
#
# Histograms say nothing about what holds *between* columns. A table whose columns are drawn independently of each other has
# perfect histograms and means nothing. So: train simple models on made-up rows, test them on real rows that were held out,
# and put beside it what the real training rows teach, and what independent columns teach.

# %%
target = training.index("diagnosis")
tables = {
    "independent columns": IndependentColumns(training.cells).sample(len(training)),
    "generated": generated,
    "a variational autoencoder": None if SMOKE else train("default", 30).generate_cells(len(training), seed=1),
    "real training rows": training.cells,
}
lines = [["", "F1 on real rows", "accuracy", "column similarity"], ["---"] * 4]
for title, cells in ((title, cells) for title, cells in tables.items() if cells is not None):
    learned = synthetic_training(training.columns, cells, held_out.cells, target)
    similarity = np.nanmean(list(column_similarities(training.columns, held_out.cells, cells).values()))
    lines.append([title, f"{learned['f1']:.2f}", f"{learned['accuracy']:.2f}", f"{similarity:.2f}"])
display(Markdown("\n".join("| " + " | ".join(line) + " |" for line in lines)))

# %% [markdown]
# Independent columns have the best histograms of all and teach nothing. What the generated rows teach is what the networks
# have learned between the columns. The last but one is nothing adversarial: a variational autoencoder that reads conditions
# too. It is the baseline that a GAN of tables has to beat, and on census data of 32,561 people and a minute of one core
# none here does (`benchmarks/tables.md`); so it is what the preset `default` is.
#
# On the command line all of this is
#
#     gan-keras train table --data people.csv --out runs/people
#     gan-keras generate runs/people -n 100 --label "town=Rome" --output rows.csv
#     gan-keras evaluate runs/people
#     gan-keras export runs/people
