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
# # Tables: rows that never existed
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
from dataclasses import replace

from gan_keras import codecs, data, presets  # first, as it imports TensorFlow without its log

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from IPython.display import Image, Markdown, display

from gan_keras.media import plot_series
from gan_keras.metrics import (
    IndependentColumns,
    JudgeRecipe,
    VectorAutoregression,
    autocorrelation_distance,
    column_similarities,
    discriminative_score,
    predictive_score,
    synthetic_training,
)
from gan_keras.modalities import column_histograms

SMOKE = os.environ.get("GAN_KERAS_SMOKE") == "1"  # the tests run this notebook on tiny settings
tf.config.threading.set_intra_op_parallelism_threads(1)
folder = pathlib.Path(tempfile.mkdtemp())
plt.rcParams.update({"figure.dpi": 72, "axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. A file, and what it is taken for
#
# `load_table` reads a CSV file twice: once to find out what the columns are, once for the cells. Whole numbers stay whole,
# decimals keep their digits, dates their format; what is missing (`?`, `NA`, an empty cell) stays missing. Odd rows and names
# are repaired and reported:

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
# Rare values drown: a generator may forget them at almost no cost. So each batch is drawn the other way round.
# First a *condition*, such as "diagnosis = malignant", rare ones nearly as often as frequent ones; then real rows that meet
# it. Both networks read the condition, and the generator pays for rows that do not meet it. When rows are generated without
# a request, conditions come as often as in the data, so that nothing is out of proportion.


# %%
def train(name, epochs):
    """A preset, trained for some epochs of 20 steps."""
    settings = {"batch_size": "100", "epochs": str(epochs), "most_modes": "5", "steps_per_epoch": "2" if SMOKE else "20"}
    preset = presets.with_settings(presets.get("table", name), settings)
    gan = preset.build(training, seed=0)
    gan.fit(preset.batches(gan, training), epochs=epochs, verbose=0, shuffle=False)
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
pictures = column_histograms([training.columns[i] for i in shown], held_out.cells[:, shown], generated[:, shown])
display(Image(pictures))

# %% [markdown]
# ## 4. The question that counts
#
# Histograms say nothing about what holds *between* columns. A table whose columns are drawn independently of each other has
# perfect histograms and means nothing. So: train simple models on made-up rows, test them on real rows that were held out,
# and compare that with what the real training rows teach, and what independent columns teach.

# %%
target = training.index("diagnosis")
tables = {
    "independent columns": IndependentColumns(training.cells).sample(len(training)),
    "generated": generated,
    "the preset `default`": None if SMOKE else train("default", 30).generate_cells(len(training), seed=1),
    "a variational autoencoder": None if SMOKE else train("tvae", 30).generate_cells(len(training), seed=1),
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
# have learned between the columns. The last but one is not adversarial at all: a variational autoencoder that reads conditions
# too, the baseline that a GAN of tables has to beat. The preset `default` has both: a generator that has to convince a
# discriminator *and* carries an encoder, so that it also learns from a likelihood bound of the real rows. With 400 rows the
# discriminator alone is ahead (*generated*, the preset `relativistic`); with 32,561 people of a census it is the other way
# round: see `benchmarks/tables.md`.
#
# On the command line all of this is
#
#     gan-keras train table --data people.csv --out runs/people
#     gan-keras generate runs/people -n 100 --label "town=Rome" --output rows.csv
#     gan-keras evaluate runs/people
#     gan-keras export runs/people

# %% [markdown]
# # Time series: windows that move as the real ones do
#
# A generated photograph is looked at; a generated time series hardly can be. So this half is as much about judges as
# about GANs. It covers: windows without leakage; why a GAN of raw values learns the level and not the movement,
# and what principal components do about it; the discriminative and the predictive score, each with its control; and the
# five networks of TimeGAN behind one `fit`.

# %%
NUM, EPOCHS, LENGTH = (40, 1, 8) if SMOKE else (1000, 60, 24)
JUDGE = JudgeRecipe(2, 1, 1e-2, 32, 1, 1) if SMOKE else JudgeRecipe(units=24, epochs=12, patience=3)

# %% [markdown]
# ## 1. The data
#
# Two shares that are traded on the same days: their prices wander, and a day that moves one moves the other. The third
# column is their ratio of the day before, so something in it can be predicted. It is written like any other data: a
# CSV file with dates, which `load_series` reads, checks, puts in order and cuts into windows.

# %%
random = np.random.default_rng(0)
steps = 600 if SMOKE else 4000
shocks = random.standard_normal((steps, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
prices = 100 * np.exp(np.cumsum(0.01 * shocks - 0.0001, axis=0) + 0.4 * np.sin(np.arange(steps) / 300)[:, None])
ratio = np.roll(prices[:, 0] / prices[:, 1], 1)
days = np.datetime64("2010-01-01") + np.arange(steps)
rows = [f"{day},{one:.3f},{other:.3f},{share:.5f}" for day, (one, other), share in zip(days, prices, ratio, strict=True)]
(folder / "shares.csv").write_text("\n".join(["date,first,second,ratio", *rows[1:]]))

shares = data.load_series(folder / "shares.csv", length=LENGTH)
training, held_out = data.split_series(shares, seed=0)
print(data.describe_series(shares))
print(f"{len(training)} windows to train on, {len(held_out)} held out, {training.report['at_borders']} left out between them.")

# %% [markdown]
# Windows that start one step apart are almost the same window. Shuffled and split at random, nearly every held-out
# window would have its twin in the training part, and a generator that copies would look perfect. So *blocks of steps*
# are held out, and windows that cross a border are dropped.
#
# ## 2. The level, and how it moves
#
# In these windows almost all variance is the *level*: is the price 60 or 160? What makes a window look real is how it
# moves around its level, and that is a small share:

# %%
windows = training.samples()
scaled = codecs.SeriesCodec()
scaled.adapt(windows)
tensors = scaled.encode(windows).numpy()
level = tensors.mean(axis=1, keepdims=True)
print(f"Share of the variance within windows: {np.var(tensors - level) / np.var(tensors):.3f}")

components = codecs.ComponentCodec()
components.adapt(windows)
vectors = components.encode(windows).numpy()
before = np.sort(np.linalg.eigvalsh(np.cov(tensors.reshape(len(tensors), -1).T)))[::-1]
after = np.sort(vectors.var(axis=0))[::-1]
for name, variances in (("values in [-1, 1]", before), ("ComponentCodec", after)):
    shares_of_all = variances / variances.sum()
    print(f"{name}: the first component has {shares_of_all[0]:.1%} of all variance, the tenth {shares_of_all[9]:.2%}")

# %% [markdown]
# A discriminator reads what is large. `ComponentCodec` turns each window into its principal components and divides each
# by the square root of its deviation: levels stay ahead, and movements are no longer lost. Decoding turns them back, so
# the GAN and whoever uses it deal in prices.
#
# ## 3. Three generators
#
# The default preset learns on those components: a few dense layers, relativistic pairs, and the penalties R1 and R2. The
# second GAN is the same but for the codec: it sees values in $[-1, 1]$. The third generator is no GAN: a *vector
# autoregression*, `x[t + 1] = A x[t] + c + noise`, which is fitted in a second.


# %%
def trained(codec):
    """The default recipe on a codec of one's choice: samples in the units of the data."""
    preset = presets.get("series", "tiny" if SMOKE else "default")
    gan = replace(preset, epochs=EPOCHS, codec=codec, width=4 if SMOKE else 128, batch_size=32 if SMOKE else 128).build(training)
    gan.fit(data.series_batches(training, 32 if SMOKE else 128).take(2 if SMOKE else 28), epochs=EPOCHS, verbose=0)
    return gan


gan = trained("components")
made = {
    "GAN of components": gan.generate(NUM, seed=0),
    "GAN of values": (gan if SMOKE else trained("range")).generate(NUM, seed=0),
    "autoregression": VectorAutoregression(windows).sample(NUM),
}
real = held_out.samples()[random.permutation(len(held_out))[:NUM]]
known = windows[random.permutation(len(windows))[:NUM]]
display(Image(plot_series({"real": real, **made}, shares.columns)))

# %% [markdown]
# ## 4. Two judges, and what real windows get from them
#
# - **Discriminative score**: a recurrent network is trained to tell generated from real windows; the score is how far its
#   accuracy on unseen windows is above chance. 0: it can only guess. 0.5: it is always right.
# - **Predictive score**: a recurrent network is trained on *generated* windows to predict the last column, and tested
#   on real ones: mean absolute error, relative to the range. It shows whether the generated windows are *useful*.
#
# Both depend on the judge. Where it is weak, everything looks real, so it is trained until it stops improving. And real
# training windows go through the same judges: no generator can be expected to do better than that.

# %%
judged = {"real training windows": known} if SMOKE else {**made, "real training windows": known}
lines = ["| windows | discriminative | predictive | autocorrelation |", "|---|---|---|---|"]
for name, each in judged.items():
    values = discriminative_score(real, each, recipe=JUDGE), predictive_score(each, real, recipe=JUDGE)
    lines.append(f"| {name} | {values[0]:.3f} | {values[1]:.4f} | {autocorrelation_distance(real, each):.4f} |")
display(Markdown("\n".join(lines)))

# %% [markdown]
# Read the last row first. It is not 0: the held-out blocks are other months than the training blocks, with other levels,
# and a judge can learn that. One seed, small judges: small differences are chance.
#
# ## 5. TimeGAN: five networks behind one `fit`
#
# [TimeGAN](https://papers.nips.cc/paper/8789-time-series-generative-adversarial-networks) trains in stages. An *embedder* and a
# *recovery* learn to give windows back (`reconstruction`); a *supervisor* learns how a hidden state follows from those
# before it (`supervised`); then a *generator* makes hidden states, which a *discriminator* judges, while means and
# deviations of what is recovered must match (`moments`). Each epoch of the history says which losses it had. Recurrent
# layers are slow on a processor: a few steps of each stage show how it goes, not how far it comes. The paper's preset is
# `presets.get("series", "timegan")`, with 10,000 steps a stage.

# %%
stages = {"embedding_epochs": 1 if SMOKE else 4, "supervised_epochs": 1 if SMOKE else 2, "epochs": 3 if SMOKE else 8}
small = {"width": 3 if SMOKE else 12, "network_options": {"depth": 1}, "batch_size": 16 if SMOKE else 64, **stages}
timegan = replace(presets.get("series", "timegan"), **small).build(training)
timegan.run_eagerly = SMOKE  # tracing many recurrent layers takes longer than a step without a graph
batches = data.series_batches(training, small["batch_size"]).take(1 if SMOKE else 12)
history = timegan.fit(batches, epochs=stages["epochs"], verbose=0).history
for epoch in range(stages["epochs"]):
    losses = {name: history[name][epoch] for name in ("reconstruction", "supervised", "moments", "g_loss")}
    print(f"{timegan.stage_of(epoch):>11}: " + ", ".join(f"{name} {value:.3f}" for name, value in losses.items() if value))

# %% [markdown]
# ## 6. Out into the world
#
# A saved GAN makes the same windows anywhere, in the data's own units, and `gan_keras.export` turns it into a SavedModel
# whose `series` needs no code of ours. On the command line, the whole process is
#
# ```
# gan-keras train series --data shares.csv --out runs/shares
# gan-keras evaluate runs/shares
# gan-keras generate runs/shares -n 10 --output made.csv
# ```

# %%
gan.save(folder / "shares.keras")
again = keras.saving.load_model(folder / "shares.keras")
print(np.array_equal(again.generate(3, seed=7), gan.generate(3, seed=7)), gan.codec.columns)
print(np.round(gan.generate(1, seed=7)[0, :4], 3))
