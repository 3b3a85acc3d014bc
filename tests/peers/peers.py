"""Real clients and shippers, fetched once into Flywheel's cache folder, pinned with all that they need.

A client runs in an interpreter of its own (`Venv`, `NodeFolder`), so versions that exclude each other stand side by side.
What cannot be fetched or built raises `Unavailable` with the reason, and the test that wanted it is skipped.
"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PINS = HERE / "pins"


class Unavailable(Exception):
    """The peer is neither in the cache nor can it be had; the text says why."""


def cache_folder():
    default = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "flywheel"
    return pathlib.Path(os.environ.get("FLYWHEEL_CACHE") or default) / "peers"


def run(command, what, timeout=900, **options):
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=timeout, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{what}: {error}") from None
    if done.returncode != 0:
        lines = (done.stderr.strip() or done.stdout.strip() or "nothing was said").splitlines()
        raise Unavailable(f"{what}: {lines[-1]}")
    return done.stdout


def made_once(name, pin, make):
    """The folder of the cache that `make(stage)` fills, made anew when the pin has changed."""
    key = hashlib.sha256(pin.encode()).hexdigest()[:12]
    folder = cache_folder() / f"{name}-{key}"
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        (folder / ".complete").touch()
    return folder


class Venv:
    """Python packages of one pin file."""

    def __init__(self, name):
        pin = PINS / f"{name}.txt"
        self.folder = made_once(name, pin.read_text() + sys.version, lambda folder: self.make(folder, pin))

    @staticmethod
    def make(folder, pin):
        run([sys.executable, "-m", "venv", folder], f"no virtual environment for {pin.stem}")
        run([folder / "bin/pip", "--disable-pip-version-check", "install", "-q", "-r", pin],
            f"{pin.stem} cannot be installed")

    def run(self, script, *arguments, timeout=120, env=None):
        """The finished run of a client's script; what it printed is its findings."""
        return subprocess.run([self.folder / "bin/python", HERE / "clients" / script, *map(str, arguments)],
                              capture_output=True, text=True, timeout=timeout, env={**os.environ, **(env or {})})


class NodeFolder:
    """Packages of Node.js by name and version."""

    def __init__(self, name, packages):
        self.folder = made_once(name, json.dumps(packages), lambda folder: self.make(folder, name, packages))

    @staticmethod
    def make(folder, name, packages):
        (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": packages}))
        run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"], f"{name} cannot be installed", cwd=folder)

    def command(self, script, *arguments):
        # Modules are found from where a script lies.
        shutil.copy(HERE / "clients" / script, self.folder / script)
        return ["node", self.folder / script, *map(str, arguments)]

    def run(self, script, *arguments, timeout=120):
        return subprocess.run(self.command(script, *arguments), capture_output=True, text=True, timeout=timeout)


class LockedNodeFolder(NodeFolder):
    """Packages of Node.js as a lock file of npm pins them, with the hashes of all that they need."""

    def __init__(self, name):
        lock = (PINS / f"{name}.json").read_text()
        self.folder = made_once(name, lock, lambda folder: self.make_locked(folder, name, lock))

    @staticmethod
    def make_locked(folder, name, lock):
        (folder / "package-lock.json").write_text(lock)
        wanted = json.loads(lock)["packages"][""]["dependencies"]
        (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": wanted}))
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], f"{name} cannot be installed", cwd=folder)


class GoProgram:
    """A program of Go modules, built once."""

    def __init__(self, name, modules):
        source = (HERE / "clients" / f"{name}.go").read_text()
        self.folder = made_once(name, source + json.dumps(modules), lambda folder: self.make(folder, source, modules))

    @staticmethod
    def make(folder, source, modules):
        if shutil.which("go") is None:
            raise Unavailable("no Go toolchain is installed")
        (folder / "main.go").write_text(source)
        env = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-p=1"}
        run(["go", "mod", "init", "peer"], "go mod init", cwd=folder, env=env)
        # What a program imports beside them comes in the versions that they want.
        run(["go", "get", *modules], "the Go modules cannot be fetched", cwd=folder, env=env)
        run(["go", "get", "."], "the Go modules cannot be fetched", cwd=folder, env=env)
        run(["nice", "-n", "10", "go", "build", "-trimpath", "-o", "peer", "."], "the Go program does not build",
            cwd=folder, env=env)

    def run(self, *arguments, timeout=120):
        return subprocess.run([self.folder / "peer", *map(str, arguments)], capture_output=True, text=True, timeout=timeout)

    def start(self, *arguments, log):
        """The running program; what it says goes to the file `log`."""
        with open(log, "ab") as out:
            return subprocess.Popen([self.folder / "peer", *map(str, arguments)], stdout=out, stderr=out)


class DebianProgram:
    """A program of Debian packages, unpacked beside the system instead of installed into it."""

    def __init__(self, name, packages, program):
        self.folder = made_once(name, json.dumps(packages), lambda folder: self.make(folder, name, packages))
        self.program = self.folder / "root" / program
        self.libraries = next((self.folder / "root/usr/lib").glob("*-linux-gnu"))
        self.env = {**os.environ, "LD_LIBRARY_PATH": str(self.libraries)}

    @staticmethod
    def make(folder, name, packages):
        if shutil.which("apt-get") is None:
            raise Unavailable(f"{name} comes as Debian packages, and this is no Debian")
        run(["apt-get", "download", *packages], f"{name} cannot be fetched", cwd=folder)
        for package in folder.glob("*.deb"):
            run(["dpkg", "-x", package, folder / "root"], f"{package.name} cannot be unpacked")
