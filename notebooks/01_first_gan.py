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
# # Your first GAN: a ring of Gaussians
#
# A generative adversarial network (GAN) learns to *make* data from examples alone. The first data here are points in
# the plane: everything that goes right or wrong with a GAN can be seen in one picture, and training takes seconds on
# one processor core.
#
# This notebook covers, in this order: the two-player game and what it converges to; why its first form hardly learns; why
# training turns in circles and what stops it; your own `keras.Sequential` pair in `compile` and `fit`; mode collapse,
# measured; what the discriminator sees; walks through the latent space; saving and resuming. The next notebook,
# `02_text_gan`, does it with sentences.

# %%
import os
import pathlib
import tempfile

import gan_keras  # first, as it imports TensorFlow without its log

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from IPython.display import Markdown, display

from gan_keras import losses
from gan_keras.data import mixtures
from gan_keras.metrics import modes_covered
from gan_keras.networks import MLPDiscriminator, MLPGenerator
from gan_keras.penalties import R1, R2

SMOKE = os.environ.get("GAN_KERAS_SMOKE") == "1"  # the tests run this notebook on tiny settings
EPOCHS, STEPS, BATCH, SEEDS = (2, 1, 16, [1]) if SMOKE else (15, 200, 64, [0, 1, 2])
SAMPLES = 200 if SMOKE else 2500

plt.rcParams.update({"figure.dpi": 72, "axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. The game
#
# A **generator** $G$ turns noise (the *latents* $z$, drawn from a normal distribution) into samples $G(z)$. Call the
# distribution of its samples $q$ and that of the data $p$. A **discriminator** gives every sample $x$ a number
# $D(x)$, its *logit*: positive for "real", negative for "generated"; $\sigma(D(x)) = 1/(1 + e^{-D(x)})$ is the
# probability that it sees. The two play ([Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661), equation 1)
#
# $$\min_G \max_D \; V(D, G) = \mathbb E_{x \sim p} \log \sigma(D(x))
# + \mathbb E_{z} \log\bigl(1 - \sigma(D(G(z)))\bigr).$$
#
# **The best discriminator.** At each $x$, $D$ maximises $p(x) \log s + q(x) \log(1 - s)$ over $s = \sigma(D(x))$.
# Setting the derivative to zero gives
#
# $$\sigma(D^*(x)) = \frac{p(x)}{p(x) + q(x)}, \qquad D^*(x) = \log \frac{p(x)}{q(x)}.$$
#
# So the logit estimates a log density ratio, without either density being known. That is the whole trick.
#
# **What the generator then minimises.** Put $D^*$ back into $V$:
#
# $$V(D^*, G) = -\log 4 + 2\,\mathrm{JS}(p, q), \qquad
# \mathrm{JS}(p, q) = \tfrac12 \mathrm{KL}\bigl(p \,\|\, \tfrac{p+q}2\bigr)
# + \tfrac12 \mathrm{KL}\bigl(q \,\|\, \tfrac{p+q}2\bigr).$$
#
# The Jensen-Shannon divergence is 0 exactly when $q = p$. Where the two hardly overlap it is nearly $\log 2$ *however
# far apart they are*: it is flat, and a flat function teaches nothing.
#
# **Why non-saturating.** Early in training $D$ is sure of itself: $D(G(z)) \ll 0$. The generator's term of the game,
# $\log(1 - \sigma(D))= -\mathrm{softplus}(D)$, has the derivative $-\sigma(D) \approx 0$ there. Goodfellow's remedy
# keeps the direction and changes the size: minimise $-\log \sigma(D) = \mathrm{softplus}(-D)$, whose derivative is
# $-\sigma(-D) \approx -1$. Below, both losses are the package's own, and so is their gradient.

# %%
x = np.linspace(-6, 6, 400)


def normal_density(x, mean):
    return np.exp(-((x - mean) ** 2) / 2) / np.sqrt(2 * np.pi)


def jensen_shannon(p, q, step):
    mean = (p + q) / 2
    return step * sum(np.sum(each * np.log(each / mean)) for each in (p, q)) / 2


def generator_gradient(name, logits):
    """Derivative of a generator's loss by the logit of a generated sample."""
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = losses.get(name).generator(tf.zeros_like(logits), logits) * len(logits)
    return tape.gradient(loss, logits)


p, q = normal_density(x, -1), normal_density(x, 1)
distances, wide = np.linspace(0, 10, 60), np.linspace(-15, 15, 3001)
divergences = [jensen_shannon(normal_density(wide, -d / 2), normal_density(wide, d / 2), step=0.01) for d in distances]
figure, (best, divergence, gradient) = plt.subplots(1, 3, figsize=(14, 3.4), layout="constrained")
best.plot(x, p, label="data $p$")
best.plot(x, q, label="generated $q$")
best.plot(x, p / (p + q), "k--", label=r"$\sigma(D^*) = p / (p + q)$")
best.set(title="The best discriminator", xlabel="x")
divergence.plot(distances, divergences, "k")
divergence.axhline(np.log(2), color="grey", linestyle=":")
divergence.text(0.2, np.log(2) - 0.05, "log 2")
divergence.set(title="Jensen-Shannon: flat when far apart", xlabel="distance of the two means")
for name in ("minimax", "non_saturating"):
    gradient.plot(x, generator_gradient(name, x), label=name)
gradient.set(title="What the generator is told", xlabel="logit of a generated sample", ylabel="derivative of its loss")
best.legend()
gradient.legend()
plt.show()

# %% [markdown]
# ## 2. Why it turns in circles, and what stops it
#
# The smallest GAN of all ([Mescheder et al., 2018](https://arxiv.org/abs/1801.04406)): all data are the number 0, the
# generator makes the number $\theta$, and the discriminator is the line $D(x) = \psi x$. The solution is $\theta =
# \psi = 0$. The players' gradients,
#
# $$\text{discriminator: } \; \partial_\psi = \theta\,\sigma(\psi\theta), \qquad
# \text{generator: } \; \partial_\theta = -\psi\,\sigma(-\psi\theta),$$
#
# drive them *around* that point: whenever one player gains, the other's loss moves. **Momentum**, a blessing in
# ordinary deep learning, keeps pushing where the other player was a while ago: with 0.5 the circle no longer shrinks,
# with 0.9, the default of Adam, it flies apart. A **penalty** on the discriminator's slope,
#
# $$R_1 = \tfrac\gamma2\,\mathbb E_{x \sim p}\,\lVert\nabla_x D(x)\rVert^2, \qquad
# R_2 = \tfrac\gamma2\,\mathbb E_{x \sim q}\,\lVert\nabla_x D(x)\rVert^2,$$
#
# is friction: here each is $\gamma \psi^2 / 2$, and at moderate momentum the circle becomes a spiral into the
# solution.


# %%
def play(momentum=0.0, gamma=0.0, rate=0.1, steps=500):
    """Alternating gradient descent of both players from (1, 1), with R1 and R2 of strength gamma."""
    theta, psi, theta_speed, psi_speed = 1.0, 1.0, 0.0, 0.0
    path = [(theta, psi)]
    for _ in range(steps):
        psi_speed = momentum * psi_speed - rate * (theta / (1 + np.exp(-psi * theta)) + 2 * gamma * psi)
        psi += psi_speed
        theta_speed = momentum * theta_speed + rate * psi / (1 + np.exp(psi * theta))
        theta += theta_speed
        path.append((theta, psi))
    return np.array(path)


games = {
    "no momentum": play(),
    "momentum 0.5": play(momentum=0.5),
    "momentum 0.9": play(momentum=0.9, steps=25),
    "momentum 0.5, R1 + R2": play(momentum=0.5, gamma=0.1),
}
figure, axes = plt.subplots(1, 4, figsize=(15, 3.8), layout="constrained")
for axis, (title, path) in zip(axes, games.items(), strict=True):
    axis.plot(*path.T, "-", linewidth=0.8)
    axis.plot(*path[-1], "o")
    axis.plot(0, 0, "k+", markersize=12)
    axis.set(title=f"{title}: {len(path) - 1} steps", xlabel=r"$\theta$ (generator)", ylabel=r"$\psi$ (discriminator)")
plt.show()

# %% [markdown]
# ## 3. Real against fake: the relativistic pairing
#
# In the losses so far each sample is judged alone, so the discriminator may draw one border with all fakes on one
# side, and a generator that crosses it at *one* place has won: nothing tells it about modes it forgot. The
# relativistic paired loss ([Jolicoeur-Martineau, 2018](https://arxiv.org/abs/1807.00734)) asks of each pair whether
# the real sample looks more real than the fake one:
#
# $$L_D = \mathbb E\,\mathrm{softplus}\bigl(D(G(z)) - D(x)\bigr), \qquad
# L_G = \mathbb E\,\mathrm{softplus}\bigl(D(x) - D(G(z))\bigr).$$
#
# Only differences count, so fakes are always measured near *every* real sample. [Sun et al.
# (2020)](https://arxiv.org/abs/2011.04926) show that this landscape has no bad local minima of the collapsed kind; it
# may still turn in circles, which is why [R3GAN](https://arxiv.org/abs/2501.05441) joins it with $R_1$ and $R_2$. In
# the one-number game of section 2 it is the very same game as the non-saturating one, so what stopped the circle
# there was the penalty alone.
#
# ## 4. The data
#
# Eight narrow Gaussians on a circle, equally likely: the field's standard test for lost modes.

# %%
DEVIATION = 0.05  # of each Gaussian, along both axes; the circle has radius 1
CENTRES = mixtures.ring_centres()


def ring_batches(seed):
    points = mixtures.ring(BATCH * STEPS, seed=seed, deviation=DEVIATION)
    return tf.data.Dataset.from_tensor_slices(points).shuffle(len(points), seed=seed).batch(BATCH)


def draw(axis, points, title="", color="tab:orange"):
    axis.plot(*np.asarray(points).T, ".", markersize=2, color=color, alpha=0.5)
    axis.plot(*CENTRES.T, "k+", markersize=6)
    axis.set(title=title, xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal", xticks=[], yticks=[])


real = mixtures.ring(SAMPLES, seed=99, deviation=DEVIATION)
figure, axis = plt.subplots(figsize=(3.4, 3.4), layout="constrained")
draw(axis, real, f"{SAMPLES:,} real points", color="tab:blue")
plt.show()
print(modes_covered(real, CENTRES, DEVIATION))

# %% [markdown]
# `modes_covered` counts as [PacGAN](https://arxiv.org/abs/1712.04086) does: `modes` that have a sample within three
# deviations; `high_quality`, the share of samples that lie that near to some centre (0.989 for real data);
# `reverse_kl`, how unevenly the samples spread over the modes, $\mathrm{KL}(\text{generated} \,\|\, \text{real})$ in
# nats (0 is best, $\log 8 = 2.08$ is a single mode).
#
# ## 5. Your own pair of networks
#
# Any two Keras models whose shapes fit will do: latents in, samples out; samples in, one logit out (*no sigmoid*: the
# losses take logits, because $\log \sigma$ computed in two steps loses its gradient). Then it is Keras as you know
# it.

# %%
keras.utils.set_random_seed(0)
generator = keras.Sequential(
    [
        keras.Input((2,)),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(2),
    ]
)
discriminator = keras.Sequential(
    [
        keras.Input((2,)),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(1),
    ]
)
gan = gan_keras.GAN(generator, discriminator, seed=0)
gan.compile(
    generator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
    discriminator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
    loss="relativistic_paired",
    penalties=[R1(gamma=0.1), R2(gamma=0.1)],
    steps_per_execution=STEPS,  # small networks: fewer trips between Python and the graph, the same numbers
)
gan.fit(ring_batches(seed=0), epochs=EPOCHS, shuffle=False, verbose=2)
points = gan.generate(SAMPLES, seed=1_000)
print(modes_covered(points, CENTRES, DEVIATION))

# %% [markdown]
# What happened in each step is the algorithm box of the paper, `GAN.train_step`: draw noise, update the discriminator
# on real and generated points, draw noise anew, update the generator, and move `ema_generator`, the running average
# of the generator that `generate` uses, a little towards the live one.
#
# Sample `i` of `generate` follows from `seed + i` alone, however many you ask for:

# %%
np.testing.assert_array_equal(gan.generate(1, seed=1_007)[0], points[7])

# %% [markdown]
# ## 6. The ready-made pair, and how training goes
#
# `MLPGenerator` and `MLPDiscriminator` are the same idea with any number of layers. Here with three hidden layers
# each, trained in four ways: bare (non-saturating, no penalty) against relativistic with $R_1$ and $R_2$; each with
# Adam as it comes (momentum `beta_1=0.9`, right for ordinary networks) and with the lower momentum that GANs need.
# All else is equal, and nothing is averaged (`generator_ema=0`), so that we look at the game itself. Three seeds
# each, none left out.

# %%
RECIPES = {"bare": ("non_saturating", []), "relativistic + R1 + R2": ("relativistic_paired", [R1(0.1), R2(0.1)])}
MOMENTA = (0.9,) if SMOKE else (0.9, 0.5)


def new_gan(seed, recipe, momentum, average=0.0):
    """The ready-made pair, compiled."""
    keras.utils.set_random_seed(seed)
    pair = MLPGenerator((2,), latent_dim=2, units=(64, 64, 64)), MLPDiscriminator(units=(64, 64, 64))
    gan = gan_keras.GAN(*pair, seed=seed)
    optimizers = [keras.optimizers.Adam(1e-3, beta_1=momentum) for _ in range(2)]
    loss, penalties = RECIPES[recipe]
    gan.compile(*optimizers, loss, penalties, generator_ema=average, steps_per_execution=STEPS)
    return gan


def train(gan):
    """Fits, and keeps the same 2,500 samples (the same latents) after each epoch."""
    snapshots = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: snapshots.append(gan.generate(SAMPLES)))
    history = gan.fit(ring_batches(gan.seed), epochs=EPOCHS, shuffle=False, verbose=0, callbacks=[watch]).history
    return history, snapshots


runs = {}
for momentum in MOMENTA:
    for recipe in RECIPES:
        for seed in SEEDS:
            gan = new_gan(seed, recipe, momentum)
            runs[momentum, recipe, seed] = (gan, *train(gan))


# %%
def score_of(samples):
    return modes_covered(samples, CENTRES, DEVIATION)


def row(momentum, recipe):
    """A row of the table: each score of the last epoch, and the least even epoch of the second half, for each seed."""
    all_snapshots = [runs[momentum, recipe, seed][2] for seed in SEEDS]
    last = [score_of(snapshots[-1]) for snapshots in all_snapshots]
    worst = [max(score_of(each)["reverse_kl"] for each in snapshots[EPOCHS // 2 :]) for snapshots in all_snapshots]
    columns = [
        ", ".join(str(score["modes"]) for score in last),
        ", ".join(f"{score['high_quality']:.2f}" for score in last),
        ", ".join(f"{score['reverse_kl']:.3f}" for score in last),
        ", ".join(f"{each:.3f}" for each in worst),
    ]
    return f"| {recipe} | {momentum} | " + " | ".join(columns) + " |"


titles = ["training", "momentum", "modes of 8", "high quality", "reverse KL", "its worst in the second half"]
header = "| " + " | ".join(titles) + " |\n" + "|---" * len(titles) + "|"
rows = [row(momentum, recipe) for momentum in MOMENTA for recipe in RECIPES]
print(f"Seeds {SEEDS}:")
display(Markdown("\n".join([header, *rows])))

# %% [markdown]
# ### Reading the table
#
# Real data score 8 modes, 0.99, 0.001.
#
# - **Bare, momentum 0.9**: two of three seeds fall on a single mode in the second half of training (reverse KL $2.08
#   = \log 8$). One climbs out again, one ends there, the third is spared: what you get depends on the seed and on the
#   epoch at which you stop.
# - **Relativistic with penalties, momentum 0.9**: in that half never one mode alone, but a blur in which few samples
#   are good. At this momentum the bare runs that escape collapse are even the better ones: no loss and no penalty
#   makes up for it, just as section 2 predicted.
# - **Momentum 0.5**: both find all modes on all seeds. The difference that remains is balance: the relativistic loss
#   with penalties spreads its samples more evenly on each seed, and stays so; in quality neither wins.
#
# So on a ring this small momentum matters most and the remedy second. On many modes the remedy decides: R3GAN's
# authors report 1,000 of 1,000 modes of stacked digits with it, and 693 with the same penalties and the bare loss.
#
# ### Samples over the epochs
#
# Each row is one training, seed 1 (the same start, the same data); the crosses are the eight centres.

# %%
shown = [(momentum, recipe, 1) for momentum in MOMENTA for recipe in RECIPES]
epochs = sorted({0, 1, 3, 6, EPOCHS - 1} & set(range(EPOCHS)))
size = (2.1 * len(epochs), 2.3 * len(shown))
figure, axes = plt.subplots(len(shown), len(epochs), figsize=size, layout="constrained")
for line, key in zip(axes, shown, strict=True):
    for axis, epoch in zip(line, epochs, strict=True):
        draw(axis, runs[key][2][epoch], f"epoch {epoch + 1}")
    line[0].set_ylabel(f"{key[1]}\nmomentum {key[0]}")
plt.show()

# %% [markdown]
# The top row is **mode collapse**: the generator puts all its samples in one place, the discriminator learns to
# refuse that place, and the samples move on together, round and round. What the discriminator has learned about the
# other places is of no use any more. Compare the circle of section 2.
#
# ### Curves, and how (not) to read them

# %%
figure, axes = plt.subplots(1, len(shown), figsize=(14, 3.2), layout="constrained", sharex=True)
for axis, key in zip(axes, shown, strict=True):
    history = runs[key][1]
    axis.plot(history["d_loss"], label="d_loss")
    axis.plot(history["g_loss"], label="g_loss")
    axis.plot(np.subtract(history["d_real"], history["d_fake"]), "k:", label="d_real - d_fake")
    axis.set(title=f"{key[1]}, momentum {key[0]}", xlabel="epoch")
    axis.title.set_fontsize(10)
axes[0].legend()
plt.show()

# %% [markdown]
# A GAN's losses do *not* fall as it gets better: each is a move in a game, not an error. At the solution the logits
# of real and generated points are equal, so `d_real - d_fake` goes to 0, `d_loss` to $2 \log 2 = 1.39$ (bare) or
# $\log 2 = 0.69$ plus the penalty (relativistic), and `g_loss` to $\log 2$. Losses near these values, and steady, are
# a good sign; that is all they say, and they do not show which modes are missing. Hence the table above: always
# measure samples.
#
# ## 7. What the discriminator sees
#
# The logit over the plane, dark where it says "generated" and light where it says "real". The arrows are its slope at
# generated points: the *only* thing the generator ever learns from. Here the relativistic GAN is trained once more
# with the averaged generator (`generator_ema=0.999`, the default of `compile`), for the rest of this notebook.

# %%
gan = new_gan(0, "relativistic + R1 + R2", momentum=0.5, average=0.999)
history, snapshots = train(gan)
print(score_of(snapshots[-1]))


def slope(gan, points):
    """The gradient of the logit by the point."""
    points = tf.constant(points)
    with tf.GradientTape() as tape:
        tape.watch(points)
        logits = gan.discriminator(points)
    return tape.gradient(logits, points).numpy()


def draw_landscape(figure, axis, gan, title, side=60 if SMOKE else 120):
    line = np.linspace(-1.6, 1.6, side, dtype=np.float32)
    plane = np.stack(np.meshgrid(line, line), axis=-1)
    logits = gan.score(plane.reshape(-1, 2)).reshape(side, side)
    contours = axis.contourf(line, line, logits, levels=20, cmap="cividis")
    figure.colorbar(contours, ax=axis, shrink=0.8, label="logit")
    points = gan.generate(150)
    draw(axis, points, title, color="tab:red")
    axis.quiver(*points.T, *slope(gan, points).T, color="white", width=0.004)


figure, axes = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
draw_landscape(figure, axes[0], runs[shown[0]][0], "bare, momentum 0.9")
draw_landscape(figure, axes[1], gan, "relativistic + R1 + R2, momentum 0.5")
plt.show()

# %% [markdown]
# Mind the two scales. The bare discriminator has a steep landscape that is about *where the samples are just now*;
# the penalised one is nearly flat: it is close to $\log p / q = 0$ where there are points, and its weak slope holds
# them in place.
#
# ## 8. The latent space
#
# The latents have two numbers, so the generator is a map of the plane onto the plane, and the whole latent space can
# be shown: coloured by the centre nearest to the sample it makes, grey where the sample is on no mode (further than
# three deviations).

# %%
line = np.linspace(-2.5, 2.5, 60 if SMOKE else 220, dtype=np.float32)
latents = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
distances = np.linalg.norm(gan(latents).numpy()[:, None] - CENTRES, axis=-1)
colours = plt.get_cmap("Set1")(distances.argmin(axis=1))
colours[distances.min(axis=1) > 3 * DEVIATION] = (0.3, 0.3, 0.3, 1.0)

start, end = np.float32([-1.8, -1.2]), np.float32([1.6, 1.4])
walk = start + np.linspace(0, 1, 200, dtype=np.float32)[:, None] * (end - start)
walked = gan(walk).numpy()

figure, axes = plt.subplots(1, 2, figsize=(9.5, 4.4), layout="constrained")
axes[0].imshow(colours.reshape(len(line), len(line), 4), origin="lower", extent=(-2.5, 2.5, -2.5, 2.5))
axes[0].plot(*walk.T, "k-")
axes[0].plot(*start, "ko")
axes[0].set(title="latent space, a straight walk from the dot", xlabel="$z_1$", ylabel="$z_2$")
draw(axes[1], snapshots[-1], "the walk among the samples", color="lightgrey")
axes[1].scatter(*walked.T, c=np.arange(len(walked)), s=10, cmap="plasma")
plt.show()

# %% [markdown]
# Equal steps in the latents are not equal steps in the plane: the walk dwells on the modes and hurries between them.
# It cannot jump. A generator is continuous and its latents come from one connected piece, so there are always
# *bridges* between modes (grey), and points on them. That is why the share of high quality stays below that of real
# data whatever the loss; more training makes bridges thinner.
#
# ## 9. Save, load, resume
#
# One `.keras` file holds both networks, the averaged generator, both optimizers and the count of draws: the loaded
# GAN generates the same samples and resumes training where it stopped, with the same noise.

# %%
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "ring.keras"
    gan.save(path)
    restored = keras.saving.load_model(path)

np.testing.assert_array_equal(restored.generate(100, seed=5), gan.generate(100, seed=5))
for each in (gan, restored):
    each.fit(ring_batches(seed=7), epochs=1, shuffle=False, verbose=0)
np.testing.assert_allclose(restored.generate(100, seed=5), gan.generate(100, seed=5), atol=1e-5)
print("The restored GAN makes the same points, and still does after one more epoch of each.")

# %% [markdown]
# ## What to remember
#
# - A discriminator's logit estimates $\log p/q$; the generator follows its slope.
# - Use the non-saturating form or the relativistic pairing, never the minimax form, for the generator.
# - Training turns in circles: lower the momentum (`beta_1` at most 0.5), penalise the slope ($R_1$, and $R_2$ with
#   the relativistic loss).
# - Losses say nothing about quality. Measure modes, quality and balance on samples, over several seeds.
#
# **Try it yourself:** set `DEVIATION = 0.01`, as PacGAN does; `gamma=1.0`; `loss="minimax"`; only one of loss and
# penalty; `mixtures.grid` instead of `mixtures.ring`; a `latent_dim` of 8. Then continue with `02_text_gan`.
