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
# # Images: from DCGAN to R3GAN
#
# Ten years of image GANs are a list of tricks against one trouble: the two players turn in circles or one of them
# runs away (see `01_first_gan`). This notebook trains four milestones on small handwritten digits, on one processor
# core, and measures what each gains *here*. You will meet: a yardstick for images and the control that it needs; four
# recipes in one table; the average of the generator; walks between latents; asking for a label; truncation; and the
# check for copies.
#
# The training is short, minutes instead of days, and one seed. So the figures are about this budget and these digits:
# at so little training the oldest recipe wins, and section 3 says why that is no verdict on the others.

# %%
import os
import pathlib
import tempfile
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # TensorFlow's start-up notes, not its errors in Python

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from IPython.display import Image, Markdown, display

import gan_keras
from gan_keras import codecs, data, networks
from gan_keras.callbacks import Interpolation, SampleGrid
from gan_keras.metrics.extractor import Recipe, train_extractor
from gan_keras.metrics.image_quality import ImageQuality
from gan_keras.metrics.memorisation import memorisation
from gan_keras.penalties import R1, R2, GradientPenalty
from gan_keras.pictures import encode_png, image_grid

SMOKE = os.environ.get("GAN_KERAS_SMOKE") == "1"  # the tests run this notebook on tiny settings
WIDTH, LATENT_DIM, BATCH, SAMPLES = (8, 8, 8, 40) if SMOKE else (16, 32, 32, 500)
tf.config.threading.set_intra_op_parallelism_threads(1)
folder = pathlib.Path(tempfile.mkdtemp())
plt.rcParams.update({"figure.dpi": 72, "axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. The data
#
# 1,797 digits of scikit-learn, enlarged to 16 x 16. A tenth is held out: no network ever sees it. The codec turns
# bytes into numbers in $[-1, 1]$ inside the graph, and back.

# %%
training, held_out = data.split_images(data.load_images("digits"), seed=0)
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
# Losses do not tell quality. What does? Not pixels: a digit moved by one pixel is the same digit and another image.
# So a small classifier is trained on the real training digits, and images are compared by the features of its last
# layer but one:
#
# - **Frechet distance**: each set of features is taken for a Gaussian; $\lVert m - n \rVert^2 +
#   \mathrm{tr}(C + D - 2 (CD)^{1/2})$, 0 is best. With the Inception network's features it is the FID; with others it
#   is not, and its scale is another.
# - **Precision**: the share of generated images that lie among real ones. **Recall**: the share of real images that
#   lie among generated ones. A generator that repeats one good digit has precision 1 and recall 0.
# - **Agreement**: how often the classifier reads the digit that was asked for.
#
# All depend on the number of images, so they mean something only beside two others: real digits that no network has
# seen (the **control**, what nobody beats but by luck), and a **baseline** anyone can have without a GAN: a Gaussian
# of the pixels of each class.

# %%
recipe = Recipe(widths=(4, 8), steps=5, batch_size=16) if SMOKE else Recipe((16, 32, 64), 400, 64, 3e-3)
extractor = train_extractor(real, training.labels, seed=0, recipe=recipe)
quality = ImageQuality(extractor, real, training.labels, control_images=unseen)
asked = np.arange(SAMPLES) % 10
COLUMNS = ("frechet", "precision", "recall")
print(f"The classifier is right on {extractor.held_out_accuracy:.1%} of digits kept out of its training.")


def pixel_gaussian(seed=0):
    """Images of a normal distribution of the pixels of each class."""
    random, drawn = np.random.default_rng(seed), []
    for digit in asked:
        pixels = real[np.asarray(training.labels) == digit].reshape(-1, real[0].size)
        weights = random.normal(size=len(pixels)) / np.sqrt(len(pixels) - 1)
        drawn.append(pixels.mean(axis=0) + weights @ (pixels - pixels.mean(axis=0)))
    return np.clip(np.reshape(drawn, (-1, *real.shape[1:])), -1, 1).astype(np.float32)


def agreement(images):
    return np.mean(np.argmax(extractor(images)["logits"], axis=1) == asked)


def row(title, images, *cells):
    """A row of a table: the scores of images, then more cells."""
    values = quality.score(images).values
    cells = [f"{values[name]:.2f}" for name in COLUMNS] + [f"{agreement(images):.2f}", *cells]
    return f"| {title} | {' | '.join(cells)} |"


def table(rows, *titles):
    titles = ["", *COLUMNS, "agreement", *titles]
    display(Markdown("\n".join([f"| {' | '.join(titles)} |", "|---" * len(titles) + "|", *rows])))


gaussian = pixel_gaussian()
controls = quality.score(gaussian).values
table([row("Gaussian of pixels", gaussian), row("uniform noise", np.random.default_rng(0).uniform(-1, 1, gaussian.shape))])
print("control:", {name: round(controls[f"control_{name}"], 2) for name in COLUMNS})
show(gaussian[:20])

# %% [markdown]
# ## 3. Four milestones
#
# - [**DCGAN**](https://arxiv.org/abs/1511.06434), 2015: convolutions with batch normalisation in both networks;
#   $L_G = \mathbb E\,\mathrm{softplus}(-D(G(z)))$.
# - [**WGAN-GP**](https://arxiv.org/abs/1704.00028), 2017: the discriminator's slope is held at 1 between real and
#   fake; $L_D = \mathbb E D(G(z)) - \mathbb E D(x) + 10\,\mathbb E (\lVert \nabla D \rVert - 1)^2$.
# - [**SNGAN**](https://arxiv.org/abs/1802.05957), 2018: each weight is divided by its largest singular value, $W /
#   \sigma(W)$, which costs no more than a product; hinge loss.
# - [**R3GAN**](https://arxiv.org/abs/2501.05441), 2025: real against fake in pairs and a zero-centred penalty on
#   both, without normalisation; $L_D = \mathbb E\,\mathrm{softplus}(D(G(z)) - D(x)) + R_1 + R_2$.
#
# All know the label: the generator by an embedding or its normalisation, the discriminator by projection. All are of
# width 16, far below the papers', and use Adam. The number of epochs differs, because an update differs in cost: a
# penalty is a gradient of a gradient. DCGAN gets many cheap updates, R3GAN few dear ones.

# %%
RECIPES = {
    "DCGAN": ("DCGAN", "non_saturating", [], 1, keras.optimizers.Adam(1e-3, beta_1=0.5), 30),
    "WGAN-GP": ("WGANGP", "wasserstein", [GradientPenalty(10.0)], 2, keras.optimizers.Adam(5e-4, beta_1=0.0), 8),
    "SNGAN": ("SNGAN", "hinge", [], 1, keras.optimizers.Adam(5e-4, beta_1=0.0), 12),
    "R3GAN": ("R3GAN", "relativistic_paired", [R1(0.5), R2(0.5)], 1, keras.optimizers.Adam(1e-3, beta_1=0.0), 8),
}

if SMOKE:
    RECIPES = {name: RECIPES[name] for name in ("DCGAN", "R3GAN")}


def train(name, seed=0):
    """Trains a recipe; returns the GAN and the seconds that it took, the first epoch's compilation included."""
    paper, loss, penalties, discriminator_steps, optimizer, epochs = RECIPES[name]
    keras.utils.set_random_seed(seed)
    generator = getattr(networks, f"{paper}Generator")(training.image_shape, latent_dim=LATENT_DIM, width=WIDTH, num_labels=10)
    discriminator = getattr(networks, f"{paper}Discriminator")(training.image_shape, width=WIDTH, num_labels=10)
    gan = gan_keras.GAN(generator, discriminator, codec, seed=seed)
    copies = [optimizer.from_config(optimizer.get_config()) for _ in range(2)]
    gan.compile(*copies, loss, penalties, discriminator_steps=discriminator_steps, generator_ema=0.99)
    callbacks = [SampleGrid(folder / name, columns=20), Interpolation(folder / name, pairs=5, steps=20)]
    start, batches = time.monotonic(), data.image_batches(training, BATCH, seed=seed)
    gan.fit(batches, epochs=1 if SMOKE else epochs, shuffle=False, verbose=0, callbacks=callbacks)
    return gan, time.monotonic() - start


trained = {name: train(name) for name in RECIPES}

# %% [markdown]
# ### The average of the generator
#
# The players never stand still, so the last generator is one point of a circle. The average of its weights over the
# last updates, `ema_generator`, is nearer to the centre: it costs one line in the training step and nothing else.
# `generate` uses it. Here is each generator twice, live and averaged, with the same latents.

# %%
latents = tf.constant(np.random.default_rng(1).normal(size=(SAMPLES, LATENT_DIM)), tf.float32)


def images_of(generator, latents=latents):
    return np.clip(
        np.concatenate([generator(z, y) for z, y in zip(tf.split(latents, 5), np.split(asked, 5), strict=True)]), -1, 1
    )


fakes = {name: images_of(gan.ema_generator) for name, (gan, _) in trained.items()}
rows = []
for name, (gan, seconds) in trained.items():
    steps, cost = int(gan.generator_optimizer.iterations), f"{seconds:.0f}"
    rows.append(row(f"{name}, live", images_of(gan.generator), f"{steps:,}", cost))
    rows.append(row(f"{name}, averaged", fakes[name], f"{steps:,}", cost))
table([*rows, row("Gaussian of pixels", gaussian, "", "")], "updates", "seconds")
print("control:", {name: round(controls[f"control_{name}"], 2) for name in COLUMNS})

# %% [markdown]
# ### Reading the table
#
# The seconds were taken beside other work on the same cores, so take them as ratios.
#
# - **DCGAN** is the only one that is trained when the time is up: a digit that was asked for is read as such 92 times in
#   100. Its Frechet distance only equals that of the Gaussian of pixels, for opposite reasons: DCGAN is precise (0.90
#   against 0.62; unseen digits have 0.93) and lacks variety (recall 0.44 against 0.96). One number cannot tell these
#   two apart.
# - **Averaging** takes DCGAN from 1.44 to 0.83 for nothing. For the three others it makes the distance *worse*: their
#   generators are still on their way, and an average lags behind.
# - **WGAN-GP and SNGAN** do not heed the label yet (agreement 0.11 and 0.15, where guessing gives 0.10). Their generators
#   know it only through the scale and shift of the normalisation, which starts equal for all labels; DCGAN and R3GAN
#   have an embedding beside the latents, which differs from the first step on.
# - **R3GAN** made 400 updates, a quarter of DCGAN's, in three times the time: each has two penalties, gradients of
#   gradients, on a network without normalisation that starts slowly. It heeds the label and has not found its shapes.
#   What the paper claims for it is what comes after long training, no collapse and no late decay, and a few hundred
#   updates cannot show that; section 6 of `01_first_gan` shows it on points.
#
# So at four minutes on one core the cheap update decides. What the later tricks buy is *length*: training that can go on.

# %%
for name in RECIPES:
    display(Markdown(f"**{name}**: a row is a digit that was asked for, a column is a latent"))
    display(Image(max((folder / name).glob("epoch_*.png")).read_bytes()))

# %% [markdown]
# DCGAN's columns share a latent but hardly a style: neighbours in a row are alike, which is the low recall, seen. In the
# rows of WGAN-GP and SNGAN nothing changes from label to label: the latent decides all.

# %% [markdown]
# ### Watching it learn
#
# `SampleGrid` drew the same latents after every epoch, and wrote `animation.gif` beside them. Three of DCGAN's
# epochs, two digits each:

# %%
frames = sorted((folder / "DCGAN").glob("epoch_*.png"))
chosen = [frames[index] for index in sorted({0, len(frames) // 6, len(frames) - 1})]
figure, axes = plt.subplots(len(chosen), 1, figsize=(11, 1.4 * len(chosen)), layout="constrained", squeeze=False)
for axis, path in zip(axes[:, 0], chosen, strict=True):
    axis.imshow(plt.imread(path)[204:270], cmap="grey")  # two rows of 32 pixels and their gaps
    axis.set(title=path.stem.replace("_", " "), xticks=[], yticks=[])
plt.show()

# %% [markdown]
# ## 4. Walks between latents
#
# A row holds the label and moves the latent from one draw to another along an arc: latents of a normal distribution
# lie near a sphere, which a straight line would leave ([White, 2016](https://arxiv.org/abs/1609.04468)). A generator
# that had learned its training images by heart would jump from one to the next.

# %%
for name in ("DCGAN", "R3GAN"):
    display(Markdown(f"**{name}**"))
    display(Image((folder / name / "interpolation.png").read_bytes()))

# %% [markdown]
# DCGAN's rows change little from end to end, for want of variety, and without a jump. R3GAN's change more, between blurs.
#
# ## 5. Truncation: fidelity for variety
#
# Latents near 0 are the commonest, and make the most typical images. Shrinking all latents by a factor $\psi < 1$
# buys precision and pays with recall ([Brock et al., 2018](https://arxiv.org/abs/1809.11096) draw from a truncated
# normal instead, for the same end). No training is needed: it is a choice at the time of use.

# %%
FACTORS = (0.25, 0.5, 0.75, 1.0, 1.25)
best = min(fakes, key=lambda name: quality.score(fakes[name]).values["frechet"])
truncated = {factor: images_of(trained[best][0].ema_generator, factor * latents) for factor in FACTORS}
table([row(f"{best}, latents times {factor}", images) for factor, images in truncated.items()])
for factor in (0.25, 1.0):
    display(Markdown(f"latents times {factor}"))
    show(truncated[factor][:40])

# %% [markdown]
# From top to bottom precision falls and recall rises: one generator, five points on a curve. At 0.25 nearly every image of
# a digit is the same image: precision 0.97, recall 0. This generator lacks variety, so *stretching* its latents to
# 1.25 even brings the best distance. Hence compare generators at equal truncation, or compare curves.
#
# ## 6. Does it copy?
#
# A generator that returns its training images scores well on all of the above. So for each generated image the
# nearest *training* image is looked up, and the distance is compared with that of digits that were never seen. Those
# come near to training digits by chance alone: 5 % of them lie below the threshold by its definition. More among the
# generated would be copies.

# %%
read = quality.reader.read
rows, found = [], {}
for name, images in {**fakes, "Gaussian of pixels": gaussian, "training digits": real[:SAMPLES]}.items():
    found[name] = memorisation(read(images).features, read(real).features, read(unseen).features)
    rows.append(f"| {name} | {found[name].share:.3f} | {found[name].held_out_share:.3f} | {found[name].ratio:.2f} |")
titles = ["", "near a training digit", "of unseen digits", "median distance / that of unseen digits"]
display(Markdown("\n".join([f"| {' | '.join(titles)} |", "|---" * 4 + "|", *rows])))

nearest_first = np.argsort(found[best].distances)[:20]
display(
    Markdown(f"{best}: the 20 generated digits nearest to the training data, above the training digit that each is nearest to")
)
show(np.concatenate([fakes[best][nearest_first], real[found[best].nearest[nearest_first]]]))

# %% [markdown]
# DCGAN's digits are as far from the training data as unseen digits are (ratio 1.02), and 0.8 % of them are near, where
# chance gives 5 %: no sign of copies. The check itself works, as the last row shows. A ratio well above 1 is no merit:
# blurs are far from everything. The nearest pairs, above, are alike as typical digits are.
#
# ## What to remember
#
# - Show a score with its control and with a baseline that is no GAN.
# - One number hides whether quality or variety is missing: read precision and recall beside it.
# - Average the generator, once it circles rather than climbs.
# - Compare recipes at equal time *and* look at where each stands: one that is not yet trained has not lost.
# - Truncation trades variety for quality after training. Check for copies with data that nobody has seen.
#
# **Try it yourself:** more epochs for R3GAN; `width=32`; `discriminator_steps=5` for WGAN-GP as in its paper;
# `generator_ema=0.9`; three seeds and `gan_keras.metrics.summary.summarise`, which says how sure a difference is.
