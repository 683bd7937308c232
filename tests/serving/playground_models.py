"""A model of each kind for the tests of the page, and the parts of a `Core` that the page uses."""

import json
import types

import fake_models
import numpy as np
import tensorflow as tf

from gan_keras.serving.errors import Code, ServingError

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


SEED, IMAGE = {"seed": tf.int64}, {"image": (tf.float32, 8, 8, 1)}
LABELLED, WINE = {**SEED, "label": tf.int32}, {"alcohol": tf.float32, "grape": tf.string}
CHOICES = {name: dtype for name, dtype in fake_models.CHOICES.items() if name != "seed"}


def pixels(seed):
    """8x8 images, all pixels of sample `seed` of the level `seed / 10`."""
    return np.float32(seed).reshape(-1, 1, 1, 1) / 10 * np.ones((1, 8, 8, 1), np.float32)


def png(seed, label):
    return {"png_bytes": [tf.io.encode_png(tf.cast(25.5 * each, tf.uint8)).numpy() for each in 10 * pixels(seed + label)]}


def wav(seed):
    time = np.arange(800, dtype=np.float32)[:, None]
    return {"wav_bytes": [tf.audio.encode_wav(np.sin(time * (n + 1) / 9), 8000).numpy() for n in seed]}


def waves(seed):
    return {"series": np.ones((len(seed), 5, 2), np.float32)}


def clips(seed):
    return {"video": np.ones((len(seed), 3, 8, 8, 3), np.float32)}


def lines_between(latents):
    return {"text": [f"at {latent[0]:.3f} {latent[1]:.3f}" for latent in latents]}


def moved(outputs, function, **choices):
    """The signature `edit`: what `function` makes of seeds that strengths are added to, in direction 0."""
    inputs = {**SEED, **choices, "direction": tf.int32, "strength": tf.float32}

    def edit(seed, direction, strength, label=0, **others):
        return function(seed + label + np.where(direction == 0, strength, 0.0))

    return inputs, outputs, edit


def default(inputs, outputs, function=None):
    """A model of one signature."""
    return {"serving_default": (inputs, outputs, function)}


MODELS = {
    "text": {
        **{name: fake_models.MODELS["text"][name] for name in ("serving_default", "generate", "__saved_model_init_op")},
        "guided": (fake_models.CHOICES, {"text": tf.string}, lambda **row: {"text": [f"best of {n}" for n in row["seed"]]}),
        "latents": ({"latents": (tf.float32, 2)}, {"text": tf.string}, lines_between),
        "edit": moved({"text": tf.string}, lambda place: {"text": [f"moved to {each:g}" for each in place]}, **CHOICES),
    },
    "digits": {
        "serving_default": (SEED, IMAGE, lambda seed: {"image": pixels(seed)}),
        "generate": (LABELLED, IMAGE, lambda seed, label: {"image": pixels(seed + label)}),
        "encoded": (LABELLED, {"png_bytes": tf.string}, png),
        "latents": (
            {"latents": (tf.float32, 3), "label": tf.int32},
            IMAGE,
            lambda latents, label: {"image": np.clip(np.abs(latents[:, :1, None, None]), 0, 1) * np.ones((1, 8, 8, 1))},
        ),
    },
    "masks": {
        "serving_default": (SEED, IMAGE, lambda seed: {"image": pixels(seed + seed % 3)}),
        "encoded": (LABELLED, {"png_bytes": tf.string}, png),
        "edit": moved(IMAGE, lambda place: {"image": pixels(place)}, label=tf.int32),
    },
    "tones": {
        **default(SEED, {"waveform": (tf.float32, 800)}),
        "encoded": (SEED, {"wav_bytes": tf.string}, wav),
        "edit": moved(
            {"waveform": (tf.float32, 800)}, lambda place: {"waveform": np.full((len(place), 800), 0.1 * place[:, None])}
        ),
    },
    "wine": {
        **fake_models.MODELS["wine"],
        "edit": moved(WINE, lambda place: {"alcohol": place, "grape": ["Merlot"] * len(place)}),
    },
    "waves": {**default(SEED, {"series": (tf.float32, 5, 2)}, waves), "edit": moved({"series": (tf.float32, 5, 2)}, waves)},
    "clips": {
        **default(SEED, {"video": (tf.float32, 3, 8, 8, 3)}, clips),
        "edit": moved({"video": (tf.float32, 3, 8, 8, 3)}, clips),
    },
    "zebras": default(IMAGE, IMAGE),
    "negatives": {name: (IMAGE, IMAGE, lambda image: {"image": 1 - image}) for name in ("serving_default", "a_to_b")},
    HOSTILE: default(SEED, {"text": tf.string}, lambda seed: {"text": [f"{n} {HOSTILE}" for n in seed]}),
}


class FakeCore:
    """The parts of a `Core` that the page uses."""

    def __init__(self, directory, models):
        self.directory, self.models = directory, models

    def names(self):
        return sorted([*self.models, "broken"])

    def version(self, name):
        if name == "broken":
            raise ServingError(Code.NOT_FOUND, "Servable not found for request: Latest(broken)")
        signatures = {key: fake_models.signature_def(inputs, outputs) for key, (inputs, outputs, _) in self.models[name].items()}
        return types.SimpleNamespace(
            number=3, signatures=signatures, directory=self.directory / "".join(filter(str.isalpha, name))
        )

    def statuses(self, name):
        return [types.SimpleNamespace(number=1, message="The version's saved_model.pb is damaged or incomplete.")]


def write_card(directory, text):
    path = directory / "assets.extra" / "model_card.json"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")


def make_core(directory):
    """A core over all models, with the cards that some of them have in `directory`; that of `digits` is broken."""
    drafts = '"guided_candidates": 16, "guided_choice": "resample"'
    write_card(directory / "text", f'{{"class": "TextGAN", "generator_parameters": 12345, {drafts}, "nll": NaN}}')
    write_card(directory / "digits", "{broken")
    write_card(directory / "masks", json.dumps({"num_labels": 3, "directions": ["width", HOSTILE]}))
    write_card(directory / "tones", '{"sample_rate": 8000}')
    return FakeCore(directory, MODELS)
