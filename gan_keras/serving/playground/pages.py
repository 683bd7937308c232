"""The playground: an HTML page assembled from the files in this folder, and the list of models that it requests."""

import base64
import contextlib
import functools
import hashlib
import importlib.resources
import json
import os
from typing import NamedTuple

from gan_keras.serving.errors import ServingError
from gan_keras.serving.tensor_protos import describe

_SCRIPTS = (
    *("dom", "api", "latents", "draw", "sound", "download", "player", "kinds", "panel"),
    *("edit", "generate", "translate", "walk", "main"),
)
_CARD = os.path.join("assets.extra", "model_card.json")
_MODALITIES = {"text": "text", "image": "image", "waveform": "audio", "video": "video", "series": "series"}  # by output name


class Page(NamedTuple):
    """The answer to a GET: its content type, its bytes and further headers, a dict."""

    content_type: str
    body: bytes
    headers: dict


def page(core, path):
    """Returns the `Page` at a path as a client sent it, `/` or `/playground/models.json`; None for any other path."""
    path = path.partition("?")[0]
    if path == "/":
        return Page("text/html; charset=utf-8", _html(), _headers(_policy()))
    if path == "/playground/models.json":
        return Page("application/json", models_json(core), _headers("default-src 'none'"))
    return None


def models_json(core):
    """Returns the models as JSON: `{"models": [{name, version, modality, signatures, card}]}`.

    `version` is the number of the newest available version. If there is none it is null, and `error` gives the reason.
    `modality` is text, image, audio, video, table, series, translation or other. `signatures` is `{name: {"inputs":
    {name: {"dtype", "shape"}}, "outputs": ...}}`, where null stands for any size or any rank. `card` is the model card
    of the export, null without one.
    """
    return json.dumps({"models": [_described(core, name) for name in core.names()]}, allow_nan=False).encode()


def _described(core, name):
    try:
        version = core.version(name)
    except ServingError as error:
        unavailable = {"version": None, "modality": "other", "signatures": {}, "card": None}
        return {"name": name, **unavailable, "error": _reason(core, name, error)}
    signatures = {key: each for key, each in sorted(version.signatures.items()) if not key.startswith("__")}
    return {
        "name": name,
        "version": version.number,
        "modality": modality(signatures),
        "signatures": {key: {"inputs": _infos(each.inputs), "outputs": _infos(each.outputs)} for key, each in signatures.items()},
        "card": read_card(version.directory),
    }


def _reason(core, name, error):
    """Returns the refusal, and the error of each version that cannot be served."""
    with contextlib.suppress(ServingError):
        failed = [status for status in core.statuses(name) if status.message]
        return "\n".join([error.message, *(f"Version {status.number}: {status.message}" for status in failed)])
    return error.message


def modality(signatures):
    """Returns a model's modality, derived from the names of the inputs and outputs of `serving_default`."""
    default = signatures.get("serving_default")
    if default is None:
        return "other"
    if "image" in default.inputs:
        return "translation"
    outputs = list(default.outputs)
    if len(outputs) > 1:
        return "table" if list(default.inputs) == ["seed"] else "other"
    return _MODALITIES.get(outputs[0], "other") if outputs else "other"


def _infos(tensors):
    return {name: info._asdict() for name, info in sorted(describe(tensors).items())}


def read_card(directory):
    """Returns a version's model card as a dict; None if it has no readable one, which does not keep it from being served."""
    try:
        with open(os.path.join(directory, _CARD), encoding="utf-8") as file:
            card = json.load(file, parse_constant=lambda _: None)  # a browser's JSON has no NaN
        json.dumps(card, allow_nan=False)  # 1e999 is read as infinity
    except (OSError, ValueError, RecursionError):
        return None
    return card if isinstance(card, dict) else None


@functools.cache
def _html():
    return _read("page.html").replace("{{style}}", _read("style.css")).replace("{{script}}", _script()).encode()


def _script():
    return "\n".join(['"use strict";', *(_read(f"{name}.js") for name in _SCRIPTS)])


def _read(name):
    return importlib.resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


@functools.cache
def _policy():
    """Forbids to load or run anything but the page's own parts, known by their hashes; requests go to this server only."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash(_script())}",
            f"style-src {_hash(_read('style.css'))}",
            "connect-src 'self'",
            "img-src data: blob:",
            "media-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def _hash(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _headers(policy):
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
