"""Runs a script in a process of its own and kills it at its first sign of life."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from halftone_utils.engine.files import ROOT


def kill_when_written(script: str, written: Path, **environment: str) -> None:
    """Run `script` until the file `written` exists, then end it by SIGKILL, in mid-work."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    with subprocess.Popen([sys.executable, "-c", script], env=environment) as process:
        while not written.exists() and process.poll() is None:
            time.sleep(0.001)
        process.kill()
    assert process.returncode == -signal.SIGKILL, "the script ended before it was killed"
