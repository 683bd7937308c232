"""Language models with attention: a recurrent one that also reads its own past, and a small Transformer."""

import keras
from keras import layers, ops

from gan_keras.networks.base import attributes
from gan_keras.networks.language_model import LanguageModel
from gan_keras.networks.layers.causal_attention import CausalAttention
from gan_keras.networks.recurrent_generator import RecurrentGenerator


@keras.saving.register_keras_serializable(package="gan_keras")
class AttentiveGenerator(RecurrentGenerator):
    """`RecurrentGenerator` whose output also sees what attention reads from the LSTM's past outputs and from past tokens.

    An LSTM keeps little of single tokens: it does not find the word of two lines ago that a line has to rhyme with.

    Args:
        num_heads: Number of heads of the attention.
        head_dim: Width of each head, an even number.
        **kwargs: Arguments of `RecurrentGenerator`.

    Reference: [Daniluk et al., 2017](https://arxiv.org/abs/1702.04521).
    """

    def __init__(self, vocabulary_size, length, num_heads=8, head_dim=32, **kwargs):
        self.num_heads, self.head_dim = num_heads, head_dim  # `RecurrentGenerator` ends with `build`, which reads them
        super().__init__(vocabulary_size, length, **kwargs)

    def build(self, latents_shape=None, labels_shape=None):
        sizes = {"num_heads": self.num_heads, "head_dim": self.head_dim, "dropout": self.dropout, "dtype": self.dtype_policy}
        self.attention = CausalAttention(self.length, **sizes, preference=2.0, name="attention")
        self.attention.build((None, None, self.units + self.embedding_dim))
        self.mixing = layers.Dense(self.embedding_dim, use_bias=False, name="mixing", dtype=self.dtype_policy)
        self.mixing.build((None, None, self.attention.width))
        super().build(latents_shape, labels_shape)

    def logits(self, latents, tokens, labels=None, training=False):
        """Logits of each token given those before it: `(batch, time, vocabulary)`, float32; `tokens` is `(batch, time)`, int."""
        inputs = self.input_dropout(self.inputs_from(tokens), training=training)
        hidden = self.recurrent(inputs, initial_state=self.state_from(latents, labels)[:2], training=training)
        hidden = self.output_dropout(hidden, training=training)
        read = self.attention(ops.concatenate([hidden, inputs], axis=-1), training=training)
        return self.token_logits(self.projection(hidden) + self.mixing(read))

    @property
    def state_shapes(self):
        return *super().state_shapes, *2 * ([None, *self.attention.cache_shape],)

    def state_from(self, latents, labels=None):
        return [*super().state_from(latents, labels), *self.attention.first_caches(ops.shape(latents)[0])]

    def step(self, embedded, state, step):
        *state, keys, values = state
        hidden, state = self.recurrent.cell(embedded, state)
        read, caches = self.attention.step(ops.concatenate([hidden, embedded], axis=-1), (keys, values), step)
        return self.token_logits(self.projection(hidden) + self.mixing(read)), [*state, *caches]

    def get_config(self):
        return {**super().get_config(), **attributes(self, "num_heads", "head_dim")}


@keras.saving.register_keras_serializable(package="gan_keras")
class TransformerGenerator(LanguageModel):
    """`LanguageModel` by a Transformer decoder with layer normalization before each part.

    The noise is added to every embedded token.

    Args:
        vocabulary_size: Number of token ids, including the four special ones.
        length: Maximum number of tokens in a sentence, including the end token, >= 2.
        noise_dim: Number of latents that are added to the embeddings.
        embedding_dim: Width of the network, which is that of the embedding: a multiple of `2 * num_heads`.
        num_blocks: Number of blocks of attention and a two-layer network.
        num_heads: Number of heads of each attention.
        dropout: Rate in [0, 1) on the embedded tokens, within each block and on the last output.
        num_labels: Number of labels that condition the sentences; 0 for none.

    References: [Vaswani et al., 2017](https://arxiv.org/abs/1706.03762), with normalization first
    ([Xiong et al., 2020](https://arxiv.org/abs/2002.04745)).
    """

    def __init__(
        self,
        vocabulary_size,
        length,
        noise_dim=32,
        embedding_dim=256,
        num_blocks=3,
        num_heads=4,
        dropout=0.3,
        num_labels=0,
        **kwargs,
    ):
        super().__init__(vocabulary_size, length, noise_dim, embedding_dim, dropout, num_labels, **kwargs)
        if embedding_dim % (2 * num_heads):
            raise ValueError(
                f"embedding_dim={embedding_dim}, num_heads={num_heads}. Expected embedding_dim to be a multiple of 2 * num_heads."
            )
        self.num_blocks, self.num_heads = num_blocks, num_heads
        self.label_embedding = layers.Embedding(num_labels, embedding_dim, name="label_embedding") if num_labels else None
        self.noise_projection = layers.Dense(embedding_dim, name="noise_projection")
        self.input_dropout = layers.Dropout(dropout)
        self.blocks = [DecoderBlock(length, num_heads, dropout, name=f"block_{i}") for i in range(num_blocks)]
        self.normalization, self.output_dropout = layers.LayerNormalization(name="normalization"), layers.Dropout(dropout)
        self.add_output()
        self.build()

    def build(self, latents_shape=None, labels_shape=None):
        width = (None, None, self.embedding_dim)
        for layer in (self.embedding, *self.blocks, self.normalization, self.projection):
            layer.build(width)
        self.noise_projection.build((None, self.noise_dim))
        if self.label_embedding is not None:
            self.label_embedding.build((None,))
        self.built = True

    def logits(self, latents, tokens, labels=None, training=False):
        """Logits of each token given those before it: `(batch, time, vocabulary)`, float32; `tokens` is `(batch, time)`, int."""
        hidden = self.scaled(self.inputs_from(tokens)) + self.condition(latents, labels)[:, None]
        hidden = self.input_dropout(hidden, training=training)
        for block in self.blocks:
            hidden = block(hidden, training=training)
        return self.last_logits(self.output_dropout(self.normalization(hidden), training=training))

    def condition(self, latents, labels=None):
        condition = self.noise_projection(latents[:, : self.noise_dim])
        return condition if labels is None else condition + self.label_embedding(labels)

    def scaled(self, embedded):
        """Embeddings with the variance that the blocks expect: tied with the last layer, they are learned small."""
        return embedded * self.embedding_dim**0.5

    def last_logits(self, hidden):
        return self.token_logits(self.projection(hidden))

    @property
    def state_shapes(self):
        return [None, self.embedding_dim], *([None, *block.attention.cache_shape] for block in self.blocks for _ in range(2))

    def state_from(self, latents, labels=None):
        num = ops.shape(latents)[0]
        caches = [cache for block in self.blocks for cache in block.attention.first_caches(num)]
        return [self.condition(latents, labels), *caches]

    def step(self, embedded, state, step):
        condition, *caches = state
        hidden, new = self.scaled(embedded) + condition, []
        for block, keys, values in zip(self.blocks, caches[::2], caches[1::2], strict=True):
            hidden, written = block.step(hidden, (keys, values), step)
            new += written
        return self.last_logits(self.normalization(hidden)), [condition, *new]

    def get_config(self):
        return {**super().get_config(), **attributes(self, "num_blocks", "num_heads")}


@keras.saving.register_keras_serializable(package="gan_keras")
class DecoderBlock(layers.Layer):
    """Attention, then a two-layer network on each token; each reads normalized values and is added to its input."""

    def __init__(self, length, num_heads, dropout, **kwargs):
        super().__init__(**kwargs)
        self.length, self.num_heads, self.dropout = length, num_heads, dropout

    def build(self, input_shape):
        width = input_shape[-1]
        policy = {"dtype": self.dtype_policy}
        self.first_normalization, self.second_normalization = (layers.LayerNormalization(**policy) for _ in range(2))
        self.attention = CausalAttention(self.length, self.num_heads, width // self.num_heads, self.dropout, **policy)
        self.mixing, self.narrow = layers.Dense(width, **policy), layers.Dense(width, **policy)
        self.wide = layers.Dense(4 * width, activation="gelu", **policy)
        self.value_dropout = layers.Dropout(self.dropout, **policy)
        for layer in (self.first_normalization, self.second_normalization, self.attention, self.mixing, self.wide):
            layer.build(input_shape)
        self.narrow.build((*input_shape[:-1], 4 * width))

    def call(self, inputs, training=False):
        read = self.attention(self.first_normalization(inputs), training=training)
        return self.transformed(inputs + self.value_dropout(self.mixing(read), training=training), training)

    def step(self, inputs, caches, step):
        read, caches = self.attention.step(self.first_normalization(inputs), caches, step)
        return self.transformed(inputs + self.mixing(read)), caches

    def transformed(self, inputs, training=False):
        changed = self.narrow(self.wide(self.second_normalization(inputs)))
        return inputs + self.value_dropout(changed, training=training)

    def get_config(self):
        return {**super().get_config(), **attributes(self, "length", "num_heads", "dropout")}
