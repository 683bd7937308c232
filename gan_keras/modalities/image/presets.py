"""Presets of images: a pair of networks by name, and the numbers of the papers."""

import dataclasses
from typing import ClassVar

from gan_keras.modalities.preset import NON_SATURATING, Preset, adam, gradient_penalty, relativistic
from gan_keras.modalities.settings import CHANNELS, at_least, one_of

MIN_SCORED, MAX_SCORED = 50, 5000  # training samples that epochs are compared with


def dense_pair(image_shape, latent_dim, width, num_labels, dtype=None):
    """Two hidden layers each: the pair of first tutorials."""
    from gan_keras import networks

    options = {"num_labels": num_labels, "dtype": dtype}
    generator = networks.MLPGenerator(image_shape, latent_dim, (width, 2 * width), activation="tanh", **options)
    return generator, networks.MLPDiscriminator((2 * width, width), **options)


def from_moments(moments, latent_dim, width):
    """Dense layers that correct draws from the `privacy.NoisedMoments` of the images."""
    from gan_keras import networks

    generator = networks.MomentsGenerator.from_moments(moments, noise_dim=latent_dim, units=(width, width))
    return generator, networks.MLPDiscriminator((width, width // 2), generator.num_labels)


def pair_of(paper):
    """Returns the function that builds the generator and the discriminator of a paper, such as `"DCGAN"`."""

    def build(image_shape, latent_dim, width, num_labels, **options):
        from gan_keras import networks

        generator, discriminator = (getattr(networks, f"{paper}{player}") for player in ("Generator", "Discriminator"))
        sizes = {"width": width, "num_labels": num_labels, **options}
        return generator(image_shape, latent_dim, **sizes), discriminator(image_shape, **sizes)

    return build


NETWORKS = {
    "mlp": dense_pair,
    "dcgan": pair_of("DCGAN"),
    "wgan_gp": pair_of("WGANGP"),
    "sngan": pair_of("SNGAN"),
    "biggan": pair_of("BigGAN"),
    "r3gan": pair_of("R3GAN"),
    "moments": from_moments,
}
"""Pairs of networks by name: functions `(image_shape, latent_dim, width, num_labels, **options)` -> generator, discriminator.

`"moments"`, of a private training, takes noised moments, `latent_dim` and `width`."""

WITH_BATCH_NORMALIZATION = ("dcgan",)
"""Names of networks whose discriminator mixes the images of a batch."""


class Scored:
    """Scores epochs by their distance to training samples and keeps the best one: for presets of images, sounds and clips.

    A preset adds the fields `quality_every`, `quality_samples` and `quality_steps`, and the method `quality(training)`, which
    returns an `ImageQuality`.
    """

    quality_ranges: ClassVar[tuple] = (at_least(1, "quality_steps"), at_least(0, "quality_every"), at_least(6, "quality_samples"))

    def callbacks(self, training, held_out=None):
        """Adapts the augmentation, and keeps the epoch closest to the training samples. Held-out samples stay unseen."""
        from gan_keras.callbacks import AdaptiveAugmentation, Quality

        found = [AdaptiveAugmentation()] if self.augmentation is not None else []
        if self.quality_every and self.can_be_scored(training):
            found.append(Quality(self.quality(training), self.quality_samples, every=self.quality_every))
        return found

    def can_be_scored(self, training):
        """Returns whether a classifier can learn from the training samples."""
        return len(training) >= MIN_SCORED


@dataclasses.dataclass
class ImagePreset(Scored, Preset):
    """A recipe for a `GAN` of images. Any field can be changed before `build`.

    Attributes besides those of every `Preset`:
        network: A name in `NETWORKS`.
        width: Scales the filters of both networks; for `"mlp"`, the units of the narrower hidden layer.
        network_options: Further arguments of both networks.
        size: Pixels that images are cropped and resized to; 0 for the data's own size.
        channels: 1 for grey, 3 for colour, 0 for the data's own.
        quality_every: Epochs between two quality scores, which choose the best weights; 0 for no scores: the last weights
            stay. `--minutes` increases it if scoring would take long.
        quality_samples: Images generated per score, >= 6.
        quality_steps: Training steps of the small classifier of real images that provides the features.
    """

    network: str = "r3gan"
    width: int = 32
    network_options: dict = dataclasses.field(default_factory=dict)
    size: int = 0
    channels: int = 0
    quality_every: int = 5
    quality_samples: int = 1000
    quality_steps: int = 300

    ranges: ClassVar[tuple] = (
        at_least(1, "width"),
        at_least(0, "size"),
        CHANNELS,
        *Scored.quality_ranges,
        one_of(NETWORKS, "network"),
    )

    def build(self, images, num_labels=None, seed=0):
        """Returns a compiled GAN: see `Recipe.build`.

        Args:
            images: `gan_keras.data.Images`, an array or a list that `load_images` takes, or the shape `(height, width, channels)`
                of an image.
            num_labels: Number of labels that condition the images, 0 for none; None for those of `images`.
            seed: Seed of all weights and noise.
        """
        images = self.data_of(images)
        return self.build_conditional(images, self.num_labels(images) if num_labels is None else num_labels, seed)

    def build_conditional(self, images, num_labels, seed):
        if self.network != "moments":
            return super().build_conditional(images, num_labels, seed)
        import keras

        from gan_keras.gans.gan import GAN

        self.check()
        if not hasattr(images, "image_shape"):
            raise ValueError(
                f"Got the shape {images} for network='moments'. Expected images, whose noised moments it begins from."
            )
        moments = self.released_of(images, num_labels)
        keras.utils.set_random_seed(seed)
        networks = from_moments(moments, self.latent_dim, self.width)
        gan = GAN(*networks, self.codec(images), seed, label_names=images.label_names if num_labels else None)
        gan.compile(**self.compile_options(), privacy=self.privacy_of(images, moments))
        return gan

    def release(self, images, num_labels=None):
        """Returns `privacy.NoisedMoments` of images."""
        from gan_keras.modalities.image.evaluation import noised_moments

        num_labels = self.num_labels(images) if num_labels is None else num_labels
        epsilon, delta = self.released_share * self.epsilon, self.delta_of(len(images))
        return noised_moments(images, self.codec(images), epsilon, delta, num_labels)

    def private_rows(self, data):
        """See `Preset.private_rows`; files are read as they are drawn."""
        import numpy as np

        from gan_keras.data import image_batches
        from gan_keras.data.sample_set import part_of

        data = self.with_used_labels(data)
        labels = () if data.labels is None else (data.labels,)
        if isinstance(data.images, np.ndarray):
            return (data.images, *labels)

        def read(rows):
            if not len(rows):
                return (np.zeros((0, *data.image_shape), np.uint8), *(each[:0] for each in labels))
            (batch,) = image_batches(part_of(data, rows, {}), len(rows), shuffle=False)
            return tuple(part.numpy() for part in (batch if labels else (batch,)))

        return read

    def codec(self, images):
        from gan_keras.codecs import ImageCodec

        return ImageCodec(self.check_shape(tuple(getattr(images, "image_shape", images))))

    def networks(self, codec, num_labels):
        options = {**self.network_options, "dtype": self.precision}
        sizes = (codec.image_shape, self.latent_dim, self.width, num_labels)
        return self.made("network_options", NETWORKS[self.network], options, *sizes)

    def data_of(self, data):
        """`Images` of an array or a list; see `load_images`. `Images` and shapes stay as they are."""
        from gan_keras.data import load_images

        is_known = hasattr(data, "image_shape") or not hasattr(data, "shape") and all(isinstance(each, int) for each in data)
        return data if is_known else load_images(data, self.size or None, self.channels or None)

    def one_pass(self, data, seed):
        from gan_keras.data import image_batches

        return image_batches(self.with_used_labels(data), self.batch_size, seed)

    def can_be_scored(self, training):
        """Also needs labels, or square images, whose rotations it learns."""
        return super().can_be_scored(training) and (
            training.labels is not None or training.image_shape[0] == training.image_shape[1]
        )

    def quality(self, training):
        """Distances to training images on the features of a small classifier.

        Held-out images take no part, so that a later evaluation against them stays fair.
        """
        from gan_keras.data.image.images import some_images
        from gan_keras.metrics.extractor import Recipe, train_extractor
        from gan_keras.metrics.image_quality import ImageQuality
        from gan_keras.modalities.image.evaluation import in_memory_part, tensors_of

        images = in_memory_part(some_images(training, MAX_SCORED))
        pixels, labels = tensors_of(images, self.codec(images))
        recipe = Recipe((16, 32, 64), self.quality_steps, 64)
        return ImageQuality(train_extractor(pixels, labels, recipe=recipe), pixels, split="training")

    def check_shape(self, image_shape):
        """Returns the shape; raises `ValueError` unless the networks generate images of it."""
        from gan_keras.networks.image_base import resolutions

        return image_shape if self.network in ("mlp", "moments") else self.fitting(resolutions, image_shape, "size=32")

    def check_fields(self):
        super().check_fields()
        private = "Expected the private preset, with an epsilon above 0: `--preset private --epsilon 10`"
        begins = self.network == "moments"
        if begins != bool(self.released_share) or begins and not self.epsilon:
            raise ValueError(
                f"network={self.network!r} with epsilon={self.epsilon:g}, released_share={self.released_share:g}. {private}: its "
                "network 'moments' begins from statistics that a share in (0, 1) of epsilon pays for; other networks need "
                "released_share=0."
            )
        if not self.epsilon:
            return
        if self.network in WITH_BATCH_NORMALIZATION:
            problem = f"network={self.network!r}, whose discriminator mixes the images of a batch. {private}, or network='mlp'"
        elif self.loss.startswith("relativistic"):
            problem = f"loss={self.loss!r}, by which real images reach the generator. {private}, or loss='non_saturating'"
        elif self.quality_every:
            problem = (
                f"quality_every={self.quality_every}, whose scores compare with private images. {private}, or quality_every=0"
            )
        else:
            return
        raise ValueError(f"epsilon={self.epsilon:g} with {problem}.")


PRESETS = {
    "default": ImagePreset(
        "relativistic loss with R1 and R2, as in r3gan, on dcgan's networks, which learn faster",
        network="dcgan",
        **relativistic(gamma=0.1, learning_rate=5e-4, beta_2=0.99),
    ),
    "mlp": ImagePreset(
        "dense layers with tanh and leaky ReLU, without labels: the GAN of a first tutorial",
        network="mlp",
        width=256,
        latent_dim=100,
        conditional=False,
        **NON_SATURATING,
    ),
    "dcgan": ImagePreset(
        "convolutions with batch normalization (width 128 in the paper)",
        network="dcgan",
        latent_dim=100,
        batch_size=128,
        **NON_SATURATING,
    ),
    "wgan_gp": ImagePreset(
        "residual networks, Wasserstein loss with gradient penalty (width 128 in the paper)",
        network="wgan_gp",
        latent_dim=128,
        discriminator_steps=5,
        **gradient_penalty(),
        **adam(1e-4, beta_2=0.9),
    ),
    "sngan": ImagePreset(
        "residual networks, spectral normalization, hinge loss (widths 256 and 128 in the paper)",
        network="sngan",
        latent_dim=128,
        loss="hinge",
        discriminator_steps=5,
        **adam(2e-4, beta_2=0.9),
    ),
    "biggan": ImagePreset(
        "small: conditional batch normalization, self-attention, projection (width 96 in the paper)",
        network="biggan",
        width=16,
        loss="hinge",
        generator_learning_rate=1e-4,
        discriminator_learning_rate=4e-4,
        discriminator_steps=2,
    ),
    "r3gan": ImagePreset(
        "relativistic loss with R1 and R2, no tricks (width 768 in the paper)",
        width=64,
        network_options={"blocks": 1, "full_width_size": 8},
        **relativistic(gamma=1.0, learning_rate=2e-3, beta_2=0.9),
    ),
    "private": ImagePreset(
        "differential privacy: dense layers that begin from noised moments per class, which a private discriminator corrects",
        network="moments",
        width=256,
        latent_dim=16,
        batch_size=512,
        epochs=30,
        steps_per_epoch=100,
        discriminator_steps=3,
        quality_every=0,
        patience=0,
        epsilon=10.0,
        released_share=0.5,
        generator_learning_rate=1e-4,
        discriminator_learning_rate=1e-3,
        **NON_SATURATING,
    ),
    "tiny": ImagePreset(
        "a small DCGAN for 4 epochs: trains in seconds, for tests and notebooks; its images are poor",
        network="dcgan",
        width=4,
        latent_dim=8,
        epochs=4,
        steps_per_epoch=4,
        generator_ema=0.9,
        quality_every=2,
        quality_samples=20,
        quality_steps=3,
        **NON_SATURATING,
    ),
}
