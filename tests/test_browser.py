"""How a browser is chosen, with none of this machine's in play."""

from pathlib import Path

import pytest

import browser


class Machine:
    """A machine with some browsers, on which some installations succeed."""

    def __init__(
        self, monkeypatch, present=(), driver=True, playwright=False, apt=False, debian=False
    ):
        self.present = {Path(path) for path in present}
        self.calls = []
        self.driver, self.playwright, self.debian = driver, playwright, debian
        monkeypatch.delenv("CHROMIUM", raising=False)
        candidates = [Path("/usr/bin/chromium"), Path("/own/chrome")]
        monkeypatch.setattr(browser, "candidates", lambda: candidates)
        monkeypatch.setattr(browser, "playwrights", lambda: candidates[-1])
        monkeypatch.setattr(browser, "runs", lambda path: path in self.present)
        monkeypatch.setattr(browser, "starts", lambda *command: self.driver)
        monkeypatch.setattr(browser, "can_apt", lambda: apt)
        monkeypatch.setattr(browser, "call", self.call)

    def call(self, *command):
        self.calls.append(command)
        if command[-2:] == ("install", "chromium"):
            if self.playwright:
                self.present.add(Path("/own/chrome"))
            return self.playwright
        if command[:2] == ("apt-get", "install"):
            if command[-1] == "libatomic1":
                self.driver = True
            elif self.debian:
                self.present.add(Path("/usr/bin/chromium"))
        return True


def test_the_variable_wins(monkeypatch):
    machine = Machine(monkeypatch, present=["/usr/bin/chromium", "/my/chrome"])
    monkeypatch.setenv("CHROMIUM", "/my/chrome")
    assert browser.find_chromium() == Path("/my/chrome")
    assert not machine.calls


def test_a_wrong_variable_is_an_error(monkeypatch):
    Machine(monkeypatch, present=["/usr/bin/chromium"])
    monkeypatch.setenv("CHROMIUM", "/nowhere")
    with pytest.raises(SystemExit, match="CHROMIUM is /nowhere"):
        browser.find_chromium()


def test_what_is_there_is_taken_and_nothing_installed(monkeypatch):
    machine = Machine(monkeypatch, present=["/usr/bin/chromium", "/own/chrome"], apt=True)
    assert browser.find_chromium() == Path("/usr/bin/chromium")
    assert not machine.calls


def test_playwrights_is_installed_first(monkeypatch):
    machine = Machine(monkeypatch, playwright=True)
    assert browser.find_chromium() == Path("/own/chrome")
    assert len(machine.calls) == 1


def test_debians_follows_where_playwrights_cannot_be_had(monkeypatch):
    machine = Machine(monkeypatch, apt=True, debian=True)
    assert browser.find_chromium() == Path("/usr/bin/chromium")
    assert [call[0] for call in machine.calls[1:]] == ["apt-get", "apt-get"]


@pytest.mark.parametrize("apt", [False, True])
def test_none_to_be_had_is_one_sentence_and_a_failure(monkeypatch, apt):
    Machine(monkeypatch, apt=apt)
    with pytest.raises(SystemExit) as stopped:
        browser.find_chromium()
    assert stopped.value.code == browser.NO_BROWSER


def test_the_library_that_playwright_lacks_is_installed(monkeypatch):
    machine = Machine(monkeypatch, driver=False, apt=True, debian=True)
    assert browser.find_chromium() == Path("/usr/bin/chromium")
    assert machine.calls[1][-1] == "libatomic1"


def test_a_playwright_that_does_not_start_is_one_sentence_and_a_failure(monkeypatch):
    Machine(monkeypatch, driver=False)
    with pytest.raises(SystemExit) as stopped:
        browser.find_chromium()
    assert stopped.value.code == browser.NO_DRIVER


@pytest.mark.parametrize(
    ("system", "place"),
    [
        ("darwin", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
        ("win32", "/Programs/Google/Chrome/Application/chrome.exe"),
    ],
)
def test_the_usual_places_are_looked_at(monkeypatch, system, place):
    monkeypatch.setenv("PROGRAMFILES", "/Programs")
    monkeypatch.setattr(browser.sys, "platform", system)
    monkeypatch.setattr(browser.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(browser, "playwrights", lambda: Path("/own/chrome"))
    looked = list(browser.candidates())
    assert looked[0] == Path("/bin/chromium")
    assert Path(place) in looked
    assert looked[-1] == Path("/own/chrome")


def test_a_program_that_does_not_start_is_no_browser(tmp_path):
    stub = tmp_path / "chromium"
    stub.write_text("#!/bin/sh\necho 'this is only a stub' >&2\nexit 1\n")
    stub.chmod(0o755)
    assert not browser.runs(stub)
    assert not browser.runs(tmp_path / "missing")


def test_a_step_that_hangs_has_failed(monkeypatch):
    def hang(command, **options):
        raise browser.subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(browser.subprocess, "run", hang)
    assert not browser.call("anything")
