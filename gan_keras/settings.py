"""Changes of a preset given as text, such as `--set units=128` on the command line."""

import ast
import copy

from gan_keras import feedback as feedbacks


def with_settings(preset, settings):
    """A copy of a preset with some fields changed.

    Args:
        preset: A preset.
        settings: Values by field, as text such as a command line has them; `codec_options.fold_case` and
            `feedback.candidates` reach into a field. A feedback is named: `{"feedback": "policy_gradient"}`.

    Raises:
        ValueError: If there is no such field or a value is not of its type.
    """
    preset = copy.deepcopy(preset)
    for key, text in settings.items():
        name, _, inner = key.partition(".")
        if name not in preset.to_config() or inner and not isinstance(getattr(preset, name), dict | feedbacks.Feedback):
            raise ValueError(f"There is no setting {key!r}. Expected one of {', '.join(preset.to_config())}.")
        current = getattr(preset, name)
        setattr(preset, name, _with_option(current, key, inner, text) if inner else _parse(current, key, text))
    preset.check()
    return preset


def _with_option(current, key, inner, text):
    """A dict, or a feedback, with the option `inner` changed."""
    if isinstance(current, dict):
        return {**current, inner: _literal(text)}
    options = current.get_config()
    if inner not in options:
        raise ValueError(f"There is no setting {key!r}. Expected feedback. and one of {', '.join(options)}.")
    return current.from_config({**options, inner: _literal(text)})


def _parse(current, key, text):
    """`text` as a value of the type of `current`."""
    if isinstance(current, feedbacks.Feedback):
        return feedbacks.get(text)
    value = text if isinstance(current, str) else _literal(text)
    if isinstance(current, float) and type(value) is int:
        value = float(value)
    if type(value) is not type(current):
        raise ValueError(f"{key}={text}. Expected a value of type {type(current).__name__}, such as {current!r}.")
    return value


def _literal(text):
    """A number, a truth value, a list ... from its text; what is none of them stays text."""
    if not isinstance(text, str):
        return text
    try:
        return ast.literal_eval({"true": "True", "false": "False", "none": "None"}.get(text.lower(), text))
    except (ValueError, SyntaxError):
        return text
