"""The official Python clients, pinned, in a virtual environment in Flywheel's cache folder; made once."""
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
PIN = HERE / "python_clients.pin.txt"


class Unavailable(Exception):
    """The packages are neither in the cache nor can they be fetched; the text says why."""


def cache_folder():
    default = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "flywheel"
    return pathlib.Path(os.environ.get("FLYWHEEL_CACHE") or default)


def python():
    """An interpreter that has the packages."""
    digest = hashlib.sha256(PIN.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = cache_folder() / f"python-clients-{digest}"
    cache_folder().mkdir(parents=True, exist_ok=True)
    with open(cache_folder() / ".python-clients.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".complete").exists():
            make(folder)
    return folder / "bin/python"


def make(folder):
    shutil.rmtree(folder, ignore_errors=True)
    try:
        venv.create(folder, with_pip=True)
        command = [folder / "bin/python", "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps",
                   "--only-binary", ":all:", "-r", PIN]
        done = subprocess.run(command, capture_output=True, text=True, timeout=400)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"the Python clients cannot be installed: {error}") from None
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["pip says nothing"])[-1]
        raise Unavailable(f"the Python clients cannot be fetched: {reason}")
    (folder / ".complete").touch()
