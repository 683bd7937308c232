"""`audit`: what the GAN of a run gives away about its training data, measured, and told in plain words.

Attacks on membership and copies by `analysis.audit`; for text, secrets that are planted in a training of the same recipe; for a
private run, its statement and an audit of its mechanism.
"""

import dataclasses
import io
import json
import shutil

import numpy as np
from matplotlib.figure import Figure

from gan_keras import analysis, modalities
from gan_keras.media.html import bullets, element, joined, pictures, table
from gan_keras.media.plots import Picture
from gan_keras.media.safe_files import check_writable, read_json, write_json
from gan_keras.modalities.score_table import how_measured, verdict_box
from gan_keras.runs.commands import aligned
from gan_keras.runs.explain import plain
from gan_keras.runs.files import Run
from gan_keras.runs.train import Trainer
from gan_keras.training import devices
from gan_keras.training.console import duration, shown

NUM_DRAWS = 1000  # generated lines that are searched for training lines


def audit(run, data=None, attacks="all", num=None, seed=0, canaries=0, progress=print):
    """Audits the GAN of a run.

    Args:
        run: A `Run` or its path.
        data: Name or path of samples from the same source that took no part in training; None for the run's held-out part.
        attacks: Names of attacks, or `"all"`: see `analysis.audit`.
        num: Largest number of samples of either part, at random: see `analysis.audit`.
        seed: Seed of all choices.
        canaries: Number of secrets per count that are planted (`analysis.insert_canaries`) in a training of the run's recipe, in
            `RUN/canaries/`; one that is there already is used again. 0 for none.
        progress: Function that receives each line of progress.

    Returns:
        The result, which `RUN/privacy.json` holds as well.

    Raises:
        FileNotFoundError: If there is no run, or it has no model yet.
        ValueError: If there are too few samples, members are among the control, the control is from another source, or an
            argument is wrong. Nothing has been written then.
    """
    run = run if isinstance(run, Run) else Run(run)
    modality, gan = modalities.get(run.config["modality"]), run.load(compile=False)
    check_writable(run.path)
    with shown(progress) as console:
        training, held_out = modality.parts(run)
        planted = analysis.insert_canaries(training.lines, num=canaries, seed=run.config["seed"]) if canaries else None
        control = held_out if data is None else modality.explained_part(run, data, training)
        title = f"held-out {modality.samples}" if data is None else str(data)
        found = analysis.audit(gan, training, control, attacks, seed, num, progress=console)
        result = {"modality": modality.name, "control": title, "seed": seed, **found.to_json()}
        if modality.name == "text":
            extracted = analysis.extraction(gan, training.lines, NUM_DRAWS, seed, control=control.lines)
            result["extraction"] = {**dataclasses.asdict(extracted), "sentence": extracted.sentence()}
        if canaries:
            result["canaries"] = expose(run, gan, *planted, console)
        if gan.privacy is not None and gan.privacy.steps_spent:
            result["privacy"] = promise(gan, console, seed)
    result = plain(result)
    write_json(run.privacy_path, result)
    return result


# --- Planted secrets. ---


def expose(run, gan, planted, canaries, console):
    """Returns what canaries tell: exposure and extraction of a GAN that was trained with them, and of the run's own.

    Args:
        run: A `Run` of text without labels.
        gan: Its GAN, which has never seen the canaries.
        planted: The run's training lines with canaries among them.
        canaries: The `Canaries`.
        console: A `Console`.
    """
    trained = trained_with(run, planted, canaries, console)
    console("Ranking the planted secrets, and searching for them in generated lines")
    found = analysis.exposure(trained, canaries)
    result, lines = found.to_json(), found.sentences()
    try:
        unseen = np.mean([*analysis.exposure(gan, canaries).bits["generator"].values()])
        result["mean_bits_without"] = unseen
        lines.append(f"The run itself, trained without them, has {unseen:.2f} bits of the same secrets on average.")
    except ValueError as error:  # its codec cuts the canaries: it knows no line that long
        lines.append(f"The run itself, trained without them, could not be compared: {error}")
    result["extraction"] = {}
    for name, prompt in (("without_prompt", None), ("with_prompt", canaries.prompt)):
        extracted = analysis.extraction(trained, canaries, NUM_DRAWS, canaries.seed, prompt)
        result["extraction"][name] = dataclasses.asdict(extracted)
        lines.append(extracted.sentence("planted secrets", "secrets that were not planted"))
    return {**result, "lines": lines}


def trained_with(run, planted, canaries, console):
    """Returns the GAN of the run's recipe that is trained with canaries, in `RUN/canaries/`; one that is there is used again."""
    copy = Run(run.canaries)
    if run.canaries_path.is_file() and read_json(run.canaries_path) == json.loads(json.dumps(canaries.to_config())):
        return copy.load(compile=False)
    console(f"Training the recipe of {run.path} again with planted secrets: about {duration(run.seconds)}")
    shutil.rmtree(run.canaries, ignore_errors=True)  # of an interrupted training, or with other canaries
    copy.write_config({**run.config, "data": {**run.config["data"], "training_lines": len(planted)}})
    copy.write_lines("train", planted)
    copy.write_lines("held_out", run.lines("held_out"))
    trainer = Trainer(copy, None, devices.get(), console)
    plan = trainer.plan(None)
    gan = trainer.fit(trainer.start(), plan)
    write_json(run.canaries_path, canaries.to_config())
    return gan


# --- Private runs. ---


def promise(gan, console, seed):
    """Returns the statement of a private GAN, and an audit of its mechanism with the largest epsilon that it could show."""
    privacy = gan.privacy
    console(f"Auditing the private mechanism: {privacy.train_steps:,} steps on planted rows")
    found = analysis.one_run_audit(privacy, seed=seed)
    return {
        "statement": privacy.statement(),
        "words": gan.privacy_statement().splitlines(),
        "one_run": {**found._asdict(), "refuted": found.refuted, "can_fail": found.can_fail, "lines": str(found).splitlines()},
    }


# --- What the command line and the report say of a result. ---


def exceeding(result, limit):
    """Returns why a result does not show that attacks find at most a share `limit` of the members, a list of lines.

    These are the attacks that find more at 1 % false alarms, and what could not be measured.
    """
    lines = [] if result["attacks"] else ["No attack counts: training samples differ from the others by themselves."]
    for attack in result["attacks"].values():
        found = attack["tpr"]["0.01"]["mean"]
        if found is None:
            lines.append(f"{attack['title']}: too few samples to measure what is found at 1 % false alarms.")
        elif found > limit:
            lines.append(
                f"{attack['title']} finds {found:.1%} of the training samples at 1 % false alarms, more than {limit:.1%}."
            )
    return lines


COLUMNS = "attack", "AUC (chance 0.5)", "found at 1 % false alarms", "at 0.1 %"


def rows_of(result):
    """Returns a row per attack, dictionaries from the titles of `COLUMNS` to text; the strongest control attack comes last."""
    rows = [(each["title"], each) for each in result["attacks"].values()]
    rows += [(f"control: {each['title']}", each) for each in [result.get("control_attack")] if each is not None]
    cells = [
        (title, _interval(each["auc"], ".3f"), *(_interval(each["tpr"][name], ".1%") for name in ("0.01", "0.001")))
        for title, each in rows
    ]
    return [dict(zip(COLUMNS, row, strict=True)) for row in cells]


def _interval(value, form):
    if value["mean"] is None:
        return "too few"
    return f"{value['mean']:{form}} [{value['low']:{form}}, {value['high']:{form}}]"


def sentences_of(result):
    """Returns everything that a result says in plain words, a list of lines, but its verdict."""
    return [
        *result["sentences"],
        *([result["extraction"]["sentence"]] if "extraction" in result else []),
        *(result["canaries"]["lines"] if "canaries" in result else []),
        *((*result["privacy"]["words"], *result["privacy"]["one_run"]["lines"]) if "privacy" in result else []),
    ]


def summary(result):
    """Returns a result as text: a table of the attacks, the verdict, and sentences."""
    rows = [COLUMNS, *(tuple(row.values()) for row in rows_of(result))]
    return "\n".join([aligned(rows), *(f"Verdict: {line}" for line in result["verdict"]), *sentences_of(result)])


def content(result):
    """Returns the report's section: verdict, attacks, pictures and sentences, as HTML."""
    drawn = [attack_picture(result)] if result["attacks"] else []
    drawn += [exposure_picture(result["canaries"])] if "canaries" in result else []
    measured = {name: result[name] for name in ("control", "seed", "numbers")}
    scores = verdict_box(result["verdict"]), table(COLUMNS, rows_of(result)), element("p", NOTE), bullets(sentences_of(result))
    return joined([*scores, pictures(drawn), how_measured(measured)])


NOTE = (
    "An attack orders training samples and others by how much they look like training samples. AUC: probability that it orders a "
    "pair rightly. Found at 1 % false alarms: share of the training samples above all but 1 % of the others; by chance 1 %. "
    "Intervals: 95 %, bootstrap."
)


def card(result):
    """Returns what the model card says of a result, a dictionary."""
    found = {attack["title"]: _interval(attack["auc"], ".3f") for attack in result["attacks"].values()}
    promised = {"privacy": result["privacy"]["statement"]} if "privacy" in result else {}
    return {**promised, "audit": {"verdict": " ".join(result["verdict"]), "auc (chance 0.5)": found}}


def attack_picture(result):
    """Plots found training samples against false alarms, a line per attack, on logarithmic axes."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="false alarms", ylabel="training samples found", xscale="log", yscale="log")
    told = []
    for attack in result["attacks"].values():
        known = {float(rate): each["mean"] for rate, each in attack["tpr"].items() if each["mean"] is not None}
        rates, found = sorted(known), [max(known[rate], 1e-4) for rate in sorted(known)]
        axes.plot(rates, found, marker=".", label=attack["title"])
        told.append(
            f"{attack['title']}: {', '.join(f'{share:.2%} at {rate:.1%}' for rate, share in zip(rates, found, strict=True))}."
        )
    axes.plot([1e-3, 1.0], [1e-3, 1.0], color="gray", linestyle="--", label="chance")
    return drawn(figure, axes, "Training samples found, against false alarms", told)


def exposure_picture(canaries):
    """Plots the exposure of planted secrets against how often they were inserted, a line per score."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="times inserted", ylabel="exposure (bits, median)", xscale="log")
    told = []
    for score in canaries["scores"].values():
        counts, bits = zip(*((int(count), value) for count, value in score["median_bits"].items()), strict=True)
        axes.plot(counts, bits, marker=".", label=score["title"])
        told.append(
            f"{score['title']}: {', '.join(f'{value:.1f} bits {count}x' for count, value in zip(counts, bits, strict=True))}."
        )
    axes.axhline(canaries["chance_bits"], color="gray", linestyle="--", label="chance")
    axes.set_xticks(canaries["counts"], canaries["counts"])
    axes.minorticks_off()
    return drawn(figure, axes, "Exposure of planted secrets", told)


def drawn(figure, axes, title, told):
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=150, format="png")
    return Picture(title, f"{title}. {' '.join(told)}", buffer.getvalue())
