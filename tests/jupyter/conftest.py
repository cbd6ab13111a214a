"""JupyterLab itself, on a folder of its own, in a real browser that reaches only this machine."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

CONFIG = {
    "ServerApp": {
        "ip": "127.0.0.1",
        "port": 0,
        "open_browser": False,
        "allow_root": True,
        "terminals_enabled": False,
    },
    "IdentityProvider": {"token": ""},
    "LabApp": {"expose_app_in_browser": True, "extension_manager": "readonly"},
}
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"checkForUpdates": False, "fetchNews": "false"},
}
PATIENCE = 60


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    home = tmp_path_factory.mktemp("jupyter")
    folders = {n: home / n for n in ("config", "data", "runtime", "notebooks")}
    (folders["config"] / "labconfig").mkdir(parents=True)
    folders["notebooks"].mkdir()
    (folders["config"] / "jupyter_server_config.json").write_text(json.dumps(CONFIG))
    (folders["config"] / "labconfig" / "default_setting_overrides.json").write_text(
        json.dumps(SETTINGS)
    )
    env = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "JPY_"))}
    env |= {f"JUPYTER_{n.upper()}_DIR": str(folders[n]) for n in ("config", "data", "runtime")}
    env["JUPYTER_PREFER_ENV_PATH"] = "1"
    log = home / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab"],
            cwd=folders["notebooks"],
            env=env,
            stdout=out,
            stderr=out,
        )
    try:
        give_up = time.monotonic() + PATIENCE
        while not (found := list(folders["runtime"].glob("jpserver-*.json"))):
            assert process.poll() is None and time.monotonic() < give_up, log.read_text()
            time.sleep(0.05)
        yield json.loads(found[0].read_text())["url"], folders["notebooks"]
    finally:
        process.terminate()
        process.wait(20)
        print(log.read_text())
