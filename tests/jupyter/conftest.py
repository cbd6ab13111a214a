"""JupyterLab itself, in a real browser that can reach nothing but this machine.

A test has its page in the fixture ``lab``. What the browser says or asks for that is not
JupyterLab's own talk fails the test when it ends.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Page

from quiet import Log

BOOK = Path(__file__).resolve().parents[2] / "book"
PATIENCE = 60  # seconds for the server to start

SERVER = {
    "ServerApp": {
        "ip": "127.0.0.1",
        "port": 0,  # a free one
        "open_browser": False,
        "allow_root": True,
        "terminals_enabled": False,
    },
    "IdentityProvider": {"token": ""},
    # The manager of extensions asks a registry. The commands save the tests the way through menus.
    "LabApp": {"extension_manager": "readonly", "expose_app_in_browser": True},
}
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"checkForUpdates": False, "fetchNews": "false"}
}

# All that JupyterLab says of itself. A message or an error of a figure begins differently.
TALK = (
    "console debug: Starting application in workspace: ",
    "console debug: Starting WebSocket: ws://127.0.0.1:",
    "console warning: Disabling terminals plugin because they are not available on the server",
)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab that knows nothing of the machine's own settings.

    Its folder holds a chapter with its data, and a notebook of two empty cells.
    """
    home = tmp_path_factory.mktemp("jupyter")
    folders = {name: home / name for name in ("config", "data", "runtime", "notebooks")}
    for folder in folders.values():
        folder.mkdir()
    write(folders["config"] / "jupyter_server_config.json", SERVER)
    write(folders["config"] / "labconfig" / "default_setting_overrides.json", SETTINGS)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    empty = new_notebook(cells=[new_code_cell(), new_code_cell()], metadata=kernel)
    nbformat.write(empty, folders["notebooks"] / "small.ipynb")
    shutil.copy(BOOK / "03-elman-jacobian.ipynb", folders["notebooks"])
    shutil.copytree(BOOK / "data", folders["notebooks"] / "data")

    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "JPY_"))}
    for name in ("config", "data", "runtime"):
        environment[f"JUPYTER_{name.upper()}_DIR"] = str(folders[name])
    environment["JUPYTER_PREFER_ENV_PATH"] = "1"
    log = home / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab"],
            cwd=folders["notebooks"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield address(process, folders["runtime"], log)
    finally:
        process.terminate()
        try:
            process.wait(20)  # it ends its kernels first
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def write(path: Path, settings: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(settings))


def address(process: "subprocess.Popen[bytes]", runtime: Path, log: Path) -> str:
    """Wait for the file in which a server that listens says where."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        for path in runtime.glob("jpserver-*.json"):
            try:
                return str(json.loads(path.read_text())["url"])
            except json.JSONDecodeError:  # half written
                pass
        time.sleep(0.05)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def application(browser: Browser, server: str) -> Iterator[tuple[Page, Log]]:
    """JupyterLab, started once: that takes longer than all that is done in it."""

    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    log = Log(context, server)
    page = context.new_page()
    page.goto(f"{server}lab")
    page.wait_for_function("() => window.jupyterapp")
    page.evaluate("() => jupyterapp.restored")
    yield page, log
    context.close()


@pytest.fixture
def lab(application: tuple[Page, Log]) -> Iterator[Page]:
    page, log = application
    yield page
    heard = [line for line in log.lines if not line.startswith(TALK)]
    log.lines.clear()
    assert not heard, "the browser was not quiet:\n" + "\n".join(heard)
