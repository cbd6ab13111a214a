"""Find a Chromium for the tests, and install one where there is none.

``python tests/browser.py`` prints its path, or says what to install and exits with status 1.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "microsoft-edge-stable",
)
MACOS = (
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Chromium.app/Contents/MacOS/Chromium",
    "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
WINDOWS = (
    "Google/Chrome/Application/chrome.exe",
    "Chromium/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
)
PLAYWRIGHT = (sys.executable, "-m", "playwright")
# It asks nothing of anyone, and reaches nothing but this machine.
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
if hasattr(os, "geteuid") and os.geteuid() == 0:
    FLAGS.append("--no-sandbox")  # Chromium refuses to start as root with one
NO_BROWSER = "No Chromium or Chrome was found: install one, or name it in the variable CHROMIUM."
NO_DRIVER = "Playwright does not start: install libatomic (on Debian and Ubuntu: libatomic1)."


def find_chromium() -> Path:
    """The path of a Chromium, Chrome or Edge that runs; installs one if there is none."""
    if not starts(*PLAYWRIGHT, "--version"):
        install_debians("libatomic1")  # the one library it takes from a system that may lack it
        if not starts(*PLAYWRIGHT, "--version"):
            raise SystemExit(NO_DRIVER)
    if named := os.environ.get("CHROMIUM"):
        if not runs(Path(named)):
            raise SystemExit(f"CHROMIUM is {named}, which does not run: correct it or unset it.")
        return Path(named)
    if found := first_that_runs():
        return found
    install_playwrights()
    if found := first_that_runs():
        return found
    install_debians("chromium")
    if found := first_that_runs():
        return found
    raise SystemExit(NO_BROWSER)


def first_that_runs() -> Path | None:
    return next((path for path in candidates() if runs(path)), None)


def candidates() -> Iterator[Path]:
    """The places where a browser may be, the system's own before Playwright's."""
    yield from (Path(found) for name in NAMES if (found := shutil.which(name)))
    if sys.platform == "darwin":
        folders = [Path("/Applications"), Path.home() / "Applications"]
        yield from (folder / app for folder in folders for app in MACOS)
    elif sys.platform == "win32":
        variables = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        folders = [Path(os.environ[name]) for name in variables if name in os.environ]
        yield from (folder / exe for folder in folders for exe in WINDOWS)
    yield playwrights()


def playwrights() -> Path:
    """Where Playwright keeps its own Chromium, there or not."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path)


def runs(path: Path) -> bool:
    """Whether the browser starts: a stub, or one whose libraries are missing, does not."""
    if sys.platform == "win32":  # there --version opens a window
        return path.is_file()
    return starts(path, "--version")


def starts(*command: str | Path) -> bool:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def install_playwrights() -> None:
    if call(*PLAYWRIGHT, "install", "chromium") and not runs(playwrights()) and can_apt():
        call(*PLAYWRIGHT, "install-deps", "chromium")


def install_debians(package: str) -> None:
    if can_apt():
        call("apt-get", "update")
        call("apt-get", "install", "--yes", "--no-install-recommends", package)


def can_apt() -> bool:
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def call(*command: str) -> bool:
    """Run a step of the installation in sight of the reader; whether it succeeded."""
    print("$", *command, file=sys.stderr, flush=True)
    bounded = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"}  # milliseconds, for each try
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        environment = {**os.environ, **bounded, **quiet}
        done = subprocess.run(command, stdout=sys.stderr, env=environment, timeout=600)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    print(find_chromium())
