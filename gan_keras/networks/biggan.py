"""Spectral normalisation in both networks, self-attention, labels everywhere: [Brock et al., 2018](https://arxiv.org/abs/1809.11096).

The latents are cut into pieces: the first makes the smallest feature map, each of the others, beside the embedded label,
scales and shifts the normalisations of a block. `GAN.generate(truncation=0.7)` trades variety for quality as in the paper.
"""

import keras
from keras import layers, ops

from gan_keras.networks.image_base import ImageGenerator, beside, require_labels, resolutions
from gan_keras.networks.layers import BatchNormalization, ModulatedBatchNormalization, SelfAttention2D, SpectralNormalization
from gan_keras.networks.residual import (
    SpectralDiscriminator,
    SpectralDownBlock,
    SpectralFirstDownBlock,
    SpectralPlainBlock,
    SpectralUpBlock,
)

_WIDEST = 16  # times `width`, at the smallest feature maps
_EMBEDDING = 128  # numbers of a label's embedding, which all blocks share
_ATTENTION = 64  # pixels of the feature map that attention works on; in smaller images half the image


@keras.saving.register_keras_serializable(package="gan_keras")
class BigGANUpBlock(SpectralUpBlock):
    """`SpectralUpBlock` whose normalisations read a vector of each sample: `call(inputs, vectors, training=False)`."""

    def normalization(self):
        return ModulatedBatchNormalization()


@keras.saving.register_keras_serializable(package="gan_keras")
class BigGANGenerator(ImageGenerator):
    """Latents `(batch, latent_dim)` to images in [-1, 1], `(batch, *image_shape)`, float32.

    Args:
        image_shape: `(size, size, channels)`; a size of 28 or a power of two from 16 to 256.
        latent_dim: Numbers of noise for an image, at least one for each block and the start.
        width: Filters of the last block, the paper's is 96. They double towards the smaller feature maps, up to 16 times
            as many.
        num_labels: How many labels condition the batch normalisation; 0 for none.

    Raises:
        ValueError: If there are fewer latents than pieces.
    """

    def __init__(self, image_shape=(128, 128, 3), latent_dim=120, width=96, num_labels=0, **kwargs):
        super().__init__(image_shape, latent_dim, width, num_labels, **kwargs)
        first, *rest = resolutions(image_shape)
        filters = widened(width, rest[-1], first)
        if latent_dim <= len(rest):
            raise ValueError(f"latent_dim={latent_dim}. Expected at least {len(rest) + 1}: a piece for the start and each block.")
        self.piece = latent_dim // (len(rest) + 1)  # the first piece has what is left over too
        self.label_embedding = layers.Embedding(num_labels, _EMBEDDING) if num_labels else None
        self.project = SpectralNormalization(layers.Dense(first**2 * filters))
        self.reshape = layers.Reshape((first, first, filters))
        self.blocks = [BigGANUpBlock(widened(width, rest[-1], size)) for size in rest]
        self.attention, self.attention_at = SelfAttention2D(), rest.index(attention_size(image_shape))
        # The last normalisation has no condition, as in the paper.
        self.normalization = BatchNormalization(momentum=0.9, epsilon=1e-5)
        to_image = layers.Conv2D(image_shape[-1], 3, padding="same", activation="tanh", dtype="float32")
        self.to_image = SpectralNormalization(to_image)

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        start, *pieces = self.pieces(latents)
        features = self.reshape(self.project(start, training=training))
        for index, (block, piece) in enumerate(zip(self.blocks, pieces, strict=True)):
            features = block(features, beside(piece, self.label_embedding, labels), training=training)
            if index == self.attention_at:
                features = self.attention(features, training=training)
        return self.to_image(ops.relu(self.normalization(features, training=training)), training=training)

    def pieces(self, latents):
        """The latents of the start, then those of each block."""
        ends = [self.latent_dim - self.piece * left for left in range(len(self.blocks), 0, -1)]
        return ops.split(latents, ends, axis=-1)


@keras.saving.register_keras_serializable(package="gan_keras")
class BigGANDiscriminator(SpectralDiscriminator):
    """Images in [-1, 1], `(batch, *image_shape)`, to logits `(batch, 1)`, float32.

    Args:
        image_shape: `(size, size, channels)`, as for `BigGANGenerator`.
        width: Filters of the first block, the paper's is 96. They double at each following one, up to 16 times as many.
        num_labels: How many labels the images have, read by projection; 0 for none.
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
        """For `gan_keras.freeze`: each block, with the attention after it, and last the logit."""
        blocks = [[block, self.attention] if index == self.attention_at else [block] for index, block in enumerate(self.blocks)]
        return [*blocks, [layer for layer in (self.logit, self.label_embedding) if layer is not None]]


def widened(width, widest_size, size):
    """Filters at a size: `width` at `widest_size`, twice as many at each halving, up to 16 times."""
    return width * min(_WIDEST, widest_size // size)


def attention_size(image_shape):
    return min(_ATTENTION, image_shape[0] // 2)
