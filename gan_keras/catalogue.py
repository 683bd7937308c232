"""What the package offers, listed without TensorFlow: the kinds of data, and the built-in data sets of each."""

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
