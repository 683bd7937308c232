"""Every notebook is committed as a source (`.py`, jupytext) and as a page with outputs (`.ipynb`); both agree and run.

Checked is what is committed: a user may run a notebook again, or add notebooks. Renew a page with
`jupytext --to ipynb --execute notebooks/NAME.py`, and commit it.
"""

import json
import pathlib
import sys

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

import committed

NAMES = sorted({pathlib.PurePath(path).stem for path in committed.files("notebooks") if path.endswith((".py", ".ipynb"))})
QUICK = "03_image_gan"
MAX_BYTES = 1_500_000


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def outputs_of(notebook):
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def read_source(name):
    return jupytext.reads(committed.read(f"notebooks/{name}.py").decode(), fmt="py:percent")


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_committed_with_the_cells_of_its_source_all_outputs_and_pictures_and_without_errors(name):
    content = committed.read(f"notebooks/{name}.ipynb")
    page = nbformat.reads(content.decode(), as_version=4)
    assert [(cell.cell_type, cell.source) for cell in page.cells] == [
        (cell.cell_type, cell.source) for cell in read_source(name).cells
    ]
    counts = [cell.execution_count for cell in code_cells(page)]
    assert counts == list(range(1, len(counts) + 1)), "run from top to bottom in a fresh kernel"
    outputs = outputs_of(page)
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert len(content) < MAX_BYTES


@pytest.fixture
def smoke_kernel(monkeypatch, tmp_path):
    """Makes `python3` this very interpreter, whatever kernels the machine knows, with the notebooks' tiny settings."""
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "Python 3", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("GAN_KERAS_SMOKE", "1")


@pytest.mark.parametrize("name", [name if name == QUICK else pytest.param(name, marks=pytest.mark.slow) for name in NAMES])
def test_a_notebook_runs_from_top_to_bottom_on_tiny_settings(name, smoke_kernel, tmp_path):
    notebook = read_source(name)
    resources = {"metadata": {"path": str(tmp_path)}}  # a notebook may not depend on where it is started
    NotebookClient(notebook, timeout=None, kernel_name="python3", resources=resources).execute()
    outputs = outputs_of(notebook)
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not [output.text for output in outputs if output.get("name") == "stderr"]


def test_there_are_notebooks():
    assert QUICK in NAMES
