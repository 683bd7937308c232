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
# # Sounds: what a GAN can see of them
#
# A second of telephone speech is 8,000 numbers in a row. A GAN can make those numbers themselves, or a picture of them
# and then the sound of the picture. This notebook makes tones both ways. It covers: loudness, spectrograms and mel
# bands; the way back from a picture to a sound, which has to invent what the picture does not show; phase shuffle; a
# classifier that says whether the tone asked for is the tone heard.

# %%
import os
import pathlib
import tempfile
import time
from dataclasses import replace

import gan_keras  # first, as it imports TensorFlow without its log

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from IPython.display import Audio, Image, Markdown, display

from gan_keras import codecs, data, modalities, presets
from gan_keras.callbacks import SampleSounds
from gan_keras.media import clip_grid, encode_gif, encode_png, film_strips, image_grid
from gan_keras.metrics import (
    CLIPS,
    ExtractorRecipe,
    ImageQuality,
    centre_speeds,
    classify_clips,
    frame_differences,
    train_extractor,
)

SMOKE = os.environ.get("GAN_KERAS_SMOKE") == "1"  # the tests run this notebook on tiny settings
LENGTH = 1024 if SMOKE else 2048
tf.config.threading.set_intra_op_parallelism_threads(1)
folder = pathlib.Path(tempfile.mkdtemp())
plt.rcParams.update({"figure.dpi": 72, "axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. The sounds
#
# `tones` are made by a formula: four timbres, which differ in how loud the multiples of the fundamental frequency are
# and in how fast a tone fades, each in a low and a high register. Pitch, beginning and end differ from tone to tone.
# Your own sounds are a folder of WAV files (sub-folders are labels), or arrays in a `.npz` file:
# `data.load_audio("recordings/", length=4096)`.

# %%
tones = data.load_audio("tones", length=LENGTH)
if SMOKE:
    tones, _ = data.split(tones, held_out=len(tones) - 80)
training, held_out = data.split_sounds(tones, seed=0)
print(data.describe_sounds(training))


def waveforms_of(sounds):
    """int16 samples as floats in [-1, 1], each as loud as can be."""
    return codecs.WaveformCodec(tones.sample_rate, LENGTH).encode(sounds).numpy()[..., 0]


def show(waveforms, columns=8):
    """Spectrograms: time to the right, pitch upwards, bright is loud."""
    display(Image(encode_png(image_grid(codecs.spectrogram_pictures(waveforms, tones.sample_rate), columns))))


def play(waveforms):
    """One sound after the other."""
    display(Audio(np.pad(waveforms, [(0, 0), (0, 400)]).ravel(), rate=tones.sample_rate, normalize=False))


one_of_each = waveforms_of(training.samples[[np.argmax(training.labels == label) for label in range(8)]])
print(", ".join(tones.label_names))
show(one_of_each)
play(one_of_each)

# %% [markdown]
# ## 2. A picture of a sound, and back
#
# Cut the sound into overlapping frames of 32 ms and ask how loud each frequency is in each frame: that is a
# spectrogram. The ear tells 100 from 120 Hz easily and 1,900 from 1,920 Hz not at all, so the frequencies are gathered
# into bands that widen upwards (*mel*), and loudness is taken on a logarithmic scale, as it is heard. A square of such
# numbers in $[-1, 1]$ is all that an image GAN needs.
#
# What is lost is the *phase*: where in its swing a wave is when a frame begins. The way back invents it (Griffin and
# Lim): begin with random phases, make the sound, look which phases *its* spectrogram has, keep those with the wanted
# loudness, and again. Below, the share of the loudness that is wrong falls with each round, but not to zero.

# %%
size = 16 if SMOKE else 32
for iterations in (0, 1) if SMOKE else (0, 1, 4, 16):
    codec = codecs.SpectrogramCodec(tones.sample_rate, LENGTH, size=size, iterations=iterations)
    wanted = codec.encode(one_of_each)
    found = codec.encode(codec.decode(wanted))
    print(f"{iterations:2} rounds: mean error {np.abs(found - wanted).mean() * codec.decibels / 2:.1f} decibels")
returned = codec.decode(wanted).numpy()
play(returned)

# %% [markdown]
# ## 3. Two GANs
#
# `default` makes spectrograms with the networks and the recipe of the image GANs (see `03_image_gan`). `wavegan` makes
# the samples themselves: one-dimensional convolutions with kernels of 25 samples, each of which makes the sound four
# times longer. Such layers leave a hum whose phase is the same in all sounds. A discriminator that found it would look
# no further, so its features are shifted in time by up to two steps at random: *phase shuffle*
# ([Donahue et al., 2019](https://arxiv.org/abs/1802.04208)).

# %%
STEPS = {"default": 500, "wavegan": 120}
if SMOKE:
    STEPS = {"default": 1}
SETTINGS = {
    "default": {"width": "2" if SMOKE else "16", "codec_options.size": str(size), "generator_ema": "0.99"},
    "wavegan": {"width": "2" if SMOKE else "8", "discriminator_steps": "1" if SMOKE else "5", "generator_ema": "0.99"},
}
trained = {}
for name, steps in STEPS.items():
    preset = presets.with_settings(presets.get("audio", name), {**SETTINGS[name], "batch_size": "8" if SMOKE else "32"})
    gan = preset.build(training, seed=0)
    batches = data.audio_batches(training, preset.batch_size, seed=0).repeat().take(steps)
    gan.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=[SampleSounds(folder / name, rows=8, columns=4)])
    trained[name] = gan
    display(Markdown(f"**{name}**: a row is a label, a column is a latent"))
    display(Image((folder / name / "epoch_001.png").read_bytes()))

# %% [markdown]
# Listen before reading a number: one tone of each label.

# %%
for name, gan in trained.items():
    display(Markdown(f"**{name}**"))
    play(gan.generate(8, seed=100))

# %% [markdown]
# ## 4. What the ear of a classifier says
#
# A classifier is trained on the spectrograms of *real* training tones. All sounds are heard as waveforms, whatever they
# were made from, and compared by its features. The GANs stand next to a baseline that needs no GAN, a Gaussian of the
# spectrograms of each label, turned into sound; and to real tones, which can be beaten only by luck or by copying.


# %%
def score(gan):
    """The scores of a GAN, of the Gaussian and of real tones: rows of a table, each with its title."""
    result = gan_keras.evaluate(gan, training, held_out, num=200, progress=None)
    samplers = [*result["samplers"].values(), result["real"]]
    return [
        [each["title"], *(f"{each['values'][name]:.4g}" if name in each["values"] else "-" for name in columns)]
        for each in samplers
    ]


os.environ["KERAS_HOME"] = str(folder)  # where the classifier is kept
columns = modalities.get("audio").columns  # titles of the scores by name
if SMOKE:
    print("Skipped: the classifier alone takes longer than a smoke test.")
else:
    tables = {name: score(gan) for name, gan in trained.items()}
    own = [[name, *rows[0][1:]] for name, rows in tables.items()]
    lines = [["", *columns.values()], ["---"] * (len(columns) + 1), *own, *tables["default"][1:]]
    display(Markdown("\n".join("| " + " | ".join(line) + " |" for line in lines)))

# %% [markdown]
# What the table says: the pictures of `default` look right, three of four tones are heard as what was asked for, and still the
# Gaussian, which has seen every training tone, is better by each score: tones are so much alike within a label that a mean and
# a covariance say nearly all. 120 updates of WaveGAN make a hum without any label: waveforms take hours, not seconds. That
# is what a baseline is there to tell.

# %% [markdown]
# # Video: what is seen, and how it moves
#
# A clip is a stack of images, so a GAN of images with one more axis makes clips: that is VGAN. MoCoGAN asks for more. Who
# walks and how he walks are two things; a generator should have two knobs for them. This half shows the second idea on
# digits that fly about: the two parts of its noise, what each of them changes, and how clips are measured.
#
# Two GANs train for 50 seconds each of one processor core.

# %%
PRESET, SECONDS, SAMPLES = ("tiny", 1.0, 20) if SMOKE else ("default", 50.0, 300)

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
# the whole clip by convolutions in space and time. To this package the latents are one vector, which the generator splits
# into its parts, so seeds, saving and serving need not know about it.
#
# Its twin without the motion trains next to it: `motion_dim=0`, otherwise the same networks for the same time.

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
    gan.fit(preset.batches(gan, training), epochs=1000, verbose=0, shuffle=False, callbacks=[StopAfter()])
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
# The Frechet distance needs features, and the features must know about motion: a network that learned digits alone could say
# that a still photograph of a 3 is as good as a flying 3. So a small classifier in space and time learns on real clips to
# tell the digit *and* whether the frames are in order, were shuffled, or are one frame that stands still. Another number
# needs no network: the speed of the centre of brightness, in pixels per frame.
#
# The controls: held-out clips against training clips, which can be beaten only by luck or by copying; and real first frames
# that stand still, where every frame is perfect.

# %%
real, unseen = (gan.codec.encode(part.videos).numpy() for part in (training, held_out))
recipe = ExtractorRecipe((4, 8), 3, 16) if SMOKE else ExtractorRecipe((16, 32, 64), 500, 64)  # widths, steps, batch
extractor = train_extractor(real, training.labels, recipe=recipe, directory=folder, kind=CLIPS)
quality = ImageQuality(extractor, unseen[:SAMPLES], control_images=real[:SAMPLES])
print(f"The classifier is right on {extractor.held_out_accuracy:.1%} of clips kept out of its training.")


def row(title, clips, labels):
    """A row of a table: the scores of clips in [-1, 1]."""
    found, in_order = classify_clips(quality.reader.read(clips).logits)
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
# *Agreement* is how often the classifier reads the digit that was asked for, *in order* how often it takes a clip for one that
# moves, neither shuffled nor stopped. (It has to tell ten digits and three motions from a few flying pixels: by chance it would
# be right on 3 %.) The twin without motion makes photographs: its speed is 0, and it is as far away as real first frames that
# stand still, where every frame is perfect. Such a short training makes blobs that fly rather than digits: the agreement is
# hardly above chance. This is one seed; `benchmarks/video.md` has more, and trains for four minutes.
#
# The command line does all of this: `gan-keras train video --data moving_digits --out runs/clips`, then
# `gan-keras generate runs/clips -n 9 --label 3 --output threes.gif`. A folder of folders of frames serves as data as well.
#
# The first thing to try is more time, the second your own clips.
