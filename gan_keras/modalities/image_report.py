"""The sections of a report that images fill."""

from gan_keras.media.html import picture
from gan_keras.media.plots import Picture
from gan_keras.modalities.epoch_files import last_and_first, title_of

NOTE = """<p>Lower is better: Frechet and kernel distance, Frechet within classes, sliced Wasserstein. Higher is better: precision
and density (are the images real?), recall and coverage (are all kinds there?), agreement (does the classifier, which has never
seen a generated image, name the label asked for?). The last row holds real training images against the same test images: what no
generator beats, except by chance or by copying. The Frechet distance is not the FID: that has other features.</p>"""
USE = "images like those of the data, to learn from and to experiment with; they show no real events or people"
LIMITS = "what the data lack or show one-sidedly, the images lack or show so too"

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
    paths = [*last_and_first(run, ".png"), directory / "animation.gif", directory / "interpolation.png"]
    return "".join(picture(_shown(path)) for path in paths if path.exists()) or None


def _shown(path):
    title, alternative = _TEXTS.get(path.name, (title_of(path), "A grid of generated images."))
    return Picture(title, f"{alternative} The noise is the same at every epoch.", path.read_bytes(), path.suffix[1:])
