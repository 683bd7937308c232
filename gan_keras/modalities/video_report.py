"""The sections of a report that videos fill."""

from gan_keras.html import picture
from gan_keras.plots import Picture

NOTE = """<p>Lower is better: Frechet and kernel distance, Frechet within classes, distance of speeds. Higher is better: precision
and density (are the clips real?), recall and coverage (are all kinds there?), agreement (does the classifier, which never saw a
generated clip, name the label asked for?), in order (does it take the frames for unshuffled ones? Clips that stand still may pass
for such). Change of a pixel and speed (of the centre of brightness) should be those of real clips. The last row holds real
training clips against the same test clips: what no generator beats, except by chance or by copying. Clips that stand still have
real frames and no motion.</p>"""


def samples(run):
    """The clips of the last and the first epoch, and all frames of some, HTML; None without any.

    Args:
        run: Path of the run.
    """
    directory = run / "samples"
    grids = sorted(directory.glob("epoch_*.gif"), key=lambda path: (len(path.name), path.name))  # epoch_1000 after epoch_999
    last_and_first = [grids[-1], grids[0]] if len(grids) > 1 else grids
    return "".join(picture(_shown(path)) for path in [*last_and_first, directory / "film.png"] if path.exists()) or None


def _shown(path):
    if path.name == "film.png":
        return Picture("Frame by frame", "A row for each generated clip, a column for each frame.", path.read_bytes())
    text = "A grid of generated clips, moving. The noise is the same at every epoch."
    return Picture(path.stem.replace("_", " ").capitalize(), text, path.read_bytes(), "gif")


def card(config):
    """The model card: what was trained on what, and what it is not for; None before the networks are built."""
    if "model" not in config:
        return None
    data = config["data"]
    return {
        "model": config["model"],
        "data": {name: data[name] for name in ("name", "fingerprint", "video_shape", "training_clips", "held_out_clips")},
        "labels": config["labels"],
        "recipe": config["preset"]["description"],
        "use": "clips like those of the data, to learn from and to experiment with; they show no real events or people",
        "limits": "what the data lack or show one-sidedly, the clips lack or show so too",
    }
