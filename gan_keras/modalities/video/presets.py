"""Presets of videos."""

import dataclasses
from typing import ClassVar

import keras

from gan_keras.codecs import VideoCodec
from gan_keras.gans.gan import GAN
from gan_keras.modalities.preset import Preset, relativistic
from gan_keras.networks import MoCoGANDiscriminator, MoCoGANGenerator, VGANDiscriminator, VGANGenerator
from gan_keras.networks.image_base import clip_sizes

_JUDGED_FRAMES = 3  # one by one


def vgan_pair(video_shape, latent_dim, width, num_labels, dtype=None):
    """Convolutions in space and time on both sides."""
    options = {"width": width, "num_labels": num_labels, "dtype": dtype}
    return VGANGenerator(video_shape, latent_dim, **options), VGANDiscriminator(video_shape, **options)


def mocogan_pair(video_shape, latent_dim, width, num_labels, motion_dim=10, dtype=None):
    """Content and motion apart: to the `latent_dim` numbers of the content come those of the motion, see `MoCoGANGenerator`."""
    options = {"width": width, "num_labels": num_labels, "dtype": dtype}
    all_latents = latent_dim + (video_shape[0] + 1) * motion_dim
    generator = MoCoGANGenerator(video_shape, all_latents, motion_dim, **options)
    return generator, MoCoGANDiscriminator(video_shape, num_frames=min(_JUDGED_FRAMES, video_shape[0]), **options)


NETWORKS = {"vgan": vgan_pair, "mocogan": mocogan_pair}
"""Pairs of networks by name: a function from the shape of a clip, latents, width and labels to both."""


@dataclasses.dataclass
class VideoPreset(Preset):
    """A recipe for a `GAN` of videos. Any field can be changed before `build`; see `Preset` for those that are not here.

    Attributes:
        latent_dim: Numbers of noise for a clip; of `"mocogan"` for its content, beside those of its motion.
        network: A name in `NETWORKS`.
        width: Scales the filters of both networks.
        network_options: Further arguments of the pair: of `"mocogan"` `motion_dim`, 0 for clips that stand still.
        frames: Frames that are kept of each clip, from its start; 0 for all.
        size: Pixels that frames are cropped and resized to; 0 for the data's own size.
        channels: 1 for grey, 3 for colour, 0 for what the data have.
    """

    network: str = "mocogan"
    width: int = 16
    network_options: dict = dataclasses.field(default_factory=dict)
    frames: int = 0
    size: int = 0
    channels: int = 0

    ranges: ClassVar[dict] = {
        "at least 1": (("width",), lambda value: value >= 1),
        "at least 0": (("size",), lambda value: value >= 0),
        "0 (those of the data) or at least 2": (("frames",), lambda value: value == 0 or value >= 2),
        "0 (that of the data), 1 (grey) or 3 (colour)": (("channels",), lambda value: value in (0, 1, 3)),
        f"one of {', '.join(NETWORKS)}": (("network",), lambda value: value in NETWORKS),
    }

    def build(self, videos, num_labels=None, seed=0):
        """A compiled `GAN` with a `VideoCodec`.

        Args:
            videos: `gan_keras.data.Videos`, or the shape `(frames, height, width, channels)` of a clip.
            num_labels: How many labels condition the clips, 0 for none; None for as many as `videos` have.
            seed: Of all weights and noise; Keras' global seed is set to it.

        Raises:
            ValueError: If a field is out of its range, or the networks do not make clips of that shape.
        """
        self.check()
        video_shape = tuple(getattr(videos, "video_shape", videos))
        self.check_shape(video_shape)
        num_labels = self.num_labels(videos) if num_labels is None else num_labels
        keras.utils.set_random_seed(seed)
        generator, discriminator = self.networks(video_shape, num_labels)
        gan = GAN(generator, discriminator, VideoCodec(video_shape), seed)
        gan.compile(**self.compile_options())
        return gan

    def networks(self, video_shape, num_labels):
        """The pair of networks."""
        build = NETWORKS[self.network]
        try:
            options = {**self.network_options, "dtype": self.precision}
            return build(video_shape, self.latent_dim, self.width, num_labels, **options)
        except TypeError as error:
            raise ValueError(f"network_options={self.network_options!r}: {error}. Expected some of {self.network}.") from error

    def check_shape(self, video_shape):
        """Raises `ValueError` unless the networks make clips of that shape."""
        try:
            clip_sizes(video_shape)
        except ValueError as error:
            raise ValueError(f"{error} The preset's field `size` does: `--set size=24`.") from error

    def check(self):
        super().check()
        if self.augmentation is not None:
            raise ValueError(f"augmentation={self.augmentation!r}. Expected none: those of this package are made for images.")


PRESETS = {
    "default": VideoPreset(
        "relativistic pairs with R1 and R2 on the networks of mocogan, which keep content and motion apart",
        network="mocogan",
        network_options={"motion_dim": 16},
        latent_dim=48,
        batch_size=16,
        epochs=30,
        generator_ema=0.995,
        **relativistic(gamma=1.0, learning_rate=1e-3, beta_2=0.99),
    ),
    "vgan": VideoPreset(
        "Vondrick et al., 2016, one stream: convolutions in space and time; the paper's width is 64",
        network="vgan",
        latent_dim=100,
        loss="non_saturating",
        beta_1=0.5,
        epochs=20,
        generator_ema=0.995,
    ),
    "mocogan": VideoPreset(
        "Tulyakov et al., 2017: a recurrent network for the motion, one of images for the frames; the paper's width is 64",
        network="mocogan",
        network_options={"motion_dim": 10},
        latent_dim=50,
        loss="non_saturating",
        beta_1=0.5,
        batch_size=32,
        epochs=20,
        generator_ema=0.995,
    ),
    "tiny": VideoPreset(
        "a small mocogan for 2 epochs: seconds, for tests and notebooks; its clips are poor",
        network="mocogan",
        network_options={"motion_dim": 2},
        width=2,
        latent_dim=8,
        loss="non_saturating",
        beta_1=0.5,
        batch_size=8,
        epochs=2,
        steps_per_epoch=3,
        generator_ema=0.9,
    ),
}
