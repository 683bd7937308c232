"""Changes to a preset as text, such as `--set units=128` on the command line."""

import ast
import copy

from gan_keras.diagnosis.names import choice_of


def with_settings(preset, settings):
    """Returns a copy of a preset with some fields changed.

    Args:
        preset: A preset; its `readers()` read fields that hold objects from text.
        settings: Values by field, as text or as Python values. `codec_options.fold_case`, `feedback.candidates`,
            `penalties.0.gamma` and, for a lazy penalty, `penalties.0.penalty.gamma` reach into a field. An object is given by
            name: `{"feedback": "policy_gradient"}`.

    Raises:
        ValueError: If there is no such field, or a value has another type than its field.
    """
    try:
        return _changed(copy.deepcopy(preset), settings)
    except TypeError as error:
        given = " ".join(f"{key}={text}" for key, text in settings.items())
        raise ValueError(f"{given}: {error}. Expected values of the fields' types.") from error


def _changed(preset, settings):
    """Changes the fields of a preset, and checks it."""
    for key, text in settings.items():
        name, _, inner = key.partition(".")
        if name not in preset.to_config() or inner and not _has_parts(getattr(preset, name)):
            raise ValueError(f"There is no setting {key!r}. {choice_of(key, preset.to_config())}.")
        current = getattr(preset, name)
        setattr(preset, name, _with_option(current, key, inner, text) if inner else _parse(preset, name, text))
    preset.check()
    return preset


def _has_parts(value):
    return isinstance(value, dict | list) or hasattr(value, "get_config")


def _with_option(current, key, inner, text):
    """A dict, an object, an object's config, or a list of these, with the option `inner` changed."""
    if isinstance(current, list):
        return _with_item(current, key, inner, text)
    if isinstance(current, dict) and "class_name" not in current:
        return {**current, inner: _literal(text)}
    options = current["config"] if isinstance(current, dict) else current.get_config()
    name, _, rest = inner.partition(".")
    if name not in options or rest and not _has_parts(options[name]):
        known = [key.removesuffix(inner) + option for option in options]
        raise ValueError(f"There is no setting {key!r}. {choice_of(key, known)}.")
    changed = {**options, name: _with_option(options[name], key, rest, text) if rest else _literal(text)}
    return {**current, "config": changed} if isinstance(current, dict) else current.from_config(changed)


def _with_item(current, key, inner, text):
    """A list with an option of one item changed: `penalties.0.gamma` belongs to the first penalty."""
    index, _, option = inner.partition(".")
    if not index.isdecimal() or int(index) >= len(current) or not option:
        name = key.removesuffix(f".{inner}")
        raise ValueError(f"There is no setting {key!r}. Expected {name}.NUMBER.OPTION, NUMBER below {len(current)}.")
    items = list(current)
    items[int(index)] = _with_option(items[int(index)], key, option, text)
    return items


def _parse(preset, name, text):
    """`text` as a value for the field `name`."""
    if name in preset.readers():
        return preset.readers()[name](text)
    current = getattr(preset, name)
    value = text if isinstance(current, str) else _literal(text)
    if isinstance(current, float) and type(value) is int:
        value = float(value)
    if type(value) is not type(current):
        raise ValueError(f"{name}={text}. Expected a value of type {type(current).__name__}, such as {current!r}.")
    return value


def _literal(text):
    """Reads a number, boolean, list or other Python literal; any other text stays text."""
    if not isinstance(text, str):
        return text
    try:
        return ast.literal_eval({"true": "True", "false": "False", "none": "None"}.get(text.lower(), text))
    except (ValueError, SyntaxError, TypeError):
        return text
