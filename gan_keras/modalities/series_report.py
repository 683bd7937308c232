"""The sections of a report that series fill."""

from gan_keras.media.html import picture
from gan_keras.media.plots import Picture
from gan_keras.modalities.epoch_files import last_and_first, title_of

NOTE = """<p>Lower is better in all columns. Discriminative score: how far above chance a recurrent classifier tells windows from
real ones, 0 if it can only guess, 0.5 if it is always right. Predictive score: the error with which a network foretells the last
column of real windows that has learned from these windows, in shares of its range. The distances compare values (in deviations
of the real ones), autocorrelations, and correlations of columns. The last row holds real training windows against the same test
windows: what no generator beats, except by chance or by copying. Test windows share no step with training windows.</p>"""
USE = "windows like those of the data, to learn from, to test and to experiment with; they foretell nothing"
LIMITS = "what the data lack or show one-sidedly, the windows lack or show so too; values stay in the range of the data"

_TEXT = "A panel for each column: real windows at the left, generated ones at the right. The noise is the same at every epoch."


def samples(run):
    """The last and the first picture of windows, HTML; None without any.

    Args:
        run: Path of the run.
    """
    return "".join(picture(_picture(path)) for path in last_and_first(run, ".png")) or None


def _picture(path):
    return Picture(title_of(path), _TEXT, path.read_bytes())
