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
# # Time series: windows that move as the real ones do
#
# A generated photograph is looked at; a generated time series hardly can be. So this half is as much about judges as
# about GANs. You will meet: windows without leakage; why a GAN of raw values learns the level and not the movement,
# and what principal components do about it; the discriminative and the predictive score, each with its control; and the
# five networks of TimeGAN behind one `fit`.

# %%
import os
import pathlib
import tempfile
from dataclasses import replace

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # TensorFlow's start-up notes, not its errors in Python

import keras
import numpy as np
import tensorflow as tf
from IPython.display import Image, Markdown, display

from gan_keras import codecs, data, presets
from gan_keras.metrics.discriminative_score import discriminative_score
from gan_keras.metrics.predictive_score import predictive_score
from gan_keras.metrics.sequence_judge import Recipe
from gan_keras.metrics.series_distances import autocorrelation_distance
from gan_keras.metrics.vector_autoregression import VectorAutoregression
from gan_keras.series_files import picture_of

SMOKE = os.environ.get("GAN_KERAS_SMOKE") == "1"  # the tests run this notebook on tiny settings
NUM, EPOCHS, LENGTH = (40, 1, 8) if SMOKE else (1000, 60, 24)
JUDGE = Recipe(2, 1, 1e-2, 32, 1, 1) if SMOKE else Recipe(units=24, epochs=12, patience=3)
tf.config.threading.set_intra_op_parallelism_threads(1)
folder = pathlib.Path(tempfile.mkdtemp())

# %% [markdown]
# ## 1. The data
#
# Two shares that are traded on the same days: their prices wander, and a day that moves one moves the other. The third
# column is their ratio of the day before, so something in it can be foretold. It is written as anybody's data come: a
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
# are held out, and windows that reach over a border are dropped.
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
# autoregression*, `x[t + 1] = A x[t] + c + noise`, which anyone can have in a second.


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
display(Image(picture_of({"real": real, **made}, shares.columns)))

# %% [markdown]
# ## 4. Two judges, and what real windows get from them
#
# - **Discriminative score**: a recurrent network is trained to tell generated from real windows; the score is how far its
#   accuracy on unseen windows is above chance. 0: it can only guess. 0.5: it is always right.
# - **Predictive score**: a recurrent network is trained on *generated* windows to foretell the last column, and tested
#   on real ones: mean absolute error, in shares of the range. It tells whether the generated windows are of *use*.
#
# Both depend on the judge. Where it is weak, everything looks real, so it is trained until it gets no better. And real
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
# whose `series` needs no code of ours. On the command line the whole way is
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
