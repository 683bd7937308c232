"""The whole workflow on data that need no download: train, compare with the baseline, export, report."""

import pathlib
import textwrap

from gan_keras.export.export import export
from gan_keras.media.safe_files import write_json
from gan_keras.modalities.text.evaluation import evaluate_text, print_summary
from gan_keras.runs.files import Run
from gan_keras.runs.report import write_report
from gan_keras.runs.train import train

NUM_SHOWN = 10
NUM_EVALUATED = 1000
WIDTH = 60


def demonstrate(minutes, preset="small", runs="runs", saved_models="saved_models", show=print):
    """Trains on the data set `docstrings` for at most `minutes` and shows the results."""
    path = fresh_directory(pathlib.Path(runs), "demo")
    gan = train("text", "docstrings", path, preset, minutes=minutes, progress=show)
    run = Run(path)
    result = evaluate_text(gan, run.lines("train"), run.lines("held_out"), num=NUM_EVALUATED, progress=show)
    write_json(run.evaluation_path, result)
    version = export(gan, pathlib.Path(saved_models) / "demo")
    report = write_report(path)
    show("\n" + side_by_side(result))
    show("\n" + print_summary(result))
    show(f"\nRun: {path}\nExported version: {version}\nReport: {report}")


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
