"""JupyterLab on localhost, with a notebook of every instrument, in the system's Chromium."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest

from halftone_utils.engine.files import ROOT

SCREENS = ROOT / "report" / "screens"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Every instrument in one notebook, so that one kernel serves all tests; the pages are run whole
# elsewhere.
CELLS = (
    """
    from halftone_utils import widgets
    from halftone_utils.digits import datasets
    from halftone_utils.results import store
    from halftone_utils.studies import experiments

    images, labels = datasets.load("validation", n=100)
    """,
    "widgets.FgsmExplorer(experiments.published('lenet'), datasets.as_float(images), labels)",
    "widgets.ScreenExplorer()",
    "widgets.StyleExplorer()",
    "widgets.StyleExplorer(source='photograph', side=64, iterations=40)",
    "widgets.DrawingPad(experiments.all_published())",
    "widgets.ResultsExplorer(store.load('experiment'))",
    "widgets.DigitQuiz()",
    "widgets.CaptchaQuiz()",
    "widgets.CaptchaExplorer()",
)


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
    """The address of a JupyterLab that serves instruments.ipynb, and its token."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_code_cell(cell.replace("\n    ", "\n").strip()) for cell in CELLS]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(notebook, folder / "instruments.ipynb")
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
