"""A test of an error in one line."""

import reprlib

import pytest


def refused(words, call, /, *arguments, error=ValueError, **options):
    """Calls a function, which must raise `error` with a text that matches the pattern `words`."""
    __tracebackhide__ = True
    with pytest.raises(error, match=words):
        call(*arguments, **options)
        pytest.fail(f"Not refused: {words!r} {reprlib.repr((arguments, options))}")
