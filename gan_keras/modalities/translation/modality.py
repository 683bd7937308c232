"""Translation: images of one domain become images of another.

`presets.py` holds the algorithms and their numbers, `evaluation.py` the scores, baselines and verdict. This file reads and splits
the data, and writes translations of held-out or given images, and the report.
"""

import dataclasses
import shlex

import numpy as np

from gan_keras.callbacks.samples_of_kinds import TranslationGrid, as_floats, translation_grid
from gan_keras.codecs import ImageCodec
from gan_keras.data import Domains, describe_domains, image_batches, load_domains, split_domains
from gan_keras.data.files import NUM_NAMED
from gan_keras.data.image.load import find_inputs
from gan_keras.data.sample_set import part_of
from gan_keras.export import exported
from gan_keras.gans.image_translation import DIRECTIONS
from gan_keras.gans.sampling import seeds_from
from gan_keras.media.images import encode_png, stretch_levels, to_levels, write_images, write_picture
from gan_keras.modalities.base import program_name
from gan_keras.modalities.from_files import FileModality
from gan_keras.modalities.translation.evaluation import COLUMNS, evaluate_translation
from gan_keras.modalities.translation.presets import TranslationPreset

SHOWN = 10  # images of each direction in a picture of translations
PICTURE = "translations.png"
WRITTEN = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".tif", ".tiff", ".ppm")
"""Endings of images that are written as they were read; `.png` is added to others."""

_BLOCK = 16  # images translated at once
_ROWS = (
    "Three rows per direction: held-out images, their translations, and the translations back; for a preset with one direction, "
    "the paired images instead of the last. The images are the same at every epoch."
)


class Translations:
    """Translations of `Inputs`, made as they are needed, each of the size of its image.

    Args:
        inputs: `Inputs`.
        image_shape: Shape that the networks take; images of other sizes are resized to it, and their translations back.
        translate: Function of uint8 levels `(num, *image_shape)` that returns floats in [0, 1].
    """

    def __init__(self, inputs, image_shape, translate):
        self.inputs, self.image_shape, self.translate = inputs, image_shape, translate
        self.num, self.resized, self.broken = 0, 0, []

    def __iter__(self):
        """Yields the name and the levels of each translation."""
        for start in range(0, len(self.inputs.names), _BLOCK):
            found = {}
            for name, read in zip(*(each[start : start + _BLOCK] for each in self.inputs), strict=True):
                try:
                    found[name] = read()
                except ValueError as error:
                    if len(self.inputs.names) == 1:
                        raise
                    self.broken.append(f"{name} ({error.__cause__})")
            if not found:
                continue
            translated = to_levels(self.translate(np.stack([stretch_levels(each, self.image_shape) for each in found.values()])))
            for (name, image), translation in zip(found.items(), translated, strict=True):
                shape = (*image.shape[:2], translation.shape[2])
                self.num, self.resized = self.num + 1, self.resized + (translation.shape != shape)
                yield name, stretch_levels(translation, shape)
        if not self.num:
            raise ValueError(f"No image can be read: {', '.join(self.broken[:NUM_NAMED])}. Expected at least one.")

    def write(self, output):
        """Writes them to a path and returns a text about it: see `TranslationModality`."""
        if output.suffix in (".npz", ".png"):
            images = [image for _, image in self]
            if len({image.shape for image in images}) > 1:
                raise ValueError(f"Got images of several sizes for {output}. Expected a directory, which holds a file for each.")
            write_images(output, np.stack(images))
        else:
            for name, image in self:
                path = output / name
                write_picture(path if path.suffix.lower() in WRITTEN else path.with_suffix(path.suffix + ".png"), image)
        sizes = " x ".join(map(str, self.image_shape[:2]))
        lines = [f"{self.num:,} images translated"] if self.resized or self.broken else []
        lines += [f"{self.resized:,} resized to the models' {sizes} pixels, and their translations back"] * bool(self.resized)
        lines += [f"{len(self.broken):,} that cannot be read left out: {', '.join(self.broken[:NUM_NAMED])}"] * bool(self.broken)
        return ", ".join(lines) + "\n" if lines else ""


class TranslationModality(FileModality):
    """Two domains of images; `generate` translates held-out images, or those of `--input`."""

    name, samples, output_name = "translation", "images", "image"
    preset_class, data_class, codec_classes = TranslationPreset, Domains, (ImageCodec,)
    method, shape = "translate", (("image_shape", "image_shape"),)
    describe, splitter, writer = (staticmethod(each) for each in (describe_domains, split_domains, write_images))
    judge, columns = staticmethod(evaluate_translation), COLUMNS
    example = 1, "translated.png"
    epoch_picture, further_pictures = (".png", _ROWS), {"animation.gif": ("All epochs", _ROWS)}
    note = """Convinced: the share of translations that a classifier, trained on real images of the two domains, takes for
the wanted domain; higher is better. Cycle error: the mean difference between images and their translations there and back,
relative to the whole range; lower is better, but 0 is easy: leaving images as they are reaches it. Frechet distance: between
the features of translations and of real images of the wanted domain; lower is better. Read the baselines first: if matching
colours convinces the classifier as often, the score shows nothing but colours. The last row holds real images of the wanted
domain."""
    use = "images of one domain as they might look in the other, for learning and experiments"
    limits = "images unlike both domains are translated too, and badly; nothing in a translation is a fact"

    def read(self, source, preset):
        domains = load_domains(source, preset.size or None, preset.channels or None, preset.is_paired)
        preset.check_shape(domains.image_shape)
        return domains

    def test_part(self, run, source, training):
        """The domains of a test set, or its part for tests, shaped like those of the run and without its training images."""
        *sides, channels = training.image_shape
        preset = self.preset_class.from_config(run.config["preset"])
        found = load_domains(source, tuple(sides), channels, preset.is_paired)
        self.check_is_other(run, source, found)
        a, b = found.test or (found.a, found.b)
        return dataclasses.replace(found, a=a, b=b, test=None).without_those((training.a, training.b))

    def entries(self, data):
        return {"image_shape": list(data.image_shape), "images_a": len(data.a), "images_b": len(data.b)}

    def details(self, gan):
        _, entries = super().details(gan)
        card = entries["model"]
        generators = f"{' and '.join(card['generators'])}, {card['generator_parameters']:,} parameters"
        return f"{card['class']}: {generators}; discriminators, {gan.discriminator.count_params():,} parameters", entries

    def sample_callbacks(self, run, preset, training, held_out):
        shown = first_images(held_out)
        return [TranslationGrid(run.samples, shown["a_to_b"], shown["b_to_a"])]

    def size_of(self, part):
        return min(len(part.a), len(part.b))

    def real_samples(self, gan, part, rows):
        """See `Modality.real_samples`: a tuple of images of both domains, in the shape of the networks."""
        levels = (levels_of(part_of(getattr(part, name), rows, {}), 0, len(rows)) for name in "ab")
        return tuple(gan.in_blocks(lambda images: gan.decode(gan.encode(images)), each) for each in levels), None

    # --- Use. ---

    def next_commands(self, command, run, version=None):
        """Suggests to check a version: it contains no images to translate."""
        if command == "export":
            return [f"{program_name()} export --check {shlex.quote(str(version))}"]
        return [each for each in super().next_commands(command, run, version) if not each.endswith(" --edit")]

    def generate_from_run(self, run, n, seed, label, options):
        """Translates `n` held-out images of a run, starting with number `seed`, or those of `--input`, all if `n` is None."""
        check_first(1 if n is None else n, seed, label)
        gan = run.load(compile=False)
        gan.translator(options["direction"])
        if options["input"] is None:
            return gan.translate(self.held_out_images(run, n, seed, options["direction"]), options["direction"])
        inputs = find_inputs(options["input"], seed, n)
        return Translations(inputs, gan.codec.image_shape, lambda images: gan.translate(images, options["direction"]))

    def held_out_images(self, run, n, first, direction):
        _, held_out = self.parts(run)
        images = getattr(held_out, direction[0])
        if first + n > len(images):
            raise ValueError(
                f"Got -n {n} from image {first} on. The held-out part of {run.path} holds {len(images)} images. Expected a "
                "seed (the number of the first image) and -n that add up to no more than that, or --input."
            )
        return levels_of(images, first, n)

    def generate_by_version(self, version, n, seed, label, options):
        check_first(1 if n is None else n, seed, label)
        if options["input"] is None:
            raise ValueError("A version contains no images to translate. Expected --input: an image, a folder or a .npz file.")
        image_shape = exported.image_shape_of(version, options["direction"])
        inputs = find_inputs(options["input"], seed, n)
        return Translations(
            inputs, image_shape, lambda images: exported.translate_images(version, as_floats(images), options["direction"])
        )

    def write(self, samples, output):
        return samples.write(output) if isinstance(samples, Translations) else super().write(samples, output)

    def exports(self, version):
        return "image" in version.inputs and "image" in version.outputs

    # --- Evaluation. ---

    def pictures(self, gan, training, test, result):
        return {PICTURE: encode_png(translation_grid(gan, first_images(test)))}


def check_first(n, seed, label):
    """Raises `ValueError` unless `seed` can be the number of the first of `n` images, and for a label."""
    seeds_from(n, seed)
    if label is not None:
        raise ValueError(f"label={label} for a translation, which has no labels. Expected none: leave out --label.")
    if seed < 0:
        raise ValueError(f"seed={seed}. Expected at least 0: in a translation it is the number of the first image.")


def first_images(domains):
    """The images of both domains that a picture shows, by direction: floats in [0, 1]."""
    num = min(SHOWN, len(domains.a), len(domains.b))
    return {direction: as_floats(levels_of(getattr(domains, direction[0]), 0, num)) for direction in DIRECTIONS}


def levels_of(images, first, num):
    """Some `Images` as uint8 levels `(num, height, width, channels)`."""
    rows = part_of(images, np.arange(first, first + num), {})
    return next(iter(image_batches(rows, num, shuffle=False))).numpy()
