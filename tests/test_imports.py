"""Imports point one way.

Each entry of the top level has a level. A file imports from lower levels, and from its own level as long as no cycle arises.
`gan_keras/__init__.py` is above all: it gathers the public names, and no file of the package imports from it.
"""

import ast
import graphlib
import pathlib

ROOT = pathlib.Path(__file__).parents[1] / "gan_keras"

LEVELS = {
    "startup catalogue": 0,
    "media noise replicas diagnosis optimizers constraints": 1,
    "losses penalties augmentation history_pool data": 2,
    "codecs metrics training": 3,
    "networks callbacks": 4,
    "auxiliary feedback privacy": 5,
    "gans": 6,
    "analysis": 7,
    "export": 8,
    "modalities serving": 9,
    "presets downstream": 10,
    "runs": 11,
    "cli __main__": 12,
    "__init__": 13,
}
LEVEL_OF = {name: level for names, level in LEVELS.items() for name in names.split()}


def modules():
    """Every file as a dotted name below `gan_keras`; a package is its `__init__`."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(ROOT.rglob("*.py"))
    }


MODULES = modules()
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def imports_of(tree):
    """Names below `gan_keras` of the files that a file imports, at its head or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            dotted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            dotted = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (file_of(name) for name in dotted if name.split(".")[0] == "gan_keras")


def file_of(dotted):
    """`gan_keras.codecs.text.END` is in the file `codecs.text`; a name of the package itself is in its `__init__`."""
    parts = dotted.split(".")[1:]
    while parts and ".".join(parts) not in MODULES:
        parts.pop()
    return ".".join(parts) or "__init__"


def level(name):
    return LEVEL_OF[name.split(".")[0]]


def test_every_file_has_a_level():
    unlisted = sorted({name.split(".")[0] for name in MODULES} - set(LEVEL_OF))
    assert not unlisted, f"{unlisted} have no level. Give each the lowest level of LEVELS that its imports allow."


def test_a_file_imports_from_its_own_or_lower_levels():
    upward = [f"{name} imports {other}" for name in MODULES for other in imports_of(TREES[name]) if level(other) > level(name)]
    assert not upward, upward


def test_no_imports_form_a_cycle():
    graph = {name: set(imports_of(tree)) - {name} for name, tree in TREES.items()}
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the files


def test_imports_name_what_they_import_by_its_full_path():
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert node.names[0].name != "*", f"{name} imports everything of {node.module}. Name what it needs."
                assert not node.level, f"{name} imports relatively. Expected `from gan_keras...`."


def test_the_check_sees_imports_of_each_kind():
    source = "import gan_keras.noise\nfrom gan_keras import losses, GAN\ndef f():\n    from gan_keras.codecs.text import END"
    assert sorted(imports_of(ast.parse(source))) == ["__init__", "codecs.text", "losses", "noise"]
