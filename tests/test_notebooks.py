"""The notebooks' stored outputs are true, and there are some to be true.

pytest runs every notebook of the book through nbval in strict mode (see pyproject.toml). That alone
would pass a notebook with nothing stored: here is what makes the comparison mean something.
"""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parents[1]
TOOL = ROOT / "book" / "_tools" / "notebooks.py"
NOTEBOOKS = sorted((ROOT / "book").rglob("*.ipynb"))
NOTEBOOKS = [path for path in NOTEBOOKS if ".ipynb_checkpoints" not in path.parts]

each_notebook = pytest.mark.parametrize(
    "notebook",
    [pytest.param(nbformat.read(path, as_version=4), id=path.stem) for path in NOTEBOOKS],
)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def compared_outputs(notebook):
    """How many stored texts nbval compares."""
    unchecked = {"nbval-ignore-output", "nbval-skip"}
    return sum(
        output.output_type == "stream" or "text/plain" in output.get("data", {})
        for cell in code_cells(notebook)
        if not unchecked & set(cell.metadata.get("tags", []))
        for output in cell.outputs
    )


@each_notebook
def test_something_is_compared(notebook):
    assert compared_outputs(notebook) > 0


@each_notebook
def test_every_cell_was_run_in_order(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


@each_notebook
def test_no_picture_and_no_widget_is_stored(notebook):
    assert "widgets" not in notebook.metadata
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    kinds = {mime for output in outputs for mime in output.get("data", {})}
    assert not {kind for kind in kinds if kind.startswith("image/") or "widget" in kind}


def tool(*arguments):
    command = [sys.executable, TOOL, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_notebooks_are_normalised():
    checked = tool("--check")
    assert checked.returncode == 0, checked.stderr


# The tools themselves, on a notebook of their own.

SOURCE = """\
from IPython.display import display
print("one")
print("two")
display({"image/png": "aGVsbG8=", "text/plain": "a picture"}, raw=True)
6 * 7"""


@pytest.fixture
def notebook_file(tmp_path):
    """A small notebook, run and normalised."""
    path = tmp_path / "small.ipynb"
    ignored = new_code_cell("object()", metadata={"tags": ["nbval-ignore-output"]})
    nbformat.write(new_notebook(cells=[new_code_cell(SOURCE), ignored]), path)
    ran = tool("--execute", path)
    assert ran.returncode == 0, ran.stderr
    return path


def validate(path):
    """nbval's verdict on it, with the project's own settings."""
    settings = ["-c", ROOT / "pyproject.toml", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *settings, path]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_normalised_notebook_holds_and_a_changed_output_does_not(notebook_file):
    assert tool("--check", notebook_file).returncode == 0
    assert validate(notebook_file).returncode == 0

    notebook_file.write_text(notebook_file.read_text().replace('"42"', '"43"'))
    told = validate(notebook_file)
    assert told.returncode == 1
    assert "Cell 0: Cell outputs differ" in told.stdout
    assert "'43' == '42'" in told.stdout


def test_a_stripped_notebook_is_seen_by_the_count_alone(notebook_file):
    notebook = nbformat.read(notebook_file, as_version=4)
    assert compared_outputs(notebook) == 3  # the two prints are one stream
    for cell in notebook.cells:
        cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, notebook_file)
    assert validate(notebook_file).returncode == 0
    with pytest.raises(AssertionError):
        test_something_is_compared(notebook)
    with pytest.raises(AssertionError):
        test_every_cell_was_run_in_order(notebook)


def test_what_two_runs_write_differently_is_dropped_and_the_rest_kept(notebook_file):
    clean = notebook_file.read_text()
    notebook = nbformat.read(notebook_file, as_version=4)
    notebook.metadata.widgets = {"state": {}}
    notebook.metadata.language_info.version = "3.99"
    first, second = notebook.cells
    first.metadata.execution = {"iopub.execute_input": "2026-01-01T00:00:00Z"}
    first.outputs.append(new_output("display_data", {"image/png": "aGVsbG8="}))
    second.outputs = [new_output("execute_result", {"text/plain": "<object object at 0x7f>"})]
    nbformat.write(notebook, notebook_file)

    checked = tool("--check", notebook_file)
    assert checked.returncode == 1
    assert "small.ipynb: not normalised" in checked.stderr
    assert tool(notebook_file).returncode == 0
    assert notebook_file.read_text() == clean


def test_a_notebook_that_raises_is_named_and_left_alone(notebook_file):
    notebook = nbformat.read(notebook_file, as_version=4)
    notebook.cells[0].source = "1 / 0"
    nbformat.write(notebook, notebook_file)
    before = notebook_file.read_text()

    ran = tool("--execute", notebook_file)
    assert ran.returncode == 1
    assert "small.ipynb" in ran.stderr
    assert "ZeroDivisionError" in ran.stderr
    assert notebook_file.read_text() == before
