"""The sections of a report that videos fill."""

from gan_keras.media.html import picture
from gan_keras.media.plots import Picture
from gan_keras.modalities.epoch_files import last_and_first, title_of

NOTE = """<p>Lower is better: Frechet and kernel distance, Frechet within classes, distance of speeds. Higher is better:
precision and density (are the clips real?), recall and coverage (are all kinds there?), agreement (does the classifier, which
never saw a generated clip, name the label asked for?), in order (does it take the frames for ones in their order, not for
shuffled ones or for one that stands still?). Change of a pixel and speed (of the centre of brightness) should be those of real
clips. The last row holds real training clips against the same test clips: what no generator beats, except by chance or by
copying. Clips that stand still have real frames and no motion.</p>"""
USE = "clips like those of the data, to learn from and to experiment with; they show no real events or people"
LIMITS = "what the data lack or show one-sidedly, the clips lack or show so too"


def samples(run):
    """The clips of the last and the first epoch, and all frames of some, HTML; None without any.

    Args:
        run: Path of the run.
    """
    paths = [*last_and_first(run, ".gif"), run / "samples" / "film.png"]
    return "".join(picture(_shown(path)) for path in paths if path.exists()) or None


def _shown(path):
    if path.name == "film.png":
        return Picture("Frame by frame", "A row for each generated clip, a column for each frame.", path.read_bytes())
    text = "A grid of generated clips, moving. The noise is the same at every epoch."
    return Picture(title_of(path), text, path.read_bytes(), "gif")
