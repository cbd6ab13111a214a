"""The rules of the house: one of each thing, in its place, and no tie to any machine."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def our_files():
    """Every file that is committed, or would be."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard").stdout.split("\n")
    return [path for name in listed if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize(
    "command", ["ruff check .", "ruff format --check .", "mypy"], ids=["lint", "format", "types"]
)
def test_style(command):
    ran = run(sys.executable, "-m", *command.split())
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_folder_code_does_not_hide_the_module_code():
    ran = run(sys.executable, "-c", "import code, pdb; code.InteractiveConsole")
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("folder", [ROOT, ROOT / "book"], ids=["root", "book"])
def test_a_kernel_is_ours_and_has_the_module_code(folder, tmp_path, monkeypatch):
    others = tmp_path / "kernels" / "python3" / "kernel.json"
    others.parent.mkdir(parents=True)
    others.write_text('{"argv": ["false"], "display_name": "another", "language": "python"}')
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))

    source = "import code, pdb, sys\ncode.InteractiveConsole\nprint(sys.prefix)"
    notebook = new_notebook(cells=[new_code_cell(source)])
    NotebookClient(
        notebook, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()
    assert notebook.cells[0].outputs[0].text.strip() == sys.prefix


def test_the_readme_and_ci_name_the_same_command():
    (command,) = re.findall(r"^exec (.+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"^\s*(\$ )?{command}\b", readme, re.MULTILINE)


def test_no_file_names_a_machine_or_a_registry():
    machine = re.compile(r"(?<![\w.~])/(?:work|root|home/\w+|Users/\w+)/")
    registry = re.compile(r"\b(?:pypi|pythonhosted|npmjs|debian)\.(?:org|com|io|net)\b")
    found = []
    for path in our_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:  # a picture or a font
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if machine.search(line) or registry.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found, "\n".join(found)


def direct_dependencies():
    """What pyproject.toml asks for, the project's own extras left out."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    asked = [Requirement(line) for one in lists for line in one]
    return [one for one in asked if one.name != project["name"]]


def pins():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.lstrip().startswith("#")]


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_every_direct_dependency_is_pinned_once(python):
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    valid = [pin for pin in pins() if pin.marker is None or pin.marker.evaluate(environment)]
    names = [canonicalize_name(pin.name) for pin in valid]
    for asked in direct_dependencies():
        assert names.count(canonicalize_name(asked.name)) == 1, asked.name


def test_every_pin_is_exact_and_allowed():
    bounds = {canonicalize_name(asked.name): asked.specifier for asked in direct_dependencies()}
    for pin in pins():
        (exact,) = pin.specifier
        assert exact.operator == "==", pin
        assert exact.version in bounds.get(canonicalize_name(pin.name), pin.specifier), pin


def test_there_is_one_list_of_pins():
    second = re.compile(
        r"(requirements|constraints).*\.(txt|in)|environment.*\.ya?ml|.*[.-]lock(\.\w+)?|Pipfile"
    )
    lists = [path for path in our_files() if second.fullmatch(path.name)]
    assert lists == [ROOT / "requirements.txt"]
    assert not [one for one in direct_dependencies() if "==" in str(one.specifier)]
