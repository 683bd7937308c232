"""What a training is asked to do, checked before anything is imported that takes seconds."""

import math
import pathlib
import shlex

from gan_keras import catalogue, modalities, presets
from gan_keras.diagnosis.names import choice_of
from gan_keras.media import file_kinds
from gan_keras.media.safe_files import check_is_file, check_parent, read_json
from gan_keras.modalities.settings import with_fields
from gan_keras.runs.files import Run
from gan_keras.training.console import duration


def check(modality, data, out, preset=None, *, epochs=None, minutes=None, settings=None, resume=False, **_):
    """Raises unless a training can be asked for with these arguments: see `runs.train.train`.

    Raises:
        ValueError: If an argument is out of range, unknown, or in the way of another.
        FileNotFoundError: If there are no such data, or no run to resume.
    """
    modalities.check_name(modality)
    if epochs is not None and minutes is not None:
        raise ValueError("Got both epochs and minutes. Expected one of them.")
    if epochs is not None and epochs < 1:
        raise ValueError(f"epochs={epochs}. Expected at least 1.")
    if minutes is not None and not 0 < minutes < math.inf:
        raise ValueError(f"minutes={minutes}. Expected more than 0.")
    if resume:
        Run(out).check_exists()
    else:
        chosen = with_fields(preset_of(modality, preset), settings or {})
        check_private(modality, data, chosen)
        Run(out).check_free()
    known = catalogue.DATASETS[modality]
    if str(data) not in known and not pathlib.Path(data).exists():
        check_is_file(data, "Built-in data sets of this kind", known)
    if str(data) not in known and not resume:
        file_kinds.check_kind(data, modality, getattr(chosen, "text_column", ""))


def with_options(modality, settings, **options):
    """Returns settings with the options of `train` that are fields of a preset, such as `epsilon`; None is no option.

    Raises:
        ValueError: If the modality's presets have no such field, or it is set twice.
    """
    modalities.check_name(modality)
    fields = presets.get(modality, "default").to_config()
    options = {name: value for name, value in options.items() if value is not None}
    for name, value in options.items():
        if name not in fields:
            able = "table" if name == "schema" else "image, table, series or points"
            raise ValueError(f"--{name} {value} for {modality}, whose presets have no such field. Expected it for {able}.")
        if name in settings:
            raise ValueError(f"Got --{name} {value} and --set {name}={settings[name]}. Expected one of them.")
    if options.get("epsilon") == 0:
        raise ValueError("--epsilon 0. Expected more than 0; without --epsilon, training is not private.")
    return {**settings, **options}


def check_private(modality, data, preset):
    """Raises unless a preset's fields about privacy fit each other and its other fields, as far as the data need not be read."""
    epsilon, delta, schema = (getattr(preset, name, 0) for name in ("epsilon", "delta", "schema"))
    if schema:
        check_is_file(schema)
    if delta and not epsilon:
        raise ValueError(f"delta={delta:g} without epsilon. Expected both, such as --epsilon 3, or none.")
    if not epsilon:
        return
    if delta >= 1:
        raise ValueError(f"delta={delta:g}. Expected less than 1 / rows, such as 1e-5.")
    if preset.loss.startswith("relativistic"):
        raise ValueError(
            f"epsilon={epsilon:g} with the loss {preset.loss}, by which real rows reach the generator. Expected a preset for "
            "private training: --preset private."
        )
    if modality == "table" and not schema:
        raise ValueError(
            f"epsilon={epsilon:g} without a public schema: ranges and values would be read off the private rows. Expected "
            f"--schema FILE; for a draft to edit, run `gan-keras schema {shlex.quote(str(data))} > {_schema_name(data)}`."
        )


def _schema_name(data):
    return shlex.quote(f"{pathlib.Path(str(data)).stem}.schema.json")


def check_schema(data, output, settings):
    """Raises unless a draft of a schema can be asked for with these arguments; returns the types of columns that are set."""
    if str(data) not in catalogue.DATASETS["table"]:
        check_is_file(data, "Built-in data sets of this kind", catalogue.DATASETS["table"])
        file_kinds.check_kind(data, "table", "")
    if output is not None:
        check_parent(output)
        if output.exists():
            raise ValueError(f"{output} exists, and may have been edited. Expected the name of a new file.")
    if strange := [name for name in settings if not name.startswith("types.")]:
        raise ValueError(
            f"--set {strange[0]}={settings[strange[0]]}. Expected types of columns, such as --set types.zip=category."
        )
    return with_fields(presets.get("table", "default"), settings).types


def check_explanation(run, directions=None, samples=None):
    """Raises unless a run can be explained with these arguments: see `runs.explain.explain`."""
    modality = run.config["modality"]
    if directions is not None and modality == "translation":
        raise ValueError(f"--directions {directions} for a translation, which has no latents. Expected no --directions.")
    if directions is not None and directions not in catalogue.DIRECTION_METHODS:
        raise ValueError(f"--directions {directions}. {choice_of(directions, catalogue.DIRECTION_METHODS)}.")
    known = catalogue.DATASETS[modality]
    if samples is not None and samples not in known and not pathlib.Path(samples).exists():
        check_is_file(samples, "Built-in data sets of this kind", known)


def check_audit(run, data=None, fail_above=None, canaries=0, train=False):
    """Raises unless a run can be audited with these arguments: see `runs.audit.audit`."""
    config = run.config
    modality = config["modality"]
    if fail_above is not None and not 0 <= fail_above <= 1:
        raise ValueError(f"--fail-above {fail_above:g}. Expected a share of the training samples, from 0 to 1, such as 0.05.")
    known = catalogue.DATASETS[modality]
    if data is not None and data not in known and not pathlib.Path(data).exists():
        check_is_file(data, "Built-in data sets of this kind", known)
    if train and not canaries:
        raise ValueError("--train without --canaries. Expected --canaries 8 --train: it trains again with planted secrets.")
    if not canaries:
        return
    if modality != "text":
        raise ValueError(f"--canaries for a run of the modality {modality}. Canaries are lines of text: expected no --canaries.")
    if config.get("labels"):
        raise ValueError(f"--canaries for {run.path}, whose lines have labels. Canaries have none: expected no --canaries.")
    if not train and not (run.canaries_path.is_file() and read_json(run.canaries_path)["num"] == canaries):
        raise ValueError(
            f"--canaries {canaries} trains the recipe of {run.path} again, with planted secrets: about "
            f"{duration(run.seconds)}. Expected --train too, to do so."
        )


def check_edit(run):
    """Raises unless a run has directions for an export."""
    if run.config["modality"] == "translation":
        raise ValueError("--edit for a translation, which has no latents. Expected no --edit.")
    if not run.directions_path.is_file():
        raise FileNotFoundError(f"{run.path} has no directions to edit along. Run `gan-keras explain {run.path}` first.")


def preset_of(modality, preset=None):
    """Returns a modality's preset: `preset` itself, or the one of that name; None is `"default"`.

    Raises:
        ValueError: If there is no such preset, or it belongs to another modality.
    """
    if preset is None or isinstance(preset, str):
        return presets.get(modality, preset or "default")
    if not isinstance(preset, type(presets.get(modality, "default"))):
        raise ValueError(f"Got a {type(preset).__name__} for the modality {modality}. Expected one of its own presets.")
    return preset
