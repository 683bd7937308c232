"""The command line: `gan-keras train`, `generate`, `evaluate`, `report`, `export` and further commands.

Exit codes: 0; 2 for wrong input; 1 for a failure; 130 after Ctrl-C. Errors are one line on standard error.
"""

import contextlib
import inspect
import os
import pathlib
import re
import signal
import sys
import textwrap
from typing import Annotated

import tensorflow as tf
import typer
from typer.core import TyperCommand, TyperGroup

from gan_keras import modalities
from gan_keras import presets as presets_module
from gan_keras.callbacks.guard import TrainingFailed
from gan_keras.downstream import study_report
from gan_keras.downstream.run import write_enlarged
from gan_keras.downstream.study import Comparison, compare_augmentation
from gan_keras.export.export import export as export_gan
from gan_keras.export.exported import find_version, load_version
from gan_keras.export.gate import check as check_saved_model
from gan_keras.export.replay import ExportError
from gan_keras.media.safe_files import check_parent, replace_whole, write_json
from gan_keras.runs.demo import demonstrate
from gan_keras.runs.doctor import examine
from gan_keras.runs.files import Run
from gan_keras.runs.report import write_report
from gan_keras.runs.train import train as train_gan
from gan_keras.training import devices

__all__ = ["app"]

WRONG_INPUT = (ValueError, FileNotFoundError, IsADirectoryError, NotADirectoryError)
FAILURES = (OSError, ExportError, ImportError, MemoryError, TrainingFailed, tf.errors.OpError)
INTERRUPTED = 130  # the shell's convention: 128 plus the number of SIGINT

YOUR_DATA = {"text": "poems.txt --labels authors.txt", "table": "people.csv", "series": "prices.csv"}
"""Data in the examples of `gan-keras train MODALITY --help`; other modalities take a folder."""


class Commands(TyperGroup):
    """Reports each error as one line with an exit code. `GAN_KERAS_TRACEBACK=1` shows the traceback instead."""

    def invoke(self, context):
        devices.grow_memory(lambda line: typer.echo(line, err=True))
        try:
            return super().invoke(context)
        except BrokenPipeError:  # `gan-keras generate ... | head`: the command-line library exits quietly
            raise
        except WRONG_INPUT as error:
            _exit(error, 2)
        except FAILURES as error:
            _exit(error, 1)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None


def _exit(error, code):
    if "GAN_KERAS_TRACEBACK" in os.environ:
        raise error
    typer.echo(f"Error: {' '.join(str(error).split()) or type(error).__name__}", err=True)
    raise typer.Exit(code) from error


class TrainCommand(TyperCommand):
    """Adds to the help of `train`, after a modality, that modality's preset fields and examples."""

    def parse_args(self, context, args):
        self.modality = next((name for name in args if name in modalities.names()), None) if "--help" in args else None
        for parameter in self.params:
            if parameter.name == "labels" and self.modality is not None:
                parameter.hidden = self.modality != "text"
        return super().parse_args(context, args)

    def format_help(self, context, formatter):
        super().format_help(context, formatter)
        if self.modality is None:
            return
        preset = presets_module.get(self.modality, "default")
        texts = "\n".join(inspect.cleandoc(kind.__doc__ or "") for kind in reversed(type(preset).__mro__))
        about = {name: " ".join(text.split()) for name, text in re.findall(r"^    (\w+): (.+(?:\n {8}.+)*)", texts, re.M)}
        fields = {name: value for name, value in preset.to_config().items() if name != "description"}
        with formatter.section("Preset fields to change with --set KEY=VALUE, and their values in the preset default"):
            shown = {name: textwrap.shorten(f"{name}={_shown(value)}", 60, placeholder=" ...") for name, value in fields.items()}
            formatter.write_dl([(shown[name], about.get(name, "")) for name in fields])
        built_in, command = next(iter(modalities.get(self.modality).datasets())), f"gan-keras train {self.modality} --data"
        with formatter.section("Examples"):
            formatter.write(f"  {command} {built_in} --out runs/first --minutes 10\n")
            formatter.write(f"  {command} {YOUR_DATA.get(self.modality, 'samples/')} --out runs/mine --set batch_size=32\n")


def _shown(value):
    """Returns a field's value as text; the config of an object becomes its class name."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return value["class_name"] if isinstance(value, dict) and "class_name" in value else str(value)


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="GANs in Keras.")


@app.command(cls=TrainCommand)
def train(
    modality: Annotated[str, typer.Argument(help=f"One of {', '.join(modalities.names())}; MODALITY --help shows its options.")],
    data: Annotated[str, typer.Option(help="Name of a data set (see gan-keras datasets), a file, or a folder of samples.")],
    out: Annotated[pathlib.Path, typer.Option(help="Directory of the run: new or empty, unless with --resume.")],
    preset: Annotated[str | None, typer.Option(help="Name of a preset (see gan-keras presets); default: default.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs of all stages together; default: the preset's.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Time limit in minutes, instead of --epochs; default: none.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the data split, weights and noise; default: 0.")] = None,
    labels: Annotated[pathlib.Path | None, typer.Option(help="Text: file with a label per line; default: no labels.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an interrupted run from its newest checkpoint.")] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Preset field to change; may be repeated; MODALITY --help lists the fields.", metavar="KEY=VALUE"
        ),
    ] = None,
    track: Annotated[str | None, typer.Option(help="Tracker to log to: tensorboard, mlflow or wandb; default: none.")] = None,
    checkpoint_seconds: Annotated[float, typer.Option(help="Seconds between checkpoints; 0: after each batch.", min=0.0)] = 60.0,
    strategy: Annotated[str, typer.Option(help=f"Devices to train on: {', '.join(devices.NAMES)}.")] = "none",
):
    """Train a GAN and write everything it produces to a directory."""
    options = {"epochs": epochs, "minutes": minutes, "seed": seed, "labels": labels, "resume": resume, "track": track}
    options |= {"settings": parse_settings(settings or []), "checkpoint_seconds": checkpoint_seconds, "strategy": strategy}
    with ended_as_interrupted():
        train_gan(modality, data, out, preset, **options, progress=typer.echo)
    typer.echo(f"Run: {out}. Next: gan-keras generate {out} -n 10; gan-keras evaluate {out}; gan-keras export {out}")


@contextlib.contextmanager
def ended_as_interrupted():
    """Treats SIGTERM like Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def parse_settings(settings):
    """Returns `["units=128"]` as a dictionary."""
    wrong = [setting for setting in settings if "=" not in setting]
    if wrong:
        raise ValueError(f"--set {wrong[0]}. Expected key=value, such as --set units=128.")
    return dict(setting.split("=", 1) for setting in settings)


@app.command()
def generate(
    source: Annotated[pathlib.Path, typer.Argument(metavar="RUN_OR_VERSION", help="A run or an exported version.")],
    n: Annotated[int, typer.Option("-n", "--num", help="Number of samples.")] = 10,
    seed: Annotated[int, typer.Option(help="Sample i has seed + i; translation: index of the first image.")] = 0,
    temperature: Annotated[float | None, typer.Option(help="Text: randomness of the draws, > 0; default: 1.")] = None,
    top_p: Annotated[
        float | None,
        typer.Option(help="Text: sample only from the most likely tokens with this total probability, in (0, 1]; default: 1."),
    ] = None,
    prompt: Annotated[str | None, typer.Option(help="Text: start of every sample; default: none.")] = None,
    label: Annotated[str | None, typer.Option(help="Label: name (run) or number (version); default: chosen by the seed.")] = None,
    candidates: Annotated[int | None, typer.Option(help="Text: drafts per sample; the best is kept; default: 1.")] = None,
    input: Annotated[pathlib.Path | None, typer.Option(help="Translation: image, folder or .npz; a version needs it.")] = None,
    direction: Annotated[str | None, typer.Option(help="Translation: a_to_b or b_to_a; default: a_to_b.")] = None,
    output: Annotated[pathlib.Path | None, typer.Option(help="File or folder; optional for text, tables and series.")] = None,
):
    """Generate samples: text, tables and series go to standard output, images, sounds and clips to files."""
    options = {"temperature": temperature, "top_p": top_p, "prompt": prompt, "candidates": candidates}
    options |= {"input": input, "direction": direction}
    options = {name: value for name, value in options.items() if value is not None}
    found = find_version(source)
    version = None if found is None else load_version(found)
    modality = modality_of(Run(source)) if version is None else modalities.of_version(version)
    modality.check_output(output)
    options = modality.with_defaults(options)
    if version is None:
        samples = modality.generate_from_run(Run(source), n, seed, label, options)
    else:
        samples = modality.generate_by_version(version, n, seed, label_number(label), options)
    typer.echo(modality.write(samples, output) or "", nl=False)


def modality_of(run):
    return modalities.get(run.config["modality"])


def label_number(label):
    """Returns the label of an exported version, which has only numbers."""
    if label is None or label.isdecimal():
        return None if label is None else int(label)
    raise ValueError(f"label={label!r}. Expected a whole number: an exported version does not know the labels' names.")


@app.command()
def evaluate(
    run: Annotated[pathlib.Path, typer.Argument(help="Directory of a run.")],
    data: Annotated[str | None, typer.Option(help="Test data; default: the run's held-out samples.")] = None,
    json: Annotated[pathlib.Path | None, typer.Option(help="Another file to write the result to; default: none.")] = None,
    num: Annotated[int | None, typer.Option(help="Samples per sampler (text: per temperature); default: suits the data.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the first sample.")] = 0,
):
    """Compare a GAN with its baselines: writes RUN/evaluation.json and, for text, RUN/frontier.png over temperatures."""
    if json is not None:
        check_parent(json)
    files = Run(run)
    modality = modality_of(files)
    result, pictures = modality.evaluate(files, data, num, seed, typer.echo)
    for path in filter(None, (files.evaluation_path, json)):
        write_json(path, result)
    for name, png in pictures.items():
        replace_whole(files.path / name, lambda path, png=png: path.write_bytes(png))
    typer.echo(modality.summary(result))
    typer.echo(f"Written: {', '.join(map(str, (files.evaluation_path, *(files.path / name for name in pictures))))}")


@app.command()
def augment(
    run: Annotated[pathlib.Path, typer.Argument(help="Directory of a run of images, tables or series with labels.")],
    output: Annotated[pathlib.Path | None, typer.Option(help="File for the enlarged set: NAME.npz; tables: NAME.csv.")] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Measure the benefit: writes RUN/augmentation.json and a picture.")
    ] = False,
    ratio: Annotated[float, typer.Option(help="Generated samples per real sample.")] = 1.0,
    balanced: Annotated[bool, typer.Option("--balanced", help="Generate more of rare classes to balance all classes.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the samples in --output.", min=0, max=2**29)] = 0,
    shares: Annotated[str, typer.Option(help="--compare: percentages of the real training data.")] = "1,5,20,100",
    seeds: Annotated[int, typer.Option(help="--compare: number of repetitions with different seeds, to measure chance.")] = 3,
    minutes: Annotated[float, typer.Option(help="--compare: minutes for training all its GANs together.")] = 10.0,
    data: Annotated[str | None, typer.Option(help="--compare: test data; default: the run's held-out samples.")] = None,
):
    """Enlarge a labelled training set with generated samples, and measure how that helps a downstream model."""
    if output is None and not compare:
        raise ValueError("Expected --output FILE for an enlarged training set, --compare to measure the benefit, or both.")
    files = Run(run)
    comparison = Comparison(parse_shares(shares), seeds, minutes, ratio, balanced)
    comparison.check()
    if output is not None:
        num_real, num_generated = write_enlarged(files, output, comparison, seed)
        typer.echo(f"Written: {output}, {num_real:,} real samples followed by {num_generated:,} generated ones")
    if compare:
        result = compare_augmentation(files, comparison, data, typer.echo)
        picture = study_report.drawing(result)
        replace_whole(files.path / study_report.PICTURE, lambda path: path.write_bytes(picture.data))
        typer.echo(study_report.summary(result))
        typer.echo(f"Written: {files.augmentation_path}, {files.path / study_report.PICTURE}")


def parse_shares(text):
    """Returns `"1,5"` as a tuple of floats."""
    try:
        return tuple(float(share) for share in text.replace("%", "").split(","))
    except ValueError as error:
        raise ValueError(f"--shares {text}. Expected percentages, such as 1,5,20,100.") from error


@app.command()
def report(run: Annotated[pathlib.Path, typer.Argument(help="Directory of a run.")]):
    """Write RUN/report.html: verdict, scores, curves, samples, settings."""
    typer.echo(write_report(run))


@app.command()
def export(
    run: Annotated[pathlib.Path | None, typer.Argument(help="Directory of a run.")] = None,
    to: Annotated[pathlib.Path | None, typer.Option(help="Model directory; default: saved_models/ and the run's name.")] = None,
    score: Annotated[
        bool, typer.Option("--score", help="Export the discriminator too. It can reveal which samples it was trained on.")
    ] = False,
    check: Annotated[
        pathlib.Path | None,
        typer.Option(help="Only run the checks of an export on this version; write nothing.", metavar="VERSION"),
    ] = None,
):
    """Write the next version of a SavedModel for TensorFlow Serving."""
    if (run is None) == (check is None):
        raise ValueError("Expected a run to export, or --check with a version such as saved_models/mine/1.")
    if check is not None:
        check_version(check)
        return
    files = Run(run)
    typer.echo(export_gan(files.load(compile=False), to or pathlib.Path("saved_models") / files.path.resolve().name, score=score))


def check_version(path):
    """Runs the checks of an export on a version and reports the results."""
    version = find_version(path)
    if version is None:
        raise FileNotFoundError(f"No version of a SavedModel at {str(path)!r}. Expected one such as saved_models/mine/1.")
    found = check_saved_model(version)
    typer.echo(f"{version}: {found['loader']} loads it in {found['load_seconds']:.1f} s and runs its warm-up requests.")
    signatures, num_ops = ", ".join(found["signatures"]), len(found["ops"])
    typer.echo(f"Signatures: {signatures}. Operations: {num_ops}. Weights: {found['weight_bytes']:,} bytes.")


@app.command()
def serve(
    folder: Annotated[pathlib.Path | None, typer.Argument(help="Directory of models, such as saved_models.")] = None,
    port: Annotated[int, typer.Option(help="Port for the REST API and the web page; 0: any free port.", min=0, max=65535)] = 8501,
    grpc_port: Annotated[int, typer.Option(help="Port for the gRPC API; 0: any free port.", min=0, max=65535)] = 8500,
    host: Annotated[str, typer.Option(help="Address; 0.0.0.0 gives other machines access without a password.")] = "127.0.0.1",
    model_config: Annotated[
        pathlib.Path | None,
        typer.Option(help="A models.config that lists the models, instead of all in FOLDER; FOLDER is its /models."),
    ] = None,
    timeout_ms: Annotated[int, typer.Option(help="Time limit per request in milliseconds, including its wait.", min=1)] = 30_000,
    workers: Annotated[int | None, typer.Option(help="Processes that run models; default: one per core.", min=1)] = None,
    max_batch_rows: Annotated[int, typer.Option(help="Maximum rows per batch of merged requests; 1: no merging.", min=1)] = 64,
):
    """Serve exported GANs with TensorFlow Serving's REST and gRPC APIs and an interactive web page."""
    from gan_keras.serving.server import serve as serve_models  # gRPC is an optional dependency

    limits = {"timeout": timeout_ms / 1000, "workers": workers, "max_batch_rows": max_batch_rows}
    ports = {"host": host, "port": port, "grpc_port": grpc_port}
    serve_models(typer.echo, folder=folder, config_file=model_config, **ports, **limits)


@app.command()
def datasets():
    """List the built-in data sets."""
    for modality in map(modalities.get, modalities.names()):
        for name, description in modality.datasets().items():
            typer.echo(f"{modality.name} {name}: {description}")


@app.command()
def presets():
    """List the presets."""
    for modality in modalities.names():
        for name, description in presets_module.names(modality).items():
            typer.echo(f"{modality} {name}: {description}")


@app.command()
def doctor(
    measure: Annotated[bool, typer.Option("--measure", help="Measure threads and bfloat16 too; takes about a minute.")] = False,
):
    """Report versions, devices and resources, and recommend one thing to do."""
    if examine(typer.echo, measure):
        raise typer.Exit(1)


@app.command()
def demo(
    minutes: Annotated[float, typer.Option(help="Time limit of the training in minutes.")] = 8.0,
    preset: Annotated[str, typer.Option(help="Name of a preset.")] = "small",
):
    """Train on English sentences, compare with the baseline, export, report."""
    demonstrate(minutes, preset, show=typer.echo)


def main():
    """Runs the command line."""
    sys.exit(app())
