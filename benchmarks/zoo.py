"""The small trained models in `saved_models/`, one for each kind of data: each is remade by one command.

    python benchmarks/zoo.py wine              # writes saved_models/wine/1, or the next version
    python benchmarks/zoo.py all --to /tmp/zoo

All data ship with the package or with scikit-learn. A model card holds the data, the command, and the scores of the held-out
part beside a baseline and real data. Minutes of one core each; sizes and scores are in `saved_models/README.md`.
"""

import argparse
import pathlib

import gan_keras
from gan_keras import data, modalities, presets
from image_quality import use_one_thread

RECIPES = {
    "docstrings": (
        "text",
        "docstrings",
        "small",
        {
            "codec_options.max_vocabulary": "3000",
            "codec_options.length": "24",
            "embedding_dim": "48",
            "units": "128",
            "dropout": "0.2",
        },
    ),
    "digits": ("image", "digits", "default", {"epochs": "100"}),
    "tones": ("audio", "tones", "default", {"epochs": "24"}),
    "moving_digits": ("video", "moving_digits", "default", {"epochs": "20"}),
    "wine": ("table", "wine", "default", {}),
    "sines": ("series", "sines", "default", {}),
    "inverted_digits": ("translation", "inverted_digits", "default", {"epochs": "8", "size": "32"}),
}
"""By name of a model: kind and name of its data, preset and changes to it."""


def make(name, folder):
    """Trains a model, measures it and writes it as a version; returns its path."""
    kind, source, preset_name, settings = RECIPES[name]
    preset = presets.with_settings(presets.get(kind, preset_name), settings)
    size = {"size": preset.size} if getattr(preset, "size", 0) else {}
    training, held_out = data.split(data.load(source, **size), seed=0)
    gan = preset.fit(training, held_out, seed=0, verbose=2)
    result = gan_keras.evaluate(gan, training, held_out)
    lines = modalities.get(kind).summary(result).splitlines()
    print(*lines, sep="\n")
    card = {"data": f"gan_keras.data.load({source!r})", "command": f"python benchmarks/zoo.py {name}", "evaluation": lines}
    return gan_keras.export(gan, folder / name, card=card)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=[*RECIPES, "all"])
    parser.add_argument("--to", type=pathlib.Path, default=pathlib.Path("saved_models"), metavar="FOLDER")
    arguments = parser.parse_args()
    use_one_thread()
    for name in RECIPES if arguments.name == "all" else [arguments.name]:
        print(make(name, arguments.to))


if __name__ == "__main__":
    main()
