"""The public names of `gan_keras.metrics`."""

import ast
import inspect
import pathlib
import sys

from gan_keras import metrics


def documented_constants(module):
    """Names whose assignment in a module is followed by a string that documents it."""
    body = ast.parse(pathlib.Path(module.__file__).read_text("utf-8")).body
    assigned = [
        node for node, text in zip(body, body[1:], strict=False) if isinstance(node, ast.Assign) and isinstance(text, ast.Expr)
    ]
    targets = [target for node in assigned for target in node.targets]
    return {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}


def test_every_public_name_has_a_docstring():
    modules = [module for name, module in sys.modules.items() if name.startswith("gan_keras.metrics.")]
    constants = {
        id(getattr(module, name)) for module in modules for name in documented_constants(module) if hasattr(module, name)
    }
    for name in metrics.__all__:
        value = getattr(metrics, name)
        is_documented = value.__doc__ if inspect.isclass(value) or inspect.isfunction(value) else id(value) in constants
        assert is_documented, f"gan_keras.metrics.{name} has no docstring."


def test_importing_metrics_does_not_import_the_heavy_parts_of_scikit_learn_and_matplotlib():
    """At the head of a file these would slow down `import gan_keras`."""
    for path in pathlib.Path(metrics.__file__).parent.glob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            names = [node.module] if isinstance(node, ast.ImportFrom) else [each.name for each in getattr(node, "names", [])]
            assert not [name for name in names if str(name).split(".")[0] in ("sklearn", "matplotlib")], path
