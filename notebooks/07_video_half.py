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
# # Video: what is to be seen, and how it moves
#
# A clip is a stack of images, so a GAN of images with one more axis makes clips: that is VGAN. MoCoGAN asks for more. Who
# walks and how he walks are two things; a generator should have two knobs for them. This half shows the second idea on
# digits that fly about: the two parts of its noise, what each of them changes, and how clips are measured.
#
# Two GANs train for 50 seconds each of one processor core.

# %%
import os
import pathlib
import tempfile
import time
from dataclasses import replace

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # TensorFlow's start-up notes, not its errors in Python

import keras
import numpy as np
import tensorflow as tf
from IPython.display import Image, Markdown, display

from gan_keras import data, presets
from gan_keras.animations import clip_grid, encode_gif, film_strips
from gan_keras.data.array_batches import array_batches
from gan_keras.metrics.clip_extractor import CLIPS, named
from gan_keras.metrics.extractor import Recipe, train_extractor
from gan_keras.metrics.image_quality import ImageQuality
from gan_keras.metrics.motion import centre_speeds, frame_differences
from gan_keras.pictures import encode_png

SMOKE = os.environ.get("GAN_KERAS_SMOKE") == "1"  # the tests run this notebook on tiny settings
PRESET, SECONDS, SAMPLES = ("tiny", 1.0, 20) if SMOKE else ("default", 50.0, 300)
tf.config.threading.set_intra_op_parallelism_threads(1)
folder = pathlib.Path(tempfile.mkdtemp())

# %% [markdown]
# ## 1. The data
#
# Each of scikit-learn's 1,797 digits flies twice, straight on, and is thrown back by the walls. Both flights of a digit are on
# one side of the split: no held-out clip shows a digit that was trained on.

# %%
videos = data.load_videos("moving_digits", **({"frames": 4, "size": 12} if SMOKE else {}))
training, held_out = data.split_videos(videos, held_out=len(videos) - 60 if SMOKE else None, seed=0)
print(data.describe_videos(training))


def show(clips):
    """All frames of clips in [0, 1], or of levels: a row is a clip."""
    display(Image(encode_png(film_strips(clips))))


show(training.videos[:: len(training) // 6][:6])

# %% [markdown]
# The same as it moves:

# %%
display(Image(data=encode_gif(clip_grid(training.videos[:12], 6)), format="gif"))

# %% [markdown]
# ## 2. Two knobs
#
# [MoCoGAN](https://arxiv.org/abs/1707.04993) draws one vector $z_C$ for the clip and one $\epsilon_t$ for each frame. A
# recurrent network turns the latter into a motion, $z_M^{(t)} = \mathrm{GRU}(\epsilon_t, z_M^{(t-1)})$, and one generator of
# images paints every frame: $x_t = G(z_C, z_M^{(t)}, \text{label})$. Two judges are added up: one sees single frames, the other
# the whole clip by convolutions in space and time. To this package the latents are one vector, of which the generator takes
# its parts, so seeds, saving and serving need to know nothing of it.
#
# Beside it trains its twin without the motion: `motion_dim=0`, else the same networks for the same time.

# %%
motion = presets.get("video", PRESET)
still = replace(motion, network_options={"motion_dim": 0})


class StopAfter(keras.callbacks.Callback):
    """Ends training after so many seconds of the processor; the first step, which builds the graph, is not counted."""

    start = None

    def on_train_batch_end(self, batch, logs=None):
        self.start = time.process_time() if self.start is None else self.start
        self.model.stop_training = time.process_time() - self.start > SECONDS


def train(preset):
    gan = preset.build(training, seed=0)
    batches = array_batches([training.videos, training.labels], preset.batch_size, seed=0)
    gan.fit(batches, epochs=1000, verbose=0, shuffle=False, callbacks=[StopAfter()])
    return gan


recipes = {"with motion": motion} if SMOKE else {"with motion": motion, "without motion": still}
gans = {title: train(recipe) for title, recipe in recipes.items()}
gan = gans["with motion"]
print(f"{gan.latent_dim} latents, {gan.generator.content_dim} of them for the content")
show(gan.generate(10, seed=1))

# %% [markdown]
# ### Turn one knob at a time
#
# First the content stays and the motion changes from row to row: one digit, several flights. Then the motion stays and the
# content and the label change: several digits on one flight.

# %%
latents, split = gan.latents_from(np.arange(4)).numpy(), -gan.generator.content_dim
one_content, one_motion = latents.copy(), latents.copy()
one_content[:, split:] = latents[0, split:]
one_motion[:, :split] = latents[0, :split]
show(gan.samples_from_latents(one_content, np.full(4, 3)).numpy())
show(gan.samples_from_latents(one_motion, np.array([0, 3, 4, 7])).numpy())

# %% [markdown]
# ## 3. A yardstick for motion
#
# The Frechet distance needs features, and the features must know of motion: a network that learned digits alone could say
# that a still photograph of a 3 is as good as a flying 3. So a small classifier in space and time learns on real clips to
# tell the digit *and* whether the frames are in order or were shuffled. Beside it stands a number that needs no network:
# the speed of the centre of brightness, in pixels a frame.
#
# The controls: held-out clips against training clips, which nobody beats but by luck or by copying; and real first frames
# that stand still, whose every frame is perfect.

# %%
real, unseen = (gan.codec.encode(part.videos).numpy() for part in (training, held_out))
recipe = Recipe((4, 8), 3, 16) if SMOKE else Recipe((16, 32, 64), 500, 64)
extractor = train_extractor(real, training.labels, recipe=recipe, directory=folder, kind=CLIPS)
quality = ImageQuality(extractor, unseen[:SAMPLES], control_images=real[:SAMPLES])
print(f"The classifier is right on {extractor.held_out_accuracy:.1%} of clips kept out of its training.")


def row(title, clips, labels):
    """A row of a table: the scores of clips in [-1, 1]."""
    found, in_order = named(quality.reader.read(clips).logits)
    brightness = (clips + 1) / 2
    return [
        title,
        f"{quality.score(clips).values['frechet']:.2f}",
        f"{np.mean(found == labels):.2f}",
        f"{in_order.mean():.2f}",
        f"{centre_speeds(brightness).mean():.2f}",
        f"{frame_differences(brightness).mean():.3f}",
    ]


asked = np.arange(SAMPLES) % 10
rows = [row(title, 2 * each.generate(SAMPLES) - 1, asked) for title, each in gans.items()]
first = np.repeat(real[:SAMPLES, :1], real.shape[1], axis=1)
rows.append(row("real first frames, still", first, training.labels[:SAMPLES]))
rows.append(row("real training clips", real[:SAMPLES], training.labels[:SAMPLES]))
head = ["", "Frechet distance", "agreement", "in order", "speed, pixels a frame", "change of a pixel"]
display(Markdown("\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *rows])))

# %% [markdown]
# *Agreement* is how often the classifier reads the digit that was asked for, *in order* how often it takes the frames for
# unshuffled ones; frames that are all alike may pass for such, so it is no measure of motion. The twin without motion makes
# photographs: its speed is 0. So short a training makes blobs that drift rather than digits, and one seed decides nothing: a
# difference of the two distances may be chance.
#
# The command line does all of this: `gan-keras train video --data moving_digits --out runs/clips`, then
# `gan-keras generate runs/clips -n 9 --label 3 --output threes.gif`. A folder of folders of frames serves as data as well.
