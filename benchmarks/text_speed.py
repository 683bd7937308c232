"""How fast a text GAN trains and writes, in real tokens a second: words and ends count, padding does not.

    python benchmarks/text_speed.py --data train.txt      # without --data: the built-in docstrings

Training: batches of lines of similar length against batches in the order of the file, padded to the codec's length, by the
same network in the same graph. Writing: `gan.generate` against three loops in Python that call the network eagerly, one call
a token. What is compared takes turns in one process, so that other work on the machine slows all of it alike. Sentences of
an untrained network do not end, so one epoch is trained before anything is written.
"""

import argparse
import itertools
import resource
import time

import numpy as np
import tensorflow as tf

from gan_keras import presets
from gan_keras.codecs import END, PADDING, START
from gan_keras.data import load_text, text_batches


def main():
    arguments = parse()
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    lines = load_text(arguments.data).lines
    preset = presets.with_settings(presets.get("text", arguments.preset), dict(each.split("=", 1) for each in arguments.set))
    start, gan = time.monotonic(), preset.build(lines)
    batches = {
        "padded, order of the file": padded_batches(lines, gan.codec, preset.batch_size),
        "length buckets": bucketed_batches(lines, gan.codec, preset.batch_size),
    }
    sizes = f"at most {gan.codec.length} tokens, {gan.codec.vocabulary_size:,} words"
    print(f"{len(lines):,} lines, {sizes}, threads: {arguments.threads}")
    print("\n| what | real tokens a second (range) | ratio (range) | peak memory until then |\n|---|---|---|---|", flush=True)
    report("training by likelihood", compare_training(gan, "pretraining", batches, arguments.steps, arguments.repetitions))
    gan.fit(text_batches(lines, gan.codec, preset.batch_size), epochs=1, verbose=0)
    writers = naive_writers(gan, arguments) | {f"gan.generate, {arguments.num} sentences": Generate(gan, arguments.num)}
    report("writing", compare(writers, arguments.repetitions))
    steps = arguments.adversarial_steps
    report("adversarial training", compare_training(gan, "adversarial", batches, steps, arguments.repetitions))
    print(f"\nmeasured in {(time.monotonic() - start) / 60:.1f} minutes")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="docstrings", help="a file of lines, or the name of a built-in data set")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--steps", type=int, default=6, help="of training by likelihood, in each repetition")
    parser.add_argument("--adversarial-steps", type=int, default=2, help="the same, of the adversarial stage")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--num", type=int, default=128, help="sentences that are written at once")
    parser.add_argument("--num-single", type=int, default=4, help="sentences that the loop for one at a time writes")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


# --- Measuring. ---


def compare(workers, repetitions):
    """Real tokens a second of each worker, by name: lists as long as there are repetitions. The workers take turns.

    Args:
        workers: By name, what works once when it is called, and returns how many real tokens that made.
        repetitions: How often each is measured, after one call that is not.
    """
    rates = {name: [] for name in workers}
    for work in workers.values():
        work()  # builds graphs
    for _, (name, work) in itertools.product(range(repetitions), workers.items()):
        start = time.perf_counter()
        num_tokens = work()
        rates[name].append(num_tokens / (time.perf_counter() - start))
    return rates


def report(title, rates):
    """Prints a row for each worker: medians, and ratios of the last worker to it within the repetitions."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    *_, last = rates.values()
    for name, each in rates.items():
        ratios = "" if each is last else spread(np.divide(last, each), "{:.1f}")
        print(f"| {title}: {name} | {spread(each, '{:,.0f}')} | {ratios} | {peak:.2f} GiB |", flush=True)


def spread(values, form):
    return f"{form.format(np.median(values))} ({form.format(min(values))} to {form.format(max(values))})"


# --- Training. ---


def compare_training(gan, stage, batches, steps, repetitions):
    """Rates of training in a stage on each kind of batches."""
    gan.stage = stage
    gan.make_train_function(force=True)
    return compare({name: TrainingSteps(gan, some, steps) for name, some in batches.items()}, repetitions)


class TrainingSteps:
    """Trains some steps and counts the real tokens of their batches."""

    def __init__(self, gan, batches, steps):
        self.gan, self.batches, self.steps = gan, batches, steps

    def __call__(self):
        batches = list(itertools.islice(self.batches, self.steps))
        for batch in batches:
            self.gan.train_function(iter([tf.constant(batch)]))
        return sum(int(np.count_nonzero(batch != PADDING)) for batch in batches)


def bucketed_batches(lines, codec, batch_size):
    """Batches without end, as `fit` gets them, but all of the same number of lines: another number builds another graph."""
    whole = lines[: len(lines) // batch_size * batch_size] or lines
    return text_batches(whole, codec, batch_size).repeat().as_numpy_iterator()


def padded_batches(lines, codec, batch_size):
    """Batches without end, in the order of the lines, int32 `(batch_size, codec.length)`."""
    tokens = codec.encode(list(lines)).numpy()
    for start in itertools.count(0, batch_size):
        yield tokens[np.arange(start, start + batch_size) % len(tokens)]


# --- Writing. ---


class Generate:
    """Writes with `gan.generate`, other sentences at each call."""

    def __init__(self, gan, num):
        self.gan, self.num, self.seed = gan, num, 0

    def __call__(self):
        self.seed += self.num
        sentences = self.gan.generate(self.num, self.seed, generator=self.gan.generator)
        return int(tf.math.count_nonzero(self.gan.codec.encode(sentences) != PADDING))


class NaiveLoop:
    """Writes in a loop of eager calls, in batches of some sentences until there are `num`."""

    def __init__(self, gan, write, num, batch_size):
        self.gan, self.write, self.num, self.batch_size, self.seed = gan, write, num, batch_size, 0

    def __call__(self):
        num_tokens = 0
        for _ in range(0, self.num, self.batch_size):
            self.seed += self.batch_size
            latents = self.gan.latents_from(tf.range(self.seed, self.seed + self.batch_size, dtype=tf.int64))
            tokens = self.write(self.gan.generator, latents)
            self.gan.decode(tokens).numpy()
            num_tokens += int(np.count_nonzero(tokens))
        return num_tokens


def naive_writers(gan, arguments):
    """The loops by name, the slowest first."""
    num, single = arguments.num, arguments.num_single
    return {
        "naive, whole prefix at each step, one sentence at a time": NaiveLoop(gan, write_from_prefixes, single, 1),
        f"naive, whole prefix at each step, {num} sentences at once": NaiveLoop(gan, write_from_prefixes, num, num),
        f"naive, state carried on, {num} sentences at once": NaiveLoop(gan, write_with_state, num, num),
    }


def write_from_prefixes(generator, latents):
    """Token ids, `(batch, time)`: the network reads all that is written so far again for every next token."""
    tokens = np.full([len(latents), 0], PADDING, np.int32)
    while not all_ended(tokens, generator.length):
        logits = generator.logits(latents, tf.constant(np.pad(tokens, [(0, 0), (0, 1)])))[:, -1]
        tokens = appended(tokens, logits)
    return tokens


def write_with_state(generator, latents):
    """The same, but the network reads the last token alone and keeps its state: one step for every next token."""
    tokens, last = np.full([len(latents), 0], PADDING, np.int32), np.full(len(latents), START)
    state = generator.state_from(latents)
    while not all_ended(tokens, generator.length):
        logits, state = generator.step(generator.embedding(last), state, tokens.shape[1])
        tokens = appended(tokens, logits + generator.mask_of(tokens.shape[1]))
        last = tokens[:, -1]
    return tokens


def all_ended(tokens, length):
    return tokens.shape[1] == length or (tokens == END).any(axis=1).all()


def appended(tokens, logits):
    """`tokens` and one drawn token more, padding where the sentence has ended."""
    drawn = tf.random.categorical(logits, 1, dtype=tf.int32).numpy()
    ended = (tokens == END).any(axis=1, keepdims=True)
    return np.concatenate([tokens, np.where(ended, PADDING, drawn)], axis=1)


if __name__ == "__main__":
    main()
