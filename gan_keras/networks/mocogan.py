"""MoCoGAN separates a clip's content from its motion: [Tulyakov et al., 2017](https://arxiv.org/abs/1707.04993)."""

import keras
from keras import layers, ops

from gan_keras.networks.base import append_labels, require_labels
from gan_keras.networks.dcgan import doubling, down, downsampled, initializer, up, upsampled
from gan_keras.networks.image_base import VideoDiscriminator, VideoGenerator, clip_sizes
from gan_keras.networks.layers import BatchNormalization
from gan_keras.networks.vgan import ClipFeatures


@keras.saving.register_keras_serializable(package="gan_keras")
class MoCoGANGenerator(VideoGenerator):
    """Latents `(batch, latent_dim)` to clips in [-1, 1], `(batch, *video_shape)`, float32.

    A recurrent network turns noise per frame into motion. An image generator then renders each frame from its motion and from the
    content and label that all frames share. The first `motion_dim` latents are the recurrent network's initial state; the next
    `motion_dim` per frame are its inputs; the rest are the content.

    Args:
        video_shape: `(frames, size, size, channels)`: see `clip_sizes`.
        latent_dim: Size of the latents, more than `(frames + 1) * motion_dim`.
        motion_dim: Size of a frame's motion and of its noise; 10 in the paper. With 0 there is no motion: all frames of a clip
            are the same.
        width: Filters before the last convolution; 64 in the paper. They double towards the smaller feature maps, up to 8
            times as many.
        num_labels: Number of labels that condition the clips; their embedding is appended to the content. 0 for none.

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
                f">= 0 and more latents than the motion's {(self.frames + 1) * motion_dim}: raise latent_dim."
            )
        self.label_embedding = layers.Embedding(num_labels, self.content_dim) if num_labels else None
        self.motion = recurrent(motion_dim) if motion_dim else None
        self.painter = FramePainter(video_shape, width)

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        noise, content = latents[:, : -self.content_dim], latents[:, -self.content_dim :]
        content = append_labels(content, self.label_embedding, labels)
        codes = ops.repeat(ops.expand_dims(content, 1), self.frames, axis=1)
        if self.motion is not None:
            codes = ops.concatenate([codes, ops.cast(self.motion_of(noise), codes.dtype)], axis=-1)
        frames = self.painter(ops.reshape(codes, (-1, codes.shape[-1])), training=training)
        return ops.reshape(frames, (-1, *self.video_shape))

    def motion_of(self, noise):
        """Motion of each frame, `(batch, frames, motion_dim)`."""
        start, steps = noise[:, : self.motion_dim], noise[:, self.motion_dim :]
        return self.motion(ops.reshape(steps, (-1, self.frames, self.motion_dim)), initial_state=start)

    def get_config(self):
        return {**super().get_config(), "motion_dim": self.motion_dim}


def recurrent(units):
    """The motion's GRU. At first it mostly keeps its initial state and hardly reacts to noise, so that clips start smooth."""
    initial = {"kernel_initializer": initializer(), "bias_initializer": SlowStart()}
    return layers.GRU(units, return_sequences=True, unroll=True, **initial)


@keras.saving.register_keras_serializable(package="gan_keras")
class SlowStart(keras.initializers.Initializer):
    """GRU biases `(2, 3 * units)`: 2 for the update gate, which then keeps 88 % of the state, and 0 for the others."""

    def __call__(self, shape, dtype=None):
        is_kept = ops.arange(shape[1]) < shape[1] // 3
        row = ops.where(is_kept, 2.0, 0.0)
        return ops.cast(ops.stack([row, ops.zeros_like(row)]), dtype or "float32")


class FramePainter(layers.Layer):
    """DCGAN's generator, from codes `(batch, num)` to images in [-1, 1], `(batch, size, size, channels)`, float32."""

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
        return self.to_frame(upsampled(self, codes, training))


@keras.saving.register_keras_serializable(package="gan_keras")
class MoCoGANDiscriminator(VideoDiscriminator):
    """Clips in [-1, 1], `(batch, *video_shape)`, to logits `(batch, 1)`, float32: judges single frames and the motion.

    The logit is the sum of two: one of convolutions over single frames, one of convolutions over the whole clip. The paper judges
    one random frame. Here `num_frames` evenly spaced frames are judged and averaged, so that a clip has one logit.

    Args:
        video_shape: `(frames, size, size, channels)`: see `clip_sizes`.
        width: Filters of the first convolutions; 64 in the paper. They double at each following one, up to 8 times as many.
        num_labels: Number of labels of the clips ([projection](https://arxiv.org/abs/1802.05637)); 0 for none.
        num_frames: Number of frames judged one by one, from 1 to all.

    Raises:
        ValueError: If `num_frames` is below 1 or above the number of frames.
    """

    def __init__(self, video_shape=(16, 64, 64, 3), width=64, num_labels=0, num_frames=3, **kwargs):
        super().__init__(video_shape, width, num_labels, **kwargs)
        if not 1 <= num_frames <= video_shape[0]:
            raise ValueError(f"num_frames={num_frames} for clips of {video_shape[0]} frames. Expected 1 to {video_shape[0]}.")
        self.num_frames = num_frames
        self.clip_features, self.frame_features = ClipFeatures(video_shape, width), FrameFeatures(video_shape, width)
        self.add_head(self.clip_features.dim + self.frame_features.dim, kernel_initializer=initializer())

    def features(self, samples, training=False):
        """Inputs of the last layer: `(batch, num_features)`, of the clip and of the frames.

        A linear layer of concatenated features is the sum of a logit of each.
        """
        clips, frames = (judge(samples, training=training) for judge in (self.clip_features, self.features_of_frames))
        return ops.concatenate([clips, frames], axis=-1)

    def features_of_frames(self, samples, training):
        """Features of single frames, averaged over the frames."""
        spacing = self.video_shape[0] // self.num_frames
        chosen = samples[:, spacing // 2 :: spacing][:, : self.num_frames]
        frames = self.frame_features(ops.reshape(chosen, (-1, *self.video_shape[1:])), training=training)
        return ops.mean(ops.reshape(frames, (-1, self.num_frames, self.frame_features.dim)), axis=1)

    def get_config(self):
        return {**super().get_config(), "num_frames": self.num_frames}


class FrameFeatures(layers.Layer):
    """The convolutions of DCGAN's discriminator, from images `(batch, size, size, channels)` to features `(batch, dim)`."""

    def __init__(self, video_shape, width, **kwargs):
        super().__init__(**kwargs)
        sizes = clip_sizes(video_shape)
        filters = doubling(width, len(sizes) - 1)
        self.downs = [down(number, use_bias=index == 0) for index, number in enumerate(filters)]
        self.normalizations = [BatchNormalization(momentum=0.9, epsilon=1e-5) for _ in filters[1:]]
        self.flatten, self.dim = layers.Flatten(), sizes[0][1] ** 2 * filters[-1]

    def call(self, images, training=False):
        return downsampled(self, images, training)
