"""Content of the clip and motion of each frame apart: MoCoGAN, [Tulyakov et al., 2017](https://arxiv.org/abs/1707.04993)."""

import keras
from keras import layers, ops

from gan_keras.networks.dcgan import doubling, down, initializer, leaky, up
from gan_keras.networks.image_base import beside, check_labels, require_labels
from gan_keras.networks.layers import BatchNormalization
from gan_keras.networks.vgan import ClipFeatures
from gan_keras.networks.video_base import VideoDiscriminator, VideoGenerator, clip_sizes


@keras.saving.register_keras_serializable(package="gan_keras")
class MoCoGANGenerator(VideoGenerator):
    """Latents `(batch, latent_dim)` to clips in [-1, 1], `(batch, *video_shape)`, float32.

    A recurrent network turns noise of each frame into the motion; a network of images paints each frame from its motion and
    from the content and the label, which all frames share. Of the latents the first `motion_dim` are the state in which the
    recurrent network begins, then come `motion_dim` for each frame; the others are the content.

    Args:
        video_shape: `(frames, size, size, channels)`: see `clip_sizes`.
        latent_dim: Numbers of noise for a clip, more than `(frames + 1) * motion_dim`.
        motion_dim: Numbers of noise for the motion of a frame, and units of the recurrent network; the paper's is 10. 0 for no
            motion: every frame of a clip is the same.
        width: Filters before the last convolution; the paper's is 64. They double towards the smaller feature maps, up to 8
            times as many.
        num_labels: How many labels condition the clips, embedded and put beside the content; 0 for none.

    Raises:
        ValueError: If `motion_dim` is below 0 or leaves no latents for the content.
    """

    def __init__(self, video_shape=(16, 64, 64, 3), latent_dim=220, motion_dim=10, width=64, num_labels=0, **kwargs):
        super().__init__(video_shape, latent_dim, width, num_labels, **kwargs)
        self.motion_dim, self.frames = motion_dim, video_shape[0]
        self.content_dim = latent_dim - (self.frames + 1) * motion_dim
        if motion_dim < 0 or self.content_dim < 1:
            raise ValueError(
                f"motion_dim={motion_dim} and latent_dim={latent_dim} for clips of {self.frames} frames. Expected motion_dim "
                f">= 0 and latents beyond the motion's {(self.frames + 1) * motion_dim}: raise latent_dim."
            )
        self.label_embedding = layers.Embedding(num_labels, self.content_dim) if num_labels else None
        self.motion = recurrent(motion_dim, unroll=True) if motion_dim else None
        self.painter = FramePainter(video_shape, width)

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        motion, content = latents[:, : -self.content_dim], latents[:, -self.content_dim :]
        content = beside(content, self.label_embedding, labels)
        codes = ops.repeat(ops.expand_dims(content, 1), self.frames, axis=1)
        if self.motion is not None:
            codes = ops.concatenate([codes, ops.cast(self.moved(motion), codes.dtype)], axis=-1)
        frames = self.painter(ops.reshape(codes, (-1, codes.shape[-1])), training=training)
        return ops.reshape(frames, (-1, *self.video_shape))

    def moved(self, noise):
        """The motion of each frame, `(batch, frames, motion_dim)`."""
        start, steps = noise[:, : self.motion_dim], noise[:, self.motion_dim :]
        return self.motion(ops.reshape(steps, (-1, self.frames, self.motion_dim)), initial_state=start)

    def get_config(self):
        return {**super().get_config(), "motion_dim": self.motion_dim}


def recurrent(units, **options):
    """The network of the motion. At first it hears little of the noise of each frame and hardly forgets the state that it began
    in: clips start smooth."""
    initial = {"kernel_initializer": initializer(), "bias_initializer": SlowStart()}
    return layers.GRU(units, return_sequences=True, **initial, **options)


@keras.saving.register_keras_serializable(package="gan_keras")
class SlowStart(keras.initializers.Initializer):
    """Biases of a GRU, `(2, 3 * units)`: those of the gate that keeps the state are 2, by which it keeps 88 %, the others 0."""

    def __call__(self, shape, dtype=None):
        kept = ops.arange(shape[1]) < shape[1] // 3
        row = ops.where(kept, 2.0, 0.0)
        return ops.cast(ops.stack([row, ops.zeros_like(row)]), dtype or "float32")


class FramePainter(layers.Layer):
    """Codes `(batch, numbers)` to images in [-1, 1], `(batch, size, size, channels)`, float32: the generator of DCGAN.

    Args:
        video_shape: `(frames, size, size, channels)`: see `clip_sizes`.
        width: Filters before the last convolution.
    """

    def __init__(self, video_shape, width, **kwargs):
        super().__init__(**kwargs)
        (_, size), *larger = clip_sizes(video_shape)
        filters = list(reversed(doubling(width, len(larger))))
        self.project = layers.Dense(size**2 * filters[0], use_bias=False, kernel_initializer=initializer())
        self.reshape = layers.Reshape((size, size, filters[0]))
        self.ups = [up(number) for number in filters[1:]]
        self.normalizations = [BatchNormalization(momentum=0.9, epsilon=1e-5) for _ in filters]
        self.to_frame = up(video_shape[-1], use_bias=True, activation="tanh", dtype="float32")

    def call(self, codes, training=False):
        features = self.reshape(self.project(codes))
        features = ops.relu(self.normalizations[0](features, training=training))
        for convolution, normalization in zip(self.ups, self.normalizations[1:], strict=True):
            features = ops.relu(normalization(convolution(features), training=training))
        return self.to_frame(features)


@keras.saving.register_keras_serializable(package="gan_keras")
class MoCoGANDiscriminator(VideoDiscriminator):
    """Clips in [-1, 1], `(batch, *video_shape)`, to logits `(batch, 1)`, float32: one judge of frames and one of the motion.

    The logit is the sum of two, of convolutions over single frames and over the whole clip. The paper draws the frame at
    random; here `num_frames` of them, evenly spaced, are judged and averaged, so that a clip has one logit.

    Args:
        video_shape: `(frames, size, size, channels)`: see `clip_sizes`.
        width: Filters of the first convolutions; the paper's is 64. They double at each following one, up to 8 times as many.
        num_labels: How many labels the clips have ([projection](https://arxiv.org/abs/1802.05637)); 0 for none.
        num_frames: How many frames are judged one by one, from 1 to all.

    Raises:
        ValueError: If the clips have fewer than `num_frames`, or it is below 1.
    """

    def __init__(self, video_shape=(16, 64, 64, 3), width=64, num_labels=0, num_frames=3, **kwargs):
        super().__init__(video_shape, width, num_labels, **kwargs)
        if not 1 <= num_frames <= video_shape[0]:
            raise ValueError(f"num_frames={num_frames} for clips of {video_shape[0]} frames. Expected 1 to all of them.")
        self.num_frames = num_frames
        self.clip_features, self.frame_features = ClipFeatures(video_shape, width), FrameFeatures(video_shape, width)
        self.logit = layers.Dense(1, kernel_initializer=initializer(), dtype="float32")
        dim = self.clip_features.dim + self.frame_features.dim
        self.label_embedding = layers.Embedding(num_labels, dim, dtype="float32") if num_labels else None

    def call(self, samples, labels=None, training=False):
        check_labels(labels, self.num_labels)
        features = self.features(samples, training=training)
        # A linear layer of features side by side is the sum of a logit of each.
        return self.with_labels(self.logit(features), features, labels)

    def features(self, samples, training=False):
        """What the last layer reads: `(batch, numbers)`."""
        clips, frames = (judge(samples, training=training) for judge in (self.clip_features, self.of_frames))
        return ops.concatenate([clips, frames], axis=-1)

    def of_frames(self, samples, training):
        """Features of single frames, averaged over them."""
        spacing = self.video_shape[0] // self.num_frames
        chosen = samples[:, spacing // 2 :: spacing][:, : self.num_frames]
        frames = self.frame_features(ops.reshape(chosen, (-1, *self.video_shape[1:])), training=training)
        return ops.mean(ops.reshape(frames, (-1, self.num_frames, self.frame_features.dim)), axis=1)

    def get_config(self):
        return {**super().get_config(), "num_frames": self.num_frames}


class FrameFeatures(layers.Layer):
    """Images `(batch, size, size, channels)` to `dim` numbers each: the convolutions of DCGAN's discriminator.

    Args:
        video_shape: `(frames, size, size, channels)`: see `clip_sizes`.
        width: Filters of the first convolution.
    """

    def __init__(self, video_shape, width, **kwargs):
        super().__init__(**kwargs)
        sizes = clip_sizes(video_shape)
        filters = doubling(width, len(sizes) - 1)
        self.downs = [down(number, use_bias=index == 0) for index, number in enumerate(filters)]
        self.normalizations = [BatchNormalization(momentum=0.9, epsilon=1e-5) for _ in filters[1:]]
        self.flatten, self.dim = layers.Flatten(), sizes[0][1] ** 2 * filters[-1]

    def call(self, images, training=False):
        features = leaky(self.downs[0](images))
        for convolution, normalization in zip(self.downs[1:], self.normalizations, strict=True):
            features = leaky(normalization(convolution(features), training=training))
        return self.flatten(features)
