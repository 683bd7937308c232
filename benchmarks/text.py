"""Text: what a discriminator adds to a language model, in nats per line, on corpora without shift, and how its lines read.

    python benchmarks/text.py corpora --data DIRECTORY    # sizes of the parts, and their exact scores
    python benchmarks/text.py train coco --data DIRECTORY --seed 0 --minutes 30 --out runs/text  # a JSON and a .keras per seed
    python benchmarks/text.py table runs/text/*.json      # every table, mean and range over the seeds
    python benchmarks/text.py dan runs/text/*.json        # the generator trained alone beside the GAN
    python benchmarks/text.py sentences runs/text/coco_0.json
    python benchmarks/text.py read coco runs/text         # a sheet of sentences to be rated blind
    python benchmarks/text.py rated coco runs/text        # the tally of the rated sheet
    python benchmarks/text.py encoded coco --data DIRECTORY --seed 0 --out runs/text  # two-sample tests by a sentence encoder
    python benchmarks/text.py third coco --data DIRECTORY --seconds 300 --seed 0 --out runs/text  # third stages, after `train`
    python benchmarks/text.py lm coco --data DIRECTORY --seconds 600 --seed 0 --out runs/lm  # loss against processor time

`text_corpora.py` describes the corpora, their parts and their form. The networks see training lines. Held-out lines stop the
training and calibrate. Test lines are read after it, once. One thread; processor seconds include building the graph.

The gain in held-out log-likelihood is that of the generator's distribution reweighed by exp(energy): see
`gan_keras.metrics.likelihood_gain`. Two controls are calibrated in the same way: the generator's own log-likelihood, the number
of tokens and the frequency of its words alone, and these with a second forward model, of another seed, in the place of the
discriminator: it trains on the same lines for as many steps as the discriminator did before. Lines with unknown tokens take no
part, as drafts have none.
"""

import argparse
import json
import math
import pathlib
import resource
import shlex
import sys
import time

import keras
import numpy as np

import text_corpora
import text_tables
from gan_keras import feedback, modalities, presets
from gan_keras.codecs import END, PADDING
from gan_keras.metrics import (
    KneserNey,
    LatentSemantics,
    SentenceEncoder,
    likelihood_gain,
    linear_two_sample_test,
    mauve,
    mean_discrepancy,
)
from gan_keras.modalities import Yardstick, vocabulary_size
from image_quality import use_one_thread

CANDIDATES = 8
REAL = "other real lines"
LIKELIHOOD = "likelihood"  # the third stage that is none: more of the first
TEMPERATURE = 1 / 1.2  # of the control that leaves the data for likelier lines
EVALUATION_SEED, CALIBRATION_SEED = 2_000_000, 3_000_000  # noise that neither training nor the GAN's own calibration sees
CALIBRATION_DRAFTS = 4000
MAX_SAMPLES = 4000
NUM_KEPT = 500  # sentences of a sampler in the JSON, for `read` and `sentences`
PLANNED = 0.9  # share of the time that is planned, as machines may slow down


# --- train: the package's own training, and everything that is measured of it. ---


def train(arguments):
    """Trains one seed and writes `CORPUS_SEED.keras` and `CORPUS_SEED.json`."""
    use_one_thread()
    parts = text_corpora.load(arguments.corpus, arguments.data)
    preset = preset_of(arguments)
    if arguments.minutes is not None:
        preset = shortened(preset, parts.training, 60 * arguments.minutes, arguments.seed)
    if not preset.discriminator_epochs:
        raise SystemExit(f"{arguments.preset} has no epoch that trains the discriminator. Expected at least 1; `lm` needs none.")
    clock = StageClock()
    gan = preset.fit(parts.training, parts.held_out, seed=arguments.seed, callbacks=[clock], verbose=2)
    clock.note("calibration")
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / f"{arguments.corpus}_{arguments.seed}.keras"
    gan.save(path)
    networks = {name: getattr(gan, name) for name in ("generator", "discriminator", "ngrams") if getattr(gan, name) is not None}
    result = {
        **described(arguments, parts, label_of(arguments, f"{arguments.minutes:g} min" if arguments.minutes else "whole")),
        "preset": preset.to_config(),
        "stages": clock.stages,
        "history": gan.history.history,
        "peak_gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "parameters": {name: network.count_params() for name, network in networks.items()},
        "file_bytes": path.stat().st_size,
        **evaluate(gan, parts, preset, arguments),
    }
    text_tables.write(path.with_suffix(".json"), result)
    text_tables.print_tables([result])


def preset_of(arguments):
    return presets.with_settings(presets.get("text", arguments.preset), dict(each.split("=", 1) for each in arguments.set))


def label_of(arguments, time_limit):
    return " ".join([arguments.preset, *arguments.set, time_limit])


def described(arguments, parts, label):
    """What every result begins with."""
    return {
        "command": shlex.join(["python", "benchmarks/text.py", *sys.argv[1:]]),
        "corpus": arguments.corpus,
        "label": label,
        "seed": arguments.seed,
        "data": parts.facts(),
    }


def shortened(preset, training, seconds, seed):
    """The preset with as many epochs of each stage as fit into the time."""
    text = modalities.get("text")
    by_stage, overhead = text.measure(preset, training, seed)
    return text.fit_into(preset, training, by_stage, PLANNED * seconds - 2 * overhead)[0]  # measuring has taken as much


class StageClock(keras.callbacks.Callback):
    """Epochs, steps, seconds and processor seconds of each stage, with what precedes and follows its steps."""

    def __init__(self):
        super().__init__()
        self.stages, self.steps = {}, 0
        self.last = np.array([time.monotonic(), time.process_time()])

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1

    def on_epoch_end(self, epoch, logs=None):
        self.note(self.model.stage, epochs=1)

    def note(self, stage, epochs=0):
        """Adds what has passed since the last call to a stage."""
        now = np.array([time.monotonic(), time.process_time()])
        passed = [epochs, self.steps, *(now - self.last).tolist()]
        names = ("epochs", "steps", "seconds", "processor_seconds")
        entry = self.stages.setdefault(stage, dict.fromkeys(names, 0))
        self.stages[stage] = {name: entry[name] + value for name, value in zip(names, passed, strict=True)}
        self.last, self.steps = now, 0


def evaluate(gan, parts, preset, arguments):
    """All scores on the test lines."""
    num = arguments.num or min(len(parts.test.lines), MAX_SAMPLES)
    seed = EVALUATION_SEED + arguments.seed * MAX_SAMPLES
    samples = draw(gan, parts, num, seed)
    second, seconds = second_model(preset, parts, arguments.seed)
    return {
        "num": num,
        "likelihood": likelihoods(gan, parts),
        "gain": gains(gan, second, parts, samples["one draw"], arguments.seed),
        "second_model": seconds,
        "samplers": scores(gan, samples, parts),
        "sentences": {name: plain(gan, known_lines(gan, lines))[:NUM_KEPT] for name, lines in samples.items()},
    }


def draw(gan, parts, num, seed):
    """Lines of each sampler by name: of the GAN, of its controls, and real ones."""
    ngram = KneserNey().fit([parts.units.tokenize(line) for line in parts.training.lines])
    return {
        "one draw": gan.generate(num, seed),
        f"resampled of {CANDIDATES}": gan.generate(num, seed, candidates=CANDIDATES),
        f"best of {CANDIDATES}": gan.generate(num, seed, candidates=CANDIDATES, choice="best"),
        f"likeliest of {CANDIDATES}": gan.generate(num, seed, candidates=CANDIDATES, choice="likeliest"),
        "temperature 1/1.2": gan.generate(num, seed, temperature=TEMPERATURE),
        "Kneser-Ney 5-gram": [*map(parts.units.join, ngram.sample(num, seed))],
        REAL: list(parts.control.lines[:num]),
    }


def plain(gan, lines):
    """Lines as the GAN would write them, so that spaces do not tell which sampler a line comes from."""
    return [line.decode() for line in np.asarray(gan.decode(gan.codec.encode(lines)))]


# --- Likelihood: the same tokens for all models. ---


def likelihoods(gan, parts):
    """Negative log-likelihood of the test lines in nats, by model, per token (ends counted) and per line.

    A network reads one latent per line, so its values are upper bounds.
    """
    training, test = (token_rows(gan.codec, part.lines) for part in (parts.training, parts.test))
    ngram = KneserNey().fit(training, gan.codec.vocabulary_size)
    tokens_per_line = 1 + float(np.mean([*map(len, test)]))
    per_token = {"network": nats_per_line(gan, parts.test.lines) / tokens_per_line}
    if gan.stage == "adversarial":
        per_token["network before the third stage"] = nats_per_line(gan, parts.test.lines, gan.baseline) / tokens_per_line
    if gan.ngrams is not None:
        per_token["network and n-grams"] = gan.negative_log_likelihood(parts.test.lines)
    per_token["Kneser-Ney 5-gram"] = ngram.negative_log_likelihood_per_token(test)
    return {
        "tokens_per_line": tokens_per_line,
        "known": float(np.mean(gan.known(list(parts.test.lines)))),
        "per_token": per_token,
        "per_line": {name: value * tokens_per_line for name, value in per_token.items()},
    }


def nats_per_line(gan, lines, generator=None):
    """Mean negative log-likelihood of a line by the averaged network, or another one, alone, without n-grams."""
    generator, total = generator or gan.ema_generator, 0.0
    for start in range(0, len(lines), 256):
        tokens = gan.codec.encode(list(lines[start : start + 256]))
        latents = gan.latents_from(np.arange(start, start + len(tokens)))
        total -= float(keras.ops.sum(generator.log_likelihood(latents, tokens)))
    return total / len(lines)


def token_rows(codec, lines):
    """Token ids of each line without its end, a list of lists."""
    return [[token for token in row if token not in (END, PADDING)] for row in np.asarray(codec.encode(list(lines))).tolist()]


# --- Gain, and its controls. ---


def second_model(preset, parts, seed):
    """A generator of another seed, trained by likelihood for the discriminator's epochs, and what that took."""
    clock = StageClock()
    stages = {"pretraining": preset.discriminator_epochs, "discriminator": 0, "adversarial": 0}
    gan = preset.with_stage_epochs(stages).fit(parts.training, parts.held_out, seed=seed + 1000, callbacks=[clock], verbose=2)
    return gan, clock.stages


def gains(gan, second, parts, drafts, seed):
    """Gain in nats per line on the test lines with its 95 % interval, of the discriminator and of each control."""
    fitted = [parts.held_out.lines, gan.generate(CALIBRATION_DRAFTS, CALIBRATION_SEED + seed)]
    tested = [known_lines(gan, lines) for lines in (parts.test.lines, drafts)]
    kinds = [*(known_lines(gan, lines) for lines in fitted), *tested]
    own_names = gan.own_feature_names
    own = [gan.features(lines)[:, : len(own_names)] for lines in kinds]
    with_second = [np.column_stack([rows, second.features(lines)[:, 0]]) for rows, lines in zip(own, kinds, strict=True)]
    names = (*own_names, "second_log_likelihood")
    intervals = {
        "discriminator": likelihood_gain(*map(gan.energies, tested)),
        "log-likelihood, length and words": calibrated_gain(gan, own_names, *own),
        "second forward model": calibrated_gain(gan, names, *with_second),
    }
    return {name: interval._asdict() for name, interval in intervals.items()}


def calibrated_gain(gan, names, held_out, held_out_drafts, test, test_drafts):
    """The gain of features by a calibration like the GAN's own, on rows that it has not seen."""
    calibration = type(gan.calibration)(names)
    calibration.fit(held_out, held_out_drafts)
    logits = [np.asarray(calibration(rows.astype(np.float32))) for rows in (test, test_drafts)]
    return likelihood_gain(*logits, beta=float(calibration.beta))


def known_lines(gan, lines):
    return [line for line, known in zip(lines, gan.known(list(lines)), strict=True) if known]


# --- Scores of samples. ---


def scores(gan, samples, parts):
    """Scores of each sampler's lines against the test lines: two-sample tests, form, BLEU and Self-BLEU."""
    size = vocabulary_size(parts.units, [parts.training.lines, parts.test.lines, *samples.values()])
    yardstick = Yardstick(parts.units, parts.training.lines, parts.test.lines, size, parts.log_likelihood)
    real_length = np.mean([len(parts.units.tokenize(line)) for line in parts.test.lines])
    features = LatentSemantics(parts.training.lines, tokenize=parts.units.tokenize)
    real, control = (features(known_lines(gan, part.lines)) for part in (parts.test, parts.control))
    result = {}
    for name, lines in samples.items():
        point = yardstick.point(lines)[0]
        fake = control if name == REAL else features(lines)
        result[name] = {
            **point,
            **parts.form(lines, parts.training.lines),
            "length_percent": 100 * float(point["mean_length"] / real_length - 1),
            **two_sample_tests(real, fake, len(control)),
        }
    return result


def two_sample_tests(real, fake, num):
    """Tests features of generated lines against those of real ones; MAUVE on as many as the control has."""
    test = linear_two_sample_test(real, fake)
    tests = {"c2st": [test.area, test.low, test.high], "mmd": mean_discrepancy(real, fake)}
    return {**tests, "mauve": mauve(real, fake, max_samples=num)}


# --- encoded: the same tests on the features of a sentence encoder, which knows more of a sentence than its words. ---


def encoded(arguments):
    """Prints the two-sample tests of samples of a trained `CORPUS_SEED.keras`, after `train`."""
    use_one_thread()
    parts, encoder = text_corpora.load(arguments.corpus, arguments.data), SentenceEncoder()
    gan = keras.saving.load_model(arguments.out / f"{arguments.corpus}_{arguments.seed}.keras", compile=False)
    num = arguments.num or min(len(parts.test.lines), MAX_SAMPLES)
    samples = draw(gan, parts, num, EVALUATION_SEED + arguments.seed * MAX_SAMPLES)
    real, control = (encoder(known_lines(gan, part.lines[:num])) for part in (parts.test, parts.control))
    rows = []
    for name, lines in samples.items():
        tests = two_sample_tests(real, control if name == REAL else encoder(lines), min(len(real), len(control)))
        area, low, high = tests["c2st"]
        rows.append([name, f"{area:.3f} [{low:.3f}, {high:.3f}]", f"{1e3 * tests['mmd']:.2f}", f"{tests['mauve']:.3f}"])
    print(f"{arguments.corpus}, seed {arguments.seed}: {encoder.name}, {len(real):,} test lines")
    text_tables.print_table(["sampler", "C2ST", "MMD, 1e-3", "MAUVE"], rows)


# --- lm: held-out loss of a generator against the processor time of its training by likelihood. ---


def language_model(arguments):
    """Trains by likelihood for some processor seconds and writes `CORPUS_GENERATOR_SEED.json`, a row per epoch."""
    use_one_thread()
    parts = text_corpora.load(arguments.corpus, arguments.data)
    arguments.set += [] if arguments.generator is None else [f"generator={arguments.generator}"]
    preset = preset_of(arguments)
    preset = preset.with_stage_epochs({"pretraining": 10**6, "discriminator": 0, "adversarial": 0})
    watch = CosineByTheClock(arguments.seconds, preset.learning_rate, preset.final_share)
    gan = preset.build(parts.training, seed=arguments.seed)
    gan.generator_optimizer.learning_rate = lambda: watch.rate
    gan.fit(
        preset.batches(gan, parts.training, arguments.seed),
        epochs=preset.epochs,
        validation_data=preset.validation_batches(gan, parts.training, parts.held_out),
        callbacks=[*preset.callbacks(parts.training, parts.held_out), watch],
        verbose=0,
    )
    num = arguments.num or min(len(parts.test.lines), MAX_SAMPLES)
    result = {
        **described(arguments, parts, label_of(arguments, f"{arguments.seconds:g} s")),
        "preset": preset.to_config(),
        "parameters": {"generator": gan.generator.count_params()},
        "rows": watch.rows,
        "likelihood": likelihoods(gan, parts),
        "samplers": scores(gan, {"one draw": gan.generate(num, EVALUATION_SEED)}, parts),
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    name = f"{arguments.corpus}_{arguments.generator or arguments.preset}_{arguments.seed}.json"
    text_tables.write(arguments.out / name, result)
    text_tables.print_tables([result])


class ByTheClock(keras.callbacks.Callback):
    """Ends `fit` after so many processor seconds, of all that it does but validation.

    Attributes:
        rows: Epoch, steps, seconds and losses of each epoch.
    """

    def __init__(self, seconds):
        super().__init__()
        self.seconds, self.spent, self.steps, self.rows = seconds, 0.0, 0, []

    def on_train_begin(self, logs=None):
        self.last = time.process_time()

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        self.model.stop_training = self.count() >= self.seconds

    def on_test_begin(self, logs=None):
        self.count()

    def on_test_end(self, logs=None):
        self.last = time.process_time()

    def count(self):
        """Adds the time since the last call and returns the sum."""
        now = time.process_time()
        self.spent, self.last = self.spent + now - self.last, now
        return self.spent

    def on_epoch_end(self, epoch, logs=None):
        losses = {name: float(logs[name]) for name in ("nll", "val_nll") if name in logs}
        self.rows.append({"epoch": epoch + 1, "steps": self.steps, "processor_seconds": self.spent, **losses})
        print(json.dumps(self.rows[-1]), flush=True)


class CosineByTheClock(ByTheClock):
    """`ByTheClock` whose `rate`, the learning rate, falls along a cosine to `final_share` of its start."""

    def __init__(self, seconds, learning_rate, final_share):
        super().__init__(seconds)
        self.learning_rate, self.final_share = learning_rate, final_share
        self.rate = keras.Variable(learning_rate, trainable=False, name="learning_rate")

    def on_train_batch_begin(self, batch, logs=None):
        cosine = 0.5 + 0.5 * math.cos(math.pi * min(1.0, self.spent / self.seconds))
        self.rate.assign(self.learning_rate * (self.final_share + (1 - self.final_share) * cosine))


# --- third: what a third stage adds to a GAN without one, in equal time. ---


def third_stage(arguments):
    """Trains a GAN of `train` further with each feedback, and writes `CORPUS_third_SEED.json`."""
    use_one_thread()
    parts = text_corpora.load(arguments.corpus, arguments.data)
    path = arguments.out / f"{arguments.corpus}_{arguments.seed}.keras"
    trained = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    preset = modalities.get("text").preset_class.from_config(trained["preset"])
    stages = {}
    for name in arguments.feedback:
        gan = keras.saving.load_model(path)
        first = gan.pretraining_epochs + gan.discriminator_epochs
        if name == LIKELIHOOD:
            gan.pretraining_epochs = sys.maxsize
        else:
            gan.feedback = feedback.get(name)
            getattr(gan.feedback, "prepare", lambda gan: None)(gan)
        watch = ByTheClock(arguments.seconds)
        print(name, flush=True)
        gan.fit(
            preset.batches(gan, parts.training, arguments.seed + first),
            initial_epoch=first,
            epochs=first + 10**6,
            validation_data=preset.validation_batches(gan, parts.training, parts.held_out),
            callbacks=[*preset.callbacks(parts.training, parts.held_out), watch],
            verbose=0,
        )
        kept = gan.baseline if name == LIKELIHOOD else gan.ema_generator
        stages[name] = {"rows": watch.rows, "kept": test_nats(gan, parts, kept)}
    gan = keras.saving.load_model(path)
    before = {"val_nll": float(gan.baseline_nll), "test": test_nats(gan, parts, gan.ema_generator)}
    result = {**described(arguments, parts, f"{arguments.seconds:g} s"), "before": before, "third": stages}
    text_tables.write(path.with_name(f"{arguments.corpus}_third_{arguments.seed}.json"), result)
    text_tables.print_tables([result])


def test_nats(gan, parts, generator):
    """Nats per token of the test lines by a generator alone."""
    tokens = sum(map(len, token_rows(gan.codec, parts.test.lines))) + len(parts.test.lines)
    return nats_per_line(gan, parts.test.lines, generator) * len(parts.test.lines) / tokens


def show_corpora(arguments):
    """Prints the sizes of each corpus, and what is exactly known of its test lines."""
    rows = []
    for name in text_corpora.CORPORA:
        parts = text_corpora.load(name, arguments.data)
        facts = parts.facts()
        exact = parts.form(parts.test.lines, parts.training.lines) | text_corpora.by_chance(name, parts.test.lines)
        exact |= {key: value for key, value in facts.items() if key == "floor_per_line"}
        sizes = [f"{facts[part]['lines']:,}" for part in text_corpora.COCO]
        rows.append([name, *sizes, ", ".join(f"{key} {value:.3f}" for key, value in exact.items())])
    text_tables.print_table(["corpus", *text_corpora.COCO, "test lines, exactly"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    corpora = commands.add_parser("corpora")
    corpora.add_argument("--data", type=pathlib.Path, required=True)
    corpora.set_defaults(run=show_corpora)
    for name, run in (("train", train), ("encoded", encoded), ("lm", language_model), ("third", third_stage)):
        one = commands.add_parser(name)
        one.add_argument("corpus", choices=text_corpora.CORPORA)
        one.add_argument("--data", type=pathlib.Path, help="directory with image_coco, tang_poems and song_quatrains")
        one.add_argument("--out", type=pathlib.Path, required=True)
        one.add_argument("--seed", type=int, default=0)
        one.set_defaults(run=run)
        if run is not third_stage:
            one.add_argument("--num", type=int, help=f"lines of each sampler; the number of test lines, at most {MAX_SAMPLES}")
        if run in (train, language_model):
            one.add_argument("--preset", default="default")
            one.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="field of the preset")
        if run is train:
            one.add_argument("--minutes", type=float, help="shorten the stages until they fit into this time")
        elif run is not encoded:
            one.add_argument("--seconds", type=float, required=True, help="processor seconds of the steps")
        if run is language_model:
            one.add_argument("--generator", help="value of the preset's field `generator`")
        if run is third_stage:
            one.add_argument("--feedback", nargs="+", default=["distillation", LIKELIHOOD], help=f"feedbacks, or {LIKELIHOOD}")
    text_tables.add_commands(commands)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
