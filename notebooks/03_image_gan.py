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
# # Images: from DCGAN to R3GAN, one trick at a time
#
# Ten years of image GANs are a list of tricks against one trouble: the two players turn in circles or one of them
# runs away (see `01_first_gan`). This notebook climbs from the recipe of DCGAN (2015) to that of R3GAN (2025) in five
# steps, *on the same networks and for equal processor time*, and measures what each step buys. It covers: a
# yardstick for images and the controls that it needs; the ladder of recipes; the average of the generator; walks
# between latents; truncation; and the check for copies.
#
# It takes about three minutes on one processor core. The digits are small and there is one seed: the figures hold
# for this budget and these data, and small differences between them are chance.

# %%
import os
import pathlib
import tempfile
import time
from dataclasses import replace

from gan_keras import codecs, data, presets  # first, as it imports TensorFlow without its log

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from IPython.display import Image, Markdown, display

from gan_keras.callbacks import Interpolation, Quality, SampleGrid
from gan_keras.media import encode_png, image_grid
from gan_keras.metrics import ExtractorRecipe, ImageQuality, PixelGaussian, memorisation, train_extractor
from gan_keras.penalties import R1, R2, Lazy

SMOKE = os.environ.get("GAN_KERAS_SMOKE") == "1"  # the tests run this notebook on tiny settings
WIDTH, BATCH, SAMPLES = (4, 8, 40) if SMOKE else (16, 64, 500)
tf.config.threading.set_intra_op_parallelism_threads(1)
folder = pathlib.Path(tempfile.mkdtemp())
plt.rcParams.update({"figure.dpi": 72, "axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. The data
#
# 1,797 digits of scikit-learn, enlarged to 16 x 16. 500 are held out: no network ever sees them. The codec turns bytes
# into numbers in $[-1, 1]$ inside the graph, and back.

# %%
training, held_out = data.split_images(data.load_images("digits"), held_out=500, seed=0)
if SMOKE:
    training, _ = data.split_images(training, held_out=len(training) - 60)
codec = codecs.ImageCodec(training.image_shape)
real, unseen = (codec.encode(part.images).numpy() for part in (training, held_out))
print(data.describe_images(training))


def show(images, columns=20):
    """Images in [-1, 1] as a grid."""
    display(Image(encode_png(image_grid(np.clip((np.asarray(images) + 1) / 2, 0, 1), columns))))


show(real[:40])

# %% [markdown]
# ## 2. The yardstick
#
# Losses say nothing about quality. What does? Not pixels: a digit moved by one pixel is the same digit but another image.
# So a small classifier is trained on the real training digits, and images are compared by the features of its
# second-to-last layer:
#
# - **Frechet distance**: each set of features is taken for a Gaussian; $\lVert m - n \rVert^2 +
#   \mathrm{tr}(C + D - 2 (CD)^{1/2})$, 0 is best. With the Inception network's features it is the FID; with others it
#   is not, and its scale is another.
# - **Precision**: the share of generated images that lie among real ones. **Recall**: the share of real images that
#   lie among generated ones. A generator that repeats one good digit has precision 1 and recall 0.
# - **Agreement**: how often the classifier reads the digit that was asked for.
#
# All depend on the number of images, 500 here, so they mean something only next to two references: **real digits** that
# no network has seen, which can be beaten only by luck or by copying, and a **baseline** that needs no GAN: a Gaussian of
# the pixels of each class.

# %%
recipe = ExtractorRecipe((4, 8), 5, 16) if SMOKE else ExtractorRecipe((16, 32, 64), 400, 64, 3e-3)  # widths, steps, batch, rate
extractor = train_extractor(real, training.labels, seed=0, recipe=recipe, directory=folder)
quality = ImageQuality(extractor, real, control_images=unseen)
print(f"The classifier is right on {extractor.held_out_accuracy:.1%} of digits kept out of its training.")

asked = np.arange(SAMPLES) % 10  # each digit equally often, as `generate` does
COLUMNS = ("frechet", "precision", "recall")


def row(title, images, labels=asked):
    """A row of a table: the scores of images, and how often the classifier reads the label that was asked for."""
    values = quality.score(images).values
    agreement = np.mean(np.argmax(extractor(images)["logits"], axis=1) == labels)
    return [title, *(f"{values[name]:.2f}" for name in COLUMNS), f"{agreement:.2f}"]


def table(*rows):
    lines = [["", "Frechet distance", "precision", "recall", "agreement"], ["---"] * 5, *rows]
    display(Markdown("\n".join("| " + " | ".join(line) + " |" for line in lines)))


gaussian = PixelGaussian(real, training.labels).sample(SAMPLES, labels=asked)
floor = row("Gaussian of the pixels of each class", gaussian)
ceiling = row("unseen real digits", unseen[:SAMPLES], held_out.labels[:SAMPLES])
table(floor, ceiling)
show(gaussian[:20])

# %% [markdown]
# ## 3. The ladder
#
# All five rungs train DCGAN's networks: convolutions with batch normalisation, of width 16, which know the label. Only
# the recipe changes, one thing per rung:
#
# 1. [**DCGAN**](https://arxiv.org/abs/1511.06434): $L_G = \mathbb E\,\mathrm{softplus}(-D(G(z)))$, and Adam with rate
#    0.0002 and `beta_1=0.5`.
# 2. **A faster Adam**: rate 0.001, five times as much, `beta_1=0`, `beta_2=0.99`.
# 3. **Relativistic pairs** ([Jolicoeur-Martineau, 2018](https://arxiv.org/abs/1807.00734)): $L_D = \mathbb
#    E\,\mathrm{softplus}(D(G(z)) - D(x))$. Only the difference between a real and a generated image counts.
# 4. **$R_1$** ([Mescheder et al., 2018](https://arxiv.org/abs/1801.04406)): $\frac\gamma2\,\mathbb E\,\lVert \nabla D(x)
#    \rVert^2$ on real images, which keeps the discriminator from becoming ever steeper.
# 5. **$R_2$**: the same on generated images. This is the recipe of [R3GAN](https://arxiv.org/abs/2501.05441), and, at
#    half the rate, the default of this package.
#
# A penalty is a gradient of a gradient and costs nearly as much as the update itself. `Lazy` applies it at every fourth
# update, four times as strong ([StyleGAN2](https://arxiv.org/abs/1912.04958)). The epochs are chosen so that each rung
# gets about the same processor time. A preset is a recipe; `replace` turns it into another one.

# %%
FAST = {"beta_2": 0.99}
dcgan = replace(presets.get("image", "dcgan"), width=WIDTH, latent_dim=32, batch_size=BATCH, generator_ema=0.99)
fast = replace(
    dcgan,
    generator_learning_rate=1e-3,
    discriminator_learning_rate=1e-3,
    beta_1=0.0,
    generator_options=FAST,
    discriminator_options=FAST,
)
paired = replace(fast, loss="relativistic_paired")
with_r1 = replace(paired, penalties=[Lazy(R1(gamma=0.1), interval=4)])
with_r2 = replace(paired, penalties=[Lazy(R1(gamma=0.1), interval=4), Lazy(R2(gamma=0.1), interval=4)])

LADDER = {  # a recipe and its epochs: dearer updates, fewer epochs
    "1 DCGAN": (dcgan, 54),
    "2 faster Adam": (fast, 54),
    "3 relativistic pairs": (paired, 54),
    "4 with R1": (with_r1, 48),
    "5 with R1 and R2": (with_r2, 42),
}
EVERY = 1 if SMOKE else 6  # epochs from one score to the next
if SMOKE:
    LADDER = {name: (LADDER[name][0], 1) for name in ("1 DCGAN", "5 with R1 and R2")}


class Stopwatch(keras.callbacks.Callback):
    """Logs the processor seconds of training, without the callbacks and the first epoch, which builds the graph."""

    seconds = 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds += time.process_time() - self.start if epoch else 0.0
        logs["seconds"] = self.seconds


def train(name):
    """Trains a rung of the ladder."""
    preset, epochs = LADDER[name]
    gan = preset.build(training, seed=0)
    callbacks = [
        Stopwatch(),
        Quality(quality, SAMPLES, every=EVERY, restore_best_weights=False),
        SampleGrid(folder / name, columns=20, every=EVERY),
        Interpolation(folder / name, pairs=5, steps=20),
    ]
    batches = data.image_batches(training, BATCH, seed=0)
    return gan, gan.fit(batches, epochs=epochs, verbose=0, shuffle=False, callbacks=callbacks).history


trained = {name: train(name) for name in LADDER}

# %% [markdown]
# ### How they learn
#
# The dotted line is the Gaussian of the pixels, the dashed one unseen real digits. The last picture shows how sure the
# discriminator is: 0 where it cannot tell real from generated.

# %%
figure, axes = plt.subplots(1, 4, figsize=(16, 3.6), layout="constrained")
for name, (_, history) in trained.items():
    seconds = history["seconds"]
    for axis, score in zip(axes, COLUMNS, strict=False):
        axis.plot(seconds[EVERY - 1 :: EVERY], history[f"val_{score}"], ".-", label=name)
    axes[3].plot(seconds, np.subtract(history["d_real"], history["d_fake"]), label=name)
for axis, title in zip(axes, (*COLUMNS, "mean logit of real - of generated"), strict=True):
    axis.set(title=title, xlabel="processor seconds of training")
axes[0].set(yscale="log", title="Frechet distance (log scale)")
for axis, value, control in zip(axes, floor[1:], ceiling[1:4], strict=False):
    axis.axhline(float(value), color="grey", linestyle=":")  # the Gaussian of the pixels
    axis.axhline(float(control), color="black", linestyle="--")  # unseen real digits
axes[0].legend(fontsize=8)
plt.show()

# %% [markdown]
# ### Where they end, and the average of the generator
#
# The players never stand still, so the last generator is one point of a walk around the solution. The average of its
# weights over the last updates, `ema_generator`, is nearer to the middle: one line in the training step. `generate`
# uses it. Here is each generator twice, live and averaged, with the same latents.

# %%
FIRST = 10**6  # seed of the first image, as `Quality` has it
seeds = tf.range(SAMPLES, dtype=tf.int64) + FIRST


def averaged(gan, **options):
    return codec.encode(gan.generate(SAMPLES, seed=FIRST, **options)).numpy()


def live(gan):
    return gan.generator(gan.latents_from(seeds), gan.labels_from(seeds)).numpy()


fakes = {name: averaged(gan) for name, (gan, _) in trained.items()}
rows = []
for name, (gan, _) in trained.items():
    rows += [row(f"{name}: live", live(gan)), row(f"{name}: averaged", fakes[name])]
table(*rows, floor, ceiling)
print("Processor seconds:", {name: round(history["seconds"][-1]) for name, (_, history) in trained.items()})

# %% [markdown]
# ### What each trick buys
#
# Other work ran on the same cores, so seconds vary by a fifth: the last rung got 24 of them, the others 20. At 20
# seconds its curve is at 0.40.
#
# - **1 DCGAN** starts slowly and climbs steadily, to 0.36. Its digits are good (precision 0.80) and too much alike: recall
#   0.66, where real digits have 0.97.
# - **2 The faster Adam alone** learns in six seconds what DCGAN learns in fifteen (0.50), and then gets *worse*, to 1.03.
#   The last picture shows why: the discriminator grows ever surer of itself, and the variety goes. Speed is not the
#   obstacle, stability is.
# - **3 Relativistic pairs without a penalty** do not help, they harm: the logits part further still, and recall falls
#   from 0.79 to 0.05. A precision of 0.92 at that recall is mode collapse within each digit: see the pictures.
# - **4 $R_1$** turns it round. The difference of the logits falls and stays near 0.3, recall is 0.88, and the distance
#   goes down instead of up. After 15 seconds it hardly moves, at 0.45.
# - **5 $R_2$** costs time: for 18 seconds this rung is *behind* the fourth. Then it passes it and still falls at the end:
#   0.33 and recall 0.91, of the five rungs the best in both.
# - **The average** does little for DCGAN (0.40 to 0.36), whose steps are small. For the penalised rungs it is everything:
#   1.62 to 0.45 and 1.40 to 0.33. A high rate keeps the live generator shaking, and only the average shows what it has
#   learned.
#
# So the tricks work together and not alone: a high rate needs the penalties, and both need the average. At this
# budget the sum is not *sooner* than DCGAN in the Frechet distance: 0.40 against 0.36 at 20 seconds is a draw for one
# seed. What it buys is variety: recall 0.9 against 0.7. In precision DCGAN stays ahead.
#
# Compared with the baseline: DCGAN and the two penalised rungs beat the Gaussian's distance (0.60), rungs 2 and 3 do not. No GAN
# here reaches its recall, 0.97; its precision, 0.69, is beaten by rungs 1 to 3 and not by the penalised ones. And all are
# far from the distance of real digits, 0.10.
#
# **And R3GAN's own networks?** They have residual blocks without any normalisation: `presets.get("image", "r3gan")`. On a
# processor an update of them costs several times as much as one of DCGAN's networks (on MNIST 3.5 times: see
# `benchmarks/images.md`), too much for a row in the table. They are for longer training; their recipe is rung 5.
#
# The pictures: a row is a digit that was asked for, a column is a latent.

# %%
for name in LADDER:
    display(Markdown(f"**{name}**"))
    display(Image(max((folder / name).glob("epoch_*.png")).read_bytes()))

# %% [markdown]
# Nearly each row of each rung is the digit asked for: the label is learned first. In the third rung nearly all images of
# a row are one image. In the first two they differ little. The last two have several ways to write a digit, slant and
# thickness among them, and pay with noisier strokes, above all in the 8.
#
# ### Watching it learn
#
# `SampleGrid` drew the same latents again and again, and wrote `animation.gif` next to them. The 6 and the 7 of the last
# rung:

# %%
last = list(LADDER)[-1]
frames = sorted((folder / last).glob("epoch_*.png"))
figure, axes = plt.subplots(len(frames[:5]), 1, figsize=(11, 1.3 * len(frames[:5])), layout="constrained", squeeze=False)
for axis, path in zip(axes[:, 0], frames, strict=False):
    axis.imshow(plt.imread(path)[204:270], cmap="grey")  # the rows of 6 and 7: 32 pixels each, and their gaps
    axis.set(title=path.stem.replace("_", " "), xticks=[], yticks=[])
plt.show()

# %% [markdown]
# The slant of a column is there after six epochs and stays; the strokes come later: variety first, sharpness after, as
# the curves of precision and recall say.
#
# ## 4. Walks between latents
#
# A row holds the label and moves the latent from one draw to another along an arc: latents of a normal distribution
# lie near a sphere, which a straight line would leave ([White, 2016](https://arxiv.org/abs/1609.04468)). A generator
# that had learned its training images by heart would jump from one to the next.

# %%
for name in ("1 DCGAN", last):
    display(Markdown(f"**{name}**"))
    display(Image((folder / name / "interpolation.png").read_bytes()))

# %% [markdown]
# Both change gradually, without a jump. The last rung's 3 is blurred along its whole walk.
#
# ## 5. Truncation: fidelity for variety
#
# Latents near 0 are the commonest, and make the most typical images. Drawing each number of a latent from the part of the
# normal distribution within a limit buys precision and pays with recall ([Brock et al.,
# 2018](https://arxiv.org/abs/1809.11096)). No training is needed: it is a choice made at generation time.

# %%
gan = trained[last][0]
truncated = {limit: averaged(gan, truncation=limit) for limit in (0.25, 0.5, 1.0, 2.0, None)}
table(*(row(f"latents within {limit}" if limit else "all latents", images) for limit, images in truncated.items()))
for limit in (0.25, 1.0, None):
    display(Markdown(f"latents within {limit}" if limit else "all latents"))
    show(truncated[limit][:40])

# %% [markdown]
# From top to bottom precision falls and recall rises: one generator, five points on a curve. Within 0.5 nearly every image
# of a digit is the same image: precision 0.98, recall 0.03. Within 2 the distance, 0.27, is the best of this notebook:
# it costs little variety (0.88 instead of 0.91) and drops the worst strokes (0.77 instead of 0.69). This choice after
# training buys half of what $R_2$ bought. Hence compare generators at equal truncation, or compare curves.
#
# ## 6. Does it copy?
#
# A generator that returns its training images scores well on all of the above. So for each generated image the nearest
# *training* image is looked up, and the distance is compared with that of digits that were never seen. Those come near
# to training digits by chance alone: 5 % of them lie below the threshold, by its definition. More among the generated
# would be copies. The second number is the median distance, divided by that of unseen digits.

# %%
read = quality.reader.read
found = {}
for name, images in {**fakes, "Gaussian of the pixels": gaussian, "training digits": real[:SAMPLES]}.items():
    found[name] = memorisation(read(images).features, read(real).features, read(unseen).features)
    print(f"{name:24} near a training digit: {found[name].share:.3f}, distance beside unseen digits: {found[name].ratio:.2f}")

nearest_first = np.argsort(found[last].distances)[:20]
show(np.concatenate([fakes[last][nearest_first], real[found[last].nearest[nearest_first]]]))

# %% [markdown]
# No rung copies: 0.2 to 0.8 % are near a training digit, where chance gives 5 %, and the distances are at least those of
# unseen digits. The check itself works, as the last line shows. A ratio well above 1 is no merit: the Gaussian's blurs have
# the highest. The picture shows the last rung's 20 digits nearest to the training data, above the training digit that
# each is nearest to. Nearly half are zeros, the easiest digit; the pairs are alike, as typical digits are, and not equal.
#
# ## What to remember
#
# - Show a score next to those of real data and of a baseline that is no GAN.
# - One number hides whether quality or variety is missing: read precision and recall too.
# - A high rate learns fast and then falls apart; $R_1$ and $R_2$ hold it. The relativistic loss without them collapses.
# - Average the generator: with a high rate it matters more than anything else.
# - Truncation trades variety for quality after training. Check for copies with data that nobody has seen.
#
# **Try it yourself:** twice the epochs for rungs 1 and 5; `interval=1`, for penalties at each update; `generator_ema=0.999`,
# too slow for so short a training; `loss="non_saturating"` with both penalties, which shows what the pairs are worth; three
# seeds and `gan_keras.metrics.mean_over_seeds`, which says how certain a difference is.
