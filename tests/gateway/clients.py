"""Programs that others wrote, clients and readers, in virtual environments of their own in the cache: fetched once,
pinned, never imported into the tests' own process."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def cache_folder():
    default = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "flywheel"
    return pathlib.Path(os.environ.get("FLYWHEEL_CACHE") or default)


def python(pins="python_clients.txt", what="the clients"):
    """The interpreter that has what a file here pins; skips the test with the reason where it cannot be fetched."""
    kind = pathlib.Path(pins).stem.replace("_", "-")
    folder = cache_folder() / f"{kind}-{hashlib.sha256((HERE / pins).read_bytes()).hexdigest()[:12]}"
    if not (folder / ".complete").exists():
        stage = folder.with_name(f"stage-{kind}-{os.getpid()}")
        try:
            fetch(stage, HERE / pins)
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(stage, folder)
        except (OSError, subprocess.SubprocessError) as error:
            raise unittest.SkipTest(f"{what} cannot be fetched: {reason(error)}") from None
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    return folder / "bin/python3"


def reason(error):
    said = getattr(error, "stderr", None) or str(error)
    return (said.strip().splitlines() or ["pip says nothing"])[-1]


def fetch(stage, pins):
    subprocess.run([sys.executable, "-m", "venv", str(stage)], check=True, capture_output=True, text=True, timeout=120)
    pip = [str(stage / "bin/python3"), "-m", "pip", "--disable-pip-version-check", "install", "-q", "--only-binary",
           ":all:", "-r", str(pins)]
    subprocess.run(pip, check=True, capture_output=True, text=True, timeout=600)
    (stage / ".complete").touch()
