"""The page as the server sends it: one file, its policy, and the list of models."""

import json

import pytest
from playground_models import HOSTILE, make_core

from gan_keras.serving.playground.pages import models_json, page


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    return make_core(tmp_path_factory.mktemp("models"))


def test_the_list_contains_names_versions_kinds_and_signatures(core):
    found = {model["name"]: model for model in json.loads(models_json(core))["models"]}
    assert found["text"]["version"] == 3
    assert found["digits"]["signatures"]["latents"] == {
        "inputs": {"label": {"dtype": "int32", "shape": [None]}, "latents": {"dtype": "float32", "shape": [None, 3]}},
        "outputs": {"image": {"dtype": "float32", "shape": [None, 8, 8, 1]}},
    }
    assert "__saved_model_init_op" not in found["text"]["signatures"]
    kinds = [
        "text text",
        "digits image",
        "masks image",
        "tones audio",
        "wine table",
        "waves series",
        "clips video",
        "zebras translation",
        "negatives translation",
    ]
    expected = dict(map(str.split, [*kinds, "broken other"]))
    assert {name: model["modality"] for name, model in found.items() if name != HOSTILE} == expected


def test_the_list_has_cards_that_a_browser_can_parse(core):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    models = json.loads(models_json(core), parse_constant=refuse)["models"]
    cards = {model["name"]: model["card"] for model in models}
    drafts = {"guided_candidates": 16, "guided_choice": "resample"}
    assert cards["text"] == {"class": "TextGAN", "generator_parameters": 12345, **drafts, "nll": None}
    assert cards["digits"] is None  # the card is broken
    assert cards["wine"] is None  # there is none


def test_the_list_gives_the_reason_why_a_model_is_not_available(core):
    broken = next(model for model in json.loads(models_json(core))["models"] if model["name"] == "broken")
    assert broken["version"] is None
    assert broken["error"] == (
        "Servable not found for request: Latest(broken)\nVersion 1: The version's saved_model.pb is damaged or incomplete."
    )


def test_other_paths_are_not_the_pages(core):
    for path in ("", "/x", "//", "/playground", "/playground/", "/playground/../pages.py", "/playground/main.js"):
        assert page(core, path) is None


def test_the_page_is_one_file_that_forbids_everything_else(core):
    content_type, body, headers = page(core, "/")
    html = body.decode()
    assert content_type == "text/html; charset=utf-8"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in headers["Content-Security-Policy"]
    for word in ("src=", "http:", "https:", "@import", "innerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert word not in html, f"The page holds {word!r}."
