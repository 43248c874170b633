"""JupyterLab on localhost, on copies of the pages, in the system's Chromium."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from halftone_utils.engine.files import ROOT

SCREENS = ROOT / "report" / "screens"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SMALL = {  # parameters of the copies: the pages are run whole elsewhere
    "n_digits = 1000": "n_digits = 100",
    "photograph_iterations = 30": "photograph_iterations = 2",
    "photograph_iterations = 100": "photograph_iterations = 10",
    "photograph_side = 256": "photograph_side = 64",
    "n_digits = 256": "n_digits = 100",
    "n_large = 3": "n_large = 1",
    "check_digits = 256": "check_digits = 100",
    "photograph_side = 96": "photograph_side = 64",
}


@pytest.fixture(scope="session")
def chromium():
    if CHROMIUM is None:
        pytest.skip("No Chromium here: install it (on Debian: apt install chromium).")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--force-device-scale-factor=1"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def readings(tmp_path_factory):
    """Where the quiz in the browser keeps its answers."""
    return tmp_path_factory.mktemp("human") / "readings.jsonl"


@pytest.fixture(scope="session")
def lab(tmp_path_factory, readings):
    """The address and token of a JupyterLab that serves copies of the pages."""
    folder = tmp_path_factory.mktemp("lab")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        text = path.read_text()
        for large, small in SMALL.items():
            text = re.sub(rf"{large}\b", small, text)
        (folder / path.name).write_text(text)
    settings = folder / ".settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps({"windowingMode": "none"}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token, log = secrets.token_hex(), (folder / "lab.log").open("w")
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "jupyterlab",
            "--no-browser",
            f"--ServerApp.port={port}",
            f"--IdentityProvider.token={token}",
            f"--ServerApp.root_dir={folder}",
            "--allow-root",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.news_url=",
            "--ServerApp.ip=127.0.0.1",
        ],
        stdout=log,
        stderr=log,
        cwd=folder,
        env={
            **os.environ,
            "JUPYTERLAB_SETTINGS_DIR": str(folder / ".settings"),
            "JUPYTER_PREFER_ENV_PATH": "1",
            "HALFTONE_READINGS": str(readings),
        },
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/api?token={token}", timeout=1)  # nosec B310
            break
        except OSError:
            assert server.poll() is None, (folder / "lab.log").read_text()
            time.sleep(0.2)
    yield address, token
    server.terminate()
    server.wait(30)
