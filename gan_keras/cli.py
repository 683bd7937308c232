"""The command line: `gan-keras train`, `generate`, `evaluate`, `report`, `export`, and what helps to use them.

Exit codes: 0; 2 for wrong input; 1 for a failure; 130 after Ctrl-C. Wrong input is told in one line on standard error.
"""

import os
import pathlib
import sys
from typing import Annotated

import tensorflow as tf
import typer
from typer.core import TyperGroup

from gan_keras import data as data_sets
from gan_keras import presets as presets_module
from gan_keras.data import likelihood_of, load_text
from gan_keras.demo import demonstrate
from gan_keras.doctor import examine
from gan_keras.evaluation import evaluate_text, print_summary
from gan_keras.export import export as export_gan
from gan_keras.exported import find_version
from gan_keras.exported import generate as generate_by_version
from gan_keras.files import replace_whole
from gan_keras.plots import frontier_picture
from gan_keras.report import write_report
from gan_keras.run import train_text
from gan_keras.run_directory import Run, write_json
from gan_keras.savedmodel_replay import ExportError

WRONG_INPUT = (ValueError, FileNotFoundError, IsADirectoryError, NotADirectoryError)
FAILURES = (OSError, ExportError, ImportError, MemoryError, tf.errors.OpError)
INTERRUPTED = 130  # the shell's convention: 128 and the number of SIGINT


class Commands(TyperGroup):
    """Turns errors of any command into one line and an exit code. `GAN_KERAS_TRACEBACK=1` shows where they come from."""

    def invoke(self, context):
        try:
            return super().invoke(context)
        except BrokenPipeError:  # `gan-keras generate ... | head`: the command line library ends quietly
            raise
        except WRONG_INPUT as error:
            _end(error, 2)
        except FAILURES as error:
            _end(error, 1)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None


def _end(error, code):
    if "GAN_KERAS_TRACEBACK" in os.environ:
        raise error
    typer.echo(f"Error: {' '.join(str(error).split()) or type(error).__name__}", err=True)
    raise typer.Exit(code) from error


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="GANs in Keras.")


@app.command()
def train(
    modality: Annotated[str, typer.Argument(help="What the samples are: text.")],
    data: Annotated[str, typer.Option(help="Name of a data set (gan-keras datasets) or a file, one sample a line.")],
    out: Annotated[pathlib.Path, typer.Option(help="The run's directory: new or empty.")],
    preset: Annotated[str | None, typer.Option(help="Name of a preset (gan-keras presets); default: default.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs of all stages together.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Shorten the stages until they fit into this time.")] = None,
    seed: Annotated[int, typer.Option(help="Of the split, the weights and the noise.")] = 0,
    labels: Annotated[pathlib.Path | None, typer.Option(help="File with a label for each line.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value: a field of the preset to change.", metavar="KEY=VALUE")
    ] = None,
):
    """Train a GAN and keep all that it made in a directory."""
    check_modality(modality)
    choices = {"epochs": epochs, "minutes": minutes, "seed": seed, "labels": labels, "resume": resume}
    train_text(data, out, preset, **choices, settings=parse_settings(settings or []), progress=typer.echo)
    typer.echo(f"The run: {out}. Next: gan-keras generate {out} -n 10; gan-keras evaluate {out}; gan-keras export {out}")


def check_modality(modality):
    if modality != "text":
        raise ValueError(f"There is no modality {modality!r} in this release. Expected text.")


def parse_settings(settings):
    """`["units=128"]` as a dict."""
    wrong = [setting for setting in settings if "=" not in setting]
    if wrong:
        raise ValueError(f"--set {wrong[0]}. Expected key=value, such as --set units=128.")
    return dict(setting.split("=", 1) for setting in settings)


@app.command()
def generate(
    source: Annotated[pathlib.Path, typer.Argument(metavar="RUN_OR_VERSION", help="A run, or an exported version.")],
    n: Annotated[int, typer.Option("-n", "--num", help="How many samples.")] = 10,
    seed: Annotated[int, typer.Option(help="Sample i is made from seed + i.")] = 0,
    temperature: Annotated[float, typer.Option(help="More than 0; below 1 is more careful.")] = 1.0,
    top_p: Annotated[float, typer.Option(help="In (0, 1]: draw from the smallest set of tokens of this mass.")] = 1.0,
    prompt: Annotated[str, typer.Option(help="Text that every sample begins with.")] = "",
    label: Annotated[str | None, typer.Option(help="Of the samples; of a version its number.")] = None,
    candidates: Annotated[int, typer.Option(help="Drafts for each sample, of which the best is kept.")] = 1,
    output: Annotated[pathlib.Path | None, typer.Option(help="File to write to instead.")] = None,
):
    """Write samples to standard output, one a line, and nothing else."""
    if output is not None:
        check_parent(output)
    choices = {"temperature": temperature, "top_p": top_p, "prompt": prompt, "candidates": candidates}
    version = find_version(source)
    if version is not None:
        samples = generate_by_version(version, n, seed, label=label_number(label), **choices)
    else:
        run = Run(source)
        gan = run.load()
        check_prompt(gan.codec, prompt)
        samples = gan.generate(n, seed, label=run.label_number(label), **choices)
    text = "".join(f"{sample}\n" for sample in samples)
    if output is None:
        typer.echo(text, nl=False)
    else:
        replace_whole(output, lambda path: path.write_text(text, encoding="utf-8"))


def label_number(label):
    """The label of an exported version, which knows numbers alone."""
    if label is None or label.isdecimal():
        return None if label is None else int(label)
    raise ValueError(f"label={label!r}. Expected a whole number: an exported version does not know the labels' names.")


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


def check_parent(path):
    """Raises unless a file can be written at `path` as far as directories go."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a directory. Expected the name of a file to write.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no directory {path.parent}. Expected an existing one for {path.name}.")


@app.command()
def evaluate(
    run: Annotated[pathlib.Path, typer.Argument(help="A run.")],
    data: Annotated[str | None, typer.Option(help="Test lines; default: the run's held-out lines.")] = None,
    json: Annotated[pathlib.Path | None, typer.Option(help="A further file for the result.")] = None,
    num: Annotated[int | None, typer.Option(help="Sentences of each sampler at each temperature.")] = None,
    seed: Annotated[int, typer.Option(help="Of the samples.")] = 0,
):
    """Compare a GAN with its baselines over temperatures: RUN/evaluation.json and RUN/frontier.png."""
    if json is not None:
        check_parent(json)
    files = Run(run)
    gan = files.load()
    test_lines = files.lines("held_out") if data is None else list(load_text(data).lines)
    source = files.config["data"]
    exact = likelihood_of(source["name"], source["fingerprint"])
    result = evaluate_text(gan, files.lines("train"), test_lines, num=num, seed=seed, progress=typer.echo, likelihood=exact)
    for path in filter(None, (files.evaluation_path, json)):
        write_json(path, result)
    replace_whole(files.frontier_path, lambda path: path.write_bytes(frontier_picture(result).png))
    typer.echo(print_summary(result))
    typer.echo(f"Written: {files.evaluation_path}, {files.frontier_path}")


@app.command()
def report(run: Annotated[pathlib.Path, typer.Argument(help="A run.")]):
    """Write RUN/report.html: curves, samples, frontier, model card."""
    Run(run).check_exists()
    typer.echo(write_report(run))


@app.command()
def export(
    run: Annotated[pathlib.Path, typer.Argument(help="A run.")],
    to: Annotated[pathlib.Path | None, typer.Option(help="Default: saved_models/ and the run's name.")] = None,
    score: Annotated[bool, typer.Option("--score", help="Export the discriminator too: it tells who was trained on.")] = False,
):
    """Write the next version of a SavedModel that TensorFlow Serving serves."""
    files = Run(run)
    typer.echo(export_gan(files.load(), to or pathlib.Path("saved_models") / files.path.resolve().name, score=score))


@app.command()
def datasets():
    """List the data sets that need no download."""
    for name, description in data_sets.DATASETS.items():
        typer.echo(f"{name}: {description}")


@app.command()
def presets():
    """List the presets."""
    for name, description in presets_module.names("text").items():
        typer.echo(f"text {name}: {description}")


@app.command()
def doctor():
    """Tell versions, devices and threads, and whether TensorFlow and tensorflow-text are a working pair."""
    if examine(typer.echo):
        raise typer.Exit(1)


@app.command()
def demo(
    minutes: Annotated[float, typer.Option(help="Time for the training.")] = 8.0,
    preset: Annotated[str, typer.Option(help="Name of a preset.")] = "small",
):
    """Train on English sentences, compare with the baseline, export, report."""
    demonstrate(minutes, preset, show=typer.echo)


def main():
    """Runs the command line."""
    sys.exit(app())
