"""Formulas become MathML while the book is built: no script, nothing to wait for, readable aloud.

math-core translates; this module tells it of our macros and colours, keeps the author's LaTeX as
an annotation, leaves numbers and links to Sphinx, and warns (the strict build then fails) about
every formula that would not be drawn as written.
"""

import re
from html import escape
from pathlib import Path

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

import math_font

logger = logging.getLogger(__name__)

# What math-core 0.9 and the browsers would draw wrongly without a word.
SILENT_FAULTS = [
    (r"\\\\\s*\[", r"a row gap \\[..] would be printed literally: leave it out"),
    (
        r"\\[bB]igg?[lrm]?\s*(\\[A-Za-z]+|\\?\S)\s*[\^_]",
        r"a \big bracket shrinks under a script: write {\bigl( .. \bigr)}^n",
    ),
    (
        r"\\begin\{(align|gather|multline|equation|eqnarray)\*?\}",
        r"Sphinx numbers formulas: write $$ \begin{aligned} .. \end{aligned} $$ (label)",
    ),
    (r"\\(text)?color\b", r"a fixed colour ignores the dark theme: write \class{vanish}{..}"),
]
INNERMOST_ENVIRONMENT = re.compile(r"\\begin\{(\w+\*?)\}(?:(?!\\begin\{).)*?\\end\{\1\}", re.DOTALL)
CLASS = re.compile(r"\\class\s*\{([\w-]+)\}\s*\{")
ANNOTATION = re.compile(r"(<annotation[^>]*>).*?(</annotation>)", re.DOTALL)
# In the right-hand column of `aligned` a leading sign continues a sum.
CONTINUED_SUM = re.compile(r'(padding-left: 0;">)<mo>([+−±∓])</mo>')
# Asks for another script alphabet, which the font has not.
OTHER_SCRIPT = "\ufe00"
# Tall bars come without the room that STIX gives to brackets.
TALL_BAR = re.compile(r"<mo>([|‖])</mo>")

PUNCTUATION = re.compile(r"</math></span>([.,;:!?)\]’”]+)")


class UndrawableError(ValueError):
    """A formula that would not appear as its author wrote it."""


class Renderer:
    """LaTeX to MathML, with the book's macros, in the characters of the book's font."""

    def __init__(self, macros: dict[str, str]):
        converter = LatexToMathML(macros=macros, annotation=True, fancy_error=False)
        self.convert = converter.convert_with_local_state
        self.characters = math_font.font_characters()

    def mathml(self, latex: str, *, display: bool) -> str:
        latex = latex.strip()
        for pattern, remedy in SILENT_FAULTS:
            if re.search(pattern, latex):
                raise UndrawableError(remedy)
        if r"\\" in without_environments(latex):
            raise UndrawableError(
                r"rows outside an environment would be joined: use \begin{aligned} .. \end{aligned}"
            )

        # math-core knows no \class: each one travels as a colour that nobody else uses.
        classes: list[str] = []

        def stand_in(match: re.Match) -> str:
            classes.append(match[1])
            return rf"{{\color[HTML]{{FE{len(classes):04X}}} "

        try:
            mathml = self.convert(CLASS.sub(stand_in, latex), displaystyle=display)
        except LatexError as error:
            raise UndrawableError(str(error)) from error
        for number, name in enumerate(classes, start=1):
            mathml = mathml.replace(f'style="color:#FE{number:04X};"', f'class="{name}"')
        mathml = mathml.replace(OTHER_SCRIPT, "")
        mathml = CONTINUED_SUM.sub(r'\1<mo form="infix">\2</mo>', mathml)
        mathml = TALL_BAR.sub(r'<mo lspace="0.1em" rspace="0.1em">\1</mo>', mathml)
        mathml = ANNOTATION.sub(
            lambda match: match[1] + escape(latex, quote=False) + match[2], mathml
        )

        missing = math_font.drawn_characters(mathml) - self.characters
        if missing:
            names = ", ".join(
                f"U+{ord(character):04X} {character}" for character in sorted(missing)
            )
            raise UndrawableError(f"the font lacks {names}: add it to COURSE_SET in math_font.py")
        return mathml


def without_environments(latex: str) -> str:
    shorter = INNERMOST_ENVIRONMENT.sub("", latex)
    return shorter if shorter == latex else without_environments(shorter)


def formula(
    translator: HTML5Translator, node: nodes.math | nodes.math_block, *, display: bool
) -> str:
    try:
        return translator.builder.math_renderer.mathml(node.astext(), display=display)
    except UndrawableError as fault:
        logger.warning("formula: %s\n%s", fault, node.astext(), location=node, type="math")
        return f"<code>{escape(node.astext())}</code>"


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    translator.body.append(f'<span class="math">{formula(translator, node, display=False)}</span>')
    raise nodes.SkipNode


def visit_display(translator: HTML5Translator, node: nodes.math_block) -> None:
    body = translator.body
    body.append(translator.starttag(node, "div", CLASS="math"))
    body.append(f'<div class="formula">{formula(translator, node, display=True)}</div>')
    if node["number"]:
        body.append(f'<span class="eqno">({get_node_equation_number(translator, node)})')
        translator.add_permalink_ref(node, _("Link to this equation"))
        body.append("</span>")
    body.append("</div>\n")
    raise nodes.SkipNode


def keep_punctuation(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """No line begins with the comma after a formula: it moves into the formula's box."""
    if "body" in context:
        context["body"] = PUNCTUATION.sub(r"</math>\1</span>", context["body"])


def start(app: Sphinx) -> None:
    app.builder.math_renderer = Renderer(app.config.math_macros)


def cut_font(app: Sphinx, exception: Exception | None) -> None:
    """Leave in the built book's font what its pages draw."""
    if exception or app.builder.format != "html":
        return
    pages = "".join(page.read_text("utf8") for page in Path(app.outdir).rglob("*.html"))
    formulas = re.findall(r"<math\b.*?</math>", pages, re.DOTALL)
    drawn = math_font.drawn_characters("".join(formulas))
    target = Path(app.outdir, "_static", "fonts", math_font.COURSE_FONT.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    math_font.cut(math_font.COURSE_FONT, target, drawn)


def setup(app: Sphinx) -> dict:
    app.add_config_value("math_macros", {}, "env")
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_display, None))
    app.add_css_file("math.css")
    app.add_js_file("copy-formula.js", loading_method="defer")
    app.connect("builder-inited", start)
    app.connect("html-page-context", keep_punctuation)
    app.connect("build-finished", cut_font)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
