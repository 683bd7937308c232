"""What a training is asked to do, checked before anything is imported that takes seconds."""

import math
import pathlib

from gan_keras import catalogue, modalities, presets
from gan_keras.diagnosis.names import choice_of
from gan_keras.media import file_kinds
from gan_keras.media.safe_files import check_is_file, read_json
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
        Run(out).check_free()
    known = catalogue.DATASETS[modality]
    if str(data) not in known and not pathlib.Path(data).exists():
        check_is_file(data, "Built-in data sets of this kind", known)
    if str(data) not in known and not resume:
        file_kinds.check_kind(data, modality, getattr(chosen, "text_column", ""))


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
