"""From a slider's input to the painted frame, against matplotlib behind ipywidgets."""

import io
import random
import time

from harness import percentile
from playwright.sync_api import Browser

import explorables
from explorables import Choice, Figure, Number

AIM = 8.0  # milliseconds, 95th percentile
MOVES = 40  # a control

# The frame is painted between the animation frame and the message that it sends.
TIME_MOVES = """async ([id, name, values]) => {
  const input = document.querySelector(`#${id} [name=${name}]`);
  const times = [];
  for (const value of values) {
    await new Promise((done) => setTimeout(done, 4));
    const start = performance.now();
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    times.push(await new Promise((painted) => requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => painted(performance.now() - start);
      port2.postMessage(null);
    })));
  }
  return times;
}"""


def report(browser: Browser, url: str) -> None:
    print(f"input to painted frame, milliseconds (aim: 95th percentile ≤ {AIM:g})")
    print(f"{'figure':14}{'control':14}{'median':>8}{'95 %':>8}{'worst':>8}")
    for figure in explorables.figures():
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(url + "book/index.html")
        page.wait_for_selector(f"#{figure.name}.explorable-alive")
        everything: list[float] = []
        for name, control in figure.controls.items():
            times = page.evaluate(TIME_MOVES, [figure.name, name, moves(control)])
            everything += times
            row(figure.name, name, times)
        row(figure.name, "all", everything)
        stock = redraw_in_matplotlib(figure)
        ratio = percentile(stock, 50) / percentile(everything, 50)
        row("matplotlib", "redraw", stock)
        print(f"the page answers {ratio:.0f} times as fast as matplotlib redraws (medians)")
        verdict = "met" if percentile(everything, 95) <= AIM else "MISSED"
        print(f"aim {verdict}\n")
        page.close()


def moves(control: Number | Choice) -> list[float | str]:
    """Values in no order, each other than the one before: without a change nothing is painted."""
    rng, values = random.Random(0), [control.default]
    while len(values) <= MOVES:
        values.append(rng.choice([value for value in control.values() if value != values[-1]]))
    return values[1:]


def row(figure: str, what: str, times: list[float]) -> None:
    middle, high, worst = percentile(times, 50), percentile(times, 95), max(times)
    print(f"{figure:14}{what:14}{middle:8.2f}{high:8.2f}{worst:8.2f}")


def redraw_in_matplotlib(figure: type[Figure]) -> list[float]:
    """What `interact` with a matplotlib figure does for each move: compute, draw, encode."""
    control = next(c for c in figure.controls.values() if isinstance(c, Number))
    times = []
    for value in control.values()[:: max(1, len(control.values()) // 15)]:
        start = time.perf_counter()
        figure.picture(**{control.name: value}).savefig(io.BytesIO(), format="png")
        times.append(1000 * (time.perf_counter() - start))
    return times
