"""Chinese quatrains, character by character: trains on Tang and Song poems together, and tests on poems set aside.

    python benchmarks/chinese_poems.py train --data DIRECTORY --seed 0 --out runs/poems

DIRECTORY holds `tang_poems` and `song_quatrains`, each with train.txt and test.txt: one poem of four lines of five
characters in each line, without punctuation. 1,000 training poems choose the epoch and train nothing, neither the networks
nor the n-gram model. The test poems are read after training, once.
"""

import argparse
import json
import pathlib
import resource
import time
from collections import Counter

import numpy as np
import tensorflow as tf

from gan_keras import modalities, presets
from gan_keras.callbacks import KeepBest
from gan_keras.codecs import END, PADDING
from gan_keras.data import corpus_from_lines, read_corpus, split, text_batches
from gan_keras.metrics import SENTENCE_END, KneserNey
from gan_keras.modalities import CHARACTERS, Yardstick, vocabulary_size

SETS = ("tang_poems", "song_quatrains")
VERSE, POEM = 5, 20  # characters of a line of verse and of a poem
HELD_OUT = 1000
CANDIDATES = 4
NUM_SHOWN = 30
PLANNED = 0.9  # fraction of the time that is planned, as machines may slow down
COLUMNS = {"20 characters": "twenty", "all known": "known", "unique": "unique", "copies": "copies"}
COLUMNS |= {"repeats a verse": "repeated_verse", "a character 3+ times": "thrice"}


def train(arguments):
    """Trains one seed, tests it, and writes `seed_N.json`, `seed_N.keras` and `seed_N_poems.txt`."""
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    training, held_out = split(read_poems(arguments.data, "train"), arguments.held_out)
    test = read_poems(arguments.data, "test").lines
    preset = presets.with_settings(presets.get("text", arguments.preset), dict(each.split("=", 1) for each in arguments.set))
    if arguments.minutes is not None:
        preset = shortened(preset, training, arguments.minutes, arguments.seed)
    arguments.out.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    gan, history = fit(preset, training.lines, held_out.lines, arguments.seed)
    minutes = (time.monotonic() - start) / 60
    gan.save(arguments.out / f"seed_{arguments.seed}.keras")
    result = evaluate(gan, training.lines, test, arguments)
    result["training"] = {
        "lines": len(training.lines),
        "minutes": minutes,
        "peak_gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "preset": preset.to_config(),
        "history": history,
    }
    (arguments.out / f"seed_{arguments.seed}.json").write_text(json.dumps(result, indent=1, ensure_ascii=False))
    (arguments.out / f"seed_{arguments.seed}_poems.txt").write_text(shown(result["samplers"]))
    print(f"\ntrained on {len(training.lines):,} poems in {minutes:.1f} minutes\n\n{summary(result)}")


def read_poems(directory, part):
    """The different poems of both sets, `part` being "train" or "test", as one corpus."""
    lines = [line for name in SETS for line in read_corpus(directory / name / f"{part}.txt").lines]
    odd = [line for line in lines if len(line) != POEM]
    if odd:
        raise ValueError(f"{len(odd)} poems of {part}.txt, such as {odd[0]!r:.60}, are odd. Expected {POEM} characters each.")
    return corpus_from_lines("poems", dict.fromkeys(lines))


def shortened(preset, training, minutes, seed):
    """The preset with as many epochs of each stage as fit into the time."""
    text = modalities.get("text")
    seconds, overhead = text.measure(preset, training, seed)
    budget = PLANNED * 60 * minutes - 2 * overhead  # measuring itself has taken as much
    return text.fit_into(preset, training, seconds, budget)[0]


def fit(preset, lines, held_out_lines, seed):
    """The trained GAN and the history of its logs."""
    gan = preset.build(lines, seed=seed)
    history = gan.fit(
        text_batches(lines, gan.codec, preset.batch_size, seed=seed),
        epochs=preset.epochs,
        validation_data=text_batches(held_out_lines, gan.codec, preset.batch_size, shuffle=False),
        callbacks=[KeepBest(held_out_lines, preset.rating_samples, CANDIDATES, CHARACTERS.tokenize)],
        verbose=2,
    ).history
    return gan, history


# --- Likelihood: the same characters for all models. ---


def likelihoods(gan, training_lines, test_lines):
    """Nats a character of the networks and of a Kneser-Ney 5-gram model, on all test poems and on those of known characters."""
    known = set(gan.codec.vocabulary)
    subsets = {"all": test_lines, "known": [line for line in test_lines if known.issuperset(line)]}
    ngram = KneserNey().fit(character_ids(gan.codec, training_lines), gan.codec.vocabulary_size)
    result = {
        "test_poems": {name: len(lines) for name, lines in subsets.items()},
        "unknown_share": float(np.mean([character not in known for line in test_lines for character in line])),
    }
    for name, lines in subsets.items():
        result[name] = {
            "gan": rates(*nats_of_network(gan, gan.ema_generator, lines)),
            "baseline": rates(*nats_of_network(gan, gan.baseline, lines)),
            "ngram": rates(*nats_of_ngram(ngram, character_ids(gan.codec, lines))),
        }
    return result


def rates(character_nats, end_nats):
    """Mean nats a character, and the same with the end of a poem as one more character, of nats a poem `(poems,)`."""
    total = character_nats.mean()
    return {"end_not_counted": float(total / POEM), "end_counted": float((total + end_nats.mean()) / (POEM + 1))}


def nats_of_network(gan, generator, lines):
    """Negative log-likelihood of the characters and of the end of each poem: twice `(poems,)`.

    A network reads one latent a poem, so both are upper bounds.
    """
    parts = []
    for start in range(0, len(lines), 256):
        tokens = gan.codec.encode(list(lines[start : start + 256]))
        latents = gan.latents_from(tf.range(start, start + len(tokens), dtype=tf.int64))
        losses, ends = generator.token_losses(latents, tokens).numpy(), tokens.numpy() == END
        parts.append(np.stack([np.where(ends, 0.0, losses).sum(axis=1), np.where(ends, losses, 0.0).sum(axis=1)]))
    return np.concatenate(parts, axis=1)


def nats_of_ngram(ngram, poems):
    """As `nats_of_network`."""
    whole = np.array([-ngram.log_likelihood(poem) for poem in poems])
    ends = np.array([-np.log(ngram.next_token_probabilities(poem)[SENTENCE_END]) for poem in poems])
    return whole - ends, ends


def character_ids(codec, lines):
    """Ids of the characters of each poem, unknown ones as one id: a list of lists."""
    return [[token for token in row if token not in (END, PADDING)] for row in np.asarray(codec.encode(list(lines))).tolist()]


# --- Generated poems beside real ones. ---


def evaluate(gan, training_lines, test_lines, arguments):
    """Likelihoods, and the scores of every sampler and of the test poems; JSON holds it as it is."""
    ngram = KneserNey().fit([list(line) for line in training_lines])
    samplers = {
        "GAN (one draw)": gan.generate(arguments.num, arguments.seed),
        f"GAN (best of {CANDIDATES})": gan.generate(arguments.num, arguments.seed, candidates=CANDIDATES),
        "supervised baseline": gan.generate(arguments.num, arguments.seed, generator=gan.baseline),
        "Kneser-Ney 5-gram": ["".join(poem) for poem in ngram.sample(arguments.num, arguments.seed)],
        "real test poems": list(test_lines),
    }
    size = vocabulary_size(CHARACTERS, [training_lines, *samplers.values()])
    yardstick = Yardstick(CHARACTERS, training_lines, test_lines, size)
    scores = {name: form(poems, training_lines) | yardstick.point(poems, 1.0)[0] for name, poems in samplers.items()}
    scores["real test poems"] |= {"bleu": None, "reverse_lm_score": None}  # against themselves they mean nothing
    return {
        "num": arguments.num,
        "seed": arguments.seed,
        "samplers": {name: scores[name] | {"poems": poems[:NUM_SHOWN]} for name, poems in samplers.items()},
        "negative_log_likelihood": likelihoods(gan, training_lines, test_lines),
        "protocols": yardstick.protocols(arguments.num, arguments.seed),
    }


def form(poems, training_lines):
    """Shares of the poems, in [0, 1], that have the right form, and that repeat themselves."""
    known = set().union(*training_lines)
    return {
        "twenty": share(len(poem) == POEM for poem in poems),
        "known": share(known.issuperset(poem) for poem in poems),
        "repeated_verse": share(repeats_verse(poem) for poem in poems),
        "thrice": share(max(Counter(poem).values(), default=0) >= 3 for poem in poems),
    }


def share(flags):
    return float(np.mean(list(flags)))


def repeats_verse(poem):
    """Whether one whole line of verse of a poem occurs in it twice."""
    verses = verses_of(poem)
    return len(set(verses)) < len(verses)


def verses_of(poem):
    return [poem[start : start + VERSE] for start in range(0, len(poem), VERSE)]


def summary(result):
    """Both tables in Markdown."""
    likelihood = result["negative_log_likelihood"]
    rows = [f"| sampler, {result['num']:,} poems at temperature 1 | {' | '.join(COLUMNS)} | BLEU-2 / 3 | Self-BLEU-2 / 3 |"]
    rows.append(f"|{'---|' * (len(COLUMNS) + 3)}")
    for name, scores in result["samplers"].items():
        percents = " | ".join(f"{100 * scores[key]:.2f} %" for key in COLUMNS.values())
        bleus = " | ".join(orders(scores[kind]) for kind in ("bleu", "self_bleu"))
        rows.append(f"| {name} | {percents} | {bleus} |")
    rows.append("\n| nats a character of test poems | poems | GAN | baseline | Kneser-Ney 5-gram |\n|---|---|---|---|---|")
    for subset in ("all", "known"):
        for end in ("end_not_counted", "end_counted"):
            values = " | ".join(f"{likelihood[subset][model][end]:.3f}" for model in ("gan", "baseline", "ngram"))
            title = f"{'all' if subset == 'all' else 'without unknown characters'}, {end.replace('_', ' ')}"
            rows.append(f"| {title} | {likelihood['test_poems'][subset]:,} | {values} |")
    rows.append(
        f"\n{100 * likelihood['unknown_share']:.2f} % of the characters of the test poems are unknown: one id for every model."
    )
    return "\n".join(rows)


def orders(scores):
    return "-" if scores is None else " / ".join(f"{scores[order]:.3f}" for order in ("2", "3"))


def shown(samplers):
    """Poems of every sampler to read, a space between lines of verse."""
    return "\n".join(
        f"{name}\n" + "".join(f"    {' '.join(verses_of(poem))}\n" for poem in scores["poems"])
        for name, scores in samplers.items()
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    one = parser.add_subparsers(required=True).add_parser("train")
    one.add_argument("--data", type=pathlib.Path, required=True)
    one.add_argument("--out", type=pathlib.Path, required=True)
    one.add_argument("--preset", default="default")
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--minutes", type=float, help="shorten the stages until they fit into this time")
    one.add_argument("--held-out", type=int, default=HELD_OUT, help="training poems that choose the epoch")
    one.add_argument("--num", type=int, default=2000, help="poems of each sampler")
    one.add_argument("--threads", type=int, default=1)
    one.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    one.set_defaults(run=train)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
