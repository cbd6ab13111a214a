"""A figure as HTML, before any script."""

import re
import xml.etree.ElementTree as ET

import pytest
from bs4 import BeautifulSoup

import explorables
from explorables import Choice, Figure, palette
from explorables.page import STYLE, figure_html, placeholder

FIGURES = pytest.mark.parametrize("figure", explorables.figures(), ids=lambda figure: figure.name)


@FIGURES
def test_every_control_is_there_with_its_label(figure: type[Figure]) -> None:
    soup = BeautifulSoup(figure_html(figure(), "f"), "html.parser")
    for name, control in figure.controls.items():
        field = soup.select_one(f"[name={name}]")
        assert field is not None
        label = soup.select_one(f"label[for={field['id']}]")
        assert label is not None
        assert control.label in label.get_text()
        if isinstance(control, Choice):
            assert [option.get_text() for option in field.select("option")] == list(control.options)
        else:
            assert [float(str(field[key])) for key in ("min", "max", "step", "value")] == [
                control.low, control.high, control.step, control.default,
            ]  # fmt: skip


@FIGURES
def test_the_picture_is_described_themed_and_free_of_inline_styles(figure: type[Figure]) -> None:
    html = figure_html(figure(), "f")
    soup = BeautifulSoup(html, "html.parser")
    picture = soup.select_one("svg[role=img]")
    assert picture is not None
    assert figure.describe() in str(picture["aria-label"])
    assert " style=" not in html, "a strict Content-Security-Policy forbids it"
    bare = re.sub(r"var\([^)]*\)", "", str(picture))
    assert set(re.findall(r"#[0-9a-f]{6}", bare)) == set(), "a colour that no theme can change"


@FIGURES
def test_the_picture_is_the_same_every_time(figure: type[Figure]) -> None:
    assert figure_html(figure(), "f") == figure_html(figure(), "f")
    ET.fromstring(re.search(r"<svg.*?</svg>", figure_html(figure(), "f"), re.DOTALL)[0])  # type: ignore[index]


def test_the_palette_is_the_stylesheet_s() -> None:
    style = STYLE.read_text(encoding="utf-8")
    for colour, variable in palette.THEMED.items():
        assert f"{variable}: {colour};" in style


def luminance(colour: str) -> float:
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "vanish-ground", "explode-ground"])
@pytest.mark.parametrize("ink", ["ink", "quiet", "vanish", "explode"])
def test_text_can_be_read_on_every_ground(ink: str, ground: str, theme: int) -> None:
    style = STYLE.read_text(encoding="utf-8")

    def colour(name: str) -> float:
        return luminance(re.findall(rf"--explorable-{name}: (#\w+);", style)[theme])

    low, high = sorted((colour(ink), colour(ground)))
    assert (high + 0.05) / (low + 0.05) >= 4.5


def test_the_placeholder_carries_the_state() -> None:
    figure = explorables.Eigenvalues(spectrum="two reals", radius=0.9)
    assert placeholder(figure) == (
        '<figure data-explorable="eigenvalues" '
        'data-state="spectrum=two+reals&amp;radius=0.9"></figure>'
    )
