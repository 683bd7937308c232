"""The pieces of JSON text as RapidJSON's `PrettyWriter` writes them, byte by byte."""

from json.encoder import encode_basestring

INDENT = "    "
_ESCAPES = {code: f"\\u{code:04X}" for code in range(32)}
_ESCAPES |= {ord(plain): "\\" + letter for plain, letter in zip('"\\\b\f\n\r\t', '"\\bfnrt', strict=True)}


def quoted(text):
    """A JSON string; what is not ASCII stays as it is."""
    if text.isprintable():
        return encode_basestring(text)
    return f'"{text.translate(_ESCAPES)}"'  # Python writes the digits of control characters in small letters


def to_bytes(text):
    """The bytes of a text; those that were no UTF-8 when it was read come back as they were."""
    return text.encode("utf-8", "surrogateescape")
