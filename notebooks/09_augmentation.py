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
# # Augmentation: does a GAN make a small training set larger?
#
# A GAN learns what the training data look like and then makes as many samples as you want, each with a label. It is
# tempting to train a classifier on both. But everything that the generator knows it learned from the same few samples:
# there is no new information in what it makes, at best a better guess of what lies between the samples. Whether that helps
# is a question to be measured, against the right rivals: no augmentation, and the classical one, which *does* bring new
# information (that a shifted digit is still the same digit).
#
# This notebook covers `gan_keras.augment`, which mixes generated samples into a data set; the rules of a fair comparison; and
# the interval that tells a gain from luck. It takes one to two minutes on one processor core.

# %%
import os

import gan_keras  # first, as it imports TensorFlow without its log

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from IPython.display import Image, Markdown, display

from gan_keras import data, presets
from gan_keras.downstream import ImageDownstream, stratified_rows
from gan_keras.media import encode_png, image_grid
from gan_keras.metrics import paired_interval

SMOKE = os.environ.get("GAN_KERAS_SMOKE") == "1"  # the tests run this notebook on tiny settings
STEPS, UPDATES, SEEDS = (2, 2, 2) if SMOKE else (400, 300, 3)
SHARE = 10  # per cent of the training data
tf.config.threading.set_intra_op_parallelism_threads(1)

# %% [markdown]
# ## 1. Few data, and a GAN that knows no more
#
# 162 digits of scikit-learn, a tenth of what there is to train on; 179 others are held out for the test. The GAN gets the
# same 162 and nothing else. This is the first rule: **a GAN that has seen more data than the classifier smuggles them in**.

# %%
digits = data.load_images("digits")
training, test = data.split_images(digits, seed=0)


def share_and_gan(seed):
    """A share of the training images, drawn by the seed, and a GAN that is trained on it."""
    rows = stratified_rows(training.labels, SHARE, seed)  # as many per cent of each label
    part = data.images_from_arrays("share", training.images[rows], training.labels[rows], training.label_names)
    preset = presets.get("image", "tiny" if SMOKE else "default")
    preset.width, preset.batch_size = (2, 8) if SMOKE else (16, 64)
    gan = preset.build(part, seed=seed)
    gan.fit(data.image_batches(part, preset.batch_size, seed).repeat().take(STEPS), verbose=0, shuffle=False)
    return part, gan


few, gan = share_and_gan(seed=0)
images, labels = few.images, few.labels
print(f"{len(images)} images to learn from, {len(test)} to be tested by")

made = gan.generate(30, seed=0)
display(Markdown("Above ten real digits, below three of each label by the GAN."))
first = [images[np.flatnonzero(labels == label)[0]] for label in range(10)]
display(Image(encode_png(image_grid(np.concatenate([np.stack(first) / 255.0, made]), columns=10))))

# %% [markdown]
# ## 2. One line: `augment`
#
# It takes a `tf.data.Dataset` of batches `(samples, labels)` and returns one of the same kind, in which `ratio` generated
# samples come for each real one, mixed among them. Their labels are those of the real samples, or, with `balanced=True`, those
# that are rare. Nothing is stored: samples are made while `fit` reads them. The same seed gives the same samples; new ones
# in each epoch come from repeating the data first.

# %%
real = tf.data.Dataset.from_tensor_slices((images, labels)).batch(32)
enlarged = gan_keras.augment(real, gan, ratio=1.0, seed=0)
print(enlarged.element_spec == real.element_spec, sum(len(batch) for _, batch in real), sum(len(batch) for _, batch in enlarged))

model = keras.Sequential(
    [
        keras.layers.Rescaling(1 / 127.5, -1.0),
        keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(10, "softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
fresh = gan_keras.augment(real.repeat(), gan, ratio=1.0, seed=0)  # new samples in each epoch
model.fit(fresh, steps_per_epoch=10, epochs=1 if SMOKE else 15, verbose=0, shuffle=False)
print("accuracy on the test images:", round(model.evaluate(test.images, test.labels, verbose=0)[1], 3))

# %% [markdown]
# That is a number without a rival, and so worth nothing. Does the other seed, or no augmentation at all, give more?
#
# ## 3. A fair comparison
#
# Four classifiers for each seed: trained on the real images alone (*none*), with random shifts and rotations
# (*classical*), with as many generated images (*GAN*), and with both. The rules:
#
# - each makes as many updates: more data must not mean more training;
# - a new GAN for each seed, on the share of the data that the seed draws, and on nothing else;
# - the test images take part in nothing;
# - a gain is a mean of *paired* differences: with the same seed, the same share and the same first weights. The interval is
#   Student's: mean ± $t_{0.975,\,n-1}\,s / \sqrt{n}$. With three seeds $t$ is 4.3: three seeds show large gains only.
#
# `ImageDownstream` is the classifier of `gan-keras augment RUN --compare`, which does all of this for a run, at several shares.

# %%
scores = {"none": [], "classical": [], "GAN": [], "both": []}
for seed in range(SEEDS):
    few, gan = (few, gan) if seed == 0 else share_and_gan(seed)
    task = ImageDownstream(few)
    task.updates = UPDATES  # such small images are learned by then
    real, tested = (few.images, few.labels), (test.images, test.labels)
    made = task.generated(gan, few.labels, seed=0)  # as many, with the same labels
    enlarged = np.concatenate([few.images, made]), np.concatenate([few.labels] * 2)
    scores["none"].append(task.score(real, tested, seed))
    scores["classical"].append(task.score_varied(real, tested, seed))
    scores["GAN"].append(task.score(enlarged, tested, seed))
    scores["both"].append(task.score_varied(enlarged, tested, seed))
    print(f"seed {seed}:", ", ".join(f"{name} {found[-1]:.3f}" for name, found in scores.items()))

# %%
for name, other in (("GAN", "none"), ("classical", "none"), ("both", "classical")):
    gain = paired_interval(scores[name], scores[other])
    told = "better" if gain.low > 0 else "worse" if gain.high < 0 else "not shown: the interval holds 0"
    print(f"{name} over {other}: {gain} ({told})")

# %%
figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for seed in range(SEEDS):
    axes.plot(list(scores), [found[seed] for found in scores.values()], "o--", alpha=0.7, label=f"seed {seed}")
axes.set_ylabel("accuracy on test images")
axes.grid(alpha=0.3)
axes.legend()
plt.show()

# %% [markdown]
# ## What to remember
#
# - Read the interval, not the mean. If it holds 0, nothing was shown; if it lies below 0, the generated samples did harm. And
#   know what it covers: the seeds, not the choice of 179 test images, each worth 0.0056. Three equal differences, like those of
#   the GAN here, make an interval without width, and stand for one image.
# - It is common to gain nothing: most samples match the label that was asked for, but not all of them, and the generator blurs
#   what it has seen too rarely. Those who measured it on large data found the same (Ravuri and Vinyals, 2019).
# - Classical augmentation brings knowledge from outside, namely an invariance. A GAN brings none. So ask first what you know
#   about your data, and try a GAN where you know nothing of the kind, or where a class is too rare (`balanced=True`).
# - Never judge by test data that the GAN has seen, or that it made.
#
# **Try it yourself:** `SHARE = 50`; more `STEPS` for the GANs, or fewer; three generated images for each real one; an
# unbalanced set with `balanced=True`.
