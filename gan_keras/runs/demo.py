"""The whole workflow on data that need no download: train, ask what the discriminator adds to its generator, export, report."""

import pathlib
import time

from gan_keras.export import exported
from gan_keras.export.export import export
from gan_keras.media.safe_files import write_json
from gan_keras.modalities import get
from gan_keras.modalities.sample_files import all_epochs, title_of
from gan_keras.modalities.text.evaluation import evaluate_text, print_summary
from gan_keras.runs.files import Run, find_version
from gan_keras.runs.report import write_report
from gan_keras.runs.train import train
from gan_keras.training.console import Console, duration, shorten

SETTINGS = {
    "codec_options.max_vocabulary": "3000",
    "codec_options.length": "24",
    "embedding_dim": "64",
    "units": "192",
    "noise_dim": "16",
    "dropout": "0.2",
    "pretraining_epochs": "8",
}
"""Changes to the preset: its stages fit into three minutes on two cores."""

NUM_EPOCH, NUM_SHOWN = 3, 6  # sentences after each epoch, and of each kind in the end
NUM_EVALUATED = 500
TEMPERATURES = 1.0, 1 / 1.2, 1 / 1.5
PROTOCOL = """Each row above: {num} sentences at a temperature, compared with the {held_out:,} held-out lines.
B2 to B5: BLEU, higher is more plausible. SB2 to SB5: Self-BLEU, lower is more diverse.
Real lines are the control: more BLEU than they have comes with less diversity."""
INCLUDED = pathlib.Path("saved_models/docstrings")


class Narrator(Console):
    """A console that shows, after a line, the first sentences of each epoch that has been written since the last line."""

    def __init__(self, run, show=None):
        super().__init__(show)
        self.run, self.start, self.told, self.shown = run, time.monotonic(), set(), None

    def __call__(self, line):
        super().__call__(line)
        for path in all_epochs(self.run.path, ".txt"):
            if path not in self.told:
                self.told.add(path)
                sentences = path.read_text(encoding="utf-8").splitlines()[:NUM_EPOCH]
                if sentences != self.shown:  # the generator rests while the discriminator learns
                    self.tell(f"{title_of(path)} writes:", sentences)
                self.shown = sentences

    def tell(self, title, sentences):
        super().__call__(title)
        for sentence in sentences:
            super().__call__(f"    {shorten(sentence, self.width - 4)}")

    def begin(self, title):
        super().__call__(f"\n== {title} (after {duration(time.monotonic() - self.start)})")


def demonstrate(minutes, preset="small", runs="runs", saved_models="saved_models", show=print):
    """Trains on the data set `docstrings` for at most `minutes` and shows the results."""
    run = Run(fresh_directory(pathlib.Path(runs), "demo"))
    with Narrator(run, None if show is print else show) as console:
        version = find_version(INCLUDED)
        if version is not None:
            sentences = exported.generate_text(exported.load_version(version), NUM_EPOCH, seed=0)
            console.tell(f"A model that comes with the package, {version}, writes:", sentences)
        console.begin(f"A smaller one learns to write such sentences, in at most {duration(60 * minutes)}")
        gan = train("text", "docstrings", run.path, preset, minutes=minutes, settings=SETTINGS, progress=console)
        console.begin("Does the discriminator know something that its generator does not?")
        parts = run.lines("train"), run.lines("held_out")
        options = {"temperatures": TEMPERATURES, "num": NUM_EVALUATED, "progress": console, "is_selection": True}
        result = evaluate_text(gan, *parts, **options)
        write_json(run.evaluation_path, result)
        tell_sentences(result, console)
        summary, verdict = print_summary(result).split("Verdict: ")
        console(f"\n{summary}{PROTOCOL.format(num=NUM_EVALUATED, held_out=len(parts[1]))}\n\nVerdict: {verdict}")
        console.begin("From the run to a service: export, check, report")
        version = export(gan, pathlib.Path(saved_models) / "demo")
        report = write_report(run.path)
        console("\n".join(f"Written: {path}" for path in (run.path, version, report)))
        commands = [get("text").next_commands(name, run, version)[0] for name in ("train", "export")]
        console("\n".join(["Next:", *(f"  {command}" for command in commands)]))


def fresh_directory(parent, name):
    """Returns `parent/name`, or the first of `parent/name-2`, `parent/name-3`, ... that does not exist."""
    path, number = parent / name, 2
    while path.exists():
        path, number = parent / f"{name}-{number}", number + 1
    return path


def tell_sentences(result, console):
    """Shows sentences of the generator, of its drafts as the discriminator resamples them, and of people."""
    shown = [sampler for name, sampler in result["samplers"].items() if name == "gan" or name.startswith("gan_resampled")]
    for sampler in [*shown, result["real"]]:
        console.tell(f"{sampler['title']}:", sampler["sentences"][:NUM_SHOWN])
