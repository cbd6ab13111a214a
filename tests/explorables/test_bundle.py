"""The browser modules joined into one script."""

import re

import pytest

import explorables
from explorables import Figure
from explorables.bundle import SOURCES, page_script, widget_module

FIGURES = pytest.mark.parametrize("figure", explorables.figures(), ids=lambda figure: figure.name)


def test_the_page_script_needs_nothing_else() -> None:
    script = page_script()
    assert not re.search(r"^\s*(import|export)\b", script, re.MULTILINE)
    assert "fetch(" not in script
    assert "http://www.w3.org/2000/svg" in script
    assert set(re.findall(r"https?://[^\"')\s]+", script)) == {"http://www.w3.org/2000/svg"}


def test_a_module_comes_after_what_it_imports() -> None:
    script = page_script()
    defined = [m.start() for m in re.finditer(r"^const module_(\w+) = ", script, re.MULTILINE)]
    assert len(defined) >= 8
    for name in re.findall(r"= module_(\w+);", script):
        assert script.index(f"const module_{name} = ") < script.index(f"= module_{name};")


@FIGURES
def test_a_widget_carries_its_own_figure_only(figure: type[Figure]) -> None:
    module = widget_module(figure)
    assert module.startswith("export default")
    assert module.count("export ") == 1
    assert "module_page" not in module
    for other in explorables.figures():
        assert (f"const module_{other.name} " in module) is (other is figure)


def test_every_module_is_in_a_bundle() -> None:
    everything = page_script() + "".join(widget_module(figure) for figure in explorables.figures())
    for path in SOURCES.glob("*.js"):
        assert f"const module_{path.stem} = " in everything, f"{path.name} is used by nothing"
