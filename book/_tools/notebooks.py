"""Keep the notebooks in one form: a diff shows what changed, nbval compares what is stored.

What is not compared is not stored: images, widget views and the outputs of cells tagged
``nbval-ignore-output``. The built book runs the notebooks and draws the figures itself.

    notebooks.py [--execute | --check] [NOTEBOOK ...]      all of the book's, if none is named
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

BOOK = Path(__file__).resolve().parents[1]
NOT_COMPARED = {"image/png", "image/jpeg", "application/vnd.jupyter.widget-view+json"}
IGNORED = {"nbval-ignore-output", "nbval-skip"}
CELL_METADATA = {"mystnb", "slideshow", "tags"}
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def notebooks() -> list[Path]:
    """The book's notebooks, in reading order."""
    found = BOOK.rglob("*.ipynb")
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def read(path: Path) -> NotebookNode:
    """The notebook, every cell with an id: its own, or one made from its place and its source."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for number, cell in enumerate(notebook["cells"]):
        source = f"{number} {''.join(cell['source'])}"
        cell.setdefault("id", hashlib.sha256(source.encode()).hexdigest()[:8])
    notebook["nbformat_minor"] = 5
    return nbformat.reads(json.dumps(notebook), as_version=4)


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Run it from the start, as JupyterLab and nbval do: in its own folder."""
    resources = {"metadata": {"path": folder}}
    NotebookClient(
        notebook, kernel_name="python3", resources=resources, store_widget_state=False, timeout=120
    ).execute()


def normalised(notebook: NotebookNode) -> str:
    """The text of the notebook file, with nothing in it that two runs would write differently."""
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    )
    for cell in notebook.cells:
        cell.metadata = {key: kept for key in CELL_METADATA if (kept := cell.metadata.get(key))}
        if cell.cell_type == "code":
            ignored = IGNORED & set(cell.metadata.get("tags", []))
            cell.outputs = [] if ignored else stored(cell.outputs)
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def stored(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs that nbval compares, in the form that it compares."""
    kept: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream":
            if kept and kept[-1].get("name") == output.name:
                kept[-1].text += output.text
                continue
        elif output.output_type == "error":
            output.traceback = [f"{output.ename}: {output.evalue}"]
        else:
            output.metadata = {}
            for mime in NOT_COMPARED & set(output.data):
                del output.data[mime]
            if not output.data:
                continue
        kept.append(output)
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--execute", action="store_true", help="run them first")
    what.add_argument(
        "--check", action="store_true", help="change nothing, exit 1 if one would change"
    )
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK")
    options = parser.parse_args()

    os.environ.setdefault("PYTHONHASHSEED", "0")
    failed = False
    for path in options.notebooks or notebooks():
        notebook = read(path)
        if options.execute:
            print(f"running {path.name}", flush=True)
            try:
                execute(notebook, path.parent)
            except CellExecutionError as error:
                print(
                    f"{path}: a cell failed, the notebook is left as it was\n{error}",
                    file=sys.stderr,
                )
                failed = True
                continue
        text = normalised(notebook)
        if text == path.read_text(encoding="utf-8"):
            continue
        if options.check:
            print(f"{path}: not normalised; run `make notebooks`", file=sys.stderr)
            failed = True
        else:
            path.write_text(text, encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
