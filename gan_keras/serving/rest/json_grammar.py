"""A JSON reader with the rules and error messages of RapidJSON 1.1.0.

It reads containers without recursion, so that deeply nested brackets cannot end the process. Beyond the standard it
accepts `NaN`, `Inf` and `Infinity`, each also with a minus sign, and the second half of a surrogate pair alone.
Reference: `Tencent/rapidjson: include/rapidjson/reader.h` (version 1.1.0, with the flags that `json_tensor.cc` sets).
"""

import math
import re

from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.rest.json_values import Members

MAX_GRAMMAR_BYTES = 2**20
"""Maximum size of a body that is read by these rules, about a second of work."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NEXT = re.compile(rb"[ \t\n\r]*([^\0]?)")
_PLAIN_TEXT = re.compile(rb'[^"\\\x00-\x1f]*')
_INTEGER = re.compile(rb"-?(?:0|[1-9][0-9]*)")
_DIGITS = re.compile(rb"[0-9]+")
_HEX = re.compile(rb"[0-9a-fA-F]{4}")
_ESCAPES = {b'"': b'"', b"\\": b"\\", b"/": b"/", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_WORDS = {b"n": (b"null", None), b"t": (b"true", True), b"f": (b"false", False)}
_UNFINISHED = object()

EMPTY = "The document is empty."
INVALID = "Invalid value."
TOO_BIG = "Number too big to be stored in double."
SURROGATE = "The surrogate pair in string is invalid."


def parse_error(message, offset):
    """Returns the `ServingError` for text that is not JSON; `offset` counts its bytes."""
    return ServingError(Code.INVALID_ARGUMENT, f"JSON Parse error: {message} at offset: {offset}")


def read_by_grammar(body):
    """Returns the first JSON value of a body.

    Raises:
        ServingError: INVALID_ARGUMENT if there is none, or the body has more than `MAX_GRAMMAR_BYTES`.
    """
    if len(body) > MAX_GRAMMAR_BYTES:
        raise parse_error(INVALID, 0)
    return _Reader(body).read()


class _Array:
    """An array that is still open."""

    end, missing = b"]", "Missing a comma or ']' after an array element."

    def __init__(self):
        self.items = []

    def begin_item(self, reader):
        """Does nothing: an element has nothing before its value."""

    def add(self, value):
        self.items.append(value)

    def close(self):
        return self.items


class _Object:
    """An object that is still open."""

    end, missing = b"}", "Missing a comma or '}' after an object member."

    def __init__(self):
        self.pairs, self.name = [], None

    def begin_item(self, reader):
        self.name = reader.name()

    def add(self, value):
        self.pairs.append((self.name, value))

    def close(self):
        return Members(self.pairs)


_CONTAINERS = {b"[": _Array, b"{": _Object}


class _Reader:
    def __init__(self, body):
        self.body, self.at = body, len(_BYTE_ORDER_MARK) * body.startswith(_BYTE_ORDER_MARK)

    def read(self):
        opened = []
        value = self.begin_value(opened)
        while opened or value is _UNFINISHED:
            value = self.begin_value(opened) if value is _UNFINISHED else self.end_item(opened, value)
        return value

    def begin_value(self, opened):
        """Reads a value. A container that is not empty is pushed onto `opened` instead."""
        first = self.next()
        if first in _CONTAINERS:
            return self.open(opened, _CONTAINERS[first]())
        if first in (b"", b"]", b"}", b",", b":"):
            raise parse_error(INVALID if opened else EMPTY, self.at)
        if first == b'"':
            return self.text()
        if first in _WORDS:
            word, value = _WORDS[first]
            self.take(word)
            return value
        return self.number()

    def open(self, opened, container):
        self.at += 1
        if self.next() == container.end:
            self.at += 1
            return container.close()
        container.begin_item(self)
        opened.append(container)
        return _UNFINISHED

    def end_item(self, opened, value):
        """Adds a value to the innermost open container and reads the comma or the bracket after it."""
        container = opened[-1]
        container.add(value)
        mark = self.next()
        if mark not in (b",", container.end):
            raise parse_error(container.missing, self.at)
        self.at += 1
        if mark == container.end:
            return opened.pop().close()
        container.begin_item(self)
        return _UNFINISHED

    def next(self):
        """Returns the first byte after blanks."""
        match = _NEXT.match(self.body, self.at)
        self.at = match.start(1)
        return match[1]

    def peek(self):
        """Returns the current byte; empty at the end, which a zero byte marks too."""
        return self.body[self.at : self.at + 1].strip(b"\0")

    def take(self, word):
        for place in range(len(word)):
            if self.peek() != word[place : place + 1]:
                raise parse_error(INVALID, self.at)
            self.at += 1

    def name(self):
        if self.next() != b'"':
            raise parse_error("Missing a name for object member.", self.at)
        name = self.text()
        if self.next() != b":":
            raise parse_error("Missing a colon after a name of object member.", self.at)
        self.at += 1
        return name

    def number(self):
        start, integer = self.at, _INTEGER.match(self.body, self.at)
        if integer is None:
            return self.constant()
        if math.isinf(float(integer.group())):
            raise parse_error(TOO_BIG, start)
        self.at = integer.end()
        fraction = self.digits_after(b".", "Miss fraction part in number.")
        exponent = self.digits_after(b"eE", "Miss exponent in number.")
        text = self.body[start : self.at]
        if not fraction and not exponent and len(text) <= 20:
            return int(text)
        if exponent and int(exponent[:20]) > 308 + len(fraction):
            raise parse_error(TOO_BIG, start)
        return float(text)

    def digits_after(self, marks, missing):
        """Reads the digits of a fraction, or of an exponent with its sign; empty without the mark before them."""
        if not self.peek() or self.peek() not in marks:
            return b""
        self.at += 1
        sign = self.peek() if marks == b"eE" and self.peek() in (b"+", b"-") else b""
        self.at += len(sign)
        digits = _DIGITS.match(self.body, self.at)
        if digits is None:
            raise parse_error(missing, self.at)
        self.at = digits.end()
        return sign + digits.group()

    def constant(self):
        """Reads `NaN` or an infinity; anything else is an error."""
        sign = -1.0 if self.peek() == b"-" else 1.0
        self.at += sign < 0
        if self.peek() == b"N":
            self.take(b"NaN")
            return math.nan
        self.take(b"Inf")
        if self.peek() == b"i":
            self.take(b"inity")
        return sign * math.inf

    def text(self):
        self.at += 1
        parts = []
        while True:
            plain = _PLAIN_TEXT.match(self.body, self.at)
            parts.append(plain.group())
            self.at = plain.end()
            mark = self.peek()
            if mark == b'"':
                self.at += 1
                return b"".join(parts).decode("utf-8", "surrogateescape")
            if mark != b"\\":
                message = "Invalid escape character" if mark else "Missing a closing quotation mark"
                raise parse_error(f"{message} in string.", self.at)
            parts.append(self.escaped())

    def escaped(self):
        start = self.at
        self.at += 2
        letter = self.body[start + 1 : start + 2]
        if letter in _ESCAPES:
            return _ESCAPES[letter]
        if letter != b"u":
            raise parse_error("Invalid escape character in string.", start)
        code = self.code_unit(start)
        if 0xD800 <= code < 0xDC00:
            code = 0x10000 + (code - 0xD800 << 10) + self.second_half(start)
        return chr(code).encode("utf-8", "surrogatepass")

    def second_half(self, start):
        if not self.body.startswith(b"\\u", self.at):
            raise parse_error(SURROGATE, start)
        self.at += 2
        code = self.code_unit(start)
        if not 0xDC00 <= code < 0xE000:
            raise parse_error(SURROGATE, start)
        return code - 0xDC00

    def code_unit(self, start):
        digits = _HEX.match(self.body, self.at)
        if digits is None:
            raise parse_error("Incorrect hex digit after \\u escape in string.", start)
        self.at = digits.end()
        return int(digits.group(), 16)
