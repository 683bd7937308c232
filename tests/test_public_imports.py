"""Notebooks and benchmarks import public names alone: they show what a user of the package can write.

Public are the names in the `__all__` of `gan_keras`, of a sub-package one level deep, or of a module next to it, such as
`gan_keras.losses`. All files are read, none is imported.
"""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = ROOT / "gan_keras"
CALLERS = sorted([*(ROOT / "notebooks").glob("*.py"), *(ROOT / "benchmarks").glob("*.py")])
PARTS = sorted({path.stem for path in PACKAGE.glob("[!_]*.py")} | {path.parent.name for path in PACKAGE.glob("*/__init__.py")})


def file_of(part):
    """The file of `gan_keras` (an empty string) or of one of its parts."""
    folder = PACKAGE / part
    return folder / "__init__.py" if folder.is_dir() else PACKAGE / f"{part}.py"


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def public_names(part):
    """The `__all__` of a part, a list; None if it has none."""
    for node in tree_of(file_of(part)).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            return ast.literal_eval(node.value)
    return None


def hidden_imports(tree):
    """Imports of names of the package that are not public, as dotted names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith("gan_keras."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gan_keras":
            part = node.module.partition(".")[2]
            known = PARTS + public_names("") if not part else public_names(part) or [] if part in PARTS else []
            yield from (f"{node.module}.{each.name}" for each in node.names if each.name not in known)


@pytest.mark.parametrize("path", CALLERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_notebook_or_benchmark_imports_public_names_alone(path):
    hidden = list(hidden_imports(tree_of(path)))
    assert not hidden, f"{hidden} are not public. Import them from `gan_keras.PACKAGE`, and add them to its `__all__`."


def test_there_are_notebooks_and_benchmarks():
    assert {path.parent.name for path in CALLERS} == {"notebooks", "benchmarks"}


def test_public_names_are_sorted_and_defined_in_their_file():
    for part in ("", *PARTS):
        names, body = public_names(part) or [], tree_of(file_of(part)).body
        order = sorted(names, key=lambda name: (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name))
        assert names == order, f"gan_keras.{part}: __all__ is not sorted."
        missing = set(names) - set(defined(body))
        assert not missing or "__getattr__" in defined(body), f"gan_keras.{part}: {missing} are not defined."


def defined(body):
    """Names that the top level of a file imports or defines."""
    for node in body:
        if isinstance(node, ast.ImportFrom | ast.Import):
            yield from (each.asname or each.name for each in node.names)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.If | ast.With):
            yield from defined(node.body)
        elif isinstance(node, ast.Assign):
            yield from (each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name))


def test_the_check_sees_imports_of_each_kind():
    source = "import gan_keras\nimport gan_keras.gans\nfrom gan_keras import losses, cli, nothing\n"
    source += "def f():\n    from gan_keras.codecs import END, Unknown\n    from gan_keras.codecs.text import TextCodec"
    expected = ["gan_keras.codecs.Unknown", "gan_keras.codecs.text.TextCodec", "gan_keras.gans", "gan_keras.nothing"]
    assert sorted(hidden_imports(ast.parse(source))) == expected
