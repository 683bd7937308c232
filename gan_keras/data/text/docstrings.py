"""Real English without a download: first sentences of the docstrings of Python and of the base dependencies."""

import ast
import contextlib
import hashlib
import importlib.metadata
import os
import pathlib
import platform
import re
import sysconfig
import warnings

from gan_keras.data.text.corpus import corpus_from_lines
from gan_keras.media.safe_files import replace_whole

DISTRIBUTIONS = ("numpy", "matplotlib", "scikit-learn", "keras", "tensorflow", "typer")
TEST_DIRECTORIES = {"test", "tests", "idle_test"}
MIN_WORDS, MAX_WORDS = 3, 30
# A capital, words in letters, a full stop. Identifiers such as `tf_data`, `XLA` or `RaggedTensor` are not English.
ENGLISH_SENTENCE = re.compile(r"[A-Z][A-Za-z]*(?: [A-Za-z][a-z'-]*[,;]?)*\.")


def load_docstrings():
    """Loads the `docstrings` corpus: about 14,500 sentences with 115,000 words.

    The first call reads the source files (about ten seconds) and caches the sentences in `KERAS_HOME` (by default
    `~/.keras`), in a file named after the versions of Python and of the packages. No module is imported.

    Returns:
        A `Corpus` of distinct sentences, in an order that mixes the packages and depends only on the sentences.
    """
    versions = [platform.python_version(), *map(importlib.metadata.version, DISTRIBUTIONS)]
    key = hashlib.sha256(" ".join(versions).encode() + pathlib.Path(__file__).read_bytes()).hexdigest()[:16]
    home = pathlib.Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))
    cache = home / "gan_keras" / f"docstrings-{key}.txt"
    if os.path.isfile(cache):  # False, not an error, in a directory without read permission
        return corpus_from_lines("docstrings", cache.read_text(encoding="utf-8").splitlines())
    sentences = {sentence for path in source_files() for sentence in file_sentences(path)}
    lines = sorted(sentences, key=lambda sentence: hashlib.sha256(sentence.encode()).digest())
    with contextlib.suppress(OSError):  # the next call then reads the sources again
        cache.parent.mkdir(parents=True, exist_ok=True)
        replace_whole(cache, lambda temporary: temporary.write_text("\n".join(lines) + "\n", encoding="utf-8"))
    return corpus_from_lines("docstrings", lines)


def source_files():
    """Yields paths of the Python source files of the standard library and of the base dependencies, without tests."""
    library = pathlib.Path(sysconfig.get_path("stdlib"))
    for path in library.rglob("*.py"):
        inner = path.relative_to(library)
        if inner.parts[0] not in ("site-packages", "dist-packages") and not _is_test(inner):
            yield path
    for name in DISTRIBUTIONS:
        for file in importlib.metadata.files(name) or []:
            if file.suffix == ".py" and not _is_test(file):
                yield pathlib.Path(file.locate())


def _is_test(path):
    return bool(TEST_DIRECTORIES & set(path.parts)) or path.name.startswith("test_") or path.stem.endswith("_test")


def file_sentences(path):
    """English first sentences of the docstrings in one source file; none if Python cannot parse it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about invalid escapes in other people's files
            tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, FileNotFoundError):  # templates, other Python versions, files removed by hand
        return []
    sentences = [first_sentence(docstring) for docstring in _docstrings(tree)]
    return [sentence for sentence in sentences if is_english_sentence(sentence)]


def _docstrings(node):
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        docstring = ast.get_docstring(node, clean=False)
        if docstring:
            yield docstring
    for child in [*getattr(node, "body", []), *getattr(node, "orelse", [])]:
        yield from _docstrings(child)


def first_sentence(docstring):
    """First sentence of the first paragraph, on one line."""
    paragraph = re.split(r"\n\s*\n", docstring.strip())[0]
    return re.split(r"(?<=[.!?])\s", " ".join(paragraph.split()))[0]


def is_english_sentence(sentence):
    """Returns whether `sentence` is 3 to 30 words in letters that begin with a capital and end with a full stop."""
    return MIN_WORDS <= len(sentence.split()) <= MAX_WORDS and bool(ENGLISH_SENTENCE.fullmatch(sentence))
