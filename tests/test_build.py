"""`make book` fails when it should, and only then: tried on a book of one page."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONFIG = "title: A small book\nexecute:\n  execute_notebooks: 'off'\n"


class House:
    """A folder with the project's Makefile and one page; its environment is the one in use."""

    def __init__(self, folder):
        self.folder = folder
        self.index = folder / "_build" / "html" / "index.html"
        self.page = folder / "book" / "index.md"
        self.page.parent.mkdir()
        (folder / "code").mkdir()
        shutil.copy(ROOT / "Makefile", folder)
        (folder / "_config.yml").write_text(CONFIG)
        (folder / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
        for name in ("requirements.txt", "pyproject.toml"):
            (folder / name).touch()

    def make(self, target="book"):
        plain = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        installed = f"{sys.prefix}/.installed"
        return subprocess.run(
            ["make", target, f"VENV={sys.prefix}", f"--old-file={installed}"],
            cwd=self.folder,
            env=plain,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def test_a_sound_book_is_built_once(house):
    house.page.write_text("# A page\n")
    made = house.make()
    assert made.returncode == 0, made.stderr
    assert made.stdout.rstrip().endswith(f"The book is at {house.index.as_uri()}")
    assert house.index.is_file()

    again = house.make()
    assert again.returncode == 0
    assert again.stdout.strip() == f"The book is at {house.index.as_uri()}"


FAULTS = {
    "[a link](nowhere.md)": "nowhere.md",
    "{nosuchrole}`x`": "nosuchrole",
    "{eq}`nosuchequation`": "nosuchequation",
}


def test_faults_are_all_named_at_every_try_until_they_are_mended(house):
    house.page.write_text("\n\n".join(["# A page", *FAULTS]))
    for _ in range(2):
        made = house.make()
        assert made.returncode != 0
        assert "index.md" in made.stderr
        assert not [said for said in FAULTS.values() if said not in made.stderr]
        assert not house.index.exists()

    house.page.write_text("# A page\n")
    assert house.make().returncode == 0
