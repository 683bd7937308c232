"""Translations: images of one domain become images of another."""

import dataclasses

import numpy as np

from gan_keras.callbacks.samples_of_kinds import TranslationGrid, as_floats, translation_grid
from gan_keras.data import TRANSLATION_DATASETS, describe_domains, domain_batches, image_batches, load_domains, split_domains
from gan_keras.data.image.load import read_inputs
from gan_keras.data.sample_set import part_of
from gan_keras.export import exported
from gan_keras.gans.image_translation import DIRECTIONS
from gan_keras.gans.sampling import seeds_from
from gan_keras.media.html import picture
from gan_keras.media.images import encode_png, write_images
from gan_keras.media.plots import Picture
from gan_keras.modalities.from_files import ReloadedModality
from gan_keras.modalities.sample_files import check_output, last_and_first, title_of
from gan_keras.modalities.translation.evaluation import COLUMNS, evaluate_translation
from gan_keras.modalities.translation.presets import TranslationPreset

SHOWN = 10
"""Images of each direction in a picture of translations."""

PICTURE = "translations.png"


NOTE = """<p>Convinced: the share of images that a classifier, which has learnt the two domains from real images, takes for
images of the wanted one; higher is better. Cycle error: how far images are, in shares of the whole range, from what comes back of
them there and back; lower is better, and 0 is easy: images left as they are have it. Frechet distance: between features of
translations and of real images of the wanted domain; lower is better. Read the baselines first: where matching colours convinces
the classifier as often, it shows nothing but colours. The last row holds real images of the wanted domain.</p>"""
USE = "images of one domain as they might look in the other, to learn from and to experiment with"
LIMITS = "what is unlike the images of both domains is translated too, and badly; nothing of a translation is a fact"


class TranslationModality(ReloadedModality):
    """Two domains of images; what `generate` makes are translations of held-out images, or of those of `--input`."""

    name, preset_class, output_name, samples = "translation", TranslationPreset, "image", "images"
    columns, note, use, limits = COLUMNS, NOTE, USE, LIMITS
    options = {"input": None, "direction": DIRECTIONS[0]}

    # --- Data. ---

    def datasets(self):
        return TRANSLATION_DATASETS

    def read(self, source, preset):
        domains = load_domains(source, preset.size or None, preset.channels or None, preset.is_paired)
        preset.check_shape(domains.image_shape)
        return domains

    def describe(self, data):
        return describe_domains(data)

    def split(self, data, seed):
        return split_domains(data, seed)

    def entries(self, data):
        return {"image_shape": list(data.image_shape), "images_a": len(data.a), "images_b": len(data.b)}

    def details(self, gan):
        _, entries = super().details(gan)
        card = entries["model"]
        generators = f"{' and '.join(card['generators'])}, {card['generator_parameters']:,} parameters"
        return f"{card['class']}: {generators}; discriminators, {gan.discriminator.count_params():,} parameters", entries

    def epoch(self, part, preset, seed):
        return domain_batches(part, preset.batch_size, seed, preset.flip)

    def callbacks(self, run, preset, training, held_out):
        shown = first_images(held_out)
        return [TranslationGrid(run.samples, shown["a_to_b"], shown["b_to_a"])]

    # --- Use. ---

    def check_output(self, output):
        expected = "Expected --output and NAME.png (one image, or a grid), NAME.npz, or a directory for a PNG each"
        check_output(output, (".png", ".npz"), "translations", expected)

    def generate_from_run(self, run, n, seed, label, options):
        """Translations of `n` held-out images of a run, from number `seed` on, or of at most `n` of `--input`."""
        check_place(n, seed)
        gan = run.load(compile=False)
        gan.translator(options["direction"])
        run.label_number(label)
        if options["input"] is None:
            images = self.held_out_images(run, n, seed, options["direction"])
        else:
            images = read_inputs(options["input"], gan.codec.image_shape, seed, n)
        return gan.translate(images, options["direction"])

    def held_out_images(self, run, n, first, direction):
        _, held_out = self.parts(run)
        images = getattr(held_out, direction[0])
        if first + n > len(images):
            raise ValueError(
                f"Got -n {n} from image {first} on. The held-out part of {run.path} holds {len(images)} images. Expected a "
                "seed, which is the number of the first, and -n that are together no more than that, or --input."
            )
        return levels_of(images, first, n)

    def generate_by_version(self, version, n, seed, label, options):
        check_place(n, seed)
        if label is not None:
            raise ValueError(f"label={label} for a translation. Expected none: leave out the label.")
        if options["input"] is None:
            raise ValueError("A version holds no images to translate. Expected --input: an image, a folder or a .npz file.")
        image_shape = exported.image_shape_of(version, options["direction"])
        images = read_inputs(options["input"], image_shape, seed, n)
        return exported.translate_images(version, as_floats(images), options["direction"])

    def exports(self, version):
        return "image" in version.inputs and "image" in version.outputs

    def write(self, samples, output):
        write_images(output, samples)

    # --- Judging. ---

    def judge(self, gan, run, parts, num, seed, progress):
        result = evaluate_translation(gan, *parts, num, seed, progress)
        return result, {PICTURE: encode_png(translation_grid(gan, first_images(parts[1])))}

    def test_part(self, run, source, training):
        """The domains of a test set, cropped and resized as those of the run; images that it was trained on are left out.

        Of a set with a part for tests it is that part.
        """
        *sides, channels = training.image_shape
        preset = self.preset_class.from_config(run.config["preset"])
        found = load_domains(source, tuple(sides), channels, preset.is_paired)
        self.check_is_other(run, source, found)
        a, b = found.test or (found.a, found.b)
        return dataclasses.replace(found, a=a, b=b, test=None).without_those((training.a, training.b))

    def samples_section(self, run):
        return samples_html(run)


def check_place(n, seed):
    """Raises `ValueError` unless `seed` can be the number of the first of `n` images."""
    seeds_from(n, seed)
    if seed < 0:
        raise ValueError(f"seed={seed}. Expected at least 0: of a translation it is the number of the first image.")


def first_images(domains):
    """As many images of both domains, by direction, as a picture shows: floats in [0, 1]."""
    num = min(SHOWN, len(domains.a), len(domains.b))
    return {direction: as_floats(levels_of(getattr(domains, direction[0]), 0, num)) for direction in DIRECTIONS}


def levels_of(images, first, num):
    """So many `Images` as uint8 levels `(num, height, width, channels)`."""
    rows = part_of(images, np.arange(first, first + num), {})
    return next(iter(image_batches(rows, num, shuffle=False))).numpy()


# --- The sections of a report that a translation fills.


_ROWS = (
    "For each direction three rows: images that took no part in training, their translations, and what comes back of them; "
    "of a recipe with one direction, instead of the last, the images that belong to the first."
)


def samples_html(run):
    """The last and the first grid of translations, and how they came about, HTML; None without any.

    Args:
        run: Path of the run.
    """
    paths = [*last_and_first(run, ".png"), run / "samples" / "animation.gif"]
    return "".join(picture(_shown(path)) for path in paths if path.exists()) or None


def _shown(path):
    title = "All epochs" if path.suffix == ".gif" else title_of(path)
    return Picture(title, f"{_ROWS} The images are the same at every epoch.", path.read_bytes(), path.suffix[1:])
