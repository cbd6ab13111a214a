"""The living figures of the built page: they compute what Python does, and answer to everything."""

import random
import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import explorables
from explorables import Choice, Figure, Number

# A page on which each figure stands first and alone.
PAGES = {"eigenvalues": "book/03-elman-jacobian.html"}

FIGURES = pytest.mark.parametrize("figure", explorables.figures(), ids=lambda figure: figure.name)


def test_every_figure_is_in_the_book() -> None:
    assert set(PAGES) == {figure.name for figure in explorables.figures()}


@pytest.fixture
def open_figure(visit: Callable[..., Page], file_url: str) -> Callable[..., Locator]:
    """Open the figure's page: ``open_figure(figure, "?radius=0.9")``."""

    def open_it(figure: type[Figure], query: str = "", **how: object) -> Locator:
        fragment = f"#{figure.name}{query}" if query else ""
        page = visit(file_url + PAGES[figure.name] + fragment, **how)
        element = page.locator(f"figure.explorable#{figure.name}")
        if how.get("javascript", True):
            expect(element).to_have_class(re.compile("explorable-alive"))
        return element

    return open_it


def state_of(element: Locator) -> dict[str, object]:
    return element.evaluate("figure => figure.explorable.state")


def drawing_of(element: Locator) -> str:
    """Everything that is drawn, and the sentence: not the controls."""
    return element.locator(".explorable-view").inner_html() + sentence_of(element)


def sentence_of(element: Locator) -> str:
    return element.locator(".explorable-sentence").inner_text()


# -- the same numbers and words as Python ----------------------------------------------------


def random_states(figure: type[Figure], count: int) -> Iterator[dict[str, object]]:
    """States between the steps of the sliders, the ends of every range among them."""
    rng = random.Random(0)
    for _ in range(count):
        state: dict[str, object] = {}
        for name, control in figure.controls.items():
            if isinstance(control, Choice):
                state[name] = rng.choice(control.options)
            elif rng.random() < 0.1:
                state[name] = control.check(rng.choice((control.low, control.high)))
            elif control.whole:
                state[name] = rng.randint(int(control.low), int(control.high))
            else:
                state[name] = rng.uniform(control.low, control.high)
        yield state


@FIGURES
def test_javascript_equals_python(
    figure: type[Figure], open_figure: Callable[..., Locator]
) -> None:
    """To 1e-12 of each number, on the slider grid and 1,000 random states."""
    element = open_figure(figure)
    states = [*figure.sweep(), *random_states(figure, 1000)]
    for start in range(0, len(states), 500):
        chunk = states[start : start + 500]
        answers = element.evaluate(
            "(element, states) => states.map((state) => element.explorable.compute(state))", chunk
        )
        for state, arrays in zip(chunk, answers, strict=True):
            expected = figure.compute(**state)
            assert arrays.keys() == expected.keys()
            for name, values in expected.items():
                assert np.isfinite(values).all(), (name, state)
                np.testing.assert_allclose(
                    np.array(arrays[name], float),
                    values,
                    rtol=1e-12,
                    atol=0,
                    err_msg=f"{name} {state}",
                )


@FIGURES
def test_the_page_says_what_python_says(
    figure: type[Figure], open_figure: Callable[..., Locator]
) -> None:
    element = open_figure(figure)
    states = [*list(figure.sweep())[::11], *random_states(figure, 300)]
    answers = element.evaluate(
        """(element, states) => states.map((state) => {
             element.explorable.set(state);
             return [element.querySelector(".explorable-sentence").textContent,
                     element.querySelector(".explorable-note").textContent];
           })""",
        states,
    )
    for state, (sentence, note) in zip(states, answers, strict=True):
        assert sentence == figure.describe(**state), state
        assert not re.search("NaN|Infinity|undefined|null", sentence), state
        assert note == "", state


@FIGURES
def test_the_page_starts_with_what_python_wrote(
    figure: type[Figure], open_figure: Callable[..., Locator]
) -> None:
    """The sentence and the controls' values stand in the HTML; waking up changes neither."""
    asleep, awake = open_figure(figure, javascript=False), open_figure(figure)
    assert sentence_of(asleep) == sentence_of(awake)
    for name in figure.controls:
        value = f"node => node.querySelector('[name={name}]').value"
        assert asleep.evaluate(value) == awake.evaluate(value)
        output = f"output[for={figure.name}-{name}]"
        if asleep.locator(output).count():
            assert asleep.locator(output).inner_text() == awake.locator(output).inner_text()


@FIGURES
def test_the_drawing_is_finite_in_every_corner(
    figure: type[Figure], open_figure: Callable[..., Locator]
) -> None:
    element = open_figure(figure)
    numbers = {n: c for n, c in figure.controls.items() if isinstance(c, Number)}
    corners = [
        s for s in figure.sweep() if all(s[n] in (c.low, c.high) for n, c in numbers.items())
    ]
    assert len(corners) >= 2 ** len(numbers)
    broken = element.evaluate(
        """(element, states) => states.filter((state) => {
             element.explorable.set(state);
             return /NaN|Infinity|undefined|null/.test(element.innerHTML);
           })""",
        corners,
    )
    assert broken == []


# -- the controls ----------------------------------------------------------------------------


@FIGURES
def test_every_control_is_labelled_and_named(
    figure: type[Figure], open_figure: Callable[..., Locator]
) -> None:
    element = open_figure(figure)
    for name, control in figure.controls.items():
        field = element.locator(f":is(input, select)[name={name}]")
        label = element.locator(f"label[for={field.get_attribute('id')}]")
        assert label.inner_text().startswith(control.label)
        expect(field).to_have_accessible_name(label.inner_text())


@FIGURES
def test_every_control_answers_to_the_keyboard(
    figure: type[Figure], open_figure: Callable[..., Locator]
) -> None:
    element = open_figure(figure)
    for name, control in figure.controls.items():
        before, state = drawing_of(element), state_of(element)
        element.locator(f"[name={name}]").focus()
        at_the_end = state[name] in (getattr(control, "high", None), list(control.values())[-1])
        element.page.keyboard.press(
            "ArrowUp"
            if at_the_end and isinstance(control, Choice)
            else "ArrowLeft"
            if at_the_end
            else "ArrowDown"
            if isinstance(control, Choice)
            else "ArrowRight"
        )
        assert {k for k, v in state_of(element).items() if v != state[k]} == {name}
        assert drawing_of(element) != before, f"moving {name} changed nothing in the drawing"


@FIGURES
def test_every_slider_answers_to_the_mouse(
    figure: type[Figure], open_figure: Callable[..., Locator]
) -> None:
    element = open_figure(figure)
    mouse = element.page.mouse
    for name, control in figure.controls.items():
        field = element.locator(f"[name={name}]")
        field.scroll_into_view_if_needed()
        before = drawing_of(element)
        if isinstance(control, Choice):
            other = next(o for o in control.options if o != state_of(element)[name])
            field.select_option(other)
            assert state_of(element)[name] == other
        else:
            box = field.bounding_box()
            assert box is not None
            seen = set()
            mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            mouse.down()
            for fraction in (0.4, 0.3, 0.7, 0.8):
                mouse.move(box["x"] + fraction * box["width"], box["y"] + box["height"] / 2)
                seen.add(state_of(element)[name])
            mouse.up()
            assert len(seen) >= 3, f"{name} did not follow the mouse"
        assert drawing_of(element) != before, f"moving {name} changed nothing in the drawing"


@FIGURES
def test_presets_and_reset(figure: type[Figure], open_figure: Callable[..., Locator]) -> None:
    element = open_figure(figure)
    start = state_of(element)
    for name, values in figure.presets.items():
        button = element.get_by_role("button", name=name, exact=True)
        button.click()
        assert state_of(element) == {**figure.defaults(), **values}
        assert sentence_of(element) == figure.describe(**values)
        expect(button).to_have_attribute("aria-pressed", "true")
    element.get_by_role("button", name="reset").click()
    assert state_of(element) == start


@FIGURES
def test_a_change_is_announced_when_it_has_settled(
    figure: type[Figure], open_figure: Callable[..., Locator]
) -> None:
    element = open_figure(figure)
    name = next(iter(figure.presets))
    element.get_by_role("button", name=name, exact=True).click()
    expect(element.locator(".explorable-announcement")).to_have_text(sentence_of(element))


# -- links and the URL -----------------------------------------------------------------------


@FIGURES
def test_a_link_in_the_prose_sets_the_figure_and_shows_it(
    figure: type[Figure], open_figure: Callable[..., Locator]
) -> None:
    element = open_figure(figure)
    links = element.page.locator(f"a.set-figure[href^='#{figure.name}?']")
    assert links.count() >= 3
    for link in links.all():
        element.page.mouse.wheel(0, 10_000)
        href = str(link.get_attribute("href"))
        link.click()
        expected = figure.from_query(href.split("?", 1)[1])
        assert state_of(element) == expected.state
        assert sentence_of(element) == expected.describe()
        assert element.locator(".explorable-note").inner_text() == ""
        expect(element.locator(".explorable-sentence")).to_be_in_viewport()


@FIGURES
def test_the_same_link_works_twice(
    figure: type[Figure], open_figure: Callable[..., Locator]
) -> None:
    element = open_figure(figure)
    link = element.page.locator(f"a.set-figure[href^='#{figure.name}?']").first
    for _ in range(2):
        link.click()
        element.page.evaluate("scrollTo(0, 0)")
        link.click()
        expect(element.locator(".explorable-sentence")).to_be_in_viewport()


@FIGURES
def test_the_url_keeps_the_state(
    figure: type[Figure], open_figure: Callable[..., Locator], visit: Callable[..., Page]
) -> None:
    element = open_figure(figure)
    for state in (*list(figure.presets.values())[-2:], {}, *random_states(figure, 2)):
        full = {**figure.defaults(), **state}
        element.evaluate("(element, state) => element.explorable.set(state)", full)
        query = element.evaluate("element => element.explorable.query")
        element.page.wait_for_function(
            "(hash) => location.hash === hash", arg=f"#{figure.name}?{query}"
        )
        again = visit(element.page.url).locator(f"#{figure.name}")
        assert state_of(again) == full
        assert sentence_of(again) == sentence_of(element)
        assert again.evaluate("node => node === document.activeElement")
        expect(again.locator(".explorable-presets")).to_be_in_viewport()


@FIGURES
def test_back_returns_to_what_a_link_changed(
    figure: type[Figure], open_figure: Callable[..., Locator]
) -> None:
    element = open_figure(figure)
    links = element.page.locator(f"a.set-figure[href^='#{figure.name}?']")
    links.nth(0).click()
    first = state_of(element)
    links.nth(1).click()
    assert state_of(element) != first
    element.page.go_back()
    element.page.wait_for_function(
        "([id, state]) => JSON.stringify(document.getElementById(id).explorable.state) === state",
        arg=[figure.name, element.page.evaluate("JSON.stringify", first)],
    )


# -- bad input -------------------------------------------------------------------------------


@FIGURES
def test_a_bad_link_is_clamped_or_ignored_and_said(
    figure: type[Figure], open_figure: Callable[..., Locator]
) -> None:
    number = next(c for c in figure.controls.values() if isinstance(c, Number) and not c.whole)
    whole = next(c for c in figure.controls.values() if isinstance(c, Number) and c.whole)
    choice = next(c for c in figure.controls.values() if isinstance(c, Choice))
    start = figure.defaults()
    bad = {
        f"{number.name}={number.high + 7}": ({number.name: number.high}, str(number.high + 7)),
        f"{number.name}=-1e999": ({number.name: number.low}, "-1e999"),
        f"{number.name}=NaN": ({}, "NaN"),
        f"{number.name}=": ({}, "must be a number"),
        f"{number.name}=0.5x": ({}, "0.5x"),
        f"{whole.name}={whole.low + 1.4}": ({whole.name: whole.low + 1}, "whole number"),
        f"{choice.name}=nonsense": ({}, "nonsense"),
        "nonsense=1": ({}, "nonsense"),
        "__proto__=1": ({}, "__proto__"),
        "constructor=1&toString=2": ({}, "toString"),
        "%E0%A4%A=%": ({}, "ignored"),
        "===&&&": ({}, "ignored"),
    }
    element = open_figure(figure)
    for query, (changed, words) in bad.items():
        element.page.evaluate("hash => { location.hash = hash }", f"#{figure.name}?{query}")
        expect(element.locator(".explorable-note")).to_contain_text(words)
        assert state_of(element) == {**start, **changed}, query
        assert sentence_of(element) == figure.describe(**changed)
    element.get_by_role("button", name="reset").click()
    expect(element.locator(".explorable-note")).to_have_text("")


@FIGURES
def test_the_console_api(figure: type[Figure], open_figure: Callable[..., Locator]) -> None:
    element = open_figure(figure)
    name, values = list(figure.presets.items())[-1]
    before = state_of(element)
    arrays = element.evaluate("(element, state) => element.explorable.compute(state)", dict(values))
    assert state_of(element) == before, "compute must not move the figure"
    expected = figure.compute(**{**before, **values})
    for key, array in expected.items():
        np.testing.assert_allclose(np.array(arrays[key], float), array, rtol=1e-12, atol=0)
    element.evaluate("element => { element.explorable.state.nonsense = 1 }")
    assert "nonsense" not in state_of(element), "state is a copy"
    element.evaluate("(element, state) => element.explorable.set(state)", dict(values))
    assert state_of(element) == {**before, **values}, name


def test_an_unknown_figure_says_so_and_the_others_live(
    visit: Callable[..., Page], http_url: str
) -> None:
    page = visit(http_url + "book/notation.html")

    def with_a_stranger(route) -> None:  # type: ignore[no-untyped-def]
        body = route.fetch().text()
        stranger = '<figure class="explorable" data-explorable="toString"></figure>'
        route.fulfill(
            body=body.replace(
                '<figure class="explorable"', stranger + '<figure class="explorable"', 1
            ),
            content_type="text/html",
        )

    url = http_url + PAGES["eigenvalues"]
    page.route(url, with_a_stranger)
    page.goto(url)
    expect(page.locator("figure[data-explorable=toString]")).to_contain_text(
        "no figure named “toString”"
    )
    expect(page.locator("#eigenvalues")).to_have_class(re.compile("explorable-alive"))


# -- without a script, on paper, while waking ------------------------------------------------


@FIGURES
def test_without_javascript_the_picture_stands(
    figure: type[Figure], open_figure: Callable[..., Locator]
) -> None:
    element = open_figure(figure, javascript=False)
    picture = element.get_by_role("img")
    expect(picture).to_be_visible()
    assert figure.describe() in str(picture.get_attribute("aria-label"))
    expect(element.locator(".explorable-controls")).to_be_hidden()
    expect(element.locator(".explorable-presets")).to_be_hidden()


@FIGURES
@pytest.mark.parametrize("javascript", [True, False])
def test_on_paper_the_picture_stands(
    figure: type[Figure], javascript: bool, open_figure: Callable[..., Locator]
) -> None:
    element = open_figure(figure, javascript=javascript, theme="dark")
    element.page.emulate_media(media="print")
    expect(element.locator(".explorable-view svg").first).to_be_visible()
    expect(element.locator(".explorable-sentence")).to_be_visible()
    expect(element.locator(".explorable-controls")).to_be_hidden()
    ink = element.locator(".explorable-sentence").evaluate("node => getComputedStyle(node).color")
    assert max(map(int, re.findall(r"\d+", ink)[:3])) < 100, "paper is white: ink must be dark"


@FIGURES
@pytest.mark.parametrize("width", [1280, 390])
def test_waking_moves_nothing(
    figure: type[Figure], width: int, open_figure: Callable[..., Locator]
) -> None:
    asleep = open_figure(figure, javascript=False, width=width)
    awake = open_figure(figure, width=width)
    height = "node => node.querySelector('.explorable-view').getBoundingClientRect().height"
    assert abs(asleep.evaluate(height) - awake.evaluate(height)) <= 1


@FIGURES
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_leaves_the_figure(
    figure: type[Figure], width: int, open_figure: Callable[..., Locator]
) -> None:
    """Every label lies inside the page, in every preset."""
    element = open_figure(figure, width=width)
    for name in figure.presets:
        element.get_by_role("button", name=name, exact=True).click()
        outside = element.evaluate(
            """element => {
                 const frame = element.getBoundingClientRect();
                 return [...element.querySelectorAll("text, button, label, output, p, span")]
                   .filter((node) => node.textContent)
                   .filter((node) => getComputedStyle(node).visibility !== "hidden")
                   .map((node) => [node.textContent, node.getBoundingClientRect()])
                   .filter(([, box]) => box.left < frame.left - 1 || box.right > frame.right + 1)
                   .map(([text]) => text);
               }"""
        )
        assert outside == [], name


# -- the figure eigenvalues ------------------------------------------------------------------


@pytest.fixture
def eigenvalues(open_figure: Callable[..., Locator]) -> Locator:
    return open_figure(explorables.Eigenvalues)


def centre_of(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(handle: Locator, right: float, up: float) -> None:
    handle.scroll_into_view_if_needed()
    x, y = centre_of(handle.locator(".explorable-knob"))
    mouse = handle.page.mouse
    mouse.move(x + 3, y - 2)  # not its very centre: it must not jump
    mouse.down()
    mouse.move(x + 3 + right / 2, y - 2 - up / 2)
    mouse.move(x + 3 + right, y - 2 - up)
    mouse.up()


def positions(element: Locator) -> np.ndarray:
    return np.array(element.evaluate("element => element.explorable.compute().eigenvalues"))


def test_a_dragged_eigenvalue_follows_the_pointer(eigenvalues: Locator) -> None:
    eigenvalues.locator(".explorable-plane").scroll_into_view_if_needed()
    before, knobs = positions(eigenvalues), eigenvalues.locator(".explorable-knob")
    x, y = centre_of(knobs.nth(0))
    drag(eigenvalues.locator(".explorable-handle").nth(0), right=-40, up=25)
    moved = np.subtract(centre_of(knobs.nth(0)), (x, y))
    np.testing.assert_allclose(moved, (-40, -25), atol=1.5)  # a step of the sliders, in pixels
    after = positions(eigenvalues)
    assert (after[0] != before[0]).all()
    np.testing.assert_array_equal(after[1], after[0] * (1, -1))  # the conjugate goes along


def test_the_conjugate_can_be_dragged_too(eigenvalues: Locator) -> None:
    drag(eigenvalues.locator(".explorable-handle").nth(1), right=0, up=-30)
    assert positions(eigenvalues)[0, 1] > 0.6


def test_a_pair_can_be_pulled_through_the_real_axis(eigenvalues: Locator) -> None:
    drag(eigenvalues.locator(".explorable-handle").nth(0), right=0, up=-100)
    assert positions(eigenvalues)[0, 1] > 0


def test_two_reals_are_dragged_one_at_a_time_and_past_each_other(eigenvalues: Locator) -> None:
    eigenvalues.locator("[name=spectrum]").select_option("two reals")
    eigenvalues.evaluate("element => element.explorable.set({ radius: 1, angle: 60 })")
    low = positions(eigenvalues)[1, 0]
    drag(eigenvalues.locator(".explorable-handle").nth(0), right=-60, up=40)
    high_after, low_after = positions(eigenvalues)[:, 0]
    assert abs(low_after - low) < 0.02
    assert high_after < 0.6
    drag(eigenvalues.locator(".explorable-handle").nth(1), right=140, up=0)
    dragged, stayed = positions(eigenvalues)[:, 0]
    assert dragged > 1
    assert abs(stayed - high_after) < 0.02


def test_an_eigenvalue_stays_in_range(eigenvalues: Locator) -> None:
    drag(eigenvalues.locator(".explorable-handle").nth(0), right=500, up=300)
    assert state_of(eigenvalues)["radius"] == 1.5
    assert eigenvalues.locator(".explorable-note").inner_text() == ""


def test_an_eigenvalue_moves_by_arrow_keys(eigenvalues: Locator) -> None:
    handle = eigenvalues.locator(".explorable-handle").nth(0)
    handle.scroll_into_view_if_needed()
    handle.focus()
    scrolled = eigenvalues.page.evaluate("scrollY")
    for key, axis, sign in (
        ("ArrowRight", 0, 1), ("ArrowLeft", 0, -1), ("ArrowUp", 1, 1), ("ArrowDown", 1, -1),
        ("Shift+ArrowLeft", 0, -1),
    ):  # fmt: skip
        before = positions(eigenvalues)[0]
        eigenvalues.page.keyboard.press(key)
        assert sign * (positions(eigenvalues)[0] - before)[axis] > 0.005, key
    assert eigenvalues.page.evaluate("scrollY") == scrolled
    said = str(handle.get_attribute("aria-valuetext"))
    real, imaginary = positions(eigenvalues)[0]
    assert said == f"{real:.2f} + {imaginary:.2f}i"


def test_the_two_halves_of_the_curve_have_their_own_colour(eigenvalues: Locator) -> None:
    eigenvalues.get_by_role("button", name="non-normal bump").click()
    colours = eigenvalues.evaluate(
        """element => [".explorable-above-line", ".explorable-below-line", ".explorable-explodes",
                       ".explorable-vanishes"]
             .map((name) => getComputedStyle(element.querySelector(name)))
             .map((style, k) => k < 2 ? style.stroke : style.fill)"""
    )
    assert colours[:2] == colours[2:]
    assert colours[0] != colours[1]


def test_the_curve_can_be_read_under_the_pointer(eigenvalues: Locator) -> None:
    eigenvalues.get_by_role("button", name="non-normal bump").click()
    frame = eigenvalues.locator(".explorable-below").bounding_box()
    assert frame is not None
    eigenvalues.page.mouse.move(frame["x"] + 0.09 * frame["width"], frame["y"] + 5)
    expect(eigenvalues.locator(".explorable-readout")).to_have_text("lag 9: 19")
