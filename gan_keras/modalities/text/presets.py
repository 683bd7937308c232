"""Presets of text."""

import copy
import dataclasses
import re

import keras

from gan_keras import feedback as feedbacks
from gan_keras.codecs import CharacterCodec, SubwordCodec, WordCodec
from gan_keras.gans.text_gan import TextGAN
from gan_keras.networks import ConvolutionalDiscriminator, RecurrentDiscriminator, RecurrentGenerator
from gan_keras.networks.precision import PRECISIONS

CODECS = {"words": WordCodec, "characters": CharacterCodec, "subwords": SubwordCodec}
DISCRIMINATORS = {"recurrent": RecurrentDiscriminator, "convolutional": ConvolutionalDiscriminator}
STAGES = ("pretraining", "discriminator", "adversarial")

# Letters of scripts that put no space between words: Thai, Lao, Burmese, Khmer, Chinese, Japanese.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


_RANGES = {
    "at least 1": (("embedding_dim", "units", "noise_dim", "batch_size", "drafts_per_line"), lambda value: value >= 1),
    "at least 2": (("rating_samples",), lambda value: value >= 2),
    "at least 0": (
        ("pretraining_epochs", "discriminator_epochs", "adversarial_epochs", "weight_decay", "likelihood_weight", "patience"),
        lambda value: value >= 0,
    ),
    "more than 0": (("learning_rate", "discriminator_learning_rate", "clip_norm"), lambda value: 0 < value < float("inf")),
    "in [0, 1)": (("dropout", "generator_ema"), lambda value: 0 <= value < 1),
    "in [0, 1]": (("final_share",), lambda value: 0 <= value <= 1),
    f"one of {', '.join(['auto', *CODECS])}": (("codec",), lambda value: value in ("auto", *CODECS)),
    f"one of {', '.join(DISCRIMINATORS)}": (("discriminator",), lambda value: value in DISCRIMINATORS),
    f"one of {', '.join(PRECISIONS)}": (("precision",), lambda value: value in PRECISIONS),
}


@dataclasses.dataclass
class TextPreset:
    """A recipe for a `TextGAN`. Any field can be changed before `build`.

    Attributes:
        description: One line for `gan-keras presets`.
        codec: `"words"`, `"characters"`, `"subwords"`, or `"auto"`: characters where most letters of the lines are of a
            script without spaces (Chinese, Japanese, Thai, ...), else words.
        codec_options: Further arguments of the codec.
        embedding_dim: Width of the embeddings of both networks; as both are alike, the discriminator begins with the generator's.
        units: Width of the generator's LSTM.
        noise_dim: Latents that set its state.
        dropout: Of the generator, in [0, 1).
        discriminator: `"recurrent"` or `"convolutional"`.
        discriminator_options: Further arguments of the discriminator.
        precision: What both networks compute in, a name in `PRECISIONS`; weights and last layers are float32 in each.
        batch_size: Lines in a batch.
        learning_rate: Of the generator; falls with a cosine over the pretraining to `final_share` of it and stays there.
        final_share: See `learning_rate`, in [0, 1].
        discriminator_learning_rate: Of the discriminator, constant.
        weight_decay: Of the discriminator.
        clip_norm: Largest norm of the gradient of a network.
        pretraining_epochs: Epochs of likelihood alone, >= 0.
        discriminator_epochs: Epochs of the discriminator alone, >= 0.
        adversarial_epochs: Epochs of both in turn, >= 0.
        drafts_per_line: Drafts that the discriminator reads for each real line, >= 1.
        generator_ema: Decay of the averaged generator, in [0, 1).
        feedback: How the generator learns from the discriminator: an object of `gan_keras.feedback`.
        likelihood_weight: Of the choice among drafts (`gan_keras.Selection`).
        rating_samples: Sentences by which each epoch with a discriminator is rated (`callbacks.KeepBest`), >= 2.
        patience: Rated epochs in a row without a better one after which training ends (`callbacks.EarlyStop`); 0 for never.
    """

    description: str = ""
    codec: str = "auto"
    codec_options: dict = dataclasses.field(default_factory=lambda: {"max_vocabulary": 20_000})
    embedding_dim: int = 256
    units: int = 512
    noise_dim: int = 32
    dropout: float = 0.5
    discriminator: str = "convolutional"
    discriminator_options: dict = dataclasses.field(default_factory=lambda: {"filters": 256, "dropout": 0.4})
    precision: str = "float32"
    batch_size: int = 64
    learning_rate: float = 3e-3
    final_share: float = 0.1
    discriminator_learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    clip_norm: float = 5.0
    pretraining_epochs: int = 10
    discriminator_epochs: int = 2
    adversarial_epochs: int = 2
    drafts_per_line: int = 4
    generator_ema: float = 0.998
    feedback: feedbacks.Feedback = dataclasses.field(default_factory=lambda: feedbacks.Cooperative(likelihood=0.5))
    likelihood_weight: float = 1.0
    rating_samples: int = 2000
    patience: int = 20

    @property
    def stage_epochs(self):
        """Epochs by the name of the stage."""
        return {stage: getattr(self, f"{stage}_epochs") for stage in STAGES}

    @property
    def epochs(self):
        """Epochs of all stages."""
        return sum(self.stage_epochs.values())

    def with_stage_epochs(self, epochs):
        """A copy with other epochs, given by the name of the stage."""
        return dataclasses.replace(self, **{f"{stage}_epochs": num for stage, num in epochs.items()})

    def build(self, lines, labels=None, seed=0):
        """A compiled `TextGAN` for some training lines, from which its codec learns its vocabulary.

        Args:
            lines: Training lines alone: what is held out must not shape the vocabulary.
            labels: An integer from 0 for each line, or None.
            seed: Of all weights and noise; Keras' global seed is set to it.

        Raises:
            ValueError: If a field is out of its range.
        """
        self.check()
        codec = self.adapted_codec(lines)
        keras.utils.set_random_seed(seed)
        num_labels = 0 if labels is None else max(labels) + 1
        sizes = {"embedding_dim": self.embedding_dim, "num_labels": num_labels, "dtype": self.precision}
        generator = RecurrentGenerator(
            codec.vocabulary_size, codec.length, self.noise_dim, units=self.units, dropout=self.dropout, **sizes
        )
        options = {**sizes, **self.discriminator_options}
        discriminator = self.made(DISCRIMINATORS[self.discriminator], "discriminator_options", options, codec.vocabulary_size)
        gan = TextGAN(generator, discriminator, codec, self.likelihood_weight, seed)
        gan.compile(
            self.generator_optimizer(-(-len(lines) // self.batch_size)),
            self.discriminator_optimizer(),
            feedback=self.feedback,
            pretraining_epochs=self.pretraining_epochs,
            discriminator_epochs=self.discriminator_epochs,
            drafts_per_line=self.drafts_per_line,
            generator_ema=self.generator_ema,
        )
        return gan

    def adapted_codec(self, lines):
        """The codec, its vocabulary learned from `lines`; its class tells what `"auto"` has chosen."""
        name = choose_codec(lines) if self.codec == "auto" else self.codec
        codec = self.made(CODECS[name], "codec_options", self.codec_options)
        codec.adapt(lines)
        return codec

    def made(self, kind, field, options, *arguments):
        """`kind(*arguments, **options)`, whose options a field of the preset holds."""
        try:
            return kind(*arguments, **options)
        except TypeError as error:
            raise ValueError(f"{field}={getattr(self, field)!r}: {error}. Expected arguments of {kind.__name__}.") from error

    def generator_optimizer(self, steps_per_epoch):
        steps = max(1, self.pretraining_epochs * steps_per_epoch)
        rate = keras.optimizers.schedules.CosineDecay(self.learning_rate, steps, alpha=self.final_share)
        return keras.optimizers.Adam(rate, global_clipnorm=self.clip_norm)

    def discriminator_optimizer(self):
        return keras.optimizers.AdamW(
            self.discriminator_learning_rate, weight_decay=self.weight_decay, global_clipnorm=self.clip_norm
        )

    def check(self):
        """Raises `ValueError` unless every field is in its range and there is an epoch to train."""
        for expected, (fields, is_valid) in _RANGES.items():
            for name in fields:
                if not is_valid(getattr(self, name)):
                    raise ValueError(f"{name}={getattr(self, name)!r}. Expected {expected}.")
        if not self.epochs:
            raise ValueError("The preset has no epoch in any stage. Expected at least one: set pretraining_epochs.")

    def to_config(self):
        """All fields as JSON can hold them."""
        config = {field.name: copy.deepcopy(getattr(self, field.name)) for field in dataclasses.fields(self)}
        return {**config, "feedback": keras.saving.serialize_keras_object(self.feedback)}

    @classmethod
    def from_config(cls, config):
        """The preset of which `config` is the `to_config`."""
        return cls(**{**config, "feedback": feedbacks.get(config["feedback"])})

    @staticmethod
    def readers():
        """How fields that hold objects are read from text: a function by the field's name."""
        return {"feedback": feedbacks.get}


PRESETS = {
    "default": TextPreset("language model, then a discriminator that keeps the best of its drafts to learn from"),
    "language_model": TextPreset("supervised alone: the baseline of the field", discriminator_epochs=0, adversarial_epochs=0),
    "policy_gradient": TextPreset(
        "adversarial stage by REINFORCE with a reward for every token", feedback=feedbacks.PolicyGradient()
    ),
    "gumbel": TextPreset("adversarial stage through Gumbel-softmax drafts", feedback=feedbacks.GumbelSoftmax()),
    "small": TextPreset(
        "the stages of the default with smaller networks, in minutes on two cores: for demonstrations",
        embedding_dim=128,
        units=256,
        dropout=0.3,
        discriminator_options={"filters": 128, "dropout": 0.4},
        pretraining_epochs=8,
        discriminator_epochs=1,
        drafts_per_line=1,
        adversarial_epochs=1,
        feedback=feedbacks.Cooperative(candidates=2, likelihood=0.5),
        rating_samples=500,
    ),
    "tiny": TextPreset(
        "small networks and 4 epochs: seconds, for tests and notebooks; its sentences are poor",
        embedding_dim=16,
        units=32,
        noise_dim=4,
        dropout=0.1,
        discriminator_options={"filters": 16, "dropout": 0.1},
        batch_size=32,
        learning_rate=2e-2,
        pretraining_epochs=2,
        discriminator_epochs=1,
        adversarial_epochs=1,
        generator_ema=0.9,
        rating_samples=50,
    ),
}


def choose_codec(lines):
    """`"characters"` if most letters of `lines` are of a script without spaces, else `"words"`."""
    unspaced = sum(len(_UNSPACED.findall(line)) for line in lines)
    letters = sum(character.isalpha() for line in lines for character in line)
    return "characters" if unspaced > letters / 2 else "words"
