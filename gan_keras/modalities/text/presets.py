"""Presets of text: a recurrent generator, a discriminator, and the stages of their training."""

import dataclasses
import re
from typing import ClassVar, NamedTuple

from gan_keras.modalities.preset import PRECISIONS, Recipe, config_of, described, fields_of
from gan_keras.modalities.settings import at_least, below_one, one_of, positive

CODECS = {"words": "WordCodec", "characters": "CharacterCodec", "subwords": "SubwordCodec"}
"""Classes of `gan_keras.codecs` by name."""

GENERATORS = {"attentive": "AttentiveGenerator", "recurrent": "RecurrentGenerator", "transformer": "TransformerGenerator"}
"""Classes of `gan_keras.networks` by name."""

DISCRIMINATORS = {
    "backward": "BackwardLanguageModel",
    "relational": "BackwardLanguageModel",  # with a `RelationalDiscriminator` as its head
    "recurrent": "RecurrentDiscriminator",
    "convolutional": "ConvolutionalDiscriminator",
}
"""Classes of `gan_keras.networks` by name."""

SAME_LENGTH = 0.95
"""Share of lines of one length from which `"auto"` takes relations between positions into account."""

STAGES = ("pretraining", "discriminator", "adversarial")

# Letters of scripts that put no space between words: Thai, Lao, Burmese, Khmer, Chinese, Japanese.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


class Lines(NamedTuple):
    """Lines of text, with the number of a label per line, or None."""

    lines: list
    labels: list | None = None


def numbered(data, training=None):
    """The `Lines` of a `Corpus` or of a list of strings.

    Args:
        data: `Corpus`, `Lines` or list of strings.
        training: The training corpus, which numbers the labels by their sorted names; None if `data` is the training corpus.

    Raises:
        ValueError: If the training corpus has labels, and `data` none or others.
    """
    from gan_keras.data import Corpus

    if not isinstance(data, Corpus):
        return data if isinstance(data, Lines) else Lines(list(data))
    named = (data if training is None else training).labels
    if named is None:
        return Lines(list(data.lines))
    numbers = {name: number for number, name in enumerate(sorted(set(named)))}
    strange = ["no labels"] if data.labels is None else sorted(set(data.labels) - set(numbers))
    if strange:
        raise ValueError(f"{data.name} has {', '.join(strange[:5])}. Expected the training labels: {', '.join(numbers)}.")
    return Lines(list(data.lines), [numbers[name] for name in data.labels])


@dataclasses.dataclass
class TextPreset(Recipe):
    """A recipe for a `TextGAN`. Any field can be changed before `build`.

    Attributes:
        description: One line for `gan-keras presets`.
        codec: `"words"`, `"characters"`, `"subwords"` or `"auto"`: characters if most letters belong to a script without
            spaces (Chinese, Japanese, Thai, ...), otherwise words.
        codec_options: Further arguments of the codec.
        embedding_dim: Size of the embeddings of both networks; the discriminator starts with the generator's.
        generator: `"attentive"`, an LSTM whose output also attends to its past; `"recurrent"`, the LSTM alone; or
            `"transformer"`, which has no LSTM.
        generator_options: Further arguments of the generator, such as `{"num_heads": 4}`.
        units: Units of the generator's LSTM.
        noise_dim: Size of the noise vector that sets the first state.
        dropout: Dropout of the generator, in [0, 1).
        discriminator: `"backward"`, a language model that reads lines from right to left; `"relational"`, the same with a
            `networks.RelationalDiscriminator`, for lines of one length; `"recurrent"` or `"convolutional"`, networks trained on
            real lines against drafts; or `"auto"`: relational if 95 % of the lines have the same number of tokens, otherwise
            backward.
        discriminator_options: Further arguments of the discriminator. A backward language model has the embedding, the units and
            the dropout of the generator otherwise.
        precision: Precision of both networks, a name in `PRECISIONS`; weights and last layers are always float32.
        batch_size: Lines per batch.
        learning_rate: Learning rate of the generator; falls along a cosine to `final_share` of it during the pretraining, then
            stays constant.
        final_share: See `learning_rate`, in [0, 1].
        discriminator_learning_rate: Learning rate of the discriminator; that of a backward language model falls along a cosine to
            `final_share` of it during its stage, others are constant.
        weight_decay: Weight decay of the discriminator.
        clip_norm: Maximum norm of each network's gradient.
        pretraining_epochs: Epochs that maximise the likelihood alone, >= 0.
        discriminator_epochs: Epochs that train the discriminator alone, >= 0.
        adversarial_epochs: Epochs in which the generator learns from the discriminator by the `feedback`, >= 0.
        drafts_per_line: Drafts that the discriminator reads per real line, >= 1.
        generator_ema: Decay of the averaged generator, in [0, 1).
        feedback: The generator's signal from the discriminator: an object of `gan_keras.feedback`, its config or its name.
        ngram_order: Length of the longest n-grams that the generator is mixed with (`networks.NgramModel`), >= 2; 0 for none.
            They know no labels, so that lines with labels are not mixed.
        ngram_min_lines: Number of training lines that have to contain an n-gram of two tokens or more, >= 1. 1 also counts what
            one line alone has: a little likelier new lines, and old ones that are repeated word for word.
        patience: Epochs in a row without a lower `val_nll` after which training stops (`callbacks.EarlyStop`); 0 for never.
        text_column: Column of a CSV file, or field of JSON lines, that holds the texts; empty for a file of lines.
    """

    description: str = ""
    codec: str = "auto"
    codec_options: dict = dataclasses.field(default_factory=lambda: {"max_vocabulary": 20_000})
    embedding_dim: int = 256
    generator: str = "attentive"
    generator_options: dict = dataclasses.field(default_factory=dict)
    units: int = 512
    noise_dim: int = 32
    dropout: float = 0.5
    discriminator: str = "auto"
    discriminator_options: dict = dataclasses.field(default_factory=dict)
    precision: str = "float32"
    batch_size: int = 64
    learning_rate: float = 3e-3
    final_share: float = 0.1
    discriminator_learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    clip_norm: float = 5.0
    pretraining_epochs: int = 20
    discriminator_epochs: int = 15
    adversarial_epochs: int = 0
    drafts_per_line: int = 1
    generator_ema: float = 0.998
    feedback: object = dataclasses.field(default_factory=lambda: cooperative(candidates=4))
    ngram_order: int = 5
    ngram_min_lines: int = 2
    patience: int = 20
    text_column: str = ""

    ranges: ClassVar[tuple] = (
        at_least(1, "embedding_dim", "units", "noise_dim", "batch_size", "drafts_per_line", "ngram_min_lines"),
        at_least(0, "pretraining_epochs", "discriminator_epochs", "adversarial_epochs"),
        at_least(0, "weight_decay", "patience"),
        positive("learning_rate", "discriminator_learning_rate", "clip_norm"),
        below_one("dropout", "generator_ema"),
        ("in [0, 1]", ("final_share",), lambda value: 0 <= value <= 1),
        one_of(("auto", *CODECS), "codec"),
        one_of(GENERATORS, "generator"),
        one_of(("auto", *DISCRIMINATORS), "discriminator"),
        ("at least 2, or 0 for none", ("ngram_order",), lambda value: value == 0 or value >= 2),
        one_of(PRECISIONS, "precision"),
    )

    @property
    def stage_epochs(self):
        """Epochs by stage."""
        return {stage: getattr(self, f"{stage}_epochs") for stage in STAGES}

    @property
    def epochs(self):
        """Epochs of all stages."""
        return sum(self.stage_epochs.values())

    def with_stage_epochs(self, epochs):
        """Returns a copy with other epochs, given by stage."""
        return dataclasses.replace(self, **{f"{stage}_epochs": num for stage, num in epochs.items()})

    def build(self, lines, labels=None, seed=0):
        """Returns a compiled `TextGAN`: see `Recipe.build`.

        Args:
            lines: `gan_keras.data.Corpus`, with its labels numbered by their sorted names, or a list of strings.
            labels: An integer from 0 per line, or None; for a list of strings.
            seed: Seed of all weights and noise.
        """
        import keras

        from gan_keras import networks
        from gan_keras.gans.text_gan import TextGAN

        self.check()
        names = sorted(set(lines.labels)) if getattr(lines, "fingerprint", None) and lines.labels else None
        lines, numbers = numbered(lines)
        labels = numbers if labels is None else labels
        codec = self.adapted_codec(lines)
        keras.utils.set_random_seed(seed)
        num_labels = 0 if labels is None else max(labels) + 1
        sizes = {"embedding_dim": self.embedding_dim, "num_labels": num_labels, "dtype": self.precision}
        own = {} if self.generator == "transformer" else {"units": self.units}
        own |= {"noise_dim": self.noise_dim, "dropout": self.dropout, **sizes, **self.generator_options}
        kind = getattr(networks, GENERATORS[self.generator])
        generator = self.made("generator_options", kind, own, codec.vocabulary_size, codec.length)
        discriminator, reason = self.made_discriminator(codec, lines, sizes)
        ngrams = None
        if self.ngram_order and not num_labels:  # n-grams would write the same lines for every label
            ngrams = networks.NgramModel(codec.vocabulary_size, self.ngram_order, self.ngram_min_lines)
            ngrams.adapt(codec.encode(lines))
        gan = TextGAN(generator, discriminator, codec, seed, ngrams=ngrams, label_names=names)
        if reason:
            gan.tell(reason)
        steps = -(-len(lines) // self.batch_size)
        gan.compile(
            self.generator_optimizer(steps),
            self.discriminator_optimizer(steps, hasattr(discriminator, "token_losses")),
            feedback=self.feedback,
            pretraining_epochs=self.pretraining_epochs,
            discriminator_epochs=self.discriminator_epochs,
            drafts_per_line=self.drafts_per_line,
            generator_ema=self.generator_ema,
        )
        return gan

    def batches(self, gan, training, seed=0):
        from gan_keras.data import text_batches

        lines, labels = numbered(training)
        return text_batches(lines, gan.codec, self.batch_size, labels, seed)

    def validation_batches(self, gan, training, held_out):
        from gan_keras.data import text_batches

        lines, labels = numbered(held_out, training)
        return text_batches(lines, gan.codec, self.batch_size, labels, shuffle=False)

    def steps_per_pass(self, training):
        return -(-len(numbered(training).lines) // self.batch_size)

    def callbacks(self, training, held_out=None):
        """Keeps the best adversarial epoch by held-out lines; without them the last epoch stays."""
        if held_out is None or not self.adversarial_epochs:
            return []
        from gan_keras.callbacks import KeepBest

        return [KeepBest()]

    def adapted_codec(self, lines):
        """The codec with the vocabulary of `lines`; its class tells what `"auto"` has chosen."""
        from gan_keras import codecs

        name = choose_codec(lines) if self.codec == "auto" else self.codec
        codec = self.made("codec_options", getattr(codecs, CODECS[name]), self.codec_options)
        codec.adapt(lines)
        return codec

    def made_discriminator(self, codec, lines, sizes):
        """Returns the discriminator, and why it is of its class if the preset leaves that open.

        Args:
            codec: The adapted codec.
            lines: Training lines.
            sizes: Arguments that both networks have.
        """
        from gan_keras import networks

        name, reason = self.discriminator, ""
        if name == "auto":
            length, share = most_frequent_length(codec, lines)
            name = "relational" if share >= SAME_LENGTH and length > 1 else "backward"
            shown = f"{100 * share:.0f} % of the lines have {length} tokens"
            reads = "reads lines backwards" + (", and relations between positions" if name == "relational" else "")
            reason = f"The discriminator {reads}: {shown}."
        options = {**sizes, **self.discriminator_options}
        if name in ("backward", "relational"):
            options = {**sizes, "units": self.units, "dropout": self.dropout, **self.discriminator_options}
        if name == "relational":
            common = {"num_labels": sizes["num_labels"], "dtype": sizes["dtype"]}
            options["head"] = networks.RelationalDiscriminator(codec.vocabulary_size, codec.length, **common)
        kind = getattr(networks, DISCRIMINATORS[name])
        return self.made("discriminator_options", kind, options, codec.vocabulary_size), reason

    def generator_optimizer(self, steps_per_epoch):
        import keras

        steps = max(1, self.pretraining_epochs * steps_per_epoch)
        rate = keras.optimizers.schedules.CosineDecay(self.learning_rate, steps, alpha=self.final_share)
        return keras.optimizers.Adam(rate, global_clipnorm=self.clip_norm)

    def discriminator_optimizer(self, steps_per_epoch, falls):
        """`falls` says whether the learning rate falls during the discriminator's stage."""
        import keras

        rate = self.discriminator_learning_rate
        if falls:
            steps = max(1, self.discriminator_epochs * steps_per_epoch)
            rate = keras.optimizers.schedules.CosineDecay(rate, steps, alpha=self.final_share)
        return keras.optimizers.AdamW(rate, weight_decay=self.weight_decay, global_clipnorm=self.clip_norm)

    @classmethod
    def from_config(cls, config):
        known = {name: value for name, value in config.items() if name not in _DROPPED}
        before = {"ngram_order": 0, "ngram_min_lines": 1, "generator": "recurrent"}  # what presets without these fields train
        return super().from_config({**before, **known})

    def check_fields(self):
        super().check_fields()
        if not self.epochs:
            raise ValueError("The preset has no epoch in any stage. Expected at least one: set pretraining_epochs.")

    def check(self):
        from gan_keras import feedback

        super().check()
        feedback.get(self.feedback)

    def to_config(self):
        return {**fields_of(self), "feedback": config_of(self.feedback)}

    @staticmethod
    def readers():
        return {"feedback": feedback_by_name}


def feedback_by_name(name):
    """The config of the feedback with a name: see `gan_keras.feedback.get`."""
    from gan_keras import feedback

    return config_of(feedback.get(name))


def cooperative(candidates):
    """The config of the feedback of most presets, in which the likelihood has a say too."""
    return described("Cooperative", candidates=candidates, share=0.5, likelihood=0.5)


_DROPPED = ("likelihood_weight", "rating_samples")  # fields of version 0.1

_CLASSIFIER = {
    "discriminator": "convolutional",
    "discriminator_learning_rate": 1e-3,
    "discriminator_epochs": 2,
    "drafts_per_line": 4,
}
"""A network trained on real lines against drafts, which tells what each token is worth."""

PRESETS = {
    "default": TextPreset("a language model, and another that reads lines backwards and weights its drafts"),
    "language_model": TextPreset("supervised training only: the usual baseline", discriminator_epochs=0),
    "distillation": TextPreset(
        "adversarial stage in which the generator learns from its own drafts, resampled by the discriminator",
        adversarial_epochs=4,
        feedback=described("Distillation", candidates=4, num_drafts=4000, epochs=2, share=0.5),
    ),
    "policy_gradient": TextPreset(
        "adversarial stage by REINFORCE with a reward per token",
        adversarial_epochs=2,
        feedback=described("PolicyGradient", discount=0.5, entropy=0.01, anchor=0.1, supervised=0.5, clip=5.0),
        **_CLASSIFIER,
    ),
    "gumbel": TextPreset(
        "adversarial stage through Gumbel-softmax drafts",
        adversarial_epochs=2,
        feedback=described("GumbelSoftmax", temperature=1.0, supervised=1.0),
        **_CLASSIFIER,
    ),
    "small": TextPreset(
        "the default with smaller networks: trains in minutes on two cores, for demonstrations",
        embedding_dim=128,
        units=256,
        dropout=0.3,
        pretraining_epochs=8,
        discriminator_epochs=6,
    ),
    "tiny": TextPreset(
        "small networks for 4 epochs, for tests and notebooks; its sentences are poor",
        embedding_dim=16,
        units=32,
        noise_dim=4,
        dropout=0.1,
        batch_size=32,
        learning_rate=2e-2,
        discriminator_learning_rate=2e-2,
        pretraining_epochs=2,
        discriminator_epochs=2,
        generator_ema=0.9,
    ),
}


def most_frequent_length(codec, lines):
    """Returns the most frequent number of tokens of a line, and the share of the lines that have it."""
    import numpy as np

    from gan_keras.codecs.text import batches

    lengths = np.concatenate([codec.tokenize(part).row_lengths().numpy() for part in batches(lines)])
    counts = np.bincount(lengths)
    return int(counts.argmax()), float(counts.max() / len(lengths))


def choose_codec(lines):
    """Returns `"characters"` if most letters of `lines` belong to a script without spaces, otherwise `"words"`."""
    unspaced = sum(len(_UNSPACED.findall(line)) for line in lines)
    letters = sum(character.isalpha() for line in lines for character in line)
    return "characters" if unspaced > letters / 2 else "words"
