"""The report: what a run has learned, on one self-contained HTML page."""

from collections import Counter

from gan_keras import modalities
from gan_keras.callbacks.history import EVENT_COLUMNS
from gan_keras.callbacks.history import read_history as read_events
from gan_keras.diagnosis.rules import diagnose
from gan_keras.downstream import study_report
from gan_keras.media.html import bullets, definitions, element, joined, page_of, pictures, section, table, unfold
from gan_keras.media.plots import read_history, training_pictures
from gan_keras.media.safe_files import read_json, replace_whole
from gan_keras.runs import audit, explain
from gan_keras.runs.files import Run


def write_report(run_directory):
    """Writes `report.html` of a run: a card, the verdict, samples by epoch, scores, explanation, audit, curves, events,
    settings.

    The page names each missing part together with the command that creates it.

    Args:
        run_directory: Directory with `config.json` and, if they exist, `history.csv`, `samples/`, `evaluation.json`,
            `explanation/` and `privacy.json`.

    Returns:
        Path of the page, which replaces an older one once it is complete.

    Raises:
        FileNotFoundError: If there is no run.
        ValueError: If a file of the run is damaged; the message names it.
    """
    run = Run(run_directory)
    run.check_exists()
    config = read_json(run.config_path)
    modality = modalities.get(config.get("modality", "text"))  # the first runs were all of text
    evaluated = read_json(run.evaluation_path) if run.evaluation_path.is_file() else None
    compared = read_json(run.augmentation_path) if run.augmentation_path.is_file() else None
    audited = read_json(run.privacy_path) if run.privacy_path.is_file() else None
    judged = _not_evaluated(run) if evaluated is None else _filled(modality.evaluation_sections, evaluated, run.evaluation_path)
    verdict, *scores = judged
    further = {"Model card": _model_card(run, modality, config, audited), "Settings": config}
    parts = [
        _card(run, config),
        verdict,
        section("Samples", modality.samples_section(run.path) or element("p", "No samples have been written.")),
        *scores,
        *([] if compared is None else _filled(study_report.sections, compared, run.augmentation_path)),
        _explained(run),
        _audited(run, audited),
        _curves(run),
        _events(run),
        *(
            section(title, unfold(f"Show the {title.lower()}", definitions(values)))
            for title, values in further.items()
            if values is not None
        ),
    ]
    page = page_of(f"Run {run.path.resolve().name}", joined(parts))
    replace_whole(run.report_path, lambda temporary: temporary.write_text(page, encoding="utf-8"))
    return run.report_path


def _card(run, config):
    """Returns what was trained on what, how long and by which command, as far as the run's files say so."""
    data, asked, preset, machine = (config.get(name) for name in ("data", "asked", "preset", "machine"))
    history = read_events(run.history_path)
    devices = [name.removeprefix("/physical_device:") for name in machine["devices"]] if machine else []
    values = {
        "Kind": config.get("modality"),
        "Data": _data_in_words(data) if isinstance(data, dict) else data,
        "Preset": asked and (asked["preset"] if isinstance(asked["preset"], str) else "one of your own"),
        "Recipe": preset and preset.get("description"),
        "Training": _training_in_words(history) if history else "no epoch has finished yet",
        "Started": config.get("started"),
        "Machine": machine and ", ".join([machine["platform"], f"{machine['processors']} processors", *devices]),
        "Command": config.get("command"),
    }
    return element("div", definitions(values), class_="card")


def _data_in_words(data):
    """Returns `NAME: 90 training images, 10 held-out images` for the entries of `config.json`."""
    parts = {name: value for name, value in data.items() if name.startswith(("training_", "held_out_"))}
    counts = [f"{value:,} {name.replace('held_out', 'held-out').replace('_', ' ')}" for name, value in parts.items()]
    return f"{data['name']}: {', '.join(counts)}"


def _training_in_words(history):
    """Returns epochs, steps and time of the rows of `history.csv`."""
    seconds = sum(float(row["seconds"]) for row in history if row.get("seconds"))
    steps = sum(float(row["steps"]) for row in history if row.get("steps"))
    stages = Counter(row["stage"] for row in history if row.get("stage"))
    each = f" ({', '.join(f'{num} {stage}' for stage, num in stages.items())})" if len(stages) > 1 else ""
    duration = f"{seconds / 60:,.1f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
    updates = f", {steps:,.0f} updates" if steps else ""  # the first runs did not count them
    return f"{len(history)} epoch{'s' * (len(history) != 1)}{each}{updates}, {duration}"


def _not_evaluated(run):
    missing = _missing(run, "evaluated", "evaluate", "compares the GAN with the baselines that it has to beat")
    return [section("Verdict", missing)]


def _missing(run, done, command, purpose):
    """Returns which command of the command line makes a part of the report, and what it does."""
    return element("p", f"Not {done} yet: ", element("code", f"gan-keras {command} {run.path}"), f" {purpose}.")


def _explained(run):
    """Returns what the GAN has learned, from the files of `gan-keras explain`."""
    title = "What it learned"
    if not run.effects_path.is_file():
        return section(title, _missing(run, "explained", "explain", "shows and measures what the GAN has learned"))
    content = _filled(lambda result: explain.content(result, run.explanation), read_json(run.effects_path), run.effects_path)
    return section(title, content)


def _audited(run, result):
    """Returns what the GAN gives away about its training data, as `gan-keras audit` found."""
    title = "What it gives away"
    if result is None:
        return section(title, _missing(run, "audited", "audit", "measures what the GAN gives away about its training data"))
    return section(title, _filled(audit.content, result, run.privacy_path))


def _model_card(run, modality, config, audited):
    """Returns the modality's card with what is promised and what was found about privacy, as far as there is anything."""
    found = {} if audited is None else _filled(audit.card, audited, run.privacy_path)
    promised = {} if config.get("privacy") is None else {"privacy": config["privacy"]}
    return {**(modality.card(config) or {}), **promised, **found} or None


def _filled(sections, result, path):
    """Returns `sections(result)`; raises `ValueError` if the file at `path` lacks a part."""
    try:
        return sections(result)
    except (KeyError, TypeError, AttributeError) as error:
        commands = {"evaluation.json": "evaluate", "effects.json": "explain", "privacy.json": "audit"}
        command = commands.get(path.name, "augment --compare")
        raise ValueError(f"{path} lacks {error}. Expected a complete result: run `gan-keras {command}` again.") from error


def _events(run):
    """Returns what was done during training, and the diagnosis of the curves."""
    events = read_events(run.events_path)
    unusual = "Nothing unusual: no rollback, no warning, no early end."
    content = [table(EVENT_COLUMNS, events) if events else element("p", unusual)]
    if run.history_path.is_file():
        content += [element("h3", "What the curves show"), bullets(diagnose(run.history_path))]
    return section("What happened", *content)


def _curves(run):
    if not run.history_path.is_file():
        return section("Training", element("p", "No epoch has finished yet: there is no history.csv."))
    return section("Training", pictures(training_pictures(read_history(run.history_path))))
