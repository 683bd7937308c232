"""The sections of a report that images fill."""

from gan_keras.html import picture
from gan_keras.plots import Picture

NOTE = """<p>Lower is better: Frechet and kernel distance, Frechet within classes, sliced Wasserstein. Higher is better: precision
and density (are the images real?), recall and coverage (are all kinds there?), agreement (does the classifier, which has never
seen a generated image, name the label asked for?). The last row holds real training images against the same test images: what no
generator beats, except by chance or by copying. The Frechet distance is not the FID: that has other features.</p>"""


_TEXTS = {
    "animation.gif": ("All epochs", "An animation: the grids of the epochs in turn."),
    "interpolation.png": ("From one image to another", "Along each row the noise of one image turns into that of another."),
}


def samples(run):
    """The first and the last grid of samples, how they came about, and walks between latents, HTML; None without any.

    Args:
        run: Path of the run.
    """
    directory = run / "samples"
    grids = sorted(directory.glob("epoch_*.png"), key=lambda path: (len(path.name), path.name))  # epoch_1000 after epoch_999
    last_and_first = [grids[-1], grids[0]] if len(grids) > 1 else grids
    paths = [*last_and_first, directory / "animation.gif", directory / "interpolation.png"]
    return "".join(picture(_shown(path)) for path in paths if path.exists()) or None


def _shown(path):
    title, alternative = _TEXTS.get(path.name, (path.stem.replace("_", " ").capitalize(), "A grid of generated images."))
    return Picture(title, f"{alternative} The noise is the same at every epoch.", path.read_bytes(), path.suffix[1:])


def card(config):
    """The model card: what was trained on what, and what it is not for; None before the networks are built."""
    if "model" not in config:
        return None
    data = config["data"]
    return {
        "model": config["model"],
        "data": {name: data[name] for name in ("name", "fingerprint", "image_shape", "training_images", "held_out_images")},
        "labels": config["labels"],
        "recipe": config["preset"]["description"],
        "use": "images like those of the data, to learn from and to experiment with; they show no real events or people",
        "limits": "what the data lack or show one-sidedly, the images lack or show so too",
    }
