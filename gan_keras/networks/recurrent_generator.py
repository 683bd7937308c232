"""The recurrent language model.

Reference: [Mikolov et al., 2010](https://www.fit.vut.cz/person/burget/public/mikolov_is2010.pdf), with an
[LSTM](https://doi.org/10.1162/neco.1997.9.8.1735) and the same dropout at every step
([Gal and Ghahramani, 2016](https://arxiv.org/abs/1512.05287)).
"""

import keras
from keras import layers, ops

from gan_keras.networks.language_model import LanguageModel


@keras.saving.register_keras_serializable(package="gan_keras")
class RecurrentGenerator(LanguageModel):
    """`LanguageModel` whose state is that of an LSTM.

    Args:
        vocabulary_size: Number of token ids, including the four special ones.
        length: Maximum number of tokens in a sentence, including the end token, >= 2.
        noise_dim: Number of latents that set the state.
        embedding_dim: Width of the embedding, which is tied with the output layer.
        units: Width of the LSTM.
        dropout: Rate in [0, 1) on the embedded tokens and on the LSTM's output.
        num_labels: Number of labels that condition the sentences; 0 for none.
    """

    def __init__(self, vocabulary_size, length, noise_dim=32, embedding_dim=256, units=512, dropout=0.5, num_labels=0, **kwargs):
        super().__init__(vocabulary_size, length, noise_dim, embedding_dim, dropout, num_labels, **kwargs)
        self.units = units
        self.label_embedding = layers.Embedding(num_labels, units, name="label_embedding") if num_labels else None
        self.initial_state = layers.Dense(2 * units, name="initial_state")
        self.input_dropout = layers.SpatialDropout1D(dropout)
        self.recurrent = layers.LSTM(units, return_sequences=True, name="recurrent")
        self.output_dropout = layers.SpatialDropout1D(dropout)
        self.add_output()
        self.build()  # all widths are known; Keras would build by generating sentences token by token

    def build(self, latents_shape=None, labels_shape=None):
        for layer, shape in (
            (self.embedding, (None, None)),
            (self.label_embedding, (None,)),
            (self.initial_state, (None, self.noise_dim)),
            (self.recurrent, (None, None, self.embedding_dim)),
            (self.projection, (None, None, self.units)),
        ):
            if layer is not None:
                layer.build(shape)
        self.built = True

    def logits(self, latents, tokens, labels=None, training=False):
        """Logits of each token given those before it: `(batch, time, vocabulary)`, float32; `tokens` is `(batch, time)`, int."""
        inputs = self.input_dropout(self.inputs_from(tokens), training=training)
        hidden = self.recurrent(inputs, initial_state=self.state_from(latents, labels), training=training)
        return self.token_logits(self.projection(self.output_dropout(hidden, training=training)))

    @property
    def state_shapes(self):
        return [None, self.units], [None, self.units]

    def state_from(self, latents, labels=None):
        state = self.initial_state(latents[:, : self.noise_dim])
        if labels is not None:
            label = self.label_embedding(labels)
            state = state + ops.concatenate([label, label], axis=-1)
        return ops.split(ops.tanh(state), 2, axis=-1)

    def step(self, embedded, state, step):
        """Logits `(batch, vocabulary)` after the token embedded as `(batch, embedding_dim)`, and the next state."""
        hidden, state = self.recurrent.cell(embedded, list(state))
        return self.token_logits(self.projection(hidden)), state

    def get_config(self):
        return {**super().get_config(), "units": self.units}
