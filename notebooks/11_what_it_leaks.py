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
# # What does a GAN give away?
#
# Generated rows are passed on as if they belonged to nobody. But a generator has seen people's data, and may repeat
# them; its discriminator was rewarded for knowing them. This notebook measures that, and then trains so that there is
# little to find:
#
# - Secrets that are planted among training lines: how much more likely are they than secrets that were not?
# - Attacks: is this row one that the GAN was trained on? With a control attack that has to fail.
# - Differential privacy: a bound that holds against every attack, also those that nobody has thought of.
# - What it costs, and the simple private table of numbers that a private GAN has to beat.
#
# `gan-keras audit RUN` does the first half for a run. The second half needs `pip install 'gan_keras[privacy]'`. This
# notebook takes about five minutes on one core.

# %%
import os

import gan_keras  # first, as it imports TensorFlow without its log

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from gan_keras import analysis, data, presets, privacy

SMOKE = os.environ.get("GAN_KERAS_SMOKE") == "1"  # the tests run this notebook on tiny settings
tf.config.threading.set_intra_op_parallelism_threads(1)
gan_keras.set_seed(0)

# %% [markdown]
# ## 1. Planted secrets
#
# A canary is a line that nobody would write, with a random code in it. Some are planted once, some twice, some many
# times. After training, each is ranked by its likelihood among thousands of codes that were drawn in the same way and
# never planted. *Exposure* is the number of bits that this rank gives away: 1.44 on average for a code that was never
# seen, and all bits of the code for one that is known ([Carlini et al., 2019](https://arxiv.org/abs/1802.08232)).

# %%
every = list(data.load("english_phrases").lines)
lines = every[: 600 if SMOKE else 3000]
unseen = [line for line in every[-400:] if line not in set(lines)]
planted, secrets = analysis.insert_canaries(lines, counts=(1, 2, 4, 8), num=4, seed=0)
preset = presets.with_settings(presets.get("text", "tiny" if SMOKE else "small"), {} if SMOKE else {"pretraining_epochs": 8})
writer = preset.fit(planted, unseen, seed=0, verbose=0)
found = analysis.exposure(writer, secrets)
print(*found.sentences(), sep="\n")

# %% [markdown]
# A text GAN of this package mixes its network with counts of n-grams. They hold what two lines have in common, and nothing that
# one line alone says: alone, they know a secret of two lines word for word, and none of a single line. Their share, found on
# held-out lines, is 0 here, and not on real text: a larger `ngram_min_lines` forgets more, `ngram_order=0` leaves them out. The
# network learns from repetition: the more often a secret stands among the training lines, the more of its bits are known.
#
# ## 2. Attacks on membership
#
# An attacker has a row and asks: was it used? The discriminator's score, the distance to the nearest generated sample,
# and ratios of densities give answers, and `audit` measures how often they are right. First a GAN of digits that
# has seen most of the data set a few times.

# %%
training, held_out = data.split(data.load("digits"), held_out=600, seed=0)
recipe = presets.get("image", "tiny" if SMOKE else "default")
gan = recipe.build(training)
gan.fit(recipe.batches(gan, training), epochs=1 if SMOKE else 20, verbose=0)
report = analysis.audit(gan, training, held_out, progress=lambda line: None)
print(report)

# %% [markdown]
# Even this GAN may be caught by its discriminator, a little: an interval that does not hold 50 % is an attack that works.
#
# Each share of pairs has an interval, and stands beside chance. The lines that begin with *Control* come from attacks that
# have not seen the GAN. They must fail: if training images and others could be told apart without it, a success would
# prove nothing. `audit` then reports no attack at all, but what differs.
#
# ## 3. An overfit GAN is caught
#
# The same recipe on 100 images, for many epochs. The discriminator has learned them by heart.

# %%
few, others = data.split(data.load("digits"), held_out=1697, seed=0)
memory = recipe.build(few)
few_batches = presets.with_settings(recipe, {"batch_size": 20, "steps_per_epoch": 0})
memory.fit(few_batches.batches(memory, few), epochs=1 if SMOKE else 400, verbose=0)
caught = analysis.audit(memory, few, others, attacks=["logit", "nearest"], progress=lambda line: None)
print(*caught.verdict, sep="\n")

# %% [markdown]
# What helps at once: fewer epochs, more data, and no exported `score`, which is the attacker's best tool. None of
# this is a promise, as the next attack may be better.
#
# ## 4. A promise: differential privacy
#
# With differential privacy, whatever is published is nearly as likely without any single row. How nearly is epsilon: no
# attacker's odds that a row was used can change by more than a factor of e^epsilon, but for a probability of about
# delta. It follows that an attack which accuses a share of the innocent can only find so many of the members:

# %%
false_alarms = np.geomspace(1e-4, 1, 200)
for epsilon, colour in zip((0.5, 1, 3, 10), ("C0", "C1", "C2", "C3"), strict=True):
    most = np.minimum(np.exp(epsilon) * false_alarms + 1e-5, 1 - np.exp(-epsilon) * (1 - 1e-5 - false_alarms))
    plt.loglog(false_alarms, np.minimum(most, 1), colour, label=f"epsilon {epsilon:g}")
plt.loglog(false_alarms, false_alarms, "0.7", label="chance")
plt.xlabel("share of false alarms")
plt.ylabel("share of members found, at most")
plt.legend()
plt.show()

# %% [markdown]
# A GAN is trained so by two changes. Its discriminator reads Poisson samples, in which each row is by chance; each row's
# gradient is clipped to a norm, and noise is added to their sum ([Abadi et al., 2016](https://arxiv.org/abs/1607.00133)).
# The generator never reads a row: it learns from the discriminator alone. How much noise it takes for an epsilon is
# calculated before training.

# %%
points = data.mixtures.ring(4000 if SMOKE else 40_000, seed=0).astype("float32")
bound = privacy.DifferentialPrivacy(
    epsilon=3.0, delta=1e-6, train_size=len(points), batch_size=1024, train_steps=30 if SMOKE else 3000
)
generator = gan_keras.networks.MLPGenerator((2,), 16, (64, 64))
ring = gan_keras.GAN(generator, gan_keras.networks.MLPDiscriminator((64, 64)))
rates = [keras.optimizers.Adam(2e-3, beta_1=0.5) for _ in range(2)]
ring.compile(*rates, loss="non_saturating", discriminator_steps=2, generator_ema=0.99, privacy=bound)
ring.fit(data.poisson_batches(points, bound), verbose=0)
print(ring.privacy_statement())

# %%
made = ring.generate(1000, seed=0)
figure, axes = plt.subplots(1, 2, figsize=(7, 3.3), sharex=True, sharey=True)
for ax, values, title in zip(axes, (points[:1000], made), ("real", "generated, epsilon 3"), strict=True):
    ax.scatter(*values.T, s=3)
    ax.set_title(title)
plt.show()

# %% [markdown]
# The ring is there, and its eight clusters have run together: what few rows tell is lost under the noise first.
#
# Everything by which private rows would reach more than these noisy sums is refused before training: losses that compare
# real rows with each other or show them to the generator, batch normalization in the discriminator, packs, data that
# are not Poisson samples, validation data, and any step beyond the budget.

# %%
for wrong in (
    lambda: ring.fit(points),
    lambda: ring.fit(data.poisson_batches(points, bound)),
    lambda: ring.compile(loss="relativistic_paired", privacy=privacy.DifferentialPrivacy.from_config(bound.get_config())),
):
    try:
        wrong()
    except ValueError as error:
        print("refused:", error)

# %% [markdown]
# ## 5. Is the promise kept?
#
# An audit in one run plants rows whose gradients have directions of their own, watches the noisy sums, and guesses which
# rows were there ([Steinke et al., 2023](https://arxiv.org/abs/2305.08846)). Too little noise shows. The audit also says
# the largest epsilon that it could have found: above it, an audit cannot fail, and proves nothing.

# %%
quick = privacy.DifferentialPrivacy(epsilon=2.0, delta=1e-5, train_size=2000, batch_size=2000, train_steps=1)
print(analysis.one_run_audit(quick))

# %% [markdown]
# ## 6. Where private GANs lose
#
# A private GAN has a rival without any network: means and covariances of each class, with noise of the same epsilon.
# The preset `private` begins from them, for a half of epsilon, and lets a private discriminator correct them with the
# other half. `evaluate` shows both, and says who wins.

# %%
private = presets.with_settings(presets.get("image", "private"), {"epochs": 1 if SMOKE else 10})
hidden = private.fit(training, verbose=0)
scores = gan_keras.evaluate(hidden, training, held_out, num=300, progress=None)
print(*scores["verdict"], sep="\n")

# %% [markdown]
# The noise is new in each run, and so is the winner. Look at recall and at classifiers, and not only at the count of scores: a
# few good digits are no substitute for all kinds of them.
#
# With some hundred rows per class little is left under the noise, and epsilon 10 is a weak promise. Privacy is bought with
# rows: each row hides among the others.
#
# For tables: `gan-keras schema FILE` drafts what is publicly known of the columns, and `gan-keras train table --preset private
# --epsilon 1 --schema FILE.schema.json` trains. Noised counts of pairs of columns are as good as a GAN there, and
# take a second: see [benchmarks/private_tables.md](../benchmarks/private_tables.md).
