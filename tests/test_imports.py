"""Imports point one way.

Every file has a level. A file imports from lower levels; from its own level too, as long as no cycle arises.
`gan_keras/__init__.py` stands above all: it gathers the public names, and no file of the package imports from it.
"""

import ast
import graphlib
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1] / "gan_keras"

LEVELS = {
    "data codecs networks losses penalties constraints noise files html latents pictures scheduled signature": 1,
    "warmup c_api_loader session_loader augmentation feedback pairing saved_state sampling selection stages": 1,
    "auxiliary bfloat16 compilation freezing history_pool inputs loss_scale measures optimizers shrinking": 1,
    "snapshot diagnosis past symptoms checkpoints identity resuming seeds versions replicas distribution": 1,
    "strategies sounds animations series_files": 1,
    "gan cycle_gan pix2pix translating many_seeds text_gan text_writing savedmodel_replay settings time_gan": 2,
    "table_gan table_vae variational_bound generated_labels label_forms sample_forms enlarging": 2,
    "metrics callbacks analysis": 3,
    "savedmodel_gate presets schedule run_directory run going_on tracking watchers yardstick verdict evaluation": 4,
    "plots exported image_evaluation translation_evaluation modalities score_table audio_evaluation": 4,
    "video_evaluation series_evaluation table_evaluation downstream augmentation_gain augmentation_report": 4,
    "enlarged_file labelled_run": 4,
    "report export doctor": 5,
    "serving demo": 6,
    "cli __main__": 7,
    "media training": 1,
    "gans": 2,
    "export runs": 5,
    "__init__": 8,
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


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_file_imports_from_its_own_or_lower_levels(name):
    upward = {other: level(other) for other in imports_of(TREES[name]) if level(other) > level(name)}
    assert not upward, f"{name} is of level {level(name)} and imports from above: {upward}."


def test_no_imports_form_a_cycle():
    graph = {name: set(imports_of(tree)) - {name} for name, tree in TREES.items()}
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the files


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_name_what_they_import_by_its_full_path(name):
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.ImportFrom):
            assert node.names[0].name != "*", f"{name} imports everything of {node.module}. Name what it needs."
            assert not node.level, f"{name} imports relatively. Expected `from gan_keras...`."


def test_the_check_sees_imports_of_each_kind():
    source = "import gan_keras.noise\nfrom gan_keras import losses, GAN\ndef f():\n    from gan_keras.codecs.text import END"
    assert sorted(imports_of(ast.parse(source))) == ["__init__", "codecs.text", "losses", "noise"]
