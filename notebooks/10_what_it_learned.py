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
# # What has a GAN learned?
#
# A GAN has no loss that tells what it knows. Its generator is a function of a few dozen random numbers, its
# discriminator another one from a sample to a score, and both can be asked:
#
# - What does a latent *do*? (directions, traversals, edits)
# - What stays if the label changes? (counterfactuals)
# - Which part of the network makes what? (units)
# - Why does the discriminator reject this sample? (attribution)
# - What can the generator not make at all? (inversion)
#
# Each answer comes with a control that it has to beat: random directions, random channels, a discriminator with random
# weights. Pictures that look like explanations are easy to make, and section 6 makes one. Everything here works for any
# GAN of the package and for your own `keras.Model`s; `gan-keras explain RUN` does it for a run. This notebook takes
# about five minutes on one core.

# %%
import os

import gan_keras  # first, as it imports TensorFlow without its log

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from IPython.display import HTML, Image, display

from gan_keras import analysis, data, presets

SMOKE = os.environ.get("GAN_KERAS_SMOKE") == "1"  # the tests run this notebook on tiny settings
EPOCHS, ROWS, SEEN = (1, 32, 4) if SMOKE else (40, 256, 8)
tf.config.threading.set_intra_op_parallelism_threads(1)
gan_keras.set_seed(0)


def show(picture):
    """Shows a `media.plots.Picture`."""
    display(Image(data=picture.data, alt=picture.alternative))


# %% [markdown]
# ## 1. One latent moves
#
# A generator of digits with 64 latents. Training takes most of the time of this notebook.

# %%
digits = data.load_images("digits")
training, held_out = data.split_images(digits, seed=0)
preset = presets.get("image", "tiny" if SMOKE else "default")
gan = preset.build(training)
gan.fit(preset.batches(gan, training), epochs=EPOCHS, verbose=0)
print(f"{gan.latent_dim} latents, samples of shape {gan.sample_shape}")

# %% [markdown]
# `edits` adds something to the latents and leaves all the rest of a sample as it is: here three single latents in turn,
# each moved by up to three deviations. Not much happens. A latent is an arbitrary axis: nothing in training asks that
# it means something.

# %%
axes = np.eye(gan.latent_dim, dtype=np.float32)[:3]
show(analysis.traversal(gan, axes, n=1, seed=3).pictures()[0])

# %% [markdown]
# ## 2. Directions that do something
#
# Which direction changes samples most? If $J$ is the Jacobian of the sample with respect to the latents, a small step
# $u$ changes the sample by $Ju$, and $\lVert Ju \rVert^2 = u^T J^T J u$. So the answer is the first eigenvector of the
# mean of $J^T J$. It needs no label, no classifier and nothing but samples; one backward pass per random probe gives a
# column of it.

# %%
directions = analysis.Directions.fit(gan, num=6)
fig, axis = plt.subplots(figsize=(6, 2.2), layout="constrained")
axis.bar(range(len(directions.spectrum)), directions.spectrum)
axis.set(xlabel="direction", ylabel="squared change", title=f"{directions.participation:.1f} of {gan.style_dim} latents count")
plt.show()

# %%
show(analysis.traversal(gan, directions, n=1, seed=3).pictures()[0])

# %% [markdown]
# Pictures invite stories. So the change is *measured*, in units that mean something, on many digits and with an
# interval; and random directions show what any step does. A direction "beats the placebo" if its largest effect is
# reliably larger than that of every random direction.

# %%
effects = directions.effects(n=ROWS)
print(effects)

# %% [markdown]
# Do the digits stay what they are? A classifier of *real* digits says so; its own error is the limit of what it can
# say.

# %%
label = analysis.label_attribute(gan, training.images, training.labels)
kept, by_placebo = directions.kept(label, strength=2.0, n=ROWS // 2)
print(f"The classifier recognises {label.accuracy:.1%} of held-out real digits.")
print(f"Moved by two deviations, {kept.mean():.1%} keep their label; along random directions {by_placebo.mean():.1%}.")

# %% [markdown]
# Once found, directions are part of the GAN: they are saved with it, `gan.generate` edits along them, and an export
# with `edit=True` has a signature `edit` that a server, and the sliders of its page, can call.

# %%
print(np.abs(gan.generate(2, seed=3, edits={0: 2.0}) - gan.generate(2, seed=3)).mean())

# %% [markdown]
# ## 3. The same latents, another label
#
# The label is an input like the latents. What do the latents mean for *every* digit? `kept` is 1 if equal latents give
# digits that are equally slanted, wide or heavy whatever the label, and 0 if latents of one label tell nothing about
# another one.

# %%
found = analysis.counterfactuals(gan, n=ROWS // 4, labels=[1, 4, 7])
for name in ("slant", "width", "ink"):
    print(f"{name}: kept {found.effects[name].kept}")
rows = np.concatenate([found.samples[each][:SEEN] for each in found.labels])
fig, panels = plt.subplots(3, SEEN, figsize=(SEEN, 3.2), layout="constrained")
for panel, image in zip(panels.ravel(), rows, strict=True):
    panel.imshow(image[..., 0], cmap="gray", vmin=0, vmax=1)
    panel.axis("off")
plt.show()

# %% [markdown]
# ## 4. Channels that make something
#
# Switch a channel off, and measure what is gone. The control takes out random mixtures of channels, which on average remove
# as much. Single channels matter more on average; whether the largest one is special is another question, and the answer
# need not be yes.

# %%
units = analysis.units(gan, n=ROWS // 4, num=3)
largest, mixtures = units.sizes, units.placebo_sizes
print(f"{units.layer}, effects in deviations: mean {largest.mean():.2f}, random mixtures {mixtures.mean():.2f}")
print(f"largest {largest.max():.2f}, random mixtures {mixtures.max():.2f}")
show(units.picture())

# %% [markdown]
# ## 5. Why does the discriminator reject this?
#
# The score is one number. Integrated gradients share it out among the pixels, so that they add up to the difference of
# the score from that of a black image. Red parts speak for "real", blue ones against it. `delta` is the error of the
# sum, and `sanity` the rank correlation with maps of a discriminator with random weights, which has to be near 0.

# %%
real, labels = held_out.images[:SEEN], held_out.labels[:SEEN]
spoiled = real.copy()
spoiled[:, 2:5, 2:5] = 255  # a white patch that no digit has
for title, images in (("real digits", real), ("with a white patch", spoiled)):
    explained = analysis.attribute(gan, images, labels=labels)
    print(f"{title}: score {explained.scores.mean():+.2f}, error {explained.delta.max():.2%}, sanity {explained.sanity:+.2f}")
show(explained.picture(4))

# %% [markdown]
# Does the map tell the truth? Remove the tenth of the inked pixels that speak most for "real", and compare with a
# random tenth.

# %%
images = gan.decode(gan.encode(held_out.images[:ROWS])).numpy()
labels = held_out.labels[:ROWS]
explained, random = analysis.attribute(gan, images, labels=labels), np.random.default_rng(0)
for what in ("highest", "random"):
    changed = images.copy()
    for image, values in zip(changed, explained.values, strict=True):
        inked = np.flatnonzero(image > 0.1)
        order = -values.ravel()[inked] if what == "highest" else random.random(len(inked))
        image.ravel()[inked[np.argsort(order)[: len(inked) // 10]]] = 0.0
    print(f"without the {what} tenth: score {gan.score(changed, labels).mean():+.3f}, before {explained.scores.mean():+.3f}")

# %% [markdown]
# ## 6. An explanation that looks right and is not
#
# $|\text{gradient} \times \text{input}|$ is a popular map. Here it is for our discriminator, and for one of the same
# architecture **with random weights**, which has learned nothing. Both draw the digit, because the input is a factor:
# the ranks of their pixels agree almost perfectly. A map that does not depend on what was learned cannot explain it. So
# `attribute` keeps signs, and tests itself by random weights each time.


# %%
def gradient_times_input(network, samples, labels):
    samples = tf.convert_to_tensor(samples) + 1.0  # from black
    with tf.GradientTape() as tape:
        tape.watch(samples)
        score = tf.reduce_sum(network(samples - 1.0, labels))
    return (tape.gradient(score, samples) * samples).numpy()


def rank_correlation(a, b):
    ranks = [np.argsort(np.argsort(each.reshape(len(each), -1), axis=1), axis=1) for each in (a, b)]
    return np.mean([np.corrcoef(*pair)[0, 1] for pair in zip(*ranks, strict=True)])


untrained = presets.get("image", "tiny" if SMOKE else "default").build(training, seed=99).discriminator
samples, labels = gan.encode(held_out.images[:SEEN]).numpy(), held_out.labels[:SEEN]
maps = [gradient_times_input(network, samples, labels) for network in (gan.discriminator, untrained)]
print(f"rank correlation of |gradient x input|, trained and random: {rank_correlation(*np.abs(maps)):.2f}")
print(f"rank correlation with signs: {rank_correlation(*maps):.2f}")
fig, panels = plt.subplots(3, 4, figsize=(6, 4.6), layout="constrained")
for row, (title, images) in enumerate(zip(("digit", "trained", "random weights"), (samples, *np.abs(maps)), strict=True)):
    for panel, image in zip(panels[row], images, strict=False):
        panel.imshow(image[..., 0], cmap="gray")
        panel.set(xticks=[], yticks=[])
    panels[row, 0].set_ylabel(title)
plt.show()

# %% [markdown]
# ## 7. What it cannot make
#
# Search for the latents that come nearest to a sample. If even these are far away, the generator cannot make it. The
# control inverts digits that the generator did make, so that its distance is that of the search alone.

# %%
few = held_out.images[: ROWS // 16]
found = analysis.invert(gan, few, training=training.images)
foreign = analysis.invert(gan, 255 - few, training=training.images)
for name, interval in found.intervals.items():
    print(f"{name}: held-out digits {interval}, black on white {foreign.intervals[name]}")

# %% [markdown]
# ## 8. A table
#
# The same tools, the same words: an attribute is now a column. For a category, the value whose share changes most is
# named.

# %%
table, held_out_rows = data.split_table(data.load_table("breast_cancer"), seed=0)
table_preset = presets.get("table", "tiny" if SMOKE else "default")
table_gan = table_preset.build(table)
table_gan.fit(table_preset.batches(table_gan, table), epochs=1 if SMOKE else 40, verbose=0)
table_directions = analysis.Directions.fit(table_gan, num=3)
print(table_directions.effects(n=ROWS))

# %%
found = analysis.counterfactuals(table_gan, n=ROWS // 4)
print(f"labels {found.labels}; the first cells that another label changes:")
for cell in found.cells[:4]:
    print(f"  row {cell.row}, {cell.label}: {cell.column} {cell.before:.3g} -> {cell.after:.3g}")

# %% [markdown]
# ## 9. A text GAN, and a warning
#
# Its first latents set the state of the language model, the others draw one token each. Tokens have no gradient: the
# directions are those of the Fisher information, of how much the *probabilities* of sentences change. How many words
# change if a sentence gets the state of another one (`style`), other draws, or both (`chance`)?

# %%
phrases, held_out_phrases = data.split(data.load("english_phrases"))
text_preset = presets.get("text", "tiny" if SMOKE else "small")
text_preset.pretraining_epochs, text_preset.discriminator_epochs = (1, 1) if SMOKE else (5, 4)
text_gan = text_preset.fit(phrases, held_out_phrases, verbose=0)
shares = analysis.decided_by_style(text_gan, n=ROWS // 2)
print(", ".join(f"{name}: {share:.0%}" for name, share in shares.items()))

# %%
text_directions = analysis.Directions.fit(text_gan, num=2)
print(text_directions.effects(n=ROWS // 2))
display(analysis.traversal(text_gan, text_directions, n=1, strengths=(-3, 0, 3)))

# %% [markdown]
# With other draws nearly all words change, with another state two in five, and no direction of the state moves the
# length or the kind of words more than a random one. A tool that shows you a pretty traversal here has chosen it. The
# discriminator can be asked all the same which words it minds: here a phrase, and the same with a word in the wrong place.

# %%
line = held_out_phrases.lines[0]
words = line.split()
broken = " ".join([*words[:1], words[-1], *words[1:]])
display(HTML(analysis.attribute(text_gan, [line, broken]).html()))

# %% [markdown]
# ## What to take along
#
# - A latent means nothing; a direction may. Measure it, in units, beside random directions.
# - An explanation that would look the same for an untrained network explains nothing. Test it by random weights, and by
#   removing what it points to.
# - For a run: `gan-keras explain RUN` writes all this to `RUN/explanation/` and into the report, and `gan-keras export
#   RUN --edit` serves the directions.
