"""The sections of a report that a translation fills."""

from gan_keras.html import picture
from gan_keras.plots import Picture

NOTE = """<p>Convinced: the share of images that a classifier, which has learnt the two domains from real images, takes for
images of the wanted one; higher is better. Cycle error: how far images are, in shares of the whole range, from what comes back of
them there and back; lower is better, and 0 is easy: images left as they are have it. Frechet distance: between features of
translations and of real images of the wanted domain; lower is better. Read the baselines first: where matching colours convinces
the classifier as often, it shows nothing but colours. The last row holds real images of the wanted domain.</p>"""

_ROWS = "For each direction three rows: images that took no part in training, their translations, and what comes back of them."


def samples(run):
    """The last and the first grid of translations, and how they came about, HTML; None without any.

    Args:
        run: Path of the run.
    """
    directory = run / "samples"
    grids = sorted(directory.glob("epoch_*.png"), key=lambda path: (len(path.name), path.name))  # epoch_1000 after epoch_999
    last_and_first = [grids[-1], grids[0]] if len(grids) > 1 else grids
    paths = [*last_and_first, directory / "animation.gif"]
    return "".join(picture(_shown(path)) for path in paths if path.exists()) or None


def _shown(path):
    title = "All epochs" if path.suffix == ".gif" else path.stem.replace("_", " ").capitalize()
    return Picture(title, f"{_ROWS} The images are the same at every epoch.", path.read_bytes(), path.suffix[1:])


def card(config):
    """The model card: what was trained on what, and what it is not for; None before the networks are built."""
    if "model" not in config:
        return None
    data = config["data"]
    names = ("name", "fingerprint", "image_shape", "training_images", "held_out_images")
    return {
        "model": config["model"],
        "data": {name: data[name] for name in names},
        "recipe": config["preset"]["description"],
        "use": "images of one domain as they might look in the other, to learn from and to experiment with",
        "limits": "what is unlike the images of both domains is translated too, and badly; nothing of a translation is a fact",
    }
