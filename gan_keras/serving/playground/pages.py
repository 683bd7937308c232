"""The playground: one page of HTML, put together of the files beside this one, and the list of models that it asks for."""

import base64
import contextlib
import functools
import hashlib
import importlib.resources
import json
import os
from typing import NamedTuple

from tensorflow.core.framework import types_pb2

from gan_keras.serving.errors import ServingError
from gan_keras.serving.raw_values import dtype_from

_SCRIPTS = ("dom", "api", "latents", "draw", "sound", "download", "player", "kinds", "panel", "generate", "walk", "main")
_CARD = os.path.join("assets.extra", "model_card.json")
_MODALITIES = {"text": "text", "image": "image", "waveform": "audio", "video": "video", "series": "series"}  # by output name


class Page(NamedTuple):
    """What answers a GET: its content type, its bytes and its other headers, a dict."""

    content_type: str
    body: bytes
    headers: dict


def page(core, path):
    """The `Page` at a path, `/` or `/playground/models.json`; None for every other path.

    Args:
        core: A `Core`: tells the models.
        path: As the client sent it, with the query if there is one.
    """
    path = path.partition("?")[0]
    if path == "/":
        return Page("text/html; charset=utf-8", _html(), _headers(_policy()))
    if path == "/playground/models.json":
        return Page("application/json", models_json(core), _headers("default-src 'none'"))
    return None


def models_json(core):
    """The models as JSON: `{"models": [{name, version, modality, signatures, card}]}`.

    `version` is the number of the newest one that is available. Where there is none it is null, and `error` says why.
    `modality` is text, image, audio, video, table, series, translation or other. `signatures` is `{name: {"inputs":
    {name: {"dtype", "shape"}}, "outputs": ...}}`, where null stands for any size or any rank. `card` is the model card
    of the export, null without one.
    """
    return json.dumps({"models": [_described(core, name) for name in core.names()]}, allow_nan=False).encode()


def _described(core, name):
    try:
        version = core.version(name)
    except ServingError as error:
        return {
            "name": name,
            "version": None,
            "modality": "other",
            "signatures": {},
            "card": None,
            "error": _why(core, name, error),
        }
    signatures = {key: each for key, each in sorted(version.signatures.items()) if not key.startswith("__")}
    return {
        "name": name,
        "version": version.number,
        "modality": modality(signatures),
        "signatures": {key: {"inputs": _infos(each.inputs), "outputs": _infos(each.outputs)} for key, each in signatures.items()},
        "card": read_card(version.directory),
    }


def _why(core, name, error):
    """The refusal, and what is known of each version that cannot be served."""
    with contextlib.suppress(ServingError):
        failed = [status for status in core.statuses(name) if status.message]
        return "\n".join([error.message, *(f"Version {status.number}: {status.message}" for status in failed)])
    return error.message


def modality(signatures):
    """What a model makes, by the names of the contract: those of what `serving_default` reads and gives."""
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
    return {
        name: {"dtype": dtype_from(types_pb2.DataType.Name(each.dtype)), "shape": _shape(each.tensor_shape)}
        for name, each in sorted(tensors.items())
    }


def _shape(proto):
    return None if proto.unknown_rank else [None if dim.size < 0 else dim.size for dim in proto.dim]


def read_card(directory):
    """The model card of a version as a dict; None if it has none that can be read: a model is served without one too."""
    try:
        with open(os.path.join(directory, _CARD), encoding="utf-8") as file:
            card = json.load(file, parse_constant=lambda _: None)  # a page's JSON knows no NaN
        json.dumps(card, allow_nan=False)  # 1e999 is read as infinity
    except (OSError, ValueError, RecursionError):
        return None
    return card if isinstance(card, dict) else None


@functools.cache
def _html():
    html = _read("page.html")
    return html.replace("{{style}}", _style()).replace("{{script}}", _script()).encode()


def _style():
    return _read("style.css")


def _script():
    return "\n".join(['"use strict";', *(_read(f"{name}.js") for name in _SCRIPTS)])


def _read(name):
    return importlib.resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


@functools.cache
def _policy():
    """Nothing may be loaded or run but what is on the page itself, known by its hash; requests go to this server only."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash(_script())}",
            f"style-src {_hash(_style())}",
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
