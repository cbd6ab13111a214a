"""The figures in JupyterLab: sliders, drawing and Python hold the same values, whoever moves them.

Messages between the browser and Python keep their order, but while Python is at work the browser
keeps back what it has to say. So of two cells run after a change the second has heard of it, and no
test waits for a clock.
"""

import ast
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

import explorables
from explorables import Choice, Eigenvalues, Figure

FIGURES = pytest.mark.parametrize("figure", explorables.figures(), ids=lambda figure: figure.name)

CELL = 60  # seconds that a cell may take
SHOWN = "figure = Eigenvalues()\nfigure"


class Notebook:
    """A notebook, open in JupyterLab."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.name = name
        page.evaluate(
            """async (path) => {
              const panel = await jupyterapp.commands.execute("docmanager:open", { path });
              await panel.revealed;
              await panel.sessionContext.ready;
            }""",
            name,
        )
        self.element = page.locator(".jp-NotebookPanel:visible")

    def command(self, name: str, **arguments: object) -> None:
        """Execute one of JupyterLab's commands, and wait until it has done its work."""
        self.page.evaluate(
            """([name, options, seconds]) => {
              const late = new Error(`${name} is not done after ${seconds} seconds`);
              return Promise.race([
                jupyterapp.commands.execute(name, options).then(() => {}),
                new Promise((_, fail) => setTimeout(() => fail(late), 1000 * seconds)),
              ]);
            }""",
            [name, arguments, CELL],
        )

    def run(self, source: str, cell: int = 1) -> str:
        """Run the source in a cell, by default the second, and return what it prints."""
        self.page.evaluate(
            """([cell, source]) => {
              const notebook = jupyterapp.shell.currentWidget.content;
              notebook.activeCellIndex = cell;
              notebook.activeCell.model.sharedModel.setSource(source);
            }""",
            [cell, source],
        )
        self.command("notebook:run-cell")
        outputs = self.outputs()[cell]
        assert not [output for output in outputs if output["output_type"] == "error"], outputs
        return "".join(output.get("text", "") for output in outputs)

    def read(self, expression: str) -> Any:
        """Return the value of an expression in Python."""
        self.run("pass")
        return ast.literal_eval(self.run(f"print({expression})"))

    def settle(self) -> None:
        """Let every message reach Python, its answer the browser, and that one's answer Python."""
        for _ in range(3):
            self.run("pass")

    def outputs(self) -> list[list[dict[str, Any]]]:
        """The outputs of every cell; a cell of text has none."""
        return self.page.evaluate(
            """() => jupyterapp.shell.currentWidget.content.widgets.map(
                 (cell) => cell.model.outputs?.toJSON() ?? [])"""
        )

    def show(self, source: str, figure: type[Figure] = Eigenvalues) -> list["View"]:
        """Run the source in the first cell and return the figures that it shows, once they live."""
        self.run(source, cell=0)
        shown = [o for o in self.outputs()[0] if o["output_type"] != "stream"]
        places = self.element.locator(".jp-OutputArea-output:has(figure.explorable-alive)")
        expect(places).to_have_count(len(shown))
        return [View(place, figure) for place in places.all()]


class View:
    """A figure in the output of a cell: the drawing, and the controls below it."""

    def __init__(self, place: Locator, figure: type[Figure]) -> None:
        self.place = place
        self.figure = figure
        self.element = place.locator("figure.explorable")
        self.sentence = place.locator(".explorable-sentence")
        self.drawing = place.locator(".explorable-view")
        self.controls = place.locator(".widget-gridbox > *")
        # Every state that the drawing passes through from now on.
        self.element.evaluate(
            """(element) => {
              element.passed = [];
              element.explorable.onChange((state) => element.passed.push(state));
            }"""
        )

    def control(self, name: str) -> Locator:
        return self.controls.nth(list(self.figure.controls).index(name))

    def press(self, name: str) -> None:
        self.place.get_by_role("button", name=name, exact=True).click()

    @property
    def passed(self) -> list[dict[str, Any]]:
        return self.element.evaluate("(element) => element.passed")

    def expect(self, **state: object) -> None:
        """Drawing, sentence and controls must come to be in that state."""
        state = {**self.figure.defaults(), **state}
        expect(self.sentence).to_have_text(self.figure.describe(**state))
        assert self.element.evaluate("(element) => element.explorable.state") == state
        for name, value in state.items():
            control = self.figure.controls[name]
            if isinstance(control, Choice):
                expect(self.control(name).locator("select")).to_have_value(str(value))
            else:
                text = f"{value:.{control.digits}f}".replace("-", "−")
                expect(self.control(name).locator(".widget-readout")).to_have_text(text)


@pytest.fixture
def notebook(lab: Page) -> Notebook:
    """A notebook of two cells, with all names of the figures."""
    notebook = Notebook(lab, "small.ipynb")
    notebook.command("notebook:clear-all-cell-outputs")
    notebook.run("from explorables import *")
    return notebook


@pytest.fixture
def view(notebook: Notebook) -> View:
    """A figure with the name `figure`."""
    (view,) = notebook.show(SHOWN)
    return view


# -- each figure -----------------------------------------------------------------------------


@FIGURES
def test_a_figure_comes_alive(figure: type[Figure], notebook: Notebook) -> None:
    (view,) = notebook.show(f"figure = {figure.__name__}()\nfigure", figure)
    expect(view.drawing.locator("svg").first).to_be_visible()
    expect(view.controls).to_have_count(len(figure.controls))
    for name, control in figure.controls.items():
        expect(view.control(name).locator(".widget-label")).to_contain_text(control.label)
        kind = "select" if isinstance(control, Choice) else ".noUi-handle"
        expect(view.control(name).locator(kind)).to_have_count(1)
    for preset in figure.presets:
        expect(view.place.get_by_role("button", name=preset, exact=True)).to_be_visible()
    view.expect()
    assert notebook.read("figure.state") == figure.defaults()


@FIGURES
def test_a_preset_sets_everything_at_once_and_for_good(
    figure: type[Figure], notebook: Notebook
) -> None:
    (view,) = notebook.show(f"figure = {figure.__name__}()\nfigure", figure)
    notebook.run("heard = []; figure.on_change(heard.append)")
    states = [{**figure.defaults(), **preset} for preset in figure.presets.values()]
    for name, state in zip(figure.presets, states, strict=True):
        view.press(name)
        assert notebook.read("figure.state") == state
        view.expect(**state)
    notebook.settle()
    assert view.passed == states
    assert notebook.read("heard") == states

    for name in figure.presets:  # and all of them faster than Python hears of it
        view.press(name)
    notebook.settle()
    view.expect(**states[-1])
    assert view.passed == states * 2
    assert notebook.read("figure.state") == states[-1]


# Whether an element is as wide as its text. (What sticks out on the left does not scroll.)
WHOLE = """(element) => {
  const text = document.createRange();
  text.selectNodeContents(element);
  return text.getBoundingClientRect().width <= element.clientWidth;
}"""


@FIGURES
def test_no_label_is_cut_off_and_no_slider_too_short(
    figure: type[Figure], notebook: Notebook
) -> None:
    (view,) = notebook.show(f"figure = {figure.__name__}()\nfigure", figure)
    for width in (1280, 760):  # the narrow one leaves the cell 400
        notebook.page.set_viewport_size({"width": width, "height": 1000})
        for text in view.place.locator(".widget-label, .widget-readout").all():
            assert text.evaluate(WHOLE), text.inner_text()
        for slider in view.place.locator(".slider-container").all():
            assert slider.evaluate("(it) => it.clientWidth") > 100
        assert view.place.evaluate("(it) => it.scrollWidth <= it.clientWidth")
    notebook.page.set_viewport_size({"width": 1280, "height": 1000})


# -- who moves it ----------------------------------------------------------------------------


def test_a_slider_moves_the_drawing_and_python(view: View, notebook: Notebook) -> None:
    drawing = view.drawing.inner_html()
    view.control("radius").locator(".noUi-handle").focus()
    for _ in range(10):
        view.element.page.keyboard.press("ArrowLeft")
    notebook.settle()
    step = Eigenvalues.radius.step
    radii = [round(Eigenvalues.radius.default - k * step, 2) for k in range(1, 11)]
    view.expect(radius=radii[-1])
    assert [state["radius"] for state in view.passed] == radii
    assert view.drawing.inner_html() != drawing
    assert notebook.read("figure.radius") == radii[-1]
    assert notebook.read("len(figure.compute()['norm'])") == Eigenvalues.horizon.default + 1


def test_a_list_moves_the_drawing_and_python(view: View, notebook: Notebook) -> None:
    view.control("activation").locator("select").select_option("sigmoid")
    view.expect(activation="sigmoid")
    assert notebook.read("[figure.activation]".replace("[", "[*[").replace("]", "]]")) == [
        "sigmoid"
    ]


def test_a_handle_in_the_drawing_moves_the_sliders_and_python(
    view: View, notebook: Notebook
) -> None:
    knob = view.element.locator(".explorable-knob").first
    centre = view.element.locator(".explorable-disc")
    knob.scroll_into_view_if_needed()
    (x, y), (to_x, to_y) = middle(knob), middle(centre)
    mouse = view.element.page.mouse
    mouse.move(x, y)
    mouse.down()
    for k in range(1, 31):  # half the way to 0, so fast that Python lags behind
        mouse.move(x + (to_x - x) * k / 60, y + (to_y - y) * k / 60)
    mouse.up()
    notebook.settle()
    state = notebook.read("figure.state")
    view.expect(**state)
    radii = [state["radius"] for state in view.passed]
    assert radii == sorted(radii, reverse=True), "the drawing went back"
    assert len(radii) > 20
    assert radii[-1] == state["radius"] == pytest.approx(Eigenvalues.radius.default / 2, abs=0.02)


def middle(element: Locator) -> tuple[float, float]:
    box = element.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_python_moves_the_sliders_and_the_drawing(view: View, notebook: Notebook) -> None:
    drawing = view.drawing.inner_html()
    notebook.run("figure.radius = 0.5")
    view.expect(radius=0.5)
    assert view.drawing.inner_html() != drawing

    several = {"spectrum": "two reals", "radius": 1.2, "angle": 120, "activation": "relu"}
    notebook.run(f"figure.set(**{several})")
    notebook.settle()
    view.expect(**several)
    assert view.passed[1:] == [{**Eigenvalues.defaults(), **several}]

    # Faster than the browser, by every step of a slider; then between two of them.
    notebook.run("for radius in Eigenvalues.radius.values(): figure.radius = radius")
    notebook.settle()
    view.expect(**{**several, "radius": Eigenvalues.radius.high})
    assert [state["radius"] for state in view.passed[2:]] == Eigenvalues.radius.values()
    notebook.run("figure.radius = 1.0537")
    notebook.settle()
    view.expect(**{**several, "radius": 1.0537})
    assert notebook.read("figure.radius") == 1.0537


def test_a_figure_moved_before_it_is_shown(notebook: Notebook) -> None:
    (view,) = notebook.show(
        "figure = Eigenvalues(shear=5)\nfigure.widget\nfigure.angle = 90\nfigure"
    )
    notebook.settle()
    view.expect(shear=5, angle=90)
    assert view.passed == []
    view.press("↺ reset")
    view.expect(shear=5)


# -- more than one ---------------------------------------------------------------------------


def test_a_figure_shown_twice_is_the_same_figure(notebook: Notebook) -> None:
    first, second = notebook.show("figure = Eigenvalues()\ndisplay(figure, figure)")
    notebook.run("heard = []; figure.on_change(heard.append)")
    first.press("non-normal bump")
    bump = Eigenvalues.presets["non-normal bump"]
    notebook.settle()
    first.expect(**bump)
    second.expect(**bump)
    assert notebook.read("heard") == [{**Eigenvalues.defaults(), **bump}]
    second.control("radius").locator(".noUi-handle").press("ArrowRight")
    first.expect(**{**bump, "radius": 0.91})
    second.expect(**{**bump, "radius": 0.91})
    notebook.run("figure.set(**Eigenvalues.defaults())")
    notebook.settle()
    first.expect()
    second.expect()
    assert len(first.passed) == 3
    assert no_id_twice(notebook.page)


def test_two_figures_are_two(notebook: Notebook) -> None:
    first, second = notebook.show(
        "one, other = Eigenvalues(), Eigenvalues(radius=0.5)\ndisplay(one, other)"
    )
    first.press("exploding")
    notebook.run("other.angle = 60")
    notebook.settle()
    first.expect(**Eigenvalues.presets["exploding"])
    second.expect(radius=0.5, angle=60)
    assert notebook.read("[one.radius, other.radius]") == [1.12, 0.5]
    assert no_id_twice(notebook.page)


def no_id_twice(page: Page) -> bool:
    ids = page.evaluate(
        """() => [...document.querySelectorAll(":is(figure.explorable, figure.explorable *)[id]")]
             .map((element) => element.id)"""
    )
    return len(ids) == len(set(ids)) > 2


# -- its looks, and a chapter ----------------------------------------------------------------


# The contrast of a text with what it stands on, as WCAG 2 computes it.
CONTRAST = """(element) => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const channel = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = (colour) => numbers(colour).slice(0, 3)
    .reduce((sum, c, k) => sum + channel(c / 255) * [0.2126, 0.7152, 0.0722][k], 0);
  let under = element;
  const ground = () => getComputedStyle(under).backgroundColor;
  while (numbers(ground())[3] === 0) under = under.parentElement;
  const own = getComputedStyle(element);
  const colours = [element.closest("svg") ? own.fill : own.color, ground()];
  const [low, high] = colours.map(light).sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}"""


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_it_wears_the_theme(theme: str, view: View, notebook: Notebook) -> None:
    notebook.command("apputils:change-theme", theme=f"JupyterLab {theme}")
    light = str(theme == "Light").lower()
    expect(notebook.page.locator(f"body[data-jp-theme-light={light}]")).to_have_count(1)
    paper = view.element.evaluate(
        "(it) => getComputedStyle(it).getPropertyValue('--explorable-paper')"
    )
    assert paper == {"Light": "#ffffff", "Dark": "#121821"}[theme]
    texts = ".explorable-sentence, figcaption, button, .widget-label, .widget-readout, svg text"
    for text in view.place.locator(texts).all():
        assert text.evaluate(CONTRAST) >= 4.5, text.text_content()


def test_a_chapter_runs_to_its_end_and_its_figure_lives(lab: Page) -> None:
    chapter = Notebook(lab, "03-elman-jacobian.ipynb")
    chapter.command("notebook:run-all-cells")
    outputs = [output for cell in chapter.outputs() for output in cell]
    assert [output for output in outputs if output["output_type"] == "error"] == []
    assert len(outputs) > 10
    place = chapter.element.locator(".jp-OutputArea-output:has(figure.explorable)")
    place.scroll_into_view_if_needed()
    view = View(place, Eigenvalues)
    view.press("ReLU dies")
    view.expect(**Eigenvalues.presets["ReLU dies"])
