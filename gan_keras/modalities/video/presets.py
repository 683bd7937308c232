"""Presets of videos: networks that generate a clip as a volume, or frame by frame."""

import dataclasses
from typing import ClassVar

from gan_keras.modalities.image.presets import Scored
from gan_keras.modalities.preset import NON_SATURATING, Preset, relativistic
from gan_keras.modalities.settings import CHANNELS, at_least, one_of

_JUDGED_FRAMES = 3  # single frames per clip that MoCoGAN's image discriminator sees


def vgan_pair(video_shape, latent_dim, width, num_labels, dtype=None):
    """Convolutions in space and time on both sides."""
    from gan_keras import networks

    options = {"width": width, "num_labels": num_labels, "dtype": dtype}
    return networks.VGANGenerator(video_shape, latent_dim, **options), networks.VGANDiscriminator(video_shape, **options)


def mocogan_pair(video_shape, latent_dim, width, num_labels, motion_dim=10, dtype=None):
    """Separate content and motion: `latent_dim` numbers for the content, and those of the motion (see `MoCoGANGenerator`)."""
    from gan_keras import networks

    options = {"width": width, "num_labels": num_labels, "dtype": dtype}
    all_latents = latent_dim + (video_shape[0] + 1) * motion_dim
    generator = networks.MoCoGANGenerator(video_shape, all_latents, motion_dim, **options)
    return generator, networks.MoCoGANDiscriminator(video_shape, num_frames=min(_JUDGED_FRAMES, video_shape[0]), **options)


NETWORKS = {"vgan": vgan_pair, "mocogan": mocogan_pair}
"""Pairs of networks by name: functions `(video_shape, latent_dim, width, num_labels, **options)` -> generator, discriminator."""


@dataclasses.dataclass
class VideoPreset(Scored, Preset):
    """A recipe for a `GAN` of videos. Any field can be changed before `build`.

    Attributes besides those of every `Preset`:
        latent_dim: Size of the noise vector of a clip; for `"mocogan"`, of its content alone.
        network: A name in `NETWORKS`.
        width: Scales the filters of both networks.
        network_options: Further arguments of the pair: for `"mocogan"` `motion_dim`, 0 for clips that stand still.
        frames: Frames of a clip; 0 for those of the data, or for a length that suits films of several lengths.
        size: Pixels that frames are cropped and resized to; 0 for the data's own size, or 64 for films of other or large sizes.
        channels: 1 for grey, 3 for colour, 0 for the data's own.
        quality_every: Epochs between two scores, which choose the best weights; 0 for no scores. See `ImagePreset`.
        quality_samples: Clips generated per score, >= 6.
        quality_steps: Training steps of the small classifier that provides the features.
    """

    network: str = "mocogan"
    width: int = 16
    network_options: dict = dataclasses.field(default_factory=dict)
    frames: int = 0
    size: int = 0
    channels: int = 0
    quality_every: int = 0
    quality_samples: int = 200
    quality_steps: int = 300

    ranges: ClassVar[tuple] = (
        at_least(1, "width"),
        at_least(0, "size"),
        ("0 (those of the data) or at least 2", ("frames",), lambda value: value == 0 or value >= 2),
        CHANNELS,
        *Scored.quality_ranges,
        one_of(NETWORKS, "network"),
    )

    def build(self, videos, num_labels=None, seed=0):
        """Returns a compiled GAN: see `Recipe.build`.

        Args:
            videos: `gan_keras.data.Videos`, an array or a list that `load_videos` takes, or the shape `(frames, height, width,
                channels)` of a clip.
            num_labels: Number of labels that condition the clips, 0 for none; None for those of `videos`.
            seed: Seed of all weights and noise.
        """
        videos = self.data_of(videos)
        return self.build_conditional(videos, self.num_labels(videos) if num_labels is None else num_labels, seed)

    def codec(self, videos):
        from gan_keras.codecs import VideoCodec

        return VideoCodec(self.check_shape(tuple(getattr(videos, "video_shape", videos))))

    def networks(self, codec, num_labels):
        options = {**self.network_options, "dtype": self.precision}
        sizes = (codec.video_shape, self.latent_dim, self.width, num_labels)
        return self.made("network_options", NETWORKS[self.network], options, *sizes)

    def data_of(self, data):
        """`Videos` of an array or a list; see `load_videos`. `Videos` and shapes stay as they are."""
        from gan_keras.data import load_videos

        is_known = hasattr(data, "video_shape") or not hasattr(data, "shape") and all(isinstance(each, int) for each in data)
        return data if is_known else load_videos(data, self.frames or None, self.size or None, self.channels or None)

    def one_pass(self, data, seed):
        from gan_keras.data.arrays import array_batches

        columns = [data.videos, data.labels] if self.num_labels(data) else [data.videos]
        return array_batches(columns, self.batch_size, seed).take(len(data) // self.batch_size)  # whole batches

    def quality(self, training):
        """Distances to training clips on the features of a small classifier of labels and motion: see `ImagePreset.quality`."""
        from gan_keras.metrics.clip_extractor import CLIPS
        from gan_keras.metrics.extractor import Recipe, train_extractor
        from gan_keras.metrics.image_quality import ImageQuality
        from gan_keras.modalities.video.evaluation import some_clips

        clips = some_clips(training)
        pixels = self.codec(clips).encode(clips.videos).numpy()
        recipe = Recipe((16, 32, 64), self.quality_steps, 64)
        return ImageQuality(train_extractor(pixels, clips.labels, recipe=recipe, kind=CLIPS), pixels, split="training")

    def check_shape(self, video_shape):
        """Returns the shape; raises `ValueError` unless the networks generate clips of it."""
        from gan_keras.networks.image_base import clip_sizes

        return self.fitting(clip_sizes, video_shape, "size=24")

    def check_fields(self):
        super().check_fields()
        if self.augmentation is not None:
            raise ValueError(f"augmentation={self.augmentation!r}. Expected none: the augmentations are made for images.")


PRESETS = {
    "default": VideoPreset(
        "relativistic loss with R1 and R2 on mocogan's networks, which separate content and motion",
        network_options={"motion_dim": 16},
        latent_dim=48,
        batch_size=16,
        epochs=30,
        generator_ema=0.995,
        quality_every=5,
        **relativistic(gamma=1.0, learning_rate=1e-3, beta_2=0.99),
    ),
    "vgan": VideoPreset(
        "one stream: convolutions in space and time (width 64 in the paper)",
        network="vgan",
        latent_dim=100,
        epochs=20,
        generator_ema=0.995,
        quality_every=5,
        **NON_SATURATING,
    ),
    "mocogan": VideoPreset(
        "a recurrent network for motion, an image network for the frames (width 64 in the paper)",
        network_options={"motion_dim": 10},
        latent_dim=50,
        batch_size=32,
        epochs=20,
        generator_ema=0.995,
        quality_every=5,
        **NON_SATURATING,
    ),
    "tiny": VideoPreset(
        "a small mocogan for 2 epochs: trains in seconds, for tests and notebooks; its clips are poor",
        network_options={"motion_dim": 2},
        width=2,
        latent_dim=8,
        batch_size=8,
        epochs=2,
        steps_per_epoch=3,
        generator_ema=0.9,
        quality_every=1,
        quality_samples=20,
        quality_steps=3,
        **NON_SATURATING,
    ),
}
