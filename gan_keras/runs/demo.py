"""The whole workflow on data that need no download: train, compare with the baseline, export, report."""

import pathlib
import textwrap
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
    "pretraining_epochs": "6",
}
"""Changes to the preset: all three stages fit into three minutes on two cores."""

NUM_EPOCH, NUM_SHOWN = 3, 6  # sentences after each epoch, and side by side in the end
NUM_EVALUATED = 300
TEMPERATURES = 1.0, 1 / 1.2, 1 / 1.5
WIDTH = 38
PROTOCOL = """Each row: {num} sentences at a temperature, compared with the {held_out:,} held-out lines.
B2 to B5: BLEU, higher is more plausible. SB2 to SB5: Self-BLEU, lower is more diverse.
Real lines are the control: more BLEU than they have comes with less diversity."""
INCLUDED = pathlib.Path("saved_models/docstrings")


class Narrator(Console):
    """A console that shows, after a line, the first sentences of each epoch that has been written since the last line."""

    def __init__(self, run, show=None):
        super().__init__(show)
        self.run, self.start, self.told = run, time.monotonic(), set()

    def __call__(self, line):
        super().__call__(line)
        for path in all_epochs(self.run.path, ".txt"):
            if path not in self.told:
                self.told.add(path)
                self.tell(f"{title_of(path)} writes:", path.read_text(encoding="utf-8").splitlines()[:NUM_EPOCH])

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
        console.begin("Is it better than its baseline, the same network without a discriminator?")
        parts = run.lines("train"), run.lines("held_out")
        result = evaluate_text(gan, *parts, temperatures=TEMPERATURES, num=NUM_EVALUATED, progress=console)
        write_json(run.evaluation_path, result)
        console(f"\n{side_by_side(result)}\n\n{PROTOCOL.format(num=NUM_EVALUATED, held_out=len(parts[1]))}\n")
        console(print_summary(result))
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


def side_by_side(result):
    """Returns sentences of the baseline and of the GAN in two columns."""

    def cell(text):
        return textwrap.shorten(text, WIDTH, placeholder=" ...").ljust(WIDTH)

    samplers = result["samplers"]
    shown = [samplers["baseline"], samplers[f"gan_best_of_{result['settings']['candidates']}"]]
    rows = [[sampler["title"] for sampler in shown], ["-" * WIDTH] * 2]
    rows += zip(*(sampler["sentences"][:NUM_SHOWN] for sampler in shown), strict=True)
    return "\n".join(f"{cell(left)} | {cell(right)}".rstrip() for left, right in rows)
