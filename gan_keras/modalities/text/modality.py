"""Text: lines that become sentences."""

import time
from html import escape
from typing import NamedTuple

import numpy as np

from gan_keras.callbacks import KeepBest, Samples
from gan_keras.data import DATASETS, describe, likelihood_of, load_text, split, text_batches
from gan_keras.export import exported
from gan_keras.media.html import definitions, picture, section
from gan_keras.media.safe_files import check_parent, replace_whole
from gan_keras.modalities.base import Modality
from gan_keras.modalities.sample_files import all_epochs, title_of
from gan_keras.modalities.text.comparison import COLUMNS, exact_scores, frontier_picture, table_row
from gan_keras.modalities.text.evaluation import evaluate_text, print_summary
from gan_keras.modalities.text.presets import STAGES, TextPreset
from gan_keras.modalities.text.references import units_of
from gan_keras.training import time_budget

# Epochs with a discriminator are rated (`callbacks.KeepBest`) by one draw and the best of four, against the baseline at six
# temperatures, which are drawn once.
CALIBRATION_DRAFTS, RATING_POINTS, BASELINE_POINTS = 4096, 5, 6
PILOT_DRAFTS = 256
SHOWN_LINES = 10


class Lines(NamedTuple):
    """A part of a corpus: its lines, and a label for each as a number, or None."""

    lines: list
    labels: list | None = None


class TextModality(Modality):
    """Lines of text; the run keeps all of them, and does not need their source again."""

    name, preset_class, output_name = "text", TextPreset, "text"
    quality = ("val_gain", "max")
    options = {"temperature": 1.0, "top_p": 1.0, "prompt": "", "candidates": 1}

    def datasets(self):
        return DATASETS

    def load(self, source, preset, labels=None):
        return load_text(source, labels)

    def describe(self, data):
        return describe(data)

    def keep(self, run, config, data, source):
        training, held_out = split(data, seed=config["seed"])
        names = None if data.labels is None else sorted(set(data.labels))
        counts = {"training_lines": len(training.lines), "held_out_lines": len(held_out.lines)}
        entries = {"name": data.name, "fingerprint": data.fingerprint, "report": data.report, **counts}
        run.write_config({**config, "labels": names, "data": entries})  # first: what cannot be written shows before any work
        run.write_lines("train", training.lines, training.labels)
        run.write_lines("held_out", held_out.lines, held_out.labels)

    def parts(self, run, data=None):
        return [Lines(run.lines(part), run.label_numbers(part)) for part in ("train", "held_out")]

    def build(self, preset, training, seed):
        return preset.build(training.lines, training.labels, seed)

    def details(self, gan):
        name = type(gan.codec).__name__
        line = f"{name}: {gan.codec.vocabulary_size:,} tokens, at most {gan.codec.length} a line"
        return line, {"codec": {"class": name, **gan.codec.report}, "compilation": gan.compilation._asdict()}

    def batches(self, gan, preset, part, seed, shuffle=True):
        return text_batches(part.lines, gan.codec, preset.batch_size, part.labels, seed, shuffle)

    def measure(self, preset, training, seed=0):
        epochs = {stage: min(num, 1) for stage, num in preset.stage_epochs.items()}
        gan = self.build(preset.with_stage_epochs(epochs), training, seed)
        batches = self.batches(gan, preset, training, seed)
        start = time.monotonic()
        steps = time_budget.measure_steps(gan, batches, sum(epochs.values()))
        draft = seconds_per_draft(gan) if sum(epochs.values()) > epochs[STAGES[0]] else 0.0
        besides = time.monotonic() - start - sum(time_budget.MEASURED_STEPS * steps.mean(stage) for stage in STAGES)
        seconds = {stage: int(batches.cardinality()) * steps.mean(stage) for stage in STAGES}
        for stage in STAGES[1:]:
            seconds[stage] += (CALIBRATION_DRAFTS + RATING_POINTS * preset.rating_samples) * draft
        return seconds, max(besides, 0.0) + BASELINE_POINTS * preset.rating_samples * draft

    def steps_of(self, preset, training):
        return -(-len(training.lines) // preset.batch_size)

    def fit_into(self, preset, training, seconds, budget):
        """Stages are shortened, in proportion; they are never prolonged."""
        return preset.with_stage_epochs(time_budget.allot(preset.stage_epochs, seconds, budget)), seconds

    def callbacks(self, run, preset, training, held_out):
        tokenize = units_of(held_out.lines).tokenize
        return [KeepBest(held_out.lines, preset.rating_samples, tokenize=tokenize), Samples(run.samples)]

    def complete(self, run, gan):
        if gan.stage != "pretraining":
            gan.calibrate()
        elif np.isinf(gan.baseline_nll):  # no epoch has ended, so that nothing was kept as the baseline
            gan.baseline.set_weights(gan.ema_generator.get_weights())

    def check_output(self, output):
        if output is not None:
            check_parent(output)

    def generate(self, gan, n, seed, label, options):
        check_prompt(gan.codec, options["prompt"])
        return gan.generate(n, seed, label=label, **options)

    def generate_by_version(self, version, n, seed, label, options):
        return exported.generate_text(version, n, seed, label=label, **options)

    def write(self, samples, output):
        text = "".join(f"{sample}\n" for sample in samples)
        if output is None:
            return text
        return replace_whole(output, lambda path: path.write_text(text, encoding="utf-8"))

    def evaluate(self, run, data=None, num=None, seed=0, progress=print):
        gan = run.load(compile=False)
        test_lines = run.lines("held_out") if data is None else list(load_text(data).lines)
        source = run.config["data"]
        exact = likelihood_of(source["name"], source["fingerprint"])
        choices = {"num": num, "seed": seed, "progress": progress, "likelihood": exact}
        result = evaluate_text(gan, run.lines("train"), test_lines, **choices)
        return result, {"frontier.png": frontier_picture(result).data}

    def summary(self, result):
        return print_summary(result)

    def evaluation_sections(self, result):
        return sections(result)

    def samples_section(self, run):
        paths = all_epochs(run, ".txt")
        return "".join(_epoch(path, path in (paths[0], paths[-1])) for path in paths) or None


def seconds_per_draft(gan):
    """Seconds to write a sentence, many at a time."""
    for _ in range(2):  # the first time builds the graph
        start = time.monotonic()
        gan.generate(PILOT_DRAFTS)
    return (time.monotonic() - start) / PILOT_DRAFTS


def check_prompt(codec, prompt):
    """Raises for a prompt with unknown words, or with as many tokens as a line can have."""
    unknown = codec.unknown_words(prompt)
    if unknown:
        raise ValueError(
            f"The prompt holds what the model does not know: {', '.join(map(repr, unknown))}. "
            "Expected words of the training lines, written as there."
        )
    if len(codec.tokens(prompt)) >= codec.length:
        raise ValueError(f"The prompt has {len(codec.tokens(prompt))} tokens. Expected at most {codec.length - 1}.")


def _epoch(path, is_open):
    lines = path.read_text(encoding="utf-8").splitlines()[:SHOWN_LINES]
    items = "".join(f'<li dir="auto">{escape(line)}</li>' for line in lines)
    name = escape(title_of(path))
    return f"<details{' open' if is_open else ''}><summary>{name}</summary><ol>{items}</ol></details>"


# --- The sections of a report that the evaluation of text fills.

FRONTIER_NOTE = """<p>A lower temperature makes every sampler more plausible and less diverse, so a single point says nothing: the
better sampler is the one whose line lies above the other's. The star is real text scored as if it were generated.</p>"""


def sections(result):
    """Verdict, frontier, scores and sentences side by side, a list of HTML.

    Args:
        result: What `evaluate_text` returned, or the same read from JSON.
    """
    return [
        section("Verdict", _verdict(result)),
        section("Quality against diversity", picture(frontier_picture(result)) + FRONTIER_NOTE),
        section("Scores", _table(result) + _protocols(result)),
        section("Sentences side by side", _sentences(result)),
    ]


def _verdict(result):
    headline, *details = map(escape, result["verdict"])
    items = "".join(f"<li>{detail}</li>" for detail in details)
    method = escape(result["gains"][0]["method"])
    return f'<div class="verdict"><p><strong>{headline}</strong></p><ul>{items}</ul><p>Intervals: {method}.</p></div>'


def _table(result):
    samplers = [*result["samplers"].values(), result["real"]]
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    bodies = "".join(f"<tbody>{_title_row(sampler)}{_point_rows(sampler)}</tbody>" for sampler in samplers)
    likelihoods = result["negative_log_likelihood"]
    held_out = ", ".join(f"{name} {likelihoods[name]:.3f}" for name in ("gan", "baseline", "ngram"))
    return (
        f'<div class="wide"><table class="numbers"><thead><tr>{head}</tr></thead>{bodies}</table></div>'
        "<p>B: BLEU (higher is better), SB: Self-BLEU (lower is more diverse), copies: fraction equal to a training line, LM "
        "and RLM: nats a token of the samples under a 5-gram model of real text and the reverse (lower is better).</p>"
        f"<p>Held-out negative log-likelihood: {held_out} ({escape(likelihoods['unit'])}).</p>"
    )


def _title_row(sampler):
    title = ". ".join([f"{sampler['title']}, {sampler['points'][0]['num']:,} sentences a row", *exact_scores(sampler)])
    return f'<tr><th scope="rowgroup" colspan="{len(COLUMNS)}">{escape(title)}</th></tr>'


def _point_rows(sampler):
    rows = (table_row(point) for point in sampler["points"])
    return "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)


def _protocols(result):
    protocols = next(iter(result["samplers"].values()))["protocols"]
    return f"<details><summary>How this was measured</summary>{definitions(protocols)}</details>"


def _sentences(result):
    samplers = [*result["samplers"].values(), result["real"]]
    head = "".join(f'<th scope="col">{escape(sampler["title"])}</th>' for sampler in samplers)
    rows = zip(*(sampler["sentences"] for sampler in samplers), strict=False)
    body = "".join("<tr>" + "".join(f'<td dir="auto">{escape(text)}</td>' for text in row) + "</tr>" for row in rows)
    return (
        "<p>The first of each, not chosen; at the temperature nearest to 1 / 1.2.</p>"
        f'<div class="wide"><table class="sentences"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
