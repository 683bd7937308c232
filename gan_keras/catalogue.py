"""What the package offers, listed without TensorFlow: kinds of data, built-in data sets, and facts of the presets."""

from typing import NamedTuple

DIRECTION_METHODS = ("jacobian", "sefa", "pca")
"""Ways to find directions of the latent space: see `analysis.Directions.fit`."""

DATASETS = {
    "text": {
        "docstrings": "real English: about 14,500 first sentences of docstrings of Python and of the installed packages",
        "english_phrases": "20,000 English sentences of a phrase grammar with exact likelihood",
        "chinese_phrases": "20,000 Chinese sentences of a phrase grammar with exact likelihood",
        "oracle": "10,000 sequences of 20 words by a random LSTM with exact likelihood, the text-GAN benchmark",
    },
    "image": {
        "digits": "1,797 handwritten digits of scikit-learn, 8 x 8, enlarged to 16 x 16",
        "stacked_digits": "20,000 images of three such digits as channels: 1,000 modes",
        "mnist": "70,000 handwritten digits, 28 x 28, downloaded once by Keras",
        "fashion_mnist": "70,000 pictures of clothes, 28 x 28, downloaded once by Keras",
        "cifar10": "60,000 colour photos of ten classes, 32 x 32, downloaded once by Keras",
    },
    "audio": {"tones": "2,000 harmonic tones of four timbres at two pitches, 1.024 s at 4,000 Hz"},
    "video": {"moving_digits": "3,594 clips of scikit-learn's digits that fly about and bounce, 12 frames of 16 x 16"},
    "table": {
        "wine": "178 wines of scikit-learn: 13 measurements and the cultivar, a category",
        "breast_cancer": "569 tumours of scikit-learn: 30 measurements and the diagnosis, a category",
    },
    "series": {"sines": "10,000 series of five sines, 24 steps, of random frequencies and phases (TimeGAN, 2019)"},
    "translation": {
        "inverted_digits": "digits of scikit-learn, white on black, and others, black on white",
        "outlined_digits": "pairs: outlines of digits of scikit-learn, and the digits",
    },
}
"""Built-in data sets by modality: their descriptions by name."""

MODALITIES = tuple(DATASETS)


class Generated(NamedTuple):
    """What `gan-keras generate` takes for a kind of samples.

    Attributes:
        options: Defaults of the options besides a label, by name.
        endings: Suffixes of the files that it writes, such as `(".png", ".npz")`; empty for any name.
        files: These files in words, for samples that are not text; empty for those that standard output shows.
    """

    options: dict
    endings: tuple = ()
    files: str = ""


_PICTURES = (".png", ".npz"), "NAME.png (one image, or a grid), NAME.npz, or a directory for one PNG per image"

GENERATED = {
    "text": Generated({"temperature": 1.0, "top_p": 1.0, "prompt": "", "candidates": 1, "choice": None}),
    "image": Generated({}, *_PICTURES),
    "audio": Generated(
        {}, (".wav", ".npz", ".png"), "NAME.wav (one sound), NAME.npz, NAME.png (spectrograms), or a directory for WAV files"
    ),
    "video": Generated({}, (".gif", ".npz"), "NAME.gif (one clip, or a grid), NAME.npz, or a directory for one GIF per clip"),
    "table": Generated({}, (".csv",)),
    "series": Generated({"start": ""}, (".csv", ".npz", ".png")),
    "translation": Generated({"input": None, "direction": "a_to_b"}, *_PICTURES),
}
"""What `gan-keras generate` takes, by modality."""


class Facts(NamedTuple):
    """What is known about a preset.

    Attributes:
        paper: The paper that it follows; empty for a recipe of this package.
        minutes: Minutes of its default training on two CPU cores, planned from measured steps beside other work: at most.
        data: The data that these minutes are for: a built-in name, or a file of `benchmarks/`.
        score: What it reached in `benchmarks/`, with the same score of real data; empty if it was not measured.
    """

    paper: str
    minutes: float
    data: str
    score: str = ""


PRESETS = {
    "text": {
        "default": Facts(
            "Deng et al., 2020", 27, "docstrings", "COCO in 7 min, one seed: the discriminator adds 0.83 nats a line"
        ),
        "language_model": Facts("Mikolov et al., 2010", 16, "docstrings"),
        "distillation": Facts("Lamprier et al., 2022", 35, "docstrings"),
        "policy_gradient": Facts("de Masson d'Autume et al., 2019", 42, "docstrings"),
        "gumbel": Facts("Jang et al., 2017", 40, "docstrings"),
        "small": Facts("Deng et al., 2020", 8, "docstrings"),
        "tiny": Facts("", 2.5, "docstrings"),
    },
    "image": {
        "default": Facts("", 0.8, "digits", "Frechet 0.65 on MNIST (real 0.52)"),
        "mlp": Facts("Goodfellow et al., 2014", 0.2, "digits"),
        "dcgan": Facts("Radford et al., 2015", 0.6, "digits", "Frechet 2.89 on MNIST (real 0.52)"),
        "wgan_gp": Facts("Gulrajani et al., 2017", 11, "digits"),
        "sngan": Facts("Miyato et al., 2018", 7, "digits"),
        "biggan": Facts("Brock et al., 2018", 3, "digits"),
        "r3gan": Facts("Huang et al., 2025", 4, "digits"),
        "private": Facts("Bie et al., 2023", 4, "mnist", "accuracy 0.897 if trained on samples at epsilon 10 (real 0.918)"),
        "tiny": Facts("Radford et al., 2015", 0.03, "digits"),
    },
    "audio": {
        "default": Facts("", 7, "tones"),
        "small": Facts("", 2.5, "spoken_digits.npz", "0.905 of digits recognised (real 0.982)"),
        "wavegan": Facts("Donahue et al., 2019", 58, "tones"),
        "specgan": Facts("Donahue et al., 2019", 47, "tones"),
        "tiny": Facts("", 0.1, "tones"),
    },
    "video": {
        "default": Facts("", 5.5, "moving_digits", "Frechet 0.55 (real 0.27)"),
        "vgan": Facts("Vondrick et al., 2016", 2.5, "moving_digits"),
        "mocogan": Facts("Tulyakov et al., 2017", 3.5, "moving_digits"),
        "tiny": Facts("Tulyakov et al., 2017", 0.1, "moving_digits"),
    },
    "table": {
        "default": Facts("Larsen et al., 2016", 4, "adult.csv", "F1 0.629 (real 0.666)"),
        "ctgan": Facts("Xu et al., 2019", 20, "adult.csv"),
        "relativistic": Facts("", 5, "adult.csv", "F1 0.603, one seed (real 0.666)"),
        "tvae": Facts("Xu et al., 2019", 7, "adult.csv", "F1 0.634 with averaged weights (real 0.666)"),
        "private": Facts("", 3, "adult.csv", "F1 0.626 at epsilon 1 (real 0.645)"),
        "tiny": Facts("", 0.05, "wine"),
    },
    "series": {
        "default": Facts("", 0.8, "sines", "discriminative score 0.008 (real 0.008)"),
        "sensors": Facts("", 1.6, "energy.csv", "discriminative score 0.276 (real 0.034)"),
        "timegan": Facts("Yoon et al., 2019", 180, "sines"),
        "rcgan": Facts("Esteban et al., 2017", 9, "sines"),
        "private": Facts("Bie et al., 2023", 2, "sines", "told apart 0.99 at epsilon 10, one seed (real 0.50)"),
        "tiny": Facts("", 0.02, "sines"),
    },
    "translation": {
        "default": Facts("Zhu et al., 2017", 5, "apple2tomato.npz", "93.6 % convince a classifier (real 85.3 %)"),
        "cyclegan": Facts("Zhu et al., 2017", 3400, "apple2tomato.npz"),
        "pix2pix": Facts("Isola et al., 2016", 5, "outlined_digits"),
        "tiny": Facts("Zhu et al., 2017", 0.1, "inverted_digits"),
    },
}
"""Facts of the presets by modality and name. Tables, protocols and commands of the scores: `benchmarks/`."""
