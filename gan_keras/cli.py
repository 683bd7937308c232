"""The command line: `gan-keras train`, `generate`, `evaluate`, `explain`, `report`, `export` and further commands.

Exit codes: 0; 2 for wrong input; 1 for a failure; 130 after Ctrl-C. Errors are one line on standard error.
"""

import contextlib
import pathlib
import signal
import sys
import warnings
from typing import Annotated

import typer

from gan_keras import catalogue, modalities, startup
from gan_keras import presets as presets_module
from gan_keras.media.safe_files import check_parent, replace_whole, write_json
from gan_keras.modalities import sample_files
from gan_keras.runs import request
from gan_keras.runs.commands import Commands, TrainCommand, aligned, preset_table, start_keras
from gan_keras.runs.files import Run, find_version
from gan_keras.training.console import Console, shown

__all__ = ["app"]

app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)


def show_version(is_asked):
    if is_asked:
        typer.echo(f"gan_keras {startup.VERSION}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show TensorFlow's log too; may follow the command.")] = False,
):
    """GANs in Keras: train, generate, compare with baselines, export, serve."""


def complete_modality(incomplete: str):
    return [name for name in modalities.names() if name.startswith(incomplete)]


def complete_preset(context: typer.Context, incomplete: str):
    given = [context.params.get("modality"), *context.args]  # before an option without its value, arguments are not read
    known = (name for modality in modalities.names() if modality in given for name in presets_module.names(modality))
    return [name for name in known if name.startswith(incomplete)]


@app.command(cls=TrainCommand)
def train(
    modality: Annotated[
        str,
        typer.Argument(
            help=f"One of {', '.join(modalities.names())}; MODALITY --help shows its options.",
            autocompletion=complete_modality,
        ),
    ],
    data: Annotated[str, typer.Option(help="Name of a data set (see gan-keras datasets), a file, or a folder of samples.")],
    out: Annotated[pathlib.Path, typer.Option(help="Directory of the run: new or empty, unless with --resume.")],
    preset: Annotated[
        str | None,
        typer.Option(help="Name of a preset (see gan-keras presets); default: default.", autocompletion=complete_preset),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Epochs of all stages together, with --resume the new total; default: the preset's.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Time limit in minutes, with --resume further ones, instead of --epochs; default: none.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the data split, weights and noise; default: 0.")] = None,
    labels: Annotated[pathlib.Path | None, typer.Option(help="Text: file with a label per line; default: no labels.")] = None,
    epsilon: Annotated[
        float | None,
        typer.Option(help="Bound of the privacy loss of a training row, > 0, for presets such as private; default: no privacy."),
    ] = None,
    delta: Annotated[
        float | None, typer.Option(help="Probability of a larger loss, below 1 / rows; default: 1e-5, or a tenth of 1 / rows.")
    ] = None,
    schema: Annotated[
        pathlib.Path | None,
        typer.Option(help="Tables: public schema, a JSON file (see gan-keras schema); default: columns are read off the rows."),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Resume an interrupted run from its newest checkpoint, or go on with a finished one for more --epochs or "
            "--minutes: the last stage gets longer, and learning rates that fall over all epochs fall over the new number.",
        ),
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Preset field to change; may be repeated; MODALITY --help lists the fields.", metavar="KEY=VALUE"
        ),
    ] = None,
    track: Annotated[str | None, typer.Option(help="Tracker to log to: tensorboard, mlflow or wandb; default: none.")] = None,
    checkpoint_seconds: Annotated[float, typer.Option(help="Seconds between checkpoints; 0: after each batch.", min=0.0)] = 60.0,
    strategy: Annotated[str, typer.Option(help="Devices to train on: none, mirrored, multi_worker.")] = "none",
):
    """Train a GAN.

    Everything that training produces goes to a directory, the run.
    """
    options = {"epochs": epochs, "minutes": minutes, "seed": seed, "labels": labels, "resume": resume, "track": track}
    fields = {"epsilon": epsilon, "delta": delta, "schema": None if schema is None else str(schema)}
    changed = request.with_options(modality, parse_settings(settings or []), **fields)
    options |= {"settings": changed, "checkpoint_seconds": checkpoint_seconds, "strategy": strategy}
    request.check(modality, data, out, preset, **options)
    start_keras()
    from gan_keras.runs.train import train as train_gan

    with ended_as_interrupted():
        train_gan(modality, data, out, preset, **options)
    typer.echo(f"Written: {out}")
    say_next(modalities.get(modality).next_commands("train", Run(out)))


def say_next(commands, err=False):
    """Suggests commands, each on a line of its own."""
    typer.echo("\n".join(["Next:", *(f"  {command}" for command in commands)]), err=err)


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
def schema(
    data: Annotated[str, typer.Argument(help="Table: a file, or the name of a data set.", metavar="FILE")],
    output: Annotated[pathlib.Path | None, typer.Option(help="New file to write; default: standard output.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Type of a column, as for train; may be repeated.", metavar="types.COLUMN=TYPE"),
    ] = None,
):
    """Draft the public schema of a table.

    A JSON file to edit: a private training takes its columns from there, not from the rows.
    """
    types = request.check_schema(data, output, parse_settings(settings or []))
    start_keras()
    from gan_keras.data.table.load import load_table
    from gan_keras.data.table.schema import draft_schema, note_of_draft, schema_json

    table = load_table(data, types)
    text = schema_json(draft_schema(table))
    if output is None:
        typer.echo(text, nl=False)
    else:
        replace_whole(output, lambda path: path.write_text(text, encoding="utf-8"))
        typer.echo(f"Written: {output}", err=True)
    typer.echo(note_of_draft(table), err=True)


@app.command()
def generate(
    source: Annotated[pathlib.Path, typer.Argument(metavar="RUN_OR_VERSION", help="A run or an exported version.")],
    n: Annotated[int | None, typer.Option("-n", "--num", help="Number of samples; default: 10, or all of --input.")] = None,
    seed: Annotated[int, typer.Option(help="Sample i has seed + i; translation: index of the first image.")] = 0,
    temperature: Annotated[float | None, typer.Option(help="Text: randomness of the draws, > 0; default: 1.")] = None,
    top_p: Annotated[
        float | None,
        typer.Option(help="Text: sample only from the most likely tokens with this total probability, in (0, 1]; default: 1."),
    ] = None,
    prompt: Annotated[str | None, typer.Option(help="Text: start of every sample; default: none.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            help="Label: its name or number; tables: COLUMN=VALUE or COLUMN=LOW..HIGH, repeatable; default: by the seed."
        ),
    ] = None,
    candidates: Annotated[
        int | None, typer.Option(help="Text: drafts per sample, 1 to 64, one of which --choice keeps; default: 1.")
    ] = None,
    choice: Annotated[
        str | None,
        typer.Option(
            help="Text: how to choose among drafts: resample (closest to the data), best (what the discriminator prefers) or "
            "likeliest; default: resample."
        ),
    ] = None,
    input: Annotated[pathlib.Path | None, typer.Option(help="Translation: image, folder or .npz; a version needs it.")] = None,
    direction: Annotated[str | None, typer.Option(help="Translation: a_to_b or b_to_a; default: a_to_b.")] = None,
    start: Annotated[str | None, typer.Option(help="Series: first time stamp; default: one step after the data end.")] = None,
    output: Annotated[pathlib.Path | None, typer.Option(help="File or folder; optional for text, tables and series.")] = None,
):
    """Generate samples of a run or an exported version.

    Text, tables and series go to standard output; images, sounds and clips to files.
    """
    options = {"temperature": temperature, "top_p": top_p, "prompt": prompt, "candidates": candidates, "choice": choice}
    options |= {"input": input, "direction": direction, "start": start}
    options = {name: value for name, value in options.items() if value is not None}
    n = 10 if n is None and input is None else n
    found, run = find_version(source), Run(source)
    if found is None:  # a run refuses wrong options before Keras is imported; the modality of a version is in its graph
        sample_files.check_output(output, run.config["modality"])
        options = sample_files.with_defaults(options, run.config["modality"])
        columns = run.config.get("data", {}).get("columns")
        label = sample_files.chosen_label(label or [], run.config["labels"], run.config["modality"], columns)
    start_keras()
    if found is None:
        modality = modality_of(run)
        samples = modality.generate_from_run(run, n, seed, label, options)
    else:
        from gan_keras.export.exported import load_version

        version = load_version(found)
        modality = modalities.of_version(version)
        sample_files.check_output(output, modality.name)
        options = sample_files.with_defaults(options, modality.name)
        label = sample_files.chosen_label(label or [], version.card.get("labels"), modality.name, modality.columns_of(version))
        samples = modality.generate_by_version(version, n, seed, label, options)
    typer.echo(modality.write(samples, output) or "", nl=False)
    if output is not None:
        typer.echo(f"Written: {output}", err=True)


def modality_of(run):
    return modalities.get(run.config["modality"])


@app.command()
def evaluate(
    run: Annotated[pathlib.Path, typer.Argument(help="Directory of a run.")],
    data: Annotated[str | None, typer.Option(help="Test data; default: the run's held-out samples.")] = None,
    json: Annotated[pathlib.Path | None, typer.Option(help="Another file to write the result to; default: none.")] = None,
    num: Annotated[int | None, typer.Option(help="Samples per sampler (text: per temperature); default: suits the data.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the first sample.")] = 0,
):
    """Compare a GAN with baselines and real samples.

    Writes RUN/evaluation.json and, for text, RUN/frontier.png over temperatures.
    """
    if json is not None:
        check_parent(json)
    files = Run(run)
    files.check_exists()
    start_keras()
    modality = modality_of(files)
    with shown() as console:
        result, pictures = modality.evaluate(files, data, num, seed, console)
    written = [*filter(None, (files.evaluation_path, json))]
    for path in written:
        write_json(path, result)
    for name, png in pictures.items():
        replace_whole(files.path / name, lambda path, png=png: path.write_bytes(png))
    typer.echo(modality.summary(result))
    typer.echo("\n".join(f"Written: {path}" for path in (*written, *(files.path / name for name in pictures))))
    say_next(modality.next_commands("evaluate", files))


@app.command()
def explain(
    run: Annotated[pathlib.Path, typer.Argument(help="Directory of a run.")],
    directions: Annotated[
        str | None,
        typer.Option(
            help="How directions of the latents are found: jacobian (any generator), sefa (first layer) or pca (activations); "
            "default: jacobian."
        ),
    ] = None,
    samples: Annotated[
        str | None,
        typer.Option(help="Samples whose scores are explained, the first 8; default: 8 held-out and 8 generated ones."),
    ] = None,
    num: Annotated[int, typer.Option(help="Number of directions.", min=1)] = 8,
    seed: Annotated[int, typer.Option(help="Seed of the samples.", min=0, max=2**29)] = 0,
):
    """Show and measure what a GAN has learned.

    What its latents change, what its discriminator looks at: writes RUN/explanation/.
    """
    files = Run(run)
    request.check_explanation(files, directions, samples)
    start_keras()
    from gan_keras.runs import explain as explaining

    result = explaining.explain(files, directions or catalogue.DIRECTION_METHODS[0], samples, num, seed)
    typer.echo(explaining.summary(result))
    typer.echo("\n".join(f"Written: {path}" for path in sorted(files.explanation.iterdir())))
    say_next(modality_of(files).next_commands("explain", files))


@app.command()
def audit(
    run: Annotated[pathlib.Path, typer.Argument(help="Directory of a run.")],
    data: Annotated[
        str | None,
        typer.Option(help="Control: samples of the same source that took no part in training; default: the held-out ones."),
    ] = None,
    attacks: Annotated[str | None, typer.Option(help="Attacks, separated by commas; default: all that apply.")] = None,
    fail_above: Annotated[
        float | None,
        typer.Option(
            help="Exit with code 1 if an attack finds more than this share of the training samples at 1 % false alarms, such as "
            "0.05.",
            metavar="TPR",
        ),
    ] = None,
    canaries: Annotated[
        int,
        typer.Option(help="Text: number of secrets to plant once, twice, 4, 8 and 16 times, such as 8; needs --train.", min=0),
    ] = 0,
    train: Annotated[
        bool, typer.Option("--train", help="--canaries: train the run's recipe again, with the planted secrets.")
    ] = False,
    num: Annotated[
        int | None, typer.Option(help="Training samples, and others, to tell apart; default: at most 2000 of each.", min=100)
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the chosen and the generated samples.", min=0, max=2**29)] = 0,
):
    """Measure what a GAN gives away about its training data.

    Attacks on membership, copies, planted secrets: writes RUN/privacy.json.
    """
    files = Run(run)
    request.check_audit(files, data, fail_above, canaries, train)
    start_keras()
    from gan_keras.runs import audit as auditing

    names = "all" if attacks is None else [name.strip() for name in attacks.split(",")]
    with ended_as_interrupted():
        result = auditing.audit(files, data, names, num, seed, canaries)
    typer.echo(auditing.summary(result))
    typer.echo(f"Written: {files.privacy_path}")
    say_next(modality_of(files).next_commands("audit", files))
    if fail_above is not None and (exceeded := auditing.exceeding(result, fail_above)):
        typer.echo("\n".join(exceeded), err=True)
        raise typer.Exit(1)


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
    """Enlarge a training set with generated samples.

    With --compare, measures how that helps a downstream model.
    """
    if output is None and not compare:
        raise ValueError("Expected --output FILE for an enlarged training set, --compare to measure the benefit, or both.")
    files = Run(run)
    files.check_exists()
    start_keras()
    from gan_keras.downstream import study_report
    from gan_keras.downstream.run import write_enlarged
    from gan_keras.downstream.study import Comparison, compare_augmentation

    comparison = Comparison(parse_shares(shares), seeds, minutes, ratio, balanced)
    comparison.check()
    if output is not None:
        num_real, num_generated = write_enlarged(files, output, comparison, seed)
        typer.echo(f"Written: {output}, {num_real:,} real samples followed by {num_generated:,} generated ones")
    if compare:
        with shown() as console:
            result = compare_augmentation(files, comparison, data, console)
        picture = study_report.drawing(result)
        replace_whole(files.path / study_report.PICTURE, lambda path: path.write_bytes(picture.data))
        typer.echo(study_report.summary(result))
        typer.echo(f"Written: {files.augmentation_path}\nWritten: {files.path / study_report.PICTURE}")
        say_next(modality_of(files).next_commands("augment", files))


def parse_shares(text):
    """Returns `"1,5"` as a tuple of floats."""
    try:
        return tuple(float(share) for share in text.replace("%", "").split(","))
    except ValueError as error:
        raise ValueError(f"--shares {text}. Expected percentages, such as 1,5,20,100.") from error


@app.command()
def report(run: Annotated[pathlib.Path, typer.Argument(help="Directory of a run.")]):
    """Write a report, RUN/report.html.

    One page: verdict, samples, scores, curves, settings.
    """
    Run(run).check_exists()
    start_keras()
    from gan_keras.runs.report import write_report

    say_path(write_report(run))


def say_path(path):
    """Prints the path of what was written: alone for a script, that is unless the standard output is a terminal."""
    typer.echo(f"Written: {path}" if sys.stdout.isatty() else path)


@app.command()
def export(
    run: Annotated[pathlib.Path | None, typer.Argument(help="Directory of a run.")] = None,
    to: Annotated[pathlib.Path | None, typer.Option(help="Model directory; default: saved_models/ and the run's name.")] = None,
    score: Annotated[
        bool, typer.Option("--score", help="Export the discriminator too. It can reveal which samples it was trained on.")
    ] = False,
    edit: Annotated[
        bool, typer.Option("--edit", help="Export samples moved along directions too, those that gan-keras explain found.")
    ] = False,
    check: Annotated[
        pathlib.Path | None,
        typer.Option(help="Only run the checks of an export on this version; write nothing.", metavar="VERSION"),
    ] = None,
):
    """Write a SavedModel for TensorFlow Serving."""
    if (run is None) == (check is None):
        raise ValueError("Expected a run to export, or --check with a version such as saved_models/mine/1.")
    if check is not None:
        check_version(check)
        return
    files = Run(run)
    files.check_exists()
    if edit:
        request.check_edit(files)
    start_keras()
    from gan_keras.export.export import export as export_gan

    directory, modality = to or pathlib.Path("saved_models") / files.path.resolve().name, modality_of(files)
    with Console(file=sys.stderr) as console:
        console.follow(f"Exporting to {directory}")
        gan = files.load(compile=False)
        if edit:
            gan.directions, gan.direction_names = files.directions(gan.latent_dim)
        version = export_gan(gan, directory, score=score, edit=edit, card=files.evaluated_by(modality))
    say_path(version)
    say_next(modality.next_commands("export", files, version), err=True)


def check_version(path):
    """Runs the checks of an export on a version and reports the results."""
    version = find_version(path)
    if version is None:
        raise FileNotFoundError(f"No version of a SavedModel at {str(path)!r}. Expected one such as saved_models/mine/1.")
    start_keras()
    from gan_keras.export.gate import check as check_saved_model

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
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(help="Name besides localhost, 127.0.0.1 and [::1] in a request's Host header; may be given several times."),
    ] = None,
    allow_reload: Annotated[
        bool, typer.Option("--allow-reload", help="Let gRPC clients choose which models in FOLDER are served.")
    ] = False,
    model_config: Annotated[
        pathlib.Path | None,
        typer.Option(help="A models.config that lists the models, instead of all in FOLDER; FOLDER is its /models."),
    ] = None,
    timeout_ms: Annotated[int, typer.Option(help="Time limit per request in milliseconds, including its wait.", min=1)] = 30_000,
    workers: Annotated[int | None, typer.Option(help="Processes that run models; default: one per core.", min=1)] = None,
    max_batch_rows: Annotated[int, typer.Option(help="Maximum rows per batch of merged requests; 1: no merging.", min=1)] = 64,
):
    """Serve exported GANs.

    TensorFlow Serving's REST and gRPC APIs, and an interactive web page.
    """
    if folder is None and model_config is None:
        raise ValueError("Got neither a folder nor a file of models. Expected at least one: saved_models, or --model-config.")
    if folder is not None and not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a directory. Expected one that holds NAME/VERSION/saved_model.pb.")
    if allow_reload and folder is None:
        raise ValueError("Got --allow-reload without a folder. Expected the folder that all models are below.")
    for api, number in (("REST", port), ("gRPC", grpc_port)):
        startup.listener(api, host, number).close()  # a busy port shows before TensorFlow is imported
    start_keras()
    from gan_keras.serving.server import serve as serve_models  # gRPC is an optional dependency

    access = {"host": host, "allowed_hosts": allowed_host or (), "allow_reload": allow_reload}
    limits = {"timeout": timeout_ms / 1000, "workers": workers, "max_batch_rows": max_batch_rows}
    serve_models(typer.echo, folder=folder, config_file=model_config, port=port, grpc_port=grpc_port, **access, **limits)


@app.command()
def datasets():
    """List the built-in data sets."""
    rows = [(modality, *each) for modality, known in catalogue.DATASETS.items() for each in known.items()]
    typer.echo(aligned([("kind", "name", "what it is"), *rows]))


@app.command()
def presets(
    modality: Annotated[
        str | None,
        typer.Argument(help="Kind of data; default: all.", autocompletion=complete_modality),
    ] = None,
):
    """List the presets: paper, time, score."""
    typer.echo(preset_table(catalogue.MODALITIES if modality is None else [modality]))


@app.command()
def doctor(
    measure: Annotated[bool, typer.Option("--measure", help="Measure threads and bfloat16 too; takes about a minute.")] = False,
):
    """Check the installation.

    Versions, devices and resources, and one recommendation.
    """
    from gan_keras.runs.doctor import examine

    if examine(typer.echo, measure):
        raise typer.Exit(1)


@app.command()
def demo(
    minutes: Annotated[float, typer.Option(help="Time limit of the training in minutes.")] = 3.0,
    preset: Annotated[str, typer.Option(help="Name of a preset.")] = "small",
):
    """Train, compare, export and report, in minutes."""
    start_keras()
    from gan_keras.runs.demo import demonstrate

    demonstrate(minutes, preset)


def main():
    """Runs the command line. Warnings are lines as other messages are, without the place in the code."""
    warnings.formatwarning = lambda message, *_, **__: f"Warning: {message}\n"
    sys.exit(app())
