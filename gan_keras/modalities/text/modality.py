"""Text: lines that become sentences.

`presets.py` holds the stages, networks and numbers, `evaluation.py` the samplers and their scores, `comparison.py` the frontiers,
verdict and tables. This file reads and splits the data, trains by the clock, and writes sentences and the report.
"""

import pathlib

import numpy as np

from gan_keras import catalogue
from gan_keras.callbacks import Samples
from gan_keras.callbacks.history import read_history
from gan_keras.codecs.text import TextCodec
from gan_keras.data import Corpus, describe, likelihood_of, load_text, split
from gan_keras.export import exported
from gan_keras.gans.calibration import MAX_LINES, MIN_LINES
from gan_keras.media.file_kinds import JSON, TABLES
from gan_keras.media.html import bullets, element, header, joined, picture, row_of, section
from gan_keras.media.safe_files import replace_whole
from gan_keras.modalities.base import Modality, seconds_per_sample
from gan_keras.modalities.sample_files import all_epochs, last_and_first, title_of
from gan_keras.modalities.score_table import how_measured, numbers, verdict_box
from gan_keras.modalities.text.comparison import (
    COLUMNS,
    TEST_COLUMNS,
    TEST_NOTE,
    c2st_picture,
    cells_of_test,
    exact_scores,
    frontier_picture,
    likelihood_lines,
    print_summary,
    table_row,
)
from gan_keras.modalities.text.evaluation import evaluate_text
from gan_keras.modalities.text.presets import STAGES, Lines, TextPreset, numbered

NUM_PILOT = 256
SHOWN_LINES = 10
DRAFT = "draft"


class TextModality(Modality):
    """Lines of text; the run keeps all of them, and does not need their source again."""

    name, samples, output_name = "text", "lines", "text"
    preset_class, data_class, codec_classes = TextPreset, Corpus, (TextCodec,)
    method, quality = "negative_log_likelihood", ("val_nll", "min")
    describe, summary = staticmethod(describe), staticmethod(print_summary)

    # --- Data. ---

    def load(self, source, preset, labels=None):
        return load_text(source, labels, preset.text_column)

    def keep(self, run, config, data, source):
        if pathlib.Path(source).resolve() in run.path.resolve().parents and pathlib.Path(source).is_dir():
            raise ValueError(f"{run.path} lies in {source}, the folder of its texts. Expected a run outside of it.")
        training, held_out = split(data, seed=config["seed"])
        names = None if data.labels is None else sorted(set(data.labels))
        counts = {"training_lines": len(training.lines), "held_out_lines": len(held_out.lines)}
        entries = {"name": data.name, "fingerprint": data.fingerprint, "report": data.report, **counts}
        run.write_config({**config, "labels": names, "data": entries})  # first: a directory that is not writable shows early
        run.write_lines("train", training.lines, training.labels)
        run.write_lines("held_out", held_out.lines, held_out.labels)

    def parts(self, run, data=None):
        return [Lines(run.lines(part), run.label_numbers(part)) for part in ("train", "held_out")]

    def test_part(self, run, source, training):
        column, names = self.preset_of(run).text_column, run.config.get("labels")
        is_table = column and str(source).lower().endswith((*TABLES, *JSON))
        test = load_text(source, column=column if is_table else "")
        return numbered(test, Lines([], names)) if names and test.labels else Lines(list(test.lines))

    # --- Training. ---

    def details(self, gan):
        name = type(gan.codec).__name__
        line = f"{name}: {gan.codec.vocabulary_size:,} tokens, at most {gan.codec.length} per line"
        line += f"; {type(gan.generator).__name__}, {type(gan.discriminator).__name__}"
        return line, {"codec": {"class": name, **gan.codec.report}, "compilation": gan.compilation._asdict()}

    def measure_further(self, gan, preset):
        has_discriminator = any(preset.stage_epochs[stage] for stage in STAGES[1:])
        return {DRAFT: seconds_per_sample(gan, NUM_PILOT) if has_discriminator else 0.0}

    def measure(self, preset, training, seed=0):
        seconds, overhead = super().measure(preset, training, seed)
        draft = seconds.pop(DRAFT)
        return seconds, overhead + MAX_LINES * draft  # those of the calibration

    def sample_callbacks(self, run, preset, training, held_out):
        return [Samples(run.samples)]

    def complete(self, run, gan):
        if gan.stage == "pretraining" and np.isinf(gan.baseline_nll):  # no epoch has ended, so no baseline was kept
            gan.baseline.set_weights(gan.ema_generator.get_weights())
        elif gan.stage != "pretraining":
            _, (lines, labels) = self.parts(run)
            if gan.known(lines).sum() >= MIN_LINES:
                gan.calibrate(lines, labels)

    def check_resumable(self, run):
        if "likelihood_weight" in run.config["preset"]:  # of version 0.1
            raise ValueError(
                f"{run.path} was begun by version 0.1, in which tokens of short lines weighed more: its training cannot go on as "
                "it began. Expected a run of this version: train with another --out. What it has learned can be used as it is."
            )

    def results(self, gan):
        calibration = gan.calibration
        if not calibration.is_fitted:
            return {}
        found = {**calibration.gain._asdict(), "beta": float(calibration.beta), "lines": int(calibration.num_lines)}
        return {"calibration": {"unit": "gain in nats per held-out line", "features": calibration.feature_names, **found}}

    # --- Use. ---

    def generate(self, gan, n, seed, label, options):
        return gan.generate(n, seed, label=label, **{name: value for name, value in options.items() if value is not None})

    def generate_by_version(self, version, n, seed, label, options):
        return exported.generate_text(version, n, seed, label=label, **options)

    def write(self, samples, output):
        text = "".join(f"{sample}\n" for sample in samples)
        if output is None:
            return text
        return replace_whole(output, lambda path: path.write_text(text, encoding="utf-8"))

    def next_commands(self, command, run, version=None):
        """See `Modality.next_commands`; what a generator has learned is explained once a discriminator has taught it."""
        found = super().next_commands(command, run, version)
        stages = {row.get("stage") for row in read_history(run.history_path)}
        return found if stages - {STAGES[0]} else [each for each in found if " explain " not in each]

    # --- Explanation. ---

    def size_of(self, part):
        return len(part.lines)

    def real_samples(self, gan, part, rows):
        labels = None if part.labels is None else np.array([part.labels[row] for row in rows])
        return [part.lines[row] for row in rows], labels

    # --- Evaluation and report. ---

    def score(self, gan, training, test, num=None, seed=0, progress=print, likelihood=None, is_selection=False):
        likelihood = exact_likelihood(training) if likelihood is None else likelihood
        test = numbered(test, training) if gan.num_labels and test.labels is not None else Lines(list(test.lines))
        choices = {"num": num, "seed": seed, "progress": progress, "likelihood": likelihood, "is_selection": is_selection}
        return evaluate_text(gan, numbered(training).lines, test.lines, test_labels=test.labels, **choices)

    def evaluate(self, run, data=None, num=None, seed=0, progress=print):
        training, held_out = self.parts(run)
        is_selection = data is None
        test = held_out if is_selection else self.test_part(run, data, training)
        source = run.config["data"]
        exact = likelihood_of(source["name"], source["fingerprint"])
        result = self.score(run.load(compile=False), training, test, num, seed, progress, exact, is_selection)
        return result, {"frontier.png": frontier_picture(result).data}

    def evaluation_sections(self, result):
        """Verdict, tests of whole sentences, sentences side by side, and the published protocol."""
        verdict = section("Verdict", verdict_box(result["verdict"]))
        unit = f"In nats: {result['negative_log_likelihood']['unit']}."
        tests, protocols = result.get("two_sample_tests", {}), next(iter(result["samplers"].values()))["protocols"]
        intervals = f"Intervals: {result['gains'][0]['method']}."
        return [
            verdict,
            section(
                "Likelihood of held-out lines",
                bullets(likelihood_lines(result)),
                element("p", unit),
                element("p", LIKELIHOOD_NOTE),
            ),
            *([section("Whole sentences against real ones", *_tests(result))] if "rows" in tests else []),
            section("Sentences side by side", *_sentences(result)),
            section(
                "Quality against diversity",
                picture(frontier_picture(result)),
                element("p", FRONTIER_NOTE),
                bullets(result.get("frontier", [])),
                element("p", intervals),
            ),
            section("Scores", *_table(result), how_measured(protocols)),
        ]

    def samples_section(self, run):
        """The first lines of the last and the first epoch, then of the others, to unfold."""
        shown = last_and_first(run, ".txt")
        others = [path for path in all_epochs(run, ".txt") if path not in shown]
        return joined(_epoch(path, path in shown) for path in (*shown, *others)) or None


def exact_likelihood(corpus):
    """The exact log-likelihood of a line, for a part of a built-in corpus with a known distribution; None for others."""
    if not isinstance(corpus, Corpus) or corpus.name not in catalogue.DATASETS["text"]:
        return None
    whole = load_text(corpus.name)
    return likelihood_of(whole.name, whole.fingerprint) if set(corpus.lines) <= set(whole.lines) else None


def _epoch(path, is_open):
    lines = path.read_text(encoding="utf-8").splitlines()[:SHOWN_LINES]
    items = element("ol", *(element("li", line, dir="auto") for line in lines))
    return element("details", element("summary", title_of(path)), items, **{"open": ""} if is_open else {})


# --- Report sections. ---

LIKELIHOOD_NOTE = """A discriminator improves a generator if it knows something else about a line. Its gain is that of the
generator resampled by it, among ever more drafts. The control is fitted alike but has no discriminator."""

FRONTIER_NOTE = """The protocol by which published models are compared. It does not decide the verdict. A lower temperature
makes every sampler more plausible and less diverse, so single points do not compare: the better sampler is the one with the
higher line. The star is real text, scored as if it were generated."""


def _tests(result):
    tests = result["two_sample_tests"]
    rows = (row_of(cells_of_test(row), row["title"]) for row in tests["rows"].values())
    note = element("p", f"{TEST_NOTE} Features: {tests['features']}.")
    return picture(c2st_picture(result)), numbers(("", *TEST_COLUMNS), element("tbody", *rows)), note


def _table(result):
    samplers = [*result["samplers"].values(), result["real"]]
    bodies = [
        element("tbody", _title_row(sampler), *(row_of(table_row(point)) for point in sampler["points"])) for sampler in samplers
    ]
    note = (
        "B: BLEU (higher is better). SB: Self-BLEU (lower is more diverse). unique: fraction of distinct sentences. copies: "
        "fraction equal to a training line. LM and RLM: nats per token of the samples under a 5-gram model of real text, and of "
        "real text under one of the samples (lower is better)."
    )
    return numbers(COLUMNS, *bodies), element("p", note)


def _title_row(sampler):
    title = ". ".join([f"{sampler['title']}, {sampler['points'][0]['num']:,} sentences per row", *exact_scores(sampler)])
    return element("tr", element("th", title, scope="rowgroup", colspan=len(COLUMNS)))


def _sentences(result):
    samplers = [*result["samplers"].values(), result["real"]]
    rows = zip(*(sampler["sentences"] for sampler in samplers), strict=False)
    body = element("tbody", *(row_of(row, dir="auto") for row in rows))
    shown = element("table", header(sampler["title"] for sampler in samplers), body, class_="sentences")
    note = element("p", "The first sentences of each sampler, not a selection, at temperature 1.")
    return note, element("div", shown, class_="wide")
