"""Formulas: every construct the course needs is drawn, everything else stops the build."""

import re
import sys
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
import yaml
from fontTools.ttLib import TTFont
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_extensions"))

import math_font  # noqa: E402
import mathml  # noqa: E402

MACROS = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))["sphinx"]["config"]["math_macros"]
RENDERER = mathml.Renderer(MACROS)

CONSTRUCTS = [
    r"J_t := \frac{\partial h_t}{\partial h_{t-1}} = \diag\bigl(\varphi'(a_t)\bigr)\, W_{hh}",
    r"\begin{aligned} a &= b \\ &+ c \\ &\le \sum_{t=1}^{T} d_t \end{aligned}",
    r"S_t = \begin{pmatrix} O_t + T_t M_t & T_t F_t \\ M_t & F_t \end{pmatrix}",
    r"\left[\begin{array}{c|c} K_t & M_t \\ \hline O_t T_{t-1} & O_t \end{array}\right]",
    r"\begin{bmatrix} I & 0 \\ T_t & I \end{bmatrix}^{-1}",
    r"\varphi'(a) = \begin{cases} 1 & a > 0 \\ \alpha & \text{otherwise} \end{cases}",
    r"\left\| \prod_{s=k+1}^{t} J_s \right\| \le {\bigl(\sigma_{\max} \gamma\bigr)}^{t-k}",
    r"\Norm{\prod_{s=k+1}^{t} J_s} \le \norm{W_{hh}}_2",
    r"\left.\frac{\partial c_t}{\partial c_{t-1}}\right|_{h_{t-1}} = \operatorname{diag}(f_t)",
    r"\frac{\partial^+ h_s}{\partial W_{hh}}, \quad \nabla_{h_{t-1}} L, \quad \Delta, \dots",
    r"\mathbf{W} \mathbf{1} \boldsymbol{\lambda} \mathbb{1}[a > 0] \mathcal{L} \mathcal{N}(0, 1)",
    r"\mathsf{T} \mathrm{d}x \R^n \E",
    r"f' f'' h_t' \hat y_t \widehat{\theta} \tilde c \bar h \dot c \vec v \overline{xy}",
    r"\underbrace{a + b}_{\to 0} + \overbrace{c}^{\text{dominate}}",
    r"\class{vanish}{f_t} + \class{explode}{\frac{g_t}{i_t}}",
    r"\sqrt{1-\rho^2} + \sqrt[3]{x}",
    r"\lim_{t\to\infty} \frac1t \log\norm{J_t \cdots J_1}, \quad \max_i |\lambda_i|",
    r"\sup\nolimits_a, \quad \operatorname*{arg\,max}_x, \quad \sum_{s \le k}",
    r"c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad z \in \{i, f, g, o\}",
    r"19.4 \approx 9 \cdot 5 \cdot 0.9^8, \quad 10^{-6} \times 3, \quad 100\,\%",
    r"W = V \Lambda V^{-1}, \quad \kappa(V) \rho^k, \quad \lambda_{1,2} = \rho e^{\pm i \theta}",
    r"W^\top, \quad \binom{n}{k}, \quad \tfrac12, \quad \Re z",
    r"a \ll b \gg c \propto d \sim e \ne f \equiv g \mapsto h \Rightarrow i \iff j",
    r"\forall m \exists n \subset k \notin l",
]
FAULTS = {
    r"\begin{aligned} a &= b \\[2ex] &+ c \end{aligned}": "row gap",
    r"\bigl( a \bigr)^{n}": "shrinks",
    r"\Big\|_2": "shrinks",
    r"a \\ b": "rows outside",
    r"\begin{align} a &= b \end{align}": "Sphinx numbers",
    r"\textcolor{red}{x}": "dark theme",
    r"\nosuchcommand": "Unknown command",
    r"a \tag{1}": "tag",
    r"\frac{a}": "Expected argument",
    r"\text{жу}": "U+0436",
}


def parsed(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(markup.replace("&ApplyFunction;", "\u2061"))


@pytest.mark.parametrize("latex", CONSTRUCTS)
def test_a_construct_of_the_course_is_drawn_and_keeps_its_source(latex):
    markup = RENDERER.mathml(latex, display=True)
    assert parsed(markup).find("semantics/annotation").text == latex
    assert "\\" not in re.sub(r"<annotation.*</annotation>", "", markup)


@pytest.mark.parametrize(("latex", "reason"), FAULTS.items())
def test_what_would_be_drawn_wrongly_is_refused(latex, reason):
    with pytest.raises(mathml.UndrawableError, match=re.escape(reason)):
        RENDERER.mathml(latex, display=True)


def test_a_class_colours_its_term_and_nothing_else():
    root = parsed(RENDERER.mathml(r"\class{vanish}{f_t} + \class{explode}{g_t} + x", display=False))
    coloured = {
        element.get("class"): "".join(element.itertext())
        for element in root.iter()
        if element.get("class")
    }
    assert coloured == {"vanish": "ft", "explode": "gt"}
    assert not [element for element in root.iter() if "color" in element.get("style", "")]


def test_a_leading_sign_continues_a_sum_in_aligned_but_not_in_a_matrix():
    aligned = RENDERER.mathml(r"\begin{aligned} a &= b \\ &- c \end{aligned}", display=True)
    matrix = RENDERER.mathml(r"\begin{pmatrix} 0 & -1 \\ 1 & 0 \end{pmatrix}", display=True)
    assert aligned.count('form="infix"') == 1
    assert 'form="infix"' not in matrix


def test_a_browser_draws_other_characters_than_are_written():
    assert math_font.drawn_characters(
        "<math><msqrt><mi>h</mi></msqrt><annotation>ж</annotation></math>"
    ) == {"ℎ", "√"}
    assert math_font.drawn_characters(
        '<mi mathvariant="normal">∇</mi><mi>diag</mi><mi class="x">∂</mi>'
    ) == set("∇diag𝜕")


def test_the_font_holds_the_course_set_and_can_stretch_it():
    assert math_font.font_characters() >= math_font.COURSE_SET, (
        "run math_font.py again: its docstring says how"
    )
    assert math_font.COURSE_FONT.stat().st_size <= 100_000
    with TTFont(math_font.COURSE_FONT) as font:
        glyphs = font.getBestCmap()
        prime = font["glyf"][glyphs[ord("′")]]
        stretched = font["MATH"].table.MathVariants.VertGlyphCoverage.glyphs
    assert {glyphs[ord(sign)] for sign in "()[]{}|‖√∑∏"} <= set(stretched)
    assert prime.yMin < 200, "this prime is raised already: as a superscript it would fly"


def test_the_font_carries_its_licence():
    assert "SIL OPEN FONT LICENSE" in math_font.COURSE_FONT.with_name("OFL.txt").read_text("utf8")


def sources_of_the_book():
    for page in sorted((ROOT / "book").rglob("*.md")):
        yield page, page.read_text("utf8")
    for notebook in sorted((ROOT / "book").rglob("*.ipynb")):
        cells = nbformat.read(notebook, as_version=4).cells
        yield notebook, "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def formulas(text: str):
    parser = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, double_inline=True)
    for token in parser.parse(text):
        for part in [token, *(token.children or [])]:
            if part.type.startswith("math"):
                yield part.content
            elif part.type == "fence" and part.info.startswith("{math}"):
                yield re.sub(r"^:\w+:.*\n", "", part.content, flags=re.MULTILINE)
            elif part.type == "fence" and part.info.startswith("{"):
                yield from formulas(part.content)


def test_every_formula_of_the_book_is_drawn():
    count, faults = 0, []
    for page, text in sources_of_the_book():
        for latex in formulas(text):
            count += 1
            try:
                RENDERER.mathml(latex, display=True)
            except mathml.UndrawableError as fault:
                faults.append(f"{page.relative_to(ROOT)}: {latex.strip()}: {fault}")
    assert not faults, "\n".join(faults)
    assert count


PAGE = r"""
Title
=====

.. math::
   :label: jacobian

   J_t = \mathrm{diag}(\varphi'(a_t)) W

By :eq:`jacobian`, :math:`h < 1`, and so on.
"""


def built(folder: Path, page: str) -> tuple[str, int, Path]:
    source, out = folder / "source", folder / "out"
    source.mkdir()
    (source / "index.rst").write_text(page, "utf8")
    overrides = {
        "extensions": ["mathml"],
        "html_math_renderer": "mathml",
        "html_static_path": [str(ROOT / "book/_static")],
    }
    with patch_docutils(), docutils_namespace():
        quiet = {"status": None, "warning": None}
        strict = {"warningiserror": True, "keep_going": True}
        doctrees = folder / "doctrees"
        app = Sphinx(source, None, out, doctrees, "html", overrides, **quiet, **strict)
        app.build()
    return (out / "index.html").read_text("utf8"), app.statuscode, out


def test_sphinx_numbers_links_and_needs_no_mathjax(tmp_path):
    page, status, out = built(tmp_path, PAGE)
    assert status == 0
    assert re.search(
        r'<div class="math" id="equation-jacobian">.*?<span class="eqno">\(1\)', page, re.DOTALL
    )
    assert 'href="#equation-jacobian">(1)</a>' in page
    assert "</math>,</span>" in page, "a line could begin with the comma"
    assert "mathjax" not in re.sub(r'class="[^"]*"', "", page).lower()
    shown = re.findall(r"<math.*?</math>", page, re.DOTALL)
    font = math_font.font_characters(out / "_static" / "fonts" / "course.woff2")
    assert font == set().union(*map(math_font.drawn_characters, shown))
    assert "h < 1" in unescape(page)


def test_a_formula_that_cannot_be_drawn_fails_the_strict_build(tmp_path):
    page, status, _ = built(tmp_path, PAGE.replace("h < 1", r"\nosuch"))
    assert status == 1
    assert r"<code>\nosuch</code>" in page
