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
# # Losses, penalties, optimizers: what diverges, and why
#
# `01_first_gan` explained why a GAN turns in circles and what stops it. Here the whole zoo runs on the same ring of eight
# Gaussians, each recipe with several seeds, and we look *inside*: which modes are kept while training goes on, how
# strong the gradient is that the generator gets, and where it points. Nothing here is about the best networks; all
# recipes have the same small ones and the same short training, so that the differences are theirs.
#
# The longer benchmark, ten seeds on PacGAN's own mixtures, is `benchmarks/mixtures.py`.

# %%
import os

from gan_keras import GAN, noise, presets  # first, as it imports TensorFlow without its log

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from IPython.display import Markdown, display

from gan_keras.data import mixtures
from gan_keras.gans import ManySeeds, interleave
from gan_keras.metrics import modes_covered
from gan_keras.networks import MLPDiscriminator, MLPGenerator, Packed
from gan_keras.penalties import DRAGAN, R1, R2, GradientPenalty, LeCam

SMOKE = os.environ.get("GAN_KERAS_SMOKE") == "1"  # the tests run this notebook on tiny settings
EPOCHS, STEPS, BATCH = (2, 2, 16) if SMOKE else (10, 100, 64)
SEEDS = (0, 1) if SMOKE else (0, 1, 2, 3)
DEVIATION, CENTRES = 0.05, mixtures.ring_centres()
LATENTS = noise.normal(np.arange(200 if SMOKE else 2500) + 10**9, 2)

tf.get_logger().setLevel("ERROR")  # many small models are built here, of which TensorFlow warns
plt.rcParams.update({"figure.dpi": 64, "axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. Many seeds at the price of few
#
# One run of a GAN is an anecdote: with another seed the same recipe keeps all modes or loses half of them. So every
# recipe is trained with several seeds. `ManySeeds` trains them as *one* model whose weights have a leading axis for the
# seed; a step of four small networks costs little more than a step of one, and each of the four gets exactly the
# gradients that it would have alone. `hand_back` gives the weights to the four GANs, which are then used as always.


# %%
def new_gan(seed, loss, penalties, pack=1, optimizer=None, momentum=0.5):
    keras.utils.set_random_seed(seed)
    discriminator = MLPDiscriminator((64, 64))
    gan = GAN(MLPGenerator((2,), 2, (64, 64)), discriminator if pack == 1 else Packed(discriminator, pack), seed=seed)
    optimizers = [optimizer or {"class_name": "Adam", "config": {"learning_rate": 2e-3, "beta_1": momentum}} for _ in range(2)]
    options = {"generator_ema": 0.0, "steps_per_execution": STEPS}  # nothing is averaged: we look at the game itself
    gan.compile(*optimizers, loss=loss, penalties=[penalty() for penalty in penalties], **options)
    return gan


def batches(seeds):
    points = np.stack([mixtures.ring(BATCH * STEPS, seed=seed, deviation=DEVIATION) for seed in seeds], axis=1)
    shuffled = tf.data.Dataset.from_tensor_slices(points).shuffle(len(points), seed=0)
    return shuffled.batch(BATCH, drop_remainder=True)


def pull(gan, samples):
    """The direction in which each sample has to move to lower the generator's loss, and how fast: minus its gradient."""
    samples = tf.convert_to_tensor(samples)
    real_logits = gan.judge(tf.constant(mixtures.ring(len(samples), seed=99, deviation=DEVIATION)), training=False)
    with tf.GradientTape() as tape:
        tape.watch(samples)
        loss = gan.adversarial_loss.generator(real_logits, gan.judge(samples, training=False)) * len(samples)
    return -tf.convert_to_tensor(tape.gradient(loss, samples)).numpy()


def look(gan):
    """Samples of the same latents each time, and the mean strength of the pull on them."""
    samples = gan.generator(LATENTS).numpy()
    return samples, np.linalg.norm(pull(gan, samples), axis=1).mean()


def train(loss, *penalties, pack=1, momentum=0.5):
    """The GANs of all seeds, and what `look` saw of each after every epoch: `looks[epoch][seed]`."""
    gans = [new_gan(seed, loss, penalties, pack, momentum=momentum) for seed in SEEDS]
    many, looks = ManySeeds(gans), []

    def watch(epoch, logs):
        many.hand_back()
        looks.append([look(gan) for gan in gans])

    callback = keras.callbacks.LambdaCallback(on_epoch_end=watch)
    many.fit(batches(SEEDS).map(interleave), epochs=EPOCHS, shuffle=False, verbose=0, callbacks=[callback])
    return gans, looks


def score_of(samples):
    if not np.isfinite(samples).all():
        return {"modes": 0, "high_quality": 0.0, "reverse_kl": float("nan")}
    return modes_covered(samples, CENTRES, DEVIATION)


def show_table(runs, first="recipe"):
    titles = [first, "modes of 8, each seed", "high quality", "reverse KL", "pull on a sample"]
    lines = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    for name, (_, looks) in runs.items():
        scores = [score_of(samples) for samples, _ in looks[-1]]
        modes = ", ".join(str(score["modes"]) for score in scores)
        quality, divergence = (np.mean([score[key] for score in scores]) for key in ("high_quality", "reverse_kl"))
        strength = np.mean([strength for _, strength in looks[-1]])
        lines.append(f"| {name} | {modes} | {quality:.2f} | {divergence:.3f} | {strength:.2g} |")
    display(Markdown("\n".join(lines)))


def draw(axis, points, title="", color="tab:orange"):
    axis.plot(*np.asarray(points).T, ".", markersize=2, color=color, alpha=0.5)
    axis.plot(*CENTRES.T, "k+", markersize=6)
    axis.set_title(title, fontsize=10)
    axis.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal", xticks=[], yticks=[])


def draw_last(runs, seed=0):
    figure, axes = plt.subplots(1, len(runs), figsize=(2.3 * len(runs), 2.7), layout="constrained", squeeze=False)
    for axis, (name, (_, looks)) in zip(axes[0], runs.items(), strict=True):
        draw(axis, looks[-1][seed][0], name.replace(" + ", "\n+ ").replace("_", " "))
    plt.show()


# %% [markdown]
# ## 2. The losses, bare
#
# The seven losses by their names in `compile(loss=...)`, without any penalty. *High quality* is the share of samples
# within three deviations of a centre, *reverse KL* the unevenness of the modes (0 is best, 2.08 is a single mode), and
# the *pull* is the mean length of the gradient of the generator's loss at its samples.

# %%
LOSSES = (
    "minimax",
    "non_saturating",
    "least_squares",
    "hinge",
    "wasserstein",
    "relativistic_paired",
    "relativistic_average",
)
bare = {loss: train(loss) for loss in (LOSSES[:1] if SMOKE else LOSSES)}
show_table(bare, "loss, bare")
draw_last(bare)

# %% [markdown]
# With the low momentum of 0.5, on an easy ring (deviation 0.05) and for a thousand steps, six of the seven hold all modes
# in every seed. Wasserstein's does not, and section 3 explains why. Do not conclude that bare losses are safe: the next
# cells change one number, and on narrower modes (`benchmarks/mixtures.py`) most of them fail.
#
# Read the columns together, too. A recipe may have a high share of good samples *because* it has lost modes. And look at
# the seeds one by one: a mean hides that a recipe is a lottery.
#
# ### Collapse over time
#
# The same with Adam's own momentum, `beta_1=0.9`, which is right for ordinary networks: the non-saturating loss bare, and
# the relativistic pair with its penalties. Modes kept after each epoch, one line per seed, next to the bare losses.

# %%
hasty = {
    "non_saturating, momentum 0.9": train("non_saturating", momentum=0.9),
    "relativistic_paired + R1 + R2, momentum 0.9": train("relativistic_paired", lambda: R1(0.1), lambda: R2(0.1), momentum=0.9),
}
show_table(hasty)
lines = {**hasty, **bare}
figure, axes = plt.subplots(2, -(-len(lines) // 2), figsize=(12, 4.6), layout="constrained", sharey=True)
for axis, (name, (_, looks)) in zip(axes.flat, lines.items(), strict=False):
    for seed in range(len(SEEDS)):
        axis.plot(range(1, EPOCHS + 1), [score_of(each[seed][0])["modes"] for each in looks], ".-", linewidth=1)
    axis.set(ylim=(-0.3, 8.3), xlabel="epoch")
    axis.set_title(name.replace("_", " ").replace(", ", "\n").replace(" + ", "+"), fontsize=9)
for axis in axes[:, 0]:
    axis.set_ylabel("modes of 8")
plt.show()


# %%
def draw_story(gans_and_looks, seed=0):
    """Samples of one seed over the epochs."""
    shown = sorted({0, 1, 2, 4, 6, EPOCHS - 1} & set(range(EPOCHS)))
    figure, axes = plt.subplots(1, len(shown), figsize=(2.2 * len(shown), 2.4), layout="constrained")
    for axis, epoch in zip(axes, shown, strict=True):
        draw(axis, gans_and_looks[1][epoch][seed][0], f"epoch {epoch + 1}")
    plt.show()


def fewest_modes(gans_and_looks):
    """The index of the seed that kept the fewest modes."""
    return int(np.argmin([score_of(samples)["modes"] for samples, _ in gans_and_looks[1][-1]]))


for name, run in hasty.items():
    print(f"{name}: the seed that ends with the fewest modes")
    draw_story(run, fewest_modes(run))

# %% [markdown]
# Modes that were found are lost again, by all samples together: the game has no memory. The generator moves to where the
# discriminator *was* wrong, the momentum carries it on long after the discriminator has learned, and the two chase each
# other. The penalties delay this, but at this rate they do not prevent it.

# %% [markdown]
# ## 3. How strong the pull is
#
# What the generator learns from is the gradient of its loss at its samples. Too weak and it stands still; without a
# bound it is thrown about.
#
# - **minimax**: the gradient carries the factor $\sigma(D)$, the chance of being taken for real. The surer the
#   discriminator, the weaker the pull, just when it is needed.
# - **non_saturating**, **relativistic**: the factor is at most 1; the pull is as strong as the slope of $D$, which
#   nothing limits without a penalty.
# - **wasserstein**: nothing bounds the logits themselves. A critic that may grow its weights does so forever: the pull
#   grows from epoch to epoch and throws the samples from one side to the other. The theory asks for slopes of at most 1,
#   which is the penalty's business.

# %%
figure, axis = plt.subplots(figsize=(8, 3.4), layout="constrained")
for loss, (_, looks) in bare.items():
    axis.plot(range(1, EPOCHS + 1), [np.mean([strength for _, strength in each]) for each in looks], ".-", label=loss)
axis.set(yscale="log", xlabel="epoch", ylabel="mean pull on a sample", title="Gradient of the generator's loss, bare")
axis.legend(fontsize=8, ncols=2)
plt.show()

# %% [markdown]
# ## 4. The penalties
#
# A penalty limits the discriminator's slope, each in its own place: `R1` at real points, `R2` at generated ones,
# `GradientPenalty` on the lines between them (and it asks for a slope of exactly 1), `DRAGAN` around real points.
# `LeCam` limits the logits, not the slope. Packing is no penalty: the discriminator sees two samples at once and notices
# that they are too much alike.

# %%
RECIPES = {
    "non_saturating + R1": ("non_saturating", lambda: R1(0.1)),
    "relativistic_paired + R1 + R2": ("relativistic_paired", lambda: R1(0.1), lambda: R2(0.1)),
    "wasserstein + GradientPenalty": ("wasserstein", lambda: GradientPenalty(1.0)),
    "non_saturating + DRAGAN": ("non_saturating", lambda: DRAGAN(1.0)),
    "hinge + LeCam": ("hinge", lambda: LeCam(0.1)),
}
shown = list(RECIPES)[:1] if SMOKE else list(RECIPES)
penalised = {name: train(*RECIPES[name]) for name in shown}
if not SMOKE:
    penalised["non_saturating + packs of 2"] = train("non_saturating", pack=2)
show_table(penalised)
draw_last(penalised)

# %% [markdown]
# Compare each with its bare loss above. $R_1$ and $R_2$ make the pull about ten times weaker and keep all modes.
# `GradientPenalty` saves Wasserstein's loss, not yet in all seeds. `DRAGAN` does more harm than good here: it asks for a
# slope of 1 close to the data, and modes as narrow as these need one that changes its sign within a tenth of the radius.
# `LeCam` hardly changes the pull, as expected.
#
# ### Where the pull points
#
# Arrows: the direction in which a sample *would* move if it were there, of the same length everywhere; shade: the
# logit, light where it says "real". Where the ridge of the logit is a band, the samples may slide along it from mode to
# mode; with $R_1$ the modes stand out as peaks, and the samples between them are led to one.

# %%
line = np.linspace(-1.6, 1.6, 20, dtype=np.float32)
plane = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)


def draw_field(axis, name, gans_and_looks, seed=0):
    gans, looks = gans_and_looks
    arrows = pull(gans[seed], plane)
    arrows = arrows / np.maximum(np.linalg.norm(arrows, axis=1, keepdims=True), 1e-12)
    logits = gans[seed].judge(tf.constant(plane), training=False).numpy().reshape(20, 20)
    axis.contourf(line, line, logits, levels=20, cmap="cividis")
    axis.quiver(*plane.T, *arrows.T, color="white", width=0.004, scale=28)
    draw(axis, looks[-1][seed][0][:300], name.replace(" + ", "\n+ ").replace("_", " "), color="tab:red")


fields = {name: run for name, run in {**bare, **penalised}.items() if name in ("minimax", "non_saturating", *shown[:3])}
figure, axes = plt.subplots(1, len(fields), figsize=(3.1 * len(fields), 3.5), layout="constrained")
for axis, (name, run) in zip(axes, fields.items(), strict=True):
    draw_field(axis, name, run)
plt.show()

# %% [markdown]
# ### How strong a penalty
#
# $\gamma$ of `R1` and `R2` is the square of a *length*: with logits of size 1, the discriminator hardly sees what is
# finer than $\sqrt\gamma$. The pull falls as $\gamma$ grows. Too large, and the game is a calm one of blurred samples; too
# small, and it is hardly different from the bare one. Hence the way out: begin large, end small.

# %%
GAMMAS = (1.0,) if SMOKE else (10.0, 1.0, 0.1, 0.01)


def strengths(gamma):
    return ("relativistic_paired", lambda: R1(gamma), lambda: R2(gamma))


by_gamma = {f"gamma {gamma:g}": train(*strengths(gamma)) for gamma in GAMMAS}
show_table(by_gamma, "R1 + R2")
draw_last(by_gamma)

# %% [markdown]
# ## 5. Optimizers, by name
#
# `compile` takes the optimizers of Keras by name, as the tutorials of the field do. The names below come with Keras'
# own settings, first; then three with another rate or momentum. All train the relativistic pair with $R_1$ and $R_2$.
# These GANs are trained one by one: `Muon` works on whole matrices, which `ManySeeds` has stacked.

# %%
NAMES = ("adam",) if SMOKE else ("adam", "adagrad", "adadelta", "adamax", "rmsprop", "lion", "muon")
OTHERS = {
    "adam, momentum 0.5": {"class_name": "Adam", "config": {"beta_1": 0.5}},
    "adagrad, rate 0.02": {"class_name": "Adagrad", "config": {"learning_rate": 0.02}},
    "adadelta, rate 1": {"class_name": "Adadelta", "config": {"learning_rate": 1.0}},
}


def train_alone(optimizer, seed=0):
    gan = new_gan(seed, "relativistic_paired", [lambda: R1(0.1), lambda: R2(0.1)], optimizer=optimizer)
    looks = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: looks.append([look(gan)]))
    gan.fit(batches([seed]).map(lambda rows: rows[:, 0]), epochs=EPOCHS, shuffle=False, verbose=0, callbacks=[watch])
    return [gan], looks


by_optimizer = {name: train_alone(name) for name in NAMES}
if not SMOKE:
    by_optimizer |= {name: train_alone(config) for name, config in OTHERS.items()}
show_table(by_optimizer, "optimizer, one seed")
draw_last(by_optimizer)

# %% [markdown]
# An optimizer's *rate* means something else for each: Adam, Adamax, RMSprop and Lion move every weight by about the rate,
# whatever the size of the gradient; Adagrad divides by all gradients so far and slows down forever; Adadelta's rate is a
# factor of a step that it finds itself, 1 in its paper, 0.001 in Keras, with which it stands still. Muon makes the
# step of a whole matrix orthogonal. With one seed this table tells what *works at all*, not which of two is better.
#
# ## 6. The preset
#
# `presets.get("points", "default")` puts together what the sections above suggest: the relativistic pair; $R_1$ and
# $R_2$ whose $\gamma$ falls from the size of the whole to that of the finest detail; learning rates that fall with it;
# standardised data. Two measures are about networks: a discriminator that reads sines of the points, since dense layers
# are slow to learn what is fine; and latents in *components*, many learned vectors among which the first latent chooses,
# since a continuous generator has to put bridges between modes. Here it trains for a tenth of its steps.

# %%
preset = presets.get("points", "default")
preset.steps = 4 if SMOKE else 1200
preset.steps_per_execution = preset.steps
points = mixtures.ring(20_000, seed=0)  # deviation 0.01, PacGAN's
gan = preset.build(points, seed=0)
gan.fit(preset.batches(points), steps_per_epoch=preset.steps, shuffle=False, verbose=0)
samples = gan.generate(len(LATENTS), seed=10**9)
print(modes_covered(samples, CENTRES, 0.01))
figure, axes = plt.subplots(1, 2, figsize=(6, 3), layout="constrained")
draw(axes[0], points[: len(samples)], "data, deviation 0.01", color="tab:blue")
draw(axes[1], samples, "the preset, a tenth of its steps")
plt.show()

# %% [markdown]
# ## What to remember
#
# - One seed is an anecdote. Train several (`ManySeeds`), show all of them, and never one score without the others.
# - Momentum 0.9 makes players that chase each other. Use at most 0.5.
# - Without a penalty the strength of the pull is left to chance: it grew in every bare run here, without end in
#   Wasserstein's.
# - $R_1$ and $R_2$ bound the slope where the samples are. Their $\gamma$ is a squared length: begin large, end small, and
#   lower the learning rate with it.
# - What a rate means differs from optimizer to optimizer.
#
# **Try it yourself:** `DEVIATION = 0.01`; other `GAMMAS`; `Lazy(R1(0.1), 4)` of `gan_keras.penalties`; three or four seeds of
# two optimizers between which you could not decide.
