"""Results of `compare_augmentation` as text, as a picture and as a section of the report."""

import io

import numpy as np
from matplotlib.figure import Figure

from gan_keras.downstream.study import GAINS, TREATMENTS
from gan_keras.media.html import bullets, definitions, element, picture, section, unfold
from gan_keras.media.html import table as html_table
from gan_keras.media.plots import Picture
from gan_keras.metrics.seeds import Interval

PICTURE = "augmentation.png"
NOTE = """Test scores of a downstream model by what was added to its training set: mean ± standard deviation over seeds. A
gain is a mean of paired differences over the seeds with its 95 % interval. At each share the GAN was trained on that share
alone."""


def rows_of(result):
    """Returns the result as rows, dictionaries from column titles to text."""
    return [
        {
            "real samples": f"{part['share']:g} %: {part['num_real']:,}",
            "generated samples": f"{part['num_generated']:,}",
            **{title: _mean(part["scores"][name]) for name, title in TREATMENTS.items()},
            **{f"{TREATMENTS[n]} over {TREATMENTS[other]}": str(Interval(**part["gains"][n])) for n, other in GAINS.items()},
        }
        for part in result["shares"]
    ]


def _mean(scores):
    return f"{np.mean(scores):.4f} ± {np.std(scores, ddof=1):.4f}"


def summary(result):
    """Returns the result as text: a block per share, and the verdict."""
    blocks = ["\n".join(f"{name}: {text}" for name, text in row.items()) for row in rows_of(result)]
    return "\n\n".join([*blocks, "\n".join(f"Verdict: {line}" for line in result["verdict"])])


def drawing(result):
    """Plots score against share, one line per treatment, as a `Picture`."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="share of the real training data (%)", ylabel=result["protocol"]["metric"].split(" (")[0])
    shares = np.array([part["share"] for part in result["shares"]])
    for index, (name, title) in enumerate(TREATMENTS.items()):
        scores = np.array([part["scores"][name] for part in result["shares"]])
        beside = shares * 1.04 ** (index - 1.5)  # no bar hides another
        axes.errorbar(beside, scores.mean(axis=1), scores.std(axis=1, ddof=1), marker=".", capsize=3, label=title)
    axes.set_xscale("log")
    axes.set_xticks(shares, [f"{share:g}" for share in shares])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(title="added samples")
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=150, format="png")
    alternative = "Test score against the share of the real data, with the standard deviation over seeds. " + " ".join(
        result["verdict"]
    )
    return Picture("Test score by what was added to the training set", alternative, buffer.getvalue())


def sections(result):
    """Returns the section of the report, a list of HTML."""
    rows = rows_of(result)
    measured = definitions({name: result[name] for name in ("protocol", "settings")})
    parts = [
        element("div", bullets(result["verdict"]), class_="verdict"),
        picture(drawing(result)),
        html_table(list(rows[0]), rows),
        element("p", NOTE),
        unfold("How this was measured", measured),
    ]
    return [section("What augmentation bought", *parts)]
