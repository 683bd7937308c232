# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Smart writing: a GAN of sentences, step by step
#
# A sentence is a row of *discrete* tokens: no gradient of the discriminator passes through a drawn word, so the recipe
# of `01_first_gan` does not carry over as it is. Here the generator is a language model that noise sets in motion, and
# likelihood teaches it. The discriminator knows something that its generator cannot know, and chooses among its drafts.
#
# The sentences come from a small English grammar with a known distribution. So we can check whether the grammar can
# produce each sentence at all, and how far each model is from the best possible one.

# %%
import math
import os
import pathlib
import tempfile
import time

import gan_keras  # first, as it imports TensorFlow without its log

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from IPython.display import Markdown, display

from gan_keras import feedback, presets
from gan_keras.codecs import END, PADDING, CharacterCodec, WordCodec
from gan_keras.data import chinese_phrases, english_phrases, load_text, split, text_batches
from gan_keras.metrics import KneserNey, LatentSemantics, likelihood_gain, linear_two_sample_test
from gan_keras.networks import AttentiveGenerator, BackwardLanguageModel, NgramModel

SMOKE = os.environ.get("GAN_KERAS_SMOKE") == "1"  # the tests run this notebook on tiny settings
LINES, HELD_OUT, NUM = (300, 300, 60) if SMOKE else (2000, 1000, 2000)
EPOCHS, WIDTH = (1, 16) if SMOKE else (14, 128)  # epochs of each of the two language models

tf.get_logger().setLevel("ERROR")  # no notes on tracing and saving
plt.rcParams.update({"figure.dpi": 72, "axes.spines.top": False, "axes.spines.right": False})


def table(head, rows):
    """Shows rows of cells as a table."""
    lines = [head, ["---"] * len(head), *rows]
    display(Markdown("\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)))


# %% [markdown]
# ## 1. Lines and codecs
#
# `load_text` takes the name of a built-in corpus or the path of a file with one sample per line. `split` holds lines
# out and drops their copies from the training lines. There are four parts here: the networks learn from the training
# lines; the held-out lines tell when to stop, and calibrate; the test lines are read after all that; the control is
# real text that is scored as if it were generated.

# %%
grammar = english_phrases()
training, others = split(load_text("english_phrases"), held_out=HELD_OUT + 2 * NUM, seed=0)
training_lines = list(training.lines[:LINES])
held_out_lines = list(others.lines[:HELD_OUT])
test_lines, control_lines = list(others.lines[HELD_OUT : HELD_OUT + NUM]), list(others.lines[HELD_OUT + NUM :])
print(f"{len(training_lines)} training lines, {len(held_out_lines)} held out, {len(test_lines)} for the test")
print(f"The grammar can say {grammar.num_derivations:.2e} sentences; the entropy of one is {grammar.entropy:.2f} nats.\n")
print(*training_lines[:5], sep="\n")

# %% [markdown]
# A `WordCodec` splits into words and punctuation. Ids 0 to 3 are padding, start, end and unknown, then the sorted
# vocabulary. A row holds the tokens of a line, one end, then padding. The vocabulary is learned from the training lines
# only. Chinese puts no spaces between words: there the `CharacterCodec` makes every character a token. Presets choose
# between the two by looking at the lines.

# %%
codec = WordCodec()
codec.adapt(training_lines)
line = training_lines[0]
ids = codec.encode([line])
print("tokens:", codec.tokens(line))
print("ids:   ", ids.numpy()[0])
print("back:  ", codec.decode(ids).numpy()[0].decode())
print(f"{codec.vocabulary_size} ids, at most {codec.length} tokens a line\n")
assert [text.decode() for text in codec.decode(codec.encode(training_lines)).numpy()] == training_lines

chinese_lines = list(load_text("chinese_phrases").lines[: LINES + HELD_OUT])
chinese_codec = CharacterCodec()
chinese_codec.adapt(chinese_lines)
print(presets.choose_codec(chinese_lines), chinese_codec.tokens(chinese_lines[0]))

# %% [markdown]
# ## 2. A language model that noise sets in motion
#
# A language model gives the probability of each next token, and so of a sentence $x_1 \dots x_T$ with its end:
#
# $$q(x \mid z) = \prod_{t=1}^{T} q(x_t \mid x_1 \dots x_{t-1}, z).$$
#
# Its latents are normal numbers: the first `noise_dim` set its first state; of the others, one picks each token. Latent
# $z_t$ becomes a uniform number $u_t = \Phi(z_t)$ ($\Phi$ is the normal distribution's cumulative function), and $u_t$
# picks the token at which the running sum of the probabilities reaches it:
#
# $$x_t = \min \{ k : \textstyle\sum_{j \le k} q(j \mid x_1 \dots x_{t-1}) \ge u_t \}.$$
#
# So a sentence is a *function* of its latents, as in every GAN, and drawing latents is drawing from the language model.
# Here is an example with six words.

# %%
words = ["boy", "cat", "dances", "girl", "old", "young"]
probabilities = np.array([0.25, 0.1, 0.02, 0.3, 0.13, 0.2], np.float32)
latents = np.array([-1.6, -0.3, 0.4, 1.5], np.float32)
uniform = (0.5 * tf.math.erfc(-latents / 2**0.5)).numpy()
picked = np.searchsorted(np.cumsum(probabilities), uniform)

figure, (normal, cumulative) = plt.subplots(1, 2, figsize=(12, 3.6), layout="constrained")
x = np.linspace(-3, 3, 200)
normal.plot(x, 0.5 * tf.math.erfc(-x / 2**0.5), "k")
normal.set(title=r"a latent becomes a uniform number", xlabel="latent $z_t$", ylabel=r"$u_t = \Phi(z_t)$")
cumulative.bar(range(6), np.cumsum(probabilities), width=1.0, color="lightgrey", edgecolor="white")
for index, (z, u, token) in enumerate(zip(latents, uniform, picked, strict=True)):
    normal.plot([z, z, 3], [0, u, u], color=f"C{index}")
    cumulative.annotate("", (token, u), (-0.5, u), arrowprops={"arrowstyle": "->", "color": f"C{index}"})
    print(f"z = {z:+.1f}  ->  u = {u:.2f}  ->  {words[token]}")
cumulative.set_xticks(range(6), words)
cumulative.set(title="it picks where the running sum reaches it", ylabel="running sum of probabilities")
plt.show()

# %% [markdown]
# ### Likelihood, attention, n-grams
#
# **Likelihood.** The generator learns by making real lines likely. Its loss is the sum of $-\log q(x_t \mid \dots)$ over
# all tokens of a batch, ends included, divided by the number of lines and by the mean length of a training line. Every
# token has the same weight, whatever its batch. A mean within each batch looks alike, but batches hold lines of similar
# length: there, a token of a short line would weigh more, and the generator would write too short.
#
# **Attention.** An LSTM sums the past up in one state, which keeps little of single words. The `AttentiveGenerator` is an
# LSTM whose output also reads its own past: at each step it compares a query with the keys of all earlier steps, and adds
# a mean of their values, weighted by how well they fit. So it finds the subject that a verb has to agree with.
# `RecurrentGenerator` has the LSTM alone, `TransformerGenerator` attention alone.
#
# **N-grams.** A network generalises, and an n-gram model remembers. `NgramModel` counts the n-grams of the training lines
# (Kneser-Ney, up to 5 tokens, those that two lines have at least) and mixes them in at each token, inside the graph:
# $q = (1 - s)\, q_{\text{network}} + s\, q_{\text{n-gram}}$. The share $s$ depends on how long the known context is, and is
# found on the held-out lines.
#
# `TextGAN` holds the generator and the discriminator of the next section. `fit` passes through its stages.

# %%
keras.utils.set_random_seed(0)
batches = text_batches(training_lines, codec, batch_size=32)
validation = text_batches(held_out_lines, codec, batch_size=100, shuffle=False)


def adam(num_epochs, highest=3e-3):
    """Adam with a learning rate that falls along a cosine over some epochs."""
    rate = keras.optimizers.schedules.CosineDecay(highest, num_epochs * len(batches), alpha=0.05)
    return keras.optimizers.Adam(rate, global_clipnorm=5.0)


def build():
    """Returns a GAN of sentences that is not compiled."""
    sizes = {"embedding_dim": WIDTH, "units": 3 * WIDTH // 2, "dropout": 0.4}
    generator = AttentiveGenerator(codec.vocabulary_size, codec.length, noise_dim=8, num_heads=4, head_dim=16, **sizes)
    discriminator = BackwardLanguageModel(codec.vocabulary_size, **sizes)
    ngrams = NgramModel(codec.vocabulary_size)
    ngrams.adapt(codec.encode(training_lines))
    return gan_keras.TextGAN(generator, discriminator, codec, seed=0, ngrams=ngrams)


class Clock(keras.callbacks.Callback):
    """Counts the steps and the processor seconds of each stage."""

    def on_train_begin(self, logs=None):
        self.steps, self.seconds = {}, {}
        self.last = time.process_time()

    def on_train_batch_end(self, batch, logs=None):
        self.steps[self.model.stage] = self.steps.get(self.model.stage, 0) + 1

    def on_epoch_end(self, epoch, logs=None):
        now, stage = time.process_time(), self.model.stage
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self.last
        self.last = now


gan, clock = build(), Clock()
gan.compile(adam(EPOCHS), adam(EPOCHS), pretraining_epochs=EPOCHS, discriminator_epochs=EPOCHS, generator_ema=0.98)
options = {"validation_data": validation, "shuffle": False, "verbose": 0}
history = gan.fit(batches, epochs=2 * EPOCHS, callbacks=[clock], **options).history

# %% [markdown]
# The stages: **pretraining** is that of the generator, and the network with the lowest held-out loss is kept. Then the
# **discriminator** learns. `fit` has told what the n-grams are worth, and what the discriminator adds: see section 3.
#
# How good is the language model? The grammar's own loss, dotted below, is the best possible one. The rival is a Kneser-Ney
# 5-gram alone, on the same tokens of the test lines.

# %%
figure, axes = plt.subplots(1, 2, figsize=(12, 3.4), layout="constrained")
panels = {"pretraining": ("nll", "val_nll"), "discriminator": ("backward_nll", "val_backward_nll")}
titles = {"pretraining": "generator, left to right", "discriminator": "discriminator, right to left"}
best = -sum(map(grammar.log_likelihood, test_lines)) / sum(len(grammar.tokens(line)) + 1 for line in test_lines)
for axis, (stage, names) in zip(axes, panels.items(), strict=True):
    for name, label in zip(names, ("training lines, with dropout", "held-out lines"), strict=True):
        values = [value for value in history[name] if not math.isnan(value)]  # the other stage has none
        axis.plot(range(1, len(values) + 1), values, ".-", label=label)
    axis.axhline(best, color="k", linestyle=":")
    axis.set(title=titles[stage], xlabel="epoch of the stage", ylabel="nats per token", ylim=(1.6, 3.2))
    axis.legend()
plt.show()


def token_rows(lines):
    """Token ids of each line without its end."""
    return [[token for token in row if token not in (END, PADDING)] for row in codec.encode(lines).numpy().tolist()]


ngram = KneserNey().fit(token_rows(training_lines), codec.vocabulary_size)
print("Nats per token of the test lines:")
print(f"  the grammar itself        {best:.3f}")
print(f"  generator with n-grams    {gan.negative_log_likelihood(test_lines):.3f}")
print(f"  Kneser-Ney 5-gram alone   {ngram.negative_log_likelihood_per_token(token_rows(test_lines)):.3f}")
print("Shares of the n-grams after 0, 1, ... known tokens:", *(f"{share:.2f}" for share in np.asarray(gan.ngrams.shares)))

# %% [markdown]
# The network is near the grammar, and far ahead of the n-grams: agreement over a distance is beyond five tokens. So their
# shares are 0, and the mixture is the network. On real text, with its many rare words, they have a part.
#
# ## 3. What a discriminator can know that its generator does not
#
# A discriminator with the generator's own view of the same lines finds almost nothing. It needs another one. The generator
# reads left to right, so it picks each word without knowing what follows. The `BackwardLanguageModel` **reads the lines
# backwards**: it predicts each word from those after it. It learns by likelihood as well, from real lines alone.
#
# Both are models of whole lines, $q(x)$ and $b(x)$, and both err, but at other places. So a line that the generator finds
# as likely as any, and that is unlikely when it is read backwards, is probably no real one.
#
# **Calibration** turns this into a weight. A logistic regression $z(x)$ learns to tell held-out lines from drafts by four
# numbers, with their squares and products: both log-likelihoods, the number of tokens, and how frequent the words are. Then
#
# $$p(x) = q(x)\, e^{\beta z(x)} / Z$$
#
# is a better model of text than $q$ alone, with the $\beta \ge 0$ that fits the held-out lines best.
# `gan.energies` returns $\beta z(x)$: the logarithm of a line's weight, up to a constant.


# %%
def is_grammatical(sentence):
    return np.isfinite(grammar.log_likelihood(sentence))


def starred(sentence):
    return sentence if is_grammatical(sentence) else f"{sentence} ★"


drafts = gan.generate(NUM, seed=1_000_000)
real_lines = [line for line, known in zip(test_lines, gan.known(test_lines), strict=True) if known]
real_energies, draft_energies = gan.energies(real_lines), gan.energies(drafts)
print("What the calibration reads:", ", ".join(gan.feature_names))

order = np.argsort(draft_energies[:40])
rows = []
for index in [*order[:4], *order[-4:]]:
    known = dict(zip(gan.feature_names, gan.features([drafts[index]])[0], strict=True))
    both = (f"{known[name]:.1f}" for name in ("log_likelihood", "backward_log_likelihood"))
    rows.append([starred(drafts[index]), *both, f"{math.exp(draft_energies[index]):.2f}"])
table(["of 40 drafts, the four of least and of most weight", "log q", "log b", "weight"], rows)

# %% [markdown]
# A star marks a sentence that the grammar cannot produce. All lines of least weight have one, and each is much less likely
# backwards than forwards. Where a line goes wrong, the generator wrote one word that it held possible; the reader from the
# other side knows what should stand before the rest.
#
# ### The gain, in nats per line
#
# By how much is $p$ better than $q$? The mean log-likelihood of real lines rises by
#
# $$\text{gain} = \operatorname{mean}_{\text{real}} \beta z(x) - \log \operatorname{mean}_{\text{drafts}} e^{\beta z(x)}.$$
#
# In words: how much weight real lines get, compared with the weight that drafts get on average. It is 0 for a
# discriminator that knows nothing, and it is paid in the currency of language models: a gain of 0.3 is worth as much as a
# generator that needs 0.3 nats less per line. A sampler cannot raise it by writing safer or fewer different lines.
#
# The **control** gets the same calibration, but only what needs no discriminator: the generator's own log-likelihood, the
# number of tokens, and how frequent the words are.

# %%
by_hand = real_energies.mean() - math.log(np.exp(draft_energies).mean())
gain = likelihood_gain(real_energies, draft_energies)

num_own = len(gan.own_feature_names)
control = type(gan.calibration)(gan.own_feature_names)
known_held_out = [line for line, known in zip(held_out_lines, gan.known(held_out_lines), strict=True) if known]
control.fit(*(gan.features(lines)[:, :num_own] for lines in (known_held_out, gan.generate(NUM, seed=2_000_000))))
own = [float(control.beta) * np.asarray(control(gan.features(lines)[:, :num_own])) for lines in (real_lines, drafts)]
control_gain, over_control = likelihood_gain(*own), likelihood_gain(real_energies, draft_energies, over=own)


def with_interval(interval):
    return f"{interval.mean:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"


print(f"Test lines, nats per line by hand: {by_hand:+.3f}")
print("discriminator                     ", with_interval(gain))
print("own likelihood, length and words  ", with_interval(control_gain))
print("the difference                    ", with_interval(over_control))

# %% [markdown]
# Nearly all of the gain is the discriminator's own: the control's is close to nothing.
#
# ## 4. Choosing among drafts
#
# We cannot draw from $p$ directly, but we can **resample**: `candidates=8` writes 8 drafts and draws one of them with
# weights $e^{\beta z}$. The more drafts, the nearer to $p$. (Few drafts seldom hold a good long line, so the calibration also
# finds a factor per token that keeps the lengths.) In the picture the resampled lines have the weights of real text, and
# the drafts' tail of bad lines, on the left, is gone.

# %%
samples = {
    "one draw": drafts,
    "resampled among 8": gan.generate(NUM, seed=0, candidates=8),
    "best of 8": gan.generate(NUM, seed=0, candidates=8, choice="best"),
    "likeliest of 8": gan.generate(NUM, seed=0, candidates=8, choice="likeliest"),
    "temperature 0.75": gan.generate(NUM, seed=0, temperature=0.75),
}

figure, axis = plt.subplots(figsize=(8, 3.4), layout="constrained")
bins = np.linspace(-4.0, max(draft_energies.max(), real_energies.max()), 30)  # what lies lower is counted in the first
energies = {
    "one draw": draft_energies,
    "resampled among 8": gan.energies(samples["resampled among 8"]),
    "test lines": real_energies,
}
for (name, values), style in zip(energies.items(), ("-", "-", "k:"), strict=True):
    counts, _ = np.histogram(np.clip(values, bins[0], bins[-1]), bins)
    axis.plot((bins[1:] + bins[:-1]) / 2, counts / len(values), style, label=name)
axis.set(xlabel="energy: the logarithm of a line's weight", ylabel="share of the lines")
axis.legend()
plt.show()

# %% [markdown]
# There are other ways to choose, and they serve another purpose. `choice="best"` takes the draft of most weight,
# `choice="likeliest"` the one with the largest log-likelihood per token, and a `temperature` below 1 makes likely words
# likelier. They are for *fluency*, and leave the data: real text holds unlikely lines too.
#
# The exact grammar shows both sides. **Valid** is the share of lines that it can produce, **nats** how unlikely it finds the
# valid ones, on average: its entropy, 20.04, for real lines. **C2ST** asks for faithfulness: how well a classifier tells the
# lines from real ones by their words and pairs of words (0.5: not at all). It sees what the lines are about, hardly their
# grammar.

# %%
rows_of_ngrams = np.full((NUM, codec.length), PADDING, np.int32)
for row, tokens in zip(rows_of_ngrams, ngram.sample(NUM, seed=0, max_length=codec.length - 1), strict=True):
    row[: len(tokens) + 1] = [*tokens, END]
samples["Kneser-Ney 5-gram"] = [text.decode() for text in codec.decode(rows_of_ngrams).numpy()]
samples["other real lines"] = [line for line, known in zip(control_lines, gan.known(control_lines), strict=True) if known]
latent_semantics = LatentSemantics(training_lines)


def scores(lines):
    """Share of valid lines, nats per valid line, mean length in words, different pairs of words, and the classifier test."""
    nats = [-grammar.log_likelihood(line) for line in lines]
    valid = [each for each in nats if each < math.inf]
    tokens = [grammar.tokens(line) for line in lines]
    pairs = {pair for row in tokens for pair in zip(row, row[1:], strict=False)}
    test = linear_two_sample_test(latent_semantics(real_lines), latent_semantics(lines))
    return len(valid) / len(lines), np.mean(valid) if valid else math.nan, np.mean([*map(len, tokens)]), len(pairs), test


found = {name: scores(lines) for name, lines in samples.items()}
table(
    ["sampler", "valid", "nats", "length", "word pairs", "C2ST"],
    [
        [name, f"{valid:.2f}", f"{nats:.2f}", f"{length:.2f}", pairs, test]
        for name, (valid, nats, length, pairs, test) in found.items()
    ],
)

figure, axis = plt.subplots(figsize=(8, 4), layout="constrained")
for name, (valid, _, _, _, test) in found.items():
    axis.plot([test.low, test.high], [valid, valid], "-", color="lightgrey", zorder=0)
    axis.plot(test.area, valid, "o")
    place = (6, -14) if name == "best of 8" else (6, 6)
    axis.annotate(name, (test.area, valid), xytext=place, textcoords="offset points")
axis.axvline(0.5, color="k", linestyle=":")
axis.set(xlabel="C2ST (left: like real text), with its 95 % interval", ylabel="valid share (up: fluent)")
plt.show()

# %% [markdown]
# - **Resampling** raises the share of valid lines from 73 % to 85 %, with the nats and the length of real text. One draw has
#   fewer nats, as its long lines are seldom valid. The C2ST does not come nearer to 0.5: it does not see the mistakes that
#   are avoided.
# - The **likeliest** of 8 and a low **temperature** are valid most often, and by far the easiest to tell from real lines: they
#   repeat what is common, with fewer different pairs of words. That is fluency by leaving the data.
# - The **best** of 8 is no better in valid lines than resampling. It leaves the data as well: its lines are longer and rarer
#   than real ones.
# - The **n-gram** model warns of any single number. Its C2ST is the best of all models, as it repeats real pairs of words, and
#   about a quarter of its lines are sentences.
#
# `gan_keras.evaluate(gan, training, held_out)` measures all this for any corpus, with BLEU against Self-BLEU, the
# published protocol, at its end.

# %% [markdown]
# ## 5. Third stages: can the generator learn from its discriminator?
#
# Choosing among 8 drafts costs 8 drafts a line. A third, adversarial stage would teach the generator itself. As no gradient
# passes through drawn words, `gan_keras.feedback` offers ways around:
#
# - `Distillation`: rounds in which the generator learns from its own drafts, resampled by the discriminator.
# - `Cooperative`: likelihood steps on the best among drafts of equal length.
# - `PolicyGradient`: REINFORCE, with a reward per token.
# - `GumbelSoftmax`, `StraightThrough`: soft tokens that let gradients pass.
#
# The last three need a discriminator with a logit per token or soft inputs, such as `ConvolutionalDiscriminator`. We try
# `Distillation` on a copy of the GAN. The rival goes on with likelihood, for twice as many epochs, as a step of distillation
# reads real lines and drafts. `KeepBest` keeps the network with the lowest held-out loss, which may be the supervised one.

# %%
folder = tempfile.TemporaryDirectory()
path = pathlib.Path(folder.name) / "phrases.keras"
gan.save(path)
FURTHER = 1 if SMOKE else 4


def further(pretraining_epochs, adversarial_epochs):
    """A copy of the GAN after further epochs, and the processor seconds that these took."""
    student, started = keras.saving.load_model(path), time.process_time()
    student.compile(
        adam(pretraining_epochs + adversarial_epochs, highest=1e-3),
        feedback=feedback.Distillation(candidates=8, num_drafts=NUM, epochs=2),
        pretraining_epochs=pretraining_epochs,
        discriminator_epochs=0,
        generator_ema=0.98,
    )
    keep = gan_keras.callbacks.KeepBest()
    student.fit(batches, epochs=pretraining_epochs + adversarial_epochs, callbacks=[keep], **options)
    return student, time.process_time() - started


distilled, distillation_seconds = further(0, FURTHER)
longer, likelihood_seconds = further(2 * FURTHER, 0)
tokens_per_line = np.mean([len(row) + 1 for row in token_rows(test_lines)])


def nats_per_line(model, generator=None):
    return tokens_per_line * model.negative_log_likelihood(test_lines, generator)


table(
    ["one draw of", "processor seconds more", "nats per test line"],
    [
        ["the supervised generator", "", f"{nats_per_line(gan):.2f}"],
        ["distillation", f"{distillation_seconds:.0f}", f"{nats_per_line(distilled):.2f}"],
        ["more likelihood", f"{likelihood_seconds:.0f}", f"{nats_per_line(longer, longer.baseline):.2f}"],
    ],
)

# %% [markdown]
# **Distillation does not help here.** None of its epochs improves on the supervised network, which is kept. More
# likelihood makes the generator better, in half of the time. So the default preset has no third stage
# (`adversarial_epochs=0`): it would have to beat likelihood at equal time. `KeepBest` sees to it that a third stage does not
# make the held-out loss worse.

# %% [markdown]
# ## 6. A GAN beside a DAN
#
# Is the discriminator worth its price? Call the generator trained alone a DAN. It may be trained for as many steps as
# generator and discriminator together. Nats of the GAN are the generator's less the gain of section 3. All three hold the
# same n-grams, which are not counted in the table.

# %%
alone, alone_clock = build(), Clock()
alone.compile(adam(2 * EPOCHS), pretraining_epochs=2 * EPOCHS, discriminator_epochs=0, generator_ema=0.98)
alone.fit(batches, epochs=2 * EPOCHS, callbacks=[alone_clock], **options)


def size(*networks):
    """Parameters of some networks, and the size of their files in megabytes."""
    file = pathlib.Path(folder.name) / "network.keras"
    num_bytes = 0
    for network in networks:
        network.save(file)
        num_bytes += file.stat().st_size
    return f"{sum(network.count_params() for network in networks):,}", f"{num_bytes / 1e6:.1f}"


def row(name, clocked, stages, networks, drafts_per_line, nats, valid, test):
    steps, seconds = (sum(column[stage] for stage in stages) for column in (clocked.steps, clocked.seconds))
    cells = [name, len(training_lines), f"{steps:,}", f"{seconds:.0f}", *size(*networks), drafts_per_line]
    return [*cells, f"{nats:.2f}", f"{valid:.2f}", test]


of_alone = scores(alone.generate(NUM, seed=1_000_000, generator=alone.baseline))
of_gan, of_draws, both = found["resampled among 8"], found["one draw"], ("pretraining", "discriminator")
nats = nats_per_line(gan)
table(
    ["", "lines", "steps", "processor s", "parameters", "file, MB", "drafts a line", "nats per test line", "valid", "C2ST"],
    [
        row("generator of the GAN", clock, both[:1], [gan.generator], 1, nats, of_draws[0], of_draws[-1]),
        row("DAN", alone_clock, both[:1], [alone.generator], 1, nats_per_line(alone, alone.baseline), of_alone[0], of_alone[-1]),
        row("GAN", clock, both, [gan.generator, gan.discriminator], 8, nats - gain.mean, of_gan[0], of_gan[-1]),
        [
            "other real lines, the grammar",
            "",
            "",
            "",
            "",
            "",
            "",
            f"{best * tokens_per_line:.2f}",
            "1.00",
            found["other real lines"][-1],
        ],
    ],
)

# %% [markdown]
# The GAN needs the fewest nats per line, in no more time than the DAN: twice the training of the generator buys 0.10 nats,
# the view from the other side 0.20. In valid lines they are close, and in C2ST equal.
#
# It is no free lunch: the GAN is nearly twice as large, and writes 8 drafts for each line. All of them stay above the
# grammar's own nats. And one run with one seed on a small grammar proves little: `benchmarks/text.md` has more text and
# seeds.

# %% [markdown]
# ## 7. Labels, prompts, other languages
#
# A prompt is text that the sentence begins with. `temperature` and `top_p`, the nucleus
# ([Holtzman et al., 2020](https://arxiv.org/abs/1904.09751)), trade variety for safety, and combine with drafts.

# %%
for prompt in ("the old queen", "does the", "in the evening"):
    print(*gan.generate(2, seed=3, prompt=prompt, temperature=0.8, candidates=8), sep="\n")

# %% [markdown]
# Labels condition both networks, and Chinese is the same, one character at a time. A preset puts the whole recipe in one
# name; this one is tiny. Its labels say whether a line is a question.

# %%
kinds = ["question" if line.endswith("？") else "statement" for line in chinese_lines]
chinese_training, chinese_held_out = split(load_text(chinese_lines, labels=kinds), held_out=HELD_OUT, seed=0)
preset = presets.get("text", "tiny").with_stage_epochs(
    {"pretraining": 1, "discriminator": 1} if SMOKE else {"pretraining": 8, "discriminator": 6}
)
chinese = preset.fit(chinese_training, chinese_held_out, verbose=0)
for kind in ("question", "statement"):
    written = chinese.generate(200, label=kind, candidates=1 if SMOKE else 8)
    asks = np.mean([sentence.endswith("？") for sentence in written])
    valid = np.mean([np.isfinite(chinese_phrases().log_likelihood(sentence)) for sentence in written])
    print(f"{kind}: {asks:.0%} end with ？, {valid:.0%} are valid:", *written[:3])

# %% [markdown]
# ### Which latents do what
#
# `gan.ema_generator` maps latents to tokens. Draw one latent anew, keep all others, and count where the sentence
# changes: one experiment per latent, with 64 sentences each.

# %%
writer = gan.ema_generator
num_latents, sentences = writer.latent_dim, 8 if SMOKE else 64
original = gan.latents_from(tf.range(sentences, dtype=tf.int64)).numpy()
fresh = gan.latents_from(tf.range(1000, 1000 + sentences, dtype=tf.int64)).numpy()
changed = np.tile(original, (num_latents, 1, 1))
for index in range(num_latents):
    changed[index, :, index] = fresh[:, index]
tokens = writer(original).numpy()
rewritten = writer(changed.reshape(-1, num_latents)).numpy().reshape(num_latents, sentences, -1)
alive = np.cumsum(tokens == END, axis=1) - (tokens == END) == 0  # up to the end of the first sentence
shares = ((rewritten != tokens) & alive).sum(axis=1) / np.maximum(alive.sum(axis=0), 1)

figure, axis = plt.subplots(figsize=(8, 4.4), layout="constrained")
image = axis.imshow(shares[:, :14], cmap="magma", vmin=0, vmax=1, aspect="auto")
axis.axhline(writer.noise_dim - 0.5, color="white", linestyle=":")
axis.set(xlabel="place in the sentence", ylabel="latent drawn anew (above the line: the state's)")
figure.colorbar(image, label="share of sentences changed there")
plt.show()

# %% [markdown]
# The latent of a word changes nothing before its place (the black triangle), its own word most of the time (the bright
# diagonal), and then much of what follows, as all later words are drawn given that word. The latents of the state, above
# the line, have a faint influence everywhere: likelihood gives the network no reason to listen to noise that says nothing
# about the line.
#
# ## 8. Save, load, export
#
# A `.keras` file holds codec, networks, n-grams, calibration and optimizers. `gan_keras.export` writes a SavedModel for
# TensorFlow Serving that needs none of this code: strings out, and the same seeds give the same sentences in all three.
# Its signature `guided` resamples among 4 drafts, as `candidates=4` does.

# %%
expected = gan.generate(5, seed=40, candidates=4)
assert keras.saving.load_model(path).generate(5, seed=40, candidates=4) == expected
version = gan_keras.export(gan, pathlib.Path(folder.name) / "phrases")
served = tf.saved_model.load(str(version)).signatures
one = tf.ones([5])
choices = {"seed": tf.range(40, 45, dtype=tf.int64), "prompt": tf.fill([5], ""), "temperature": one, "top_p": one}
answers = [text.decode() for text in served["guided"](**choices)["text"].numpy()]
folder.cleanup()
print("signatures:", sorted(served))
assert answers == expected
print("The same from the GAN, from its file and from the exported model:", *answers, sep="\n  ")

# %% [markdown]
# ## What to remember
#
# - Noise picks tokens by the inverse of the cumulative distribution: a language model *is* a generator.
# - A discriminator helps as far as it knows something that its generator does not. Reading backwards is one such view; for
#   lines of one form, `networks.RelationalDiscriminator` relates their parts.
# - Measure it in nats per line, next to what the generator's own likelihood and length tell.
# - Resample to be faithful to the data; take the best, the likeliest, or a low temperature to be fluent.
# - Compare with a generator that has the same time.
#
# **Try it yourself:** more lines and epochs; `TransformerGenerator`; `feedback="policy_gradient"` with a
# `ConvolutionalDiscriminator`; your own file in `load_text`; or the whole recipe in one line: `gan-keras train FILE`.
