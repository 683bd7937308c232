"""`explain`: what the GAN of a run has learned, measured, shown and told in plain words, in a folder of the run."""

import dataclasses
import functools
import io
import json

import numpy as np
from markupsafe import Markup

from gan_keras import analysis, modalities
from gan_keras.analysis.attribution import MAX_CORRELATION, TOLERANCE
from gan_keras.analysis.units import unit_layers
from gan_keras.callbacks.history import read_history
from gan_keras.callbacks.samples_of_kinds import translation_grid
from gan_keras.media.html import bullets, element, joined, page_of, picture, unfold
from gan_keras.media.images import encode_png, image_grid
from gan_keras.media.plots import Picture
from gan_keras.media.safe_files import check_writable, replace_folder
from gan_keras.modalities.base import seconds_per_sample
from gan_keras.modalities.score_table import verdict_box
from gan_keras.networks.cyclegan import Pair
from gan_keras.runs.files import Run
from gan_keras.training.console import duration, shown

NUM_EFFECTS, NUM_KEPT, NUM_UNITS, NUM_PATHS, NUM_COUNTERFACTUALS, NUM_ATTRIBUTED = 256, 128, 64, 500, 64, 8
"""Samples per measurement."""

STRENGTH = 2.0
"""Deviations at which labels are compared and words counted."""

CHEAP = 60.0
"""Seconds that a measurement besides directions and attribution may take; it is left out, and told, if it would take longer."""

_PROBES = {"jacobian": 3 * 8192, "sefa": 0, "pca": 2048}  # generated samples that take as long as to find directions
_STARTS, _STEPS, _CONTROLS = 4, 200, 8  # of an inversion
_KNOWN = 2000  # training samples that a classifier learns, and that are compared
_MOVED = {"image": 3, "clip": 2, "series": 3, "sound": 1, "text": 4}  # samples that are shown, 2 of others
_FEW = (-2.0, -1.0, 0.0, 1.0, 2.0)  # strengths for samples that are read or heard


def explain(run, method="jacobian", samples=None, num=8, seed=0, progress=print):
    """Explains the GAN of a run and writes `RUN/explanation/`, which replaces an older one once it is complete.

    `effects.json` holds all that was measured; `directions.npy` the directions, which `gan-keras export RUN --edit` reads; others
    show the directions, the attributions of the discriminator's score, and the units.

    Args:
        run: A `Run` or its path.
        method: How directions are found: see `analysis.Directions.fit`.
        samples: Name or path of samples whose scores are explained, the first 8; None for 8 held-out and 8 generated ones.
        num: Number of directions, >= 1.
        seed: Seed of the samples.
        progress: Function that receives each line of progress.

    Returns:
        The contents of `effects.json`.

    Raises:
        FileNotFoundError: If there is no run, or it has no model yet.
        ValueError: If the GAN has not been trained, or an argument is out of its range.
    """
    run = run if isinstance(run, Run) else Run(run)
    modality, gan = modalities.get(run.config["modality"]), run.load(compile=False)
    if not is_trained(run, gan):
        raise ValueError(
            f"The GAN of {run.path} has not been trained against its discriminator: there is nothing to explain. Expected a "
            "trained one: `gan-keras train ... --resume`."
        )
    check_writable(run.path)
    training, held_out = modality.parts(run)
    part = held_out if samples is None else modality.explained_part(run, samples, training)
    title = f"held-out {modality.samples}" if samples is None else str(samples)
    with shown(progress) as console:
        found = Explanation(gan, modality, training, part, title, samples is None, seed, console)
        if gan.reads_pairs:
            found.explain_translation()
        else:
            found.explain_latents(method, num)
    result = plain({"modality": modality.name, "kind": analysis.kind_of(gan), "seed": seed, **found.result})
    found.files["effects.json"] = (json.dumps(result, indent=2, ensure_ascii=False) + "\n").encode()
    replace_folder(run.explanation, found.files)
    return result


def is_trained(run, gan):
    """Returns whether a discriminator has taught a generator. A translation draws no noise, so that its history counts."""
    return bool(read_history(run.history_path)) if gan.reads_pairs else int(gan.draws) > 0


class Explanation:
    """What is measured of a GAN, as `result`, and shown, as the bytes of `files` by name.

    Args:
        gan: A trained GAN.
        modality: Its `Modality`.
        training: The training part.
        part: The part whose samples are explained.
        title: What these samples are called.
        is_own: Whether generated samples are explained besides.
        seed: Seed of all samples.
        console: Function that receives each line of progress.
    """

    def __init__(self, gan, modality, training, part, title, is_own, seed, console):
        self.gan, self.modality, self.training, self.part, self.title = gan, modality, training, part, title
        self.is_own, self.seed, self.console, self.files = is_own, seed, console, {}
        self.result = {"sentences": [], "verdict": "", "lines": [], "left_out": {}, "shown": []}

    def tell(self, line):
        self.result["lines"].append(line)

    def show_picture(self, stem, shown, title, text):
        name = f"{stem}.{shown.kind}"
        self.files[name] = shown.data
        self.result["shown"].append({"file": name, "title": title, "text": text, "alternative": shown.alternative})

    def show_page(self, stem, fragment, title, text):
        name = f"{stem}.html"
        self.files[name] = page_of(title, joined([element("p", text), Markup(fragment)])).encode()
        self.result["shown"].append({"file": name, "title": title, "text": text})

    def some_of(self, part, num, is_random=True):
        """Real samples of a part and their labels: random ones, or the first."""
        size = self.modality.size_of(part)
        rows = np.random.default_rng(self.seed).permutation(size) if is_random else np.arange(size)
        return self.modality.real_samples(self.gan, part, np.sort(rows[:num]))

    @functools.cached_property
    def known(self):
        """Training samples and their labels, of which three measurements make use."""
        return self.some_of(self.training, _KNOWN)

    def judged(self):
        """Samples whose scores are explained, and the labels that the networks read with them, or None."""
        samples, labels = self.some_of(self.part, NUM_ATTRIBUTED, self.is_own)
        return samples, labels if self.gan.num_labels and analysis.kind_of(self.gan) != "table" else None

    def is_cheap(self, name, seconds):
        """Returns whether a measurement takes little time, and tells that it is left out otherwise."""
        if seconds > CHEAP:
            self.leave_out(name, f"it would take about {duration(seconds)}")
        return seconds <= CHEAP

    def leave_out(self, name, reason):
        self.result["left_out"][name] = reason
        self.console(f"Left out: {name}: {reason}")

    # --- GANs that make samples from latents. ---

    def explain_latents(self, method, num):
        gan, num = self.gan, min(num, self.gan.style_dim)
        each = seconds_per_sample(gan, NUM_EFFECTS)
        moved = (4 * num + 1) * (NUM_EFFECTS + NUM_KEPT)
        about = duration(each * (_PROBES.get(method, 0) + moved))
        self.console(
            f"Finding {num} directions ({method}) and moving {moved:,} samples along them: about {about}, then attribution"
        )
        directions = analysis.Directions.fit(gan, method, num, self.seed)
        effects = directions.effects(n=NUM_EFFECTS, seed=self.seed)
        buffer = io.BytesIO()
        np.save(buffer, directions.directions)
        self.files["directions.npy"] = buffer.getvalue()
        self.result |= {
            "method": method,
            "num": len(directions.directions),
            "latent_dim": gan.latent_dim,
            "style_dim": gan.style_dim,
            "spectrum": directions.spectrum,
            "participation": directions.participation,
            "names": [name_of(row) for row in effects.effects],
            "effects": effects.to_json(),
            "sentences": effects.sentences(),
            "verdict": effects.verdict(),
        }
        self.tell(
            f"Of {gan.style_dim} latents, about {directions.participation:.1f} count (participation ratio of what they change)."
        )
        self.explain_words(directions)
        self.explain_label(directions)
        self.show_traversal(directions)
        self.explain_scores()
        self.explain_smoothness(each)
        self.explain_units(each)
        self.explain_inversion(each)
        self.show_neighbours()
        self.explain_conditions(each)

    def explain_words(self, directions):
        """For text: the words that a direction brings and takes, and the share of words that style decides."""
        if analysis.kind_of(self.gan) != "text":
            return
        self.console("Counting the words that each direction brings")
        share = self.result["decided_by_style"] = analysis.decided_by_style(self.gan, NUM_KEPT, self.seed)
        self.tell(
            f"The style latents decide {share['style']:.0%} of the words, the latents that draw words {share['draws']:.0%}; "
            f"{share['chance']:.0%} change if both do."
        )
        words = self.result["words"] = []
        for index, direction in enumerate(directions.directions):
            before, after = (
                analysis.samples_of(self.gan, NUM_KEPT, self.seed, edits=sign * STRENGTH * direction) for sign in (-1.0, 1.0)
            )
            gained, lost = ([each for each in kind if abs(each.z) > 2] for kind in analysis.words_gained(before, after))
            words.append({"gained": gained, "lost": lost})
            told = [
                f"{name} {', '.join(each.word for each in kind)}" for name, kind in (("gains", gained), ("loses", lost)) if kind
            ]
            self.result["sentences"][index] += f"; {'; '.join(told)}" if told else ""

    def explain_label(self, directions):
        """Which share of samples keep their label along each direction, for data with labels."""
        samples, labels = self.known
        if labels is None:
            return
        self.console(f"Training a classifier on {len(labels):,} samples: is their label kept at {STRENGTH:g} deviations?")
        try:
            attribute = analysis.label_attribute(self.gan, samples, labels, self.seed)
        except ValueError as error:  # too few samples of a label
            self.leave_out("label kept", str(error))
            return
        kept, placebo = directions.kept(attribute, STRENGTH, NUM_KEPT, self.seed)
        self.result["label_kept"] = {"strength": STRENGTH, "directions": kept, "placebo": placebo}
        self.result["label_kept"] |= {"accuracy": attribute.accuracy, "chance": attribute.chance}
        self.tell(
            f"Steps of {STRENGTH:g} deviations keep the label of {kept.mean():.0%} of samples (random directions "
            f"{placebo.mean():.0%}), says a classifier "
            f"that is right about {attribute.accuracy:.0%} of held-out samples (chance {attribute.chance:.0%})."
        )

    def show_traversal(self, directions):
        kind = analysis.kind_of(self.gan)
        options = {} if kind in ("image", "clip", "series") else {"strengths": _FEW}
        moved = analysis.traversal(self.gan, directions, _MOVED.get(kind, 2), self.seed, **options)
        if kind not in ("text", "table", "vector"):
            text = "A row is a direction, a column its strength in deviations; 0 is the sample as it is."
            text = "A row is a direction; colours are strengths in deviations." if kind == "series" else text
            for number, each in enumerate(moved.pictures(), 1):
                title = f"Directions, from sample {number}"
                self.show_picture("directions" if number == 1 else f"directions_{number}", each, title, text)
        if kind in ("text", "table", "vector", "sound"):
            text = "The same samples, moved along each direction by some deviations. What differs from 0 is marked."
            text = "The same sound, moved along each direction by some deviations." if kind == "sound" else text
            self.show_page("directions", moved.html(self.result["sentences"]), "Directions", text)

    # --- Attribution. ---

    def explain_scores(self):
        """Attributes the discriminator's score of real samples, and of generated ones if no others are asked for."""
        real, labels = self.judged()
        num = len(real)
        samples, titles = real, [self.title]
        if self.is_own:
            made, own = self.generated()
            samples = real + made if isinstance(real, list) else np.concatenate([real, made])
            labels = None if labels is None or own is None else np.concatenate([labels, own])
            titles.append(f"generated {self.modality.samples}")
        self.attribute("attribution", samples, titles, num, labels=labels)

    def generated(self):
        """Generated samples in the form of real ones, and their labels or None."""
        gan, seed = self.gan, self.seed
        if analysis.kind_of(gan) == "table":
            return gan.generate_cells(NUM_ATTRIBUTED, seed), None
        labels = gan.labels_from(seed + np.arange(NUM_ATTRIBUTED))
        return analysis.samples_of(gan, NUM_ATTRIBUTED, seed), None if labels is None else np.asarray(labels)

    def attribute(self, stem, samples, titles, num, **options):
        """Shows the attributions of the first `num` samples, and of the others as the second of the `titles`."""
        self.console(f"Attributing the discriminator's score to the parts of {' and '.join(titles)}")
        found = analysis.attribute(self.gan, samples, seed=self.seed, **options)
        groups = dict(zip(titles, (slice(num), slice(num, None)), strict=False))
        self.result[stem] = {
            "method": found.method,
            "steps": found.steps,
            "baseline": found.baseline,
            "delta": found.delta.max(),
            "sanity": found.sanity,
            "scores": {title: found.scores[rows] for title, rows in groups.items()},
        }
        self.tell(f"Scores of {' and '.join(titles)}: {attribution_line(found)}")
        for (title, rows), name in zip(groups.items(), (stem, f"{stem}_generated"), strict=False):
            text = "The number is the score, a logit: more is more real."
            title, half = f"What the discriminator looks at: {title}", part_of(found, rows)
            if found.kind in ("text", "table", "vector"):
                self.show_page(name, half.html(), title, text)
            else:
                self.show_picture(name, half.picture(), title, f"{text} Red parts raise it and blue ones lower it.")

    # --- Further measurements. ---

    def explain_smoothness(self, each):
        if not self.gan.makes_floats or not self.is_cheap("path length", 8 * NUM_PATHS * each):
            return
        self.console("Measuring the path length")
        found = self.result["path_length"] = analysis.path_length(self.gan, NUM_PATHS, self.seed)
        self.tell(
            f"Between two samples, changes add up to {found.relative.mean:.2g} times those of the shortest way (1.2 for a linear "
            f"generator, {found.placebo.mean:.2g} with shuffled weights): the less, the smoother."
        )

    def explain_units(self, each):
        """The largest units of a generator with convolutions."""
        kind = analysis.kind_of(self.gan)
        layers = unit_layers(self.gan) if kind in ("image", "clip", "sound") else []
        if not any(layer.places > 1 for layer in layers):
            return
        most = max(layer.channels for layer in layers)
        if not self.is_cheap("units", 2 * most * NUM_UNITS * each):
            return
        self.console(f"Switching off each of at most {most} channels")
        found = analysis.units(self.gan, n=NUM_UNITS, seed=self.seed)
        sizes, placebo = found.sizes, found.placebo_sizes
        self.result["units"] = {
            "layer": found.layer,
            "channels": len(sizes),
            "largest": found.largest(),
            "largest_size": sizes.max(),
            "largest_placebo": placebo.max(),
        }
        first = found.largest(1)[0]
        name = max(first.effects, key=lambda name: np.nan_to_num(abs(first.effects[name].mean)))
        self.tell(
            f"Without channel {first.channel} of {found.layer}, the largest of {len(sizes)}, {name} changes by "
            f"{first.effects[name].mean:+.2g} deviations (all attributes {sizes.max():.2g}; random mixtures of channels at most "
            f"{placebo.max():.2g}" + (")." if sizes.max() > placebo.max() else "): no more than a random mixture.")
        )
        self.show_picture("units", found.picture(), "Units", f"Samples as they are, and without one channel of {found.layer}.")

    def explain_inversion(self, each):
        """How near the generator comes to real samples."""
        seconds = 3 * (NUM_ATTRIBUTED + _CONTROLS) * _STARTS * _STEPS * each
        if not self.gan.makes_floats or not self.is_cheap("inversion", seconds):
            return
        self.console("Searching the latents that come nearest to real samples")
        (real, labels), (known, _) = self.judged(), self.known
        options = {"starts": _STARTS, "steps": _STEPS, "num_controls": _CONTROLS, "seed": self.seed}
        found = analysis.invert(self.gan, real, labels=labels, training=known, **options)
        self.result["inversion"] = {"samples": self.title, "intervals": found.intervals, "distances": found.distances}
        means = {name: interval.mean for name, interval in found.intervals.items()}
        self.tell(
            f"The nearest that the generator makes of {self.title} differs by {means['reconstruction']:.2g} (root mean square), "
            f"the nearest training sample by {means['nearest_training']:.2g}; its own samples are found again up to "
            f"{means['control']:.2g}."
        )

    def show_neighbours(self):
        """Generated images above the nearest ones among those that the GAN learned from: are they copies?"""
        if analysis.kind_of(self.gan) != "image":
            return
        (known, _), (made, _) = self.known, self.generated()
        found = analysis.nearest(made, known)
        pairs = np.concatenate([made, known[found.indices[:, 0]]])
        grid = image_grid(pairs, len(made), ["generated", "nearest"], [f"{each:.2g}" for each in found.distances[:, 0]])
        text = f"The nearest of {len(known):,} training images, and the root mean square difference of pixels from 0 to 1."
        shown = Picture("Generated images and their nearest training images", text, encode_png(grid))
        self.show_picture("nearest", shown, shown.title, text)

    def explain_conditions(self, each):
        """What another label changes, and what it keeps."""
        num = self.gan.num_labels
        if num < 2 or not self.is_cheap("counterfactuals", min(num, 10) * NUM_COUNTERFACTUALS * each):
            return
        self.console("Changing the label of the same latents")
        try:
            found = analysis.counterfactuals(self.gan, NUM_COUNTERFACTUALS, seed=self.seed)
        except ValueError as error:  # no column with two values
            self.leave_out("counterfactuals", str(error))
            return
        self.result["counterfactuals"] = {"labels": list(found.labels), "effects": found.effects}
        self.tell_label_effects("Another label with the same latents", found)

    def tell_label_effects(self, subject, found):
        """Tells of the attributes that change most relative to differences between samples."""
        effects = {name: effect for name, effect in found.effects.items() if np.isfinite(effect.ratio.mean)}
        largest = sorted(effects, key=lambda name: -effects[name].ratio.mean)[:3]
        if largest:
            changes = ", ".join(
                f"{name} by {effects[name].between_labels.mean:.3g} ({effects[name].between_seeds.mean:.3g} between samples)"
                for name in largest
            )
            kept = np.nanmean([effect.kept.mean for effect in effects.values()])
            self.tell(f"{subject} changes {changes}; {max(kept, 0.0):.0%} of what differs between samples is kept.")

    # --- GANs that translate images. ---

    def explain_translation(self):
        """Attribution and counterfactuals: there are no latents to move."""
        self.console("A translation has no latents: explaining its scores and what it changes")
        self.tell("A translation has no latents, so that there are no directions.")
        images = dict(zip("ab", self.some_of(self.part, NUM_ATTRIBUTED, self.is_own)[0], strict=True))
        changed = self.result["counterfactuals"] = {}
        for direction in self.gan.translators:
            own, _, target = direction.split("_")
            found = analysis.counterfactuals(self.gan, images=images[own], direction=direction)
            changed[direction] = {"effects": found.effects, "back_error": found.back_error}
            self.tell_label_effects(f"Translation from {own} to {target}", found)
            both = np.concatenate([images[target], found.samples["translated"]])
            num, titles = len(images[target]), [f"real images of {target}", f"translations to {target}"]
            if not isinstance(self.gan.discriminator, Pair):  # it reads pairs
                others = np.concatenate([images[own], images[own]])
                both = (others, both) if own == "a" else (both, others)
            self.attribute(f"attribution_{target}", both, titles, num, domain=target)
        grid = translation_grid(self.gan, {f"{own}_to_{'ab'.replace(own, '')}": images[own] for own in "ab"})
        text = "Three rows per direction: images, their translations, and these translated back, or the paired images."
        self.show_picture("counterfactuals", Picture("Translations", text, encode_png(grid)), "Translations", text)


def name_of(effects):
    """Returns the names of the largest two of a direction's `analysis.Effect`s, for sliders."""
    largest = sorted(effects, key=lambda effect: -np.nan_to_num(effect.size))[:2]
    return ", ".join(effect.attribute for effect in largest)


def attribution_line(found):
    """Returns what the completeness error and the test by random weights mean, in plain words."""
    error, sanity = found.delta.max(), found.sanity
    trust = "they can be added up" if error <= TOLERANCE else "rank them, but do not add them up"
    line = f"attributed parts add up to the difference of scores within {error:.1%}: {trust}. "
    if not np.isfinite(sanity):
        return line + "They could not be compared with those of a discriminator with random weights."
    is_sane = abs(sanity) <= MAX_CORRELATION
    meaning = "they show what it has learned." if is_sane else "do NOT trust them, they show the samples or the architecture."
    return f"{line}Their rank correlation with those of a discriminator with random weights is {sanity:+.2f}: {meaning}"


def part_of(found, rows):
    """Returns the attributions of some samples."""
    cut = {name: getattr(found, name)[rows] for name in ("values", "scores", "baseline_scores", "delta", "inputs", "shown")}
    return dataclasses.replace(found, **cut, tokens=None if found.tokens is None else found.tokens[rows])


def plain(value):
    """Returns a value as JSON holds it: arrays as lists, named tuples as dictionaries, numbers that are not finite as None."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(each) for each in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value


# --- What the command line and the report say of a result. ---


def summary(result):
    """Returns a result in plain words: a line per direction, the verdict, and further lines."""
    verdict = [f"Verdict: {result['verdict']}"] if result["verdict"] else []
    return "\n".join([*result["sentences"], *verdict, *result["lines"]])


def content(result, folder):
    """Returns the report's section: verdict, sentences, and the files in a folder, as HTML."""
    verdict = verdict_box([result["verdict"]]) if result["verdict"] else ""
    left_out = [element("p", f"Left out: {name}: {reason}.") for name, reason in result["left_out"].items()]
    shown = [_shown(each, folder / each["file"]) for each in result["shown"]]
    return joined([verdict, bullets([*result["sentences"], *result["lines"]]), *left_out, *shown])


def _shown(entry, path):
    """A picture, or a page, which is unfolded on a click and may run no code: the run can be from elsewhere."""
    if path.suffix != ".html":
        shown = Picture(entry["title"], f"{entry['title']}. {entry['alternative']}", path.read_bytes(), path.suffix[1:])
        return picture(shown, entry["text"])
    page = element("iframe", sandbox="", title=entry["title"], srcdoc=path.read_text(encoding="utf-8"))
    return unfold(entry["title"], element("p", entry["text"]), page)
