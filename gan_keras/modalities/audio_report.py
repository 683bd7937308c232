"""The sections of a report that sounds fill."""

import base64

from gan_keras.media.html import picture
from gan_keras.media.plots import Picture
from gan_keras.modalities.epoch_files import last_and_first, title_of

NOTE = """<p>Lower is better: Frechet and kernel distance, Frechet within classes. Higher is better: precision (are the sounds
real?), recall (are all kinds there?), classifier score (sure of each, and all classes occur), agreement (does the
classifier, which has never heard a generated sound, name the label asked for?). Every sound is judged as a waveform,
by the spectrogram that it has. The last row holds real training sounds against the same test sounds (its agreement is
the classifier's accuracy on the test sounds): what no generator beats, except by chance or by copying. The Frechet
distance is not the Frechet audio distance: that has other features.</p>"""
USE = "sounds like those of the data, to learn from and to experiment with; nobody has said or played them"
LIMITS = "what the data lack or hold one-sidedly, the sounds lack or hold so too"


def samples(run):
    """The sounds of the last and of the first epoch with their spectrograms, and how these came about, HTML; None without any.

    Args:
        run: Path of the run.
    """
    shown = [_sounds(path) for path in last_and_first(run, ".png")]
    if (animation := run / "samples" / "animation.gif").exists():
        texts = "All epochs", "An animation: the spectrograms of the epochs in turn."
        shown.append(picture(Picture(*texts, animation.read_bytes(), "gif")))
    return "".join(shown) or None


def _sounds(path):
    """The spectrograms of an epoch, above a player of its sounds."""
    title = title_of(path)
    alternative = "Spectrograms of generated sounds, time to the right, pitch upwards. The noise is the same at every epoch."
    wav = path.with_suffix(".wav")
    return picture(Picture(title, alternative, path.read_bytes())) + (player(title, wav.read_bytes()) if wav.exists() else "")


def player(title, wav):
    """A player of a WAV file that needs no file beside the page."""
    data = base64.b64encode(wav).decode()
    return f'<p><audio controls preload="none" aria-label="{title}" src="data:audio/wav;base64,{data}"></audio></p>'
