"""BigGAN: spectral normalisation, self-attention, labels in every block: [Brock et al., 2018](https://arxiv.org/abs/1809.11096).

The latents are split into pieces. The first makes the smallest feature map. Each other piece is concatenated with the embedded
label, and scales and shifts the normalisations of a block. `GAN.generate(truncation=0.7)` trades variety for quality, as in the
paper.
"""

import keras
from keras import layers, ops

from gan_keras.networks.base import append_labels, require_labels
from gan_keras.networks.image_base import ImageGenerator, resolutions
from gan_keras.networks.layers import BatchNormalization, ModulatedBatchNormalization, SelfAttention2D, SpectralNormalization
from gan_keras.networks.residual import (
    SpectralDiscriminator,
    SpectralDownBlock,
    SpectralFirstDownBlock,
    SpectralPlainBlock,
    SpectralUpBlock,
)

_MAX_WIDENING = 16  # factor of `width` at the smallest feature maps
_EMBEDDING_DIM = 128  # of the labels' embedding, which all blocks share
_ATTENTION_SIZE = 64  # of the feature map with attention, in pixels; half the image if that is smaller


@keras.saving.register_keras_serializable(package="gan_keras")
class BigGANUpBlock(SpectralUpBlock):
    """`SpectralUpBlock` whose normalisations read a vector per sample: `call(inputs, vectors, training=False)`."""

    def normalization(self):
        return ModulatedBatchNormalization()


@keras.saving.register_keras_serializable(package="gan_keras")
class BigGANGenerator(ImageGenerator):
    """Latents `(batch, latent_dim)` to images in [-1, 1], `(batch, *image_shape)`, float32.

    Args:
        image_shape: `(size, size, channels)`; the size is 28 or a power of two from 16 to 256.
        latent_dim: Size of the latents, at least one for the start and one per block.
        width: Filters of the last block; 96 in the paper. They double towards the smaller feature maps, up to 16 times as
            many.
        num_labels: Number of labels that condition the batch normalisation; 0 for none.

    Raises:
        ValueError: If there are fewer latents than pieces.
    """

    def __init__(self, image_shape=(128, 128, 3), latent_dim=120, width=96, num_labels=0, **kwargs):
        super().__init__(image_shape, latent_dim, width, num_labels, **kwargs)
        first, *rest = resolutions(image_shape)
        filters = widened(width, rest[-1], first)
        if latent_dim <= len(rest):
            raise ValueError(f"latent_dim={latent_dim}. Expected at least {len(rest) + 1}: one for the start and one per block.")
        self.piece = latent_dim // (len(rest) + 1)  # the first piece also gets the remainder
        self.label_embedding = layers.Embedding(num_labels, _EMBEDDING_DIM) if num_labels else None
        self.project = SpectralNormalization(layers.Dense(first**2 * filters))
        self.reshape = layers.Reshape((first, first, filters))
        self.blocks = [BigGANUpBlock(widened(width, rest[-1], size)) for size in rest]
        self.attention, self.attention_at = SelfAttention2D(), rest.index(attention_size(image_shape))
        # As in the paper, the last normalisation has no labels.
        self.normalization = BatchNormalization(momentum=0.9, epsilon=1e-5)
        to_image = layers.Conv2D(image_shape[-1], 3, padding="same", activation="tanh", dtype="float32")
        self.to_image = SpectralNormalization(to_image)

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        start, *pieces = self.pieces(latents)
        features = self.reshape(self.project(start, training=training))
        for index, (block, piece) in enumerate(zip(self.blocks, pieces, strict=True)):
            features = block(features, append_labels(piece, self.label_embedding, labels), training=training)
            if index == self.attention_at:
                features = self.attention(features, training=training)
        return self.to_image(ops.relu(self.normalization(features, training=training)), training=training)

    def pieces(self, latents):
        """Splits latents into those of the start and those of each block."""
        ends = [self.latent_dim - self.piece * left for left in range(len(self.blocks), 0, -1)]
        return ops.split(latents, ends, axis=-1)


@keras.saving.register_keras_serializable(package="gan_keras")
class BigGANDiscriminator(SpectralDiscriminator):
    """Images in [-1, 1], `(batch, *image_shape)`, to logits `(batch, 1)`, float32.

    Args:
        image_shape: `(size, size, channels)`, as for `BigGANGenerator`.
        width: Filters of the first block; 96 in the paper. They double at each following one, up to 16 times as many.
        num_labels: Number of labels of the images, read by projection; 0 for none.
    """

    def __init__(self, image_shape=(128, 128, 3), width=96, num_labels=0, **kwargs):
        super().__init__(image_shape, width, num_labels, **kwargs)
        halved = resolutions(image_shape)[-2::-1]
        first, *rest = [widened(width, halved[0], size) for size in halved]
        downs = [SpectralFirstDownBlock(first), *[SpectralDownBlock(filters) for filters in rest]]
        self.blocks = [*downs, SpectralPlainBlock(downs[-1].filters)]
        self.attention, self.attention_at = SelfAttention2D(), halved.index(attention_size(image_shape))
        self.add_head(downs[-1].filters)

    def feature_map(self, samples, training):
        features = samples
        for index, block in enumerate(self.blocks):
            features = block(features, training=training)
            if index == self.attention_at:
                features = self.attention(features, training=training)
        return features

    def layers_by_depth(self):
        """For `gan_keras.freeze`: each block with the attention after it, then the layers of the logit."""
        blocks = [[block, self.attention] if index == self.attention_at else [block] for index, block in enumerate(self.blocks)]
        return [*blocks, self.head_layers()]


def widened(width, full_size, size):
    """Number of filters at a size: `width` at `full_size`, twice as many per halving, up to 16 times as many."""
    return width * min(_MAX_WIDENING, full_size // size)


def attention_size(image_shape):
    return min(_ATTENTION_SIZE, image_shape[0] // 2)
