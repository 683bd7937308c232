"""The command line: `gan-keras train`, `generate`, `evaluate`, `report`, `export`, and what helps to use them.

Exit codes: 0; 2 for wrong input; 1 for a failure; 130 after Ctrl-C. Wrong input is told in one line on standard error.
"""

import contextlib
import os
import pathlib
import signal
import sys
from typing import Annotated

import tensorflow as tf
import typer
from typer.core import TyperGroup

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

WRONG_INPUT = (ValueError, FileNotFoundError, IsADirectoryError, NotADirectoryError)
FAILURES = (OSError, ExportError, ImportError, MemoryError, TrainingFailed, tf.errors.OpError)
INTERRUPTED = 130  # the shell's convention: 128 and the number of SIGINT


class Commands(TyperGroup):
    """Turns errors of any command into one line and an exit code. `GAN_KERAS_TRACEBACK=1` shows where they come from."""

    def invoke(self, context):
        devices.grow_memory(lambda line: typer.echo(line, err=True))
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
    modality: Annotated[str, typer.Argument(help=f"What the samples are: {' or '.join(modalities.names())}.")],
    data: Annotated[str, typer.Option(help="Name of a data set (gan-keras datasets), a file, or a folder of samples.")],
    out: Annotated[pathlib.Path, typer.Option(help="The run's directory: new or empty.")],
    preset: Annotated[str | None, typer.Option(help="Name of a preset (gan-keras presets); default: default.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs of all stages together.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Train for this time: several stages (text, TimeGAN) at most.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the split, the weights and the noise; default: 0.")] = None,
    labels: Annotated[pathlib.Path | None, typer.Option(help="Text: file with a label for each line.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run from its newest checkpoint.")] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value: a field of the preset to change.", metavar="KEY=VALUE")
    ] = None,
    track: Annotated[str | None, typer.Option(help="Log to a tracker, into the run: tensorboard, mlflow or wandb.")] = None,
    checkpoint_seconds: Annotated[float, typer.Option(help="From one checkpoint to the next.", min=0.0)] = 60.0,
    strategy: Annotated[str, typer.Option(help=f"Devices to train on: {', '.join(devices.NAMES)}.")] = "none",
):
    """Train a GAN and keep all that it made in a directory."""
    choices = {"epochs": epochs, "minutes": minutes, "seed": seed, "labels": labels, "resume": resume, "track": track}
    choices |= {"settings": parse_settings(settings or []), "checkpoint_seconds": checkpoint_seconds, "strategy": strategy}
    with ended_as_interrupted():
        train_gan(modality, data, out, preset, **choices, progress=typer.echo)
    typer.echo(f"The run: {out}. Next: gan-keras generate {out} -n 10; gan-keras evaluate {out}; gan-keras export {out}")


@contextlib.contextmanager
def ended_as_interrupted():
    """Has SIGTERM, by which machines end processes, do what Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


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
    seed: Annotated[int, typer.Option(help="Sample i is made from seed + i; of a translation the first image's number.")] = 0,
    temperature: Annotated[float | None, typer.Option(help="Text: more than 0; below 1 is more careful.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Text: in (0, 1], draw from the smallest set of tokens so likely.")] = None,
    prompt: Annotated[str | None, typer.Option(help="Text that every sample begins with.")] = None,
    label: Annotated[str | None, typer.Option(help="Of the samples; of a version its number.")] = None,
    candidates: Annotated[int | None, typer.Option(help="Text: drafts for each sample, of which the best is kept.")] = None,
    input: Annotated[
        pathlib.Path | None, typer.Option(help="Translation: an image, a folder of images or a .npz; of a version needed.")
    ] = None,
    direction: Annotated[str | None, typer.Option(help="Translation: a_to_b, the default, or b_to_a.")] = None,
    output: Annotated[
        pathlib.Path | None, typer.Option(help="File to write to, or a directory: for all but text, tables and series needed.")
    ] = None,
):
    """Write text, tables and series to standard output, and nothing else; images, sounds and clips to files."""
    options = {"temperature": temperature, "top_p": top_p, "prompt": prompt, "candidates": candidates}
    options |= {"input": input, "direction": direction}
    options = {name: value for name, value in options.items() if value is not None}
    found = find_version(source)
    version = None if found is None else load_version(found)
    modality = of_run(Run(source)) if version is None else modalities.of_version(version)
    modality.check_output(output)
    options = modality.with_defaults(options)
    if version is None:
        samples = modality.generate_from_run(Run(source), n, seed, label, options)
    else:
        samples = modality.generate_by_version(version, n, seed, label_number(label), options)
    typer.echo(modality.write(samples, output) or "", nl=False)


def of_run(run):
    """The modality of a run."""
    return modalities.get(run.config.get("modality", "text"))  # the first runs were all of text


def label_number(label):
    """The label of an exported version, which knows numbers alone."""
    if label is None or label.isdecimal():
        return None if label is None else int(label)
    raise ValueError(f"label={label!r}. Expected a whole number: an exported version does not know the labels' names.")


@app.command()
def evaluate(
    run: Annotated[pathlib.Path, typer.Argument(help="A run.")],
    data: Annotated[str | None, typer.Option(help="Test data; default: the run's held-out samples.")] = None,
    json: Annotated[pathlib.Path | None, typer.Option(help="A further file for the result.")] = None,
    num: Annotated[int | None, typer.Option(help="Samples of each sampler (of text at each temperature).")] = None,
    seed: Annotated[int, typer.Option(help="Of the samples.")] = 0,
):
    """Compare a GAN with its baselines: RUN/evaluation.json, and of text RUN/frontier.png over temperatures."""
    if json is not None:
        check_parent(json)
    files = Run(run)
    modality = of_run(files)
    result, pictures = modality.evaluate(files, data, num, seed, typer.echo)
    for path in filter(None, (files.evaluation_path, json)):
        write_json(path, result)
    for name, png in pictures.items():
        replace_whole(files.path / name, lambda path, png=png: path.write_bytes(png))
    typer.echo(modality.summary(result))
    typer.echo(f"Written: {', '.join(map(str, (files.evaluation_path, *(files.path / name for name in pictures))))}")


@app.command()
def augment(
    run: Annotated[pathlib.Path, typer.Argument(help="A run of images, tables or series with labels.")],
    output: Annotated[
        pathlib.Path | None, typer.Option(help="Write the enlarged training set: NAME.npz, of tables NAME.csv.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Measure what it buys: RUN/augmentation.json and a picture.")
    ] = False,
    ratio: Annotated[float, typer.Option(help="Generated samples for each real one.")] = 1.0,
    balanced: Annotated[bool, typer.Option("--balanced", help="Generate rare classes until all are as frequent.")] = False,
    seed: Annotated[int, typer.Option(help="Of the samples in --output.", min=0, max=2**29)] = 0,
    shares: Annotated[str, typer.Option(help="Of --compare: percentages of the real training data.")] = "1,5,20,100",
    seeds: Annotated[int, typer.Option(help="Of --compare: trainings of everything, by which chance is told.")] = 3,
    minutes: Annotated[float, typer.Option(help="Of --compare: for the training of all its GANs together.")] = 10.0,
    data: Annotated[str | None, typer.Option(help="Of --compare: test data; default: the run's held-out samples.")] = None,
):
    """Enlarge a labelled training set by generated samples, and tell what that buys a downstream model."""
    if output is None and not compare:
        raise ValueError("Expected --output FILE for an enlarged training set, --compare to measure what it buys, or both.")
    files = Run(run)
    comparison = Comparison(parse_shares(shares), seeds, minutes, ratio, balanced)
    comparison.check()
    if output is not None:
        num_real, num_generated = write_enlarged(files, output, comparison, seed)
        typer.echo(f"Written: {output}, {num_real:,} real samples and behind them {num_generated:,} generated ones")
    if compare:
        result = compare_augmentation(files, comparison, data, typer.echo)
        picture = study_report.drawing(result)
        replace_whole(files.path / study_report.PICTURE, lambda path: path.write_bytes(picture.data))
        typer.echo(study_report.summary(result))
        typer.echo(f"Written: {files.augmentation_path}, {files.path / study_report.PICTURE}")


def parse_shares(text):
    """`"1,5"` as a tuple of floats."""
    try:
        return tuple(float(share) for share in text.replace("%", "").split(","))
    except ValueError as error:
        raise ValueError(f"--shares {text}. Expected percentages, such as 1,5,20,100.") from error


@app.command()
def report(run: Annotated[pathlib.Path, typer.Argument(help="A run.")]):
    """Write RUN/report.html: verdict, scores, curves, samples, settings."""
    Run(run).check_exists()
    typer.echo(write_report(run))


@app.command()
def export(
    run: Annotated[pathlib.Path | None, typer.Argument(help="A run.")] = None,
    to: Annotated[pathlib.Path | None, typer.Option(help="Default: saved_models/ and the run's name.")] = None,
    score: Annotated[bool, typer.Option("--score", help="Export the discriminator too: it tells who was trained on.")] = False,
    check: Annotated[
        pathlib.Path | None, typer.Option(help="Write nothing: run the checks of an export on this version.", metavar="VERSION")
    ] = None,
):
    """Write the next version of a SavedModel that TensorFlow Serving serves."""
    if (run is None) == (check is None):
        raise ValueError("Expected a run to export, or --check with a version such as saved_models/mine/1.")
    if check is not None:
        check_version(check)
        return
    files = Run(run)
    typer.echo(export_gan(files.load(compile=False), to or pathlib.Path("saved_models") / files.path.resolve().name, score=score))


def check_version(path):
    """Runs the gate on a version and tells what it found."""
    version = find_version(path)
    if version is None:
        raise FileNotFoundError(f"No version of a SavedModel at {str(path)!r}. Expected one such as saved_models/mine/1.")
    found = check_saved_model(version)
    typer.echo(f"{version}: {found['loader']} loads it in {found['load_seconds']:.1f} s and runs its warm-up requests.")
    signatures, num_ops = ", ".join(found["signatures"]), len(found["ops"])
    typer.echo(f"Signatures: {signatures}. Operations: {num_ops}. Weights: {found['weight_bytes']:,} bytes.")


@app.command()
def serve(
    folder: Annotated[pathlib.Path | None, typer.Argument(help="Its children are models: saved_models.")] = None,
    port: Annotated[int, typer.Option(help="Of REST and of the page; 0 takes a free one.", min=0, max=65535)] = 8501,
    grpc_port: Annotated[int, typer.Option(help="Of gRPC; 0 takes a free one.", min=0, max=65535)] = 8500,
    host: Annotated[str, typer.Option(help="0.0.0.0 lets other machines in, without a password.")] = "127.0.0.1",
    model_config: Annotated[
        pathlib.Path | None, typer.Option(help="A models.config that says which models; FOLDER is its /models.")
    ] = None,
    timeout_ms: Annotated[int, typer.Option(help="For a request, its wait included.", min=1)] = 30_000,
    workers: Annotated[int | None, typer.Option(help="Processes that run models; default: a core each.", min=1)] = None,
    max_batch_rows: Annotated[int, typer.Option(help="Merge requests that wait up to so many rows; 1: none.", min=1)] = 64,
):
    """Serve exported GANs with TensorFlow Serving's REST and gRPC API, and a page to play with."""
    from gan_keras.serving.server import serve as serve_models  # gRPC is an extra: other commands do without

    limits = {"timeout": timeout_ms / 1000, "workers": workers, "max_batch_rows": max_batch_rows}
    ports = {"host": host, "port": port, "grpc_port": grpc_port}
    serve_models(typer.echo, folder=folder, config_file=model_config, **ports, **limits)


@app.command()
def datasets():
    """List the data sets that are known by name."""
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
