"""What the networks of videos have in common: their arguments, a place for labels, and the sizes that a clip passes."""

from keras import layers, ops

from gan_keras.networks.base import Discriminator, Generator
from gan_keras.networks.image_base import projection

LEAST_FRAMES = 2
_SMALLEST, _SIZES = 4, tuple(sorted(base << power for base in (3, 4) for power in (2, 3, 4, 5)))


class VideoGenerator(Generator):
    """Base of generators of clips in [-1, 1], `(batch, *video_shape)`, float32.

    Args:
        video_shape: `(frames, size, size, channels)`: see `clip_sizes`.
        latent_dim: Numbers of noise for a clip.
        width: Scales the filters of all layers.
        num_labels: How many labels condition the clips; 0 for none.
    """

    def __init__(self, video_shape, latent_dim, width, num_labels, **kwargs):
        super().__init__(latent_dim, **kwargs)
        self.video_shape, self.width, self.num_labels = tuple(video_shape), width, num_labels

    def build_from_config(self, config):
        # Keras would build a loaded network without labels, which a network made for labels refuses.
        self(ops.zeros((1, self.latent_dim)), ops.zeros((1,), "int32") if self.num_labels else None)

    def get_config(self):
        return {**super().get_config(), **video_config(self)}


class VideoDiscriminator(Discriminator):
    """Base of discriminators of clips in [-1, 1], `(batch, *video_shape)`, to logits `(batch, 1)`, float32.

    Args:
        video_shape: `(frames, size, size, channels)`: see `clip_sizes`.
        width: Scales the filters of all layers.
        num_labels: How many labels the clips have, read by projection; 0 for none.
    """

    def __init__(self, video_shape, width, num_labels, **kwargs):
        super().__init__(**kwargs)
        self.video_shape, self.width, self.num_labels = tuple(video_shape), width, num_labels
        self.input_spec = layers.InputSpec(shape=(None, *self.video_shape))

    def with_labels(self, logits, features, labels):
        """Logits plus the projection of `features` on the embedded labels, where the network has labels."""
        if not self.num_labels:
            return logits
        return logits + projection(features, self.label_embedding, labels, self.num_labels)

    def get_config(self):
        return {**super().get_config(), **video_config(self)}


def video_config(network):
    return {name: getattr(network, name) for name in ("video_shape", "width", "num_labels")}


def clip_sizes(video_shape):
    """Frames and pixels from the first feature map to the clip, such as `((3, 3), (3, 6), (6, 12), (12, 24))`.

    Each step doubles the pixels, down to 3 or 4, and the frames where their number is even and above 2.

    Args:
        video_shape: `(frames, height, width, channels)` of square clips.

    Raises:
        ValueError: If there are fewer than 2 frames, or the clips are not square or of another size.
    """
    frames, size = video_shape[:2]
    if len(video_shape) != 4 or video_shape[2] != size or size not in _SIZES or frames < LEAST_FRAMES:
        raise ValueError(
            f"video_shape={tuple(video_shape)}. Expected (frames, size, size, channels), {LEAST_FRAMES} frames or more, with a "
            f"size of {', '.join(map(str, _SIZES))}: resize the clips."
        )
    sizes = [(frames, size)]
    while size > _SMALLEST:
        frames, size = frames // 2 if frames % 2 == 0 and frames > 2 else frames, size // 2
        sizes.insert(0, (frames, size))
    return tuple(sizes)
