"""The report: what a run learned, on one HTML page that needs nothing beside it."""

import json
import os
import pathlib
from html import escape
from string import Template

from gan_keras import modalities
from gan_keras.callbacks.events import COLUMNS
from gan_keras.callbacks.history import read_history as read_events
from gan_keras.diagnosis.rules import diagnose
from gan_keras.downstream import study_report
from gan_keras.media.html import definitions, picture, section, table
from gan_keras.media.plots import read_history, training_pictures

PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --line: #8886; --soft: #8881; }
body { max-width: 76rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
figure { margin: 0; }
figcaption { font-weight: 600; }
img { width: 100%; max-width: 54rem; background: #fff; border-radius: 4px; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .2rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
.numbers th, .numbers td { text-align: right; font-variant-numeric: tabular-nums; }
.numbers tbody th { text-align: left; background: var(--soft); }
.sentences td { min-width: 11rem; }
.verdict { padding: .5rem 1rem; border-left: 4px solid currentColor; background: var(--soft); }
code { overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>$title</h1>
$body
</body>
</html>
""")


def write_report(run_directory):
    """Writes `report.html` of a run: verdict, scores, curves, samples by epoch, settings.

    What the run does not have yet is named on the page, with the command that makes it.

    Args:
        run_directory: Directory with `config.json`, and `history.csv`, `samples/` and `evaluation.json` as far as they
            exist.

    Returns:
        Path of the page; an older one is replaced once the new one is complete.

    Raises:
        FileNotFoundError: There is no such directory, or no `config.json` in it.
        ValueError: A file of the run is damaged; the message names it.
    """
    run = pathlib.Path(run_directory)
    if not (run / "config.json").is_file():
        raise FileNotFoundError(f"{run} is not a run: it has no config.json. Expected a directory that training made.")
    config = _read_json(run / "config.json")
    modality = modalities.get(config.get("modality", "text"))  # the first runs were all of text
    parts = [
        *_evaluation(run, modality),
        *_augmentation(run),
        _happened(run),
        _curves(run),
        _samples(run, modality),
        *_settings(config, modality),
    ]
    page = PAGE.substitute(title=escape(f"Run {run.resolve().name}"), body="\n".join(parts))
    path, unfinished = run / "report.html", run / "report.html.unfinished"
    unfinished.write_text(page, encoding="utf-8")
    os.replace(unfinished, path)
    return path


def _evaluation(run, modality):
    """The sections that `evaluation.json` fills."""
    if not (run / "evaluation.json").is_file():
        hint = f"Not evaluated yet. <code>gan-keras evaluate {escape(str(run))}</code> makes this part"
        return [section("Verdict", f"<p>{hint}: no GAN is shown without the baselines that it has to beat.</p>")]
    result = _read_json(run / "evaluation.json")
    try:
        return modality.evaluation_sections(result)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{run / 'evaluation.json'} lacks {error}. Expected a whole evaluation: make it again.") from error


def _augmentation(run):
    """The section that `augmentation.json` fills."""
    path = run / "augmentation.json"
    if not path.is_file():
        return []
    try:
        return study_report.sections(_read_json(path))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} lacks {error}. Expected a whole comparison: `gan-keras augment {run} --compare`.") from error


def _curves(run):
    if not (run / "history.csv").is_file():
        return section("Training", "<p>No epoch has ended yet: there is no history.csv.</p>")
    pictures = "".join(map(picture, training_pictures(read_history(run / "history.csv"))))
    return section("Training", f'<div class="pictures">{pictures}</div>')


def _happened(run):
    """What was done in the midst of training, and what the curves tell."""
    events = read_events(run / "events.csv")
    rows = table(COLUMNS, events) if events else "<p>Nothing: no rollback, no warning, no early end.</p>"
    lines = diagnose(run / "history.csv") if (run / "history.csv").is_file() else []
    told = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return section("What happened", rows + (f"<h3>What the curves tell</h3><ul>{told}</ul>" if told else ""))


def _samples(run, modality):
    return section("Samples by epoch", modality.samples_section(run) or "<p>No samples were written.</p>")


def _settings(config, modality):
    """The model card, if the modality has one, and every setting."""
    tables = {"Model card": modality.card(config), "Settings": config}
    return [section(title, definitions(values)) for title, values in tables.items() if values is not None]


def _read_json(path):
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}. Expected JSON.") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} holds a {type(values).__name__}. Expected a JSON object.")
    return values
