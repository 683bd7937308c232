"""The sections of a report that a translation fills."""

from gan_keras.media.html import picture
from gan_keras.media.plots import Picture
from gan_keras.modalities.epoch_files import last_and_first, title_of

NOTE = """<p>Convinced: the share of images that a classifier, which has learnt the two domains from real images, takes for
images of the wanted one; higher is better. Cycle error: how far images are, in shares of the whole range, from what comes back of
them there and back; lower is better, and 0 is easy: images left as they are have it. Frechet distance: between features of
translations and of real images of the wanted domain; lower is better. Read the baselines first: where matching colours convinces
the classifier as often, it shows nothing but colours. The last row holds real images of the wanted domain.</p>"""
USE = "images of one domain as they might look in the other, to learn from and to experiment with"
LIMITS = "what is unlike the images of both domains is translated too, and badly; nothing of a translation is a fact"

_ROWS = (
    "For each direction three rows: images that took no part in training, their translations, and what comes back of them; "
    "of a recipe with one direction, instead of the last, the images that belong to the first."
)


def samples(run):
    """The last and the first grid of translations, and how they came about, HTML; None without any.

    Args:
        run: Path of the run.
    """
    paths = [*last_and_first(run, ".png"), run / "samples" / "animation.gif"]
    return "".join(picture(_shown(path)) for path in paths if path.exists()) or None


def _shown(path):
    title = "All epochs" if path.suffix == ".gif" else title_of(path)
    return Picture(title, f"{_ROWS} The images are the same at every epoch.", path.read_bytes(), path.suffix[1:])
