"""Fields of a preset: their ranges, and changes as text, such as `--set units=128` on the command line."""

import ast
import contextlib
import copy
import math

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
    changed = with_fields(preset, settings)
    with _wrong_types_explained(settings):
        changed.check()
    return changed


def with_fields(preset, settings):
    """Returns the preset of `with_settings` without making the objects that its fields describe, which needs TensorFlow."""
    with _wrong_types_explained(settings):
        return _changed(copy.deepcopy(preset), settings)


@contextlib.contextmanager
def _wrong_types_explained(settings):
    try:
        yield
    except TypeError as error:
        given = " ".join(f"{key}={text}" for key, text in settings.items())
        raise ValueError(f"{given}: {error}. Expected values of the fields' types.") from error


def _changed(preset, settings):
    """Changes the fields of a preset, and checks their ranges."""
    for key, text in settings.items():
        name, _, inner = key.partition(".")
        if name not in preset.to_config() or inner and not _has_parts(getattr(preset, name)):
            raise ValueError(f"There is no setting {key!r}. {choice_of(key, preset.to_config())}.")
        current = getattr(preset, name)
        setattr(preset, name, _with_option(current, key, inner, text) if inner else _parse(preset, name, text))
    preset.check_fields()
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


# --- Ranges of fields: what is expected, in words or as a collection of names, the fields, and a predicate of a value.


def at_least(lowest, *fields):
    return f"at least {lowest}", fields, lambda value: lowest <= value < math.inf


def positive(*fields):
    return "more than 0", fields, lambda value: 0 < value < math.inf


def below_one(*fields):
    return "in [0, 1)", fields, lambda value: 0 <= value < 1


def one_of(names, *fields):
    return names, fields, lambda value: value in names


CHANNELS = "0 (that of the data), 1 (grey) or 3 (colour)", ("channels",), lambda value: value in (0, 1, 3)


def check_ranges(preset, ranges):
    """Raises `ValueError` unless every field of a preset is in its range."""
    for expected, fields, is_valid in ranges:
        for name in fields:
            value = getattr(preset, name)
            if not is_valid(value):
                wanted = f"Expected {expected}" if isinstance(expected, str) else choice_of(value, expected)
                raise ValueError(f"{name}={value!r}. {wanted}.")
