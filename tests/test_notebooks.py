"""Every notebook is committed as a source (`.py`, jupytext) and as a page with outputs (`.ipynb`); both agree and run.

Renew a page with `jupytext --to ipynb --execute notebooks/NAME.py`, then clear what TensorFlow wrote to standard error.
"""

import json
import pathlib
import sys

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = pathlib.Path(__file__).parents[1] / "notebooks"
NAMES = sorted({path.stem for path in FOLDER.iterdir() if path.suffix in (".py", ".ipynb")})
MOST_BYTES = 1_500_000


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def outputs_of(notebook):
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def read_page(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


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


def test_there_are_notebooks():
    assert "01_first_gan" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_and_its_source_hold_the_same_cells(name):
    source, page = jupytext.read(FOLDER / f"{name}.py"), read_page(name)
    assert [(cell.cell_type, cell.source) for cell in page.cells] == [(cell.cell_type, cell.source) for cell in source.cells]


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_committed_with_all_outputs_and_pictures_and_without_errors(name):
    page = read_page(name)
    counts = [cell.execution_count for cell in code_cells(page)]
    assert counts == list(range(1, len(counts) + 1)), "run from top to bottom in a fresh kernel"
    outputs = outputs_of(page)
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert (FOLDER / f"{name}.ipynb").stat().st_size < MOST_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_from_top_to_bottom_on_tiny_settings(name, smoke_kernel, tmp_path):
    notebook = jupytext.read(FOLDER / f"{name}.py")
    resources = {"metadata": {"path": str(tmp_path)}}  # a notebook may not depend on where it is started
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    assert any("image/png" in output.get("data", {}) for output in outputs_of(notebook))
