"""A service with its gateway, and upstreams that others made: the engine with a real model, and a mock that misbehaves."""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "e2e"))
import clients
import flywheel

MOCK = flywheel.SOURCE.parent / "shared/bench/gwbench.cc"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Program:
    """A server on a port of its own that ends with the test."""

    def __init__(self, command, port, timeout=120):
        self.port = port
        self.url = f"http://127.0.0.1:{port}/v1"
        self.process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        flywheel.wait_until(lambda: is_listening(port) or self.process.poll() is not None, timeout, f"{command[0]} listens")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def mock_program():
    """The bench's upstream, built once into the cache; skips where its source or compiler is missing."""
    if not MOCK.exists():
        raise unittest.SkipTest(f"no mock upstream: {MOCK} is not there")
    built = flywheel.CACHE / f"gwbench-{int(MOCK.stat().st_mtime)}"
    if not built.exists():
        stage = built.with_name(f"stage-gwbench-{os.getpid()}")
        done = subprocess.run(["clang++-19", "-O2", "-std=c++20", str(MOCK), "-o", str(stage)], capture_output=True, text=True)
        if done.returncode != 0:
            raise unittest.SkipTest("the mock upstream does not build: " + done.stderr[:200])
        os.replace(stage, built)
    return built


def mock_upstream(*options):
    port = free_port()
    return Program([mock_program(), "upstream", "--port", port, *options], port)


def engine():
    """The real engine with the small model."""
    server = next(iter(sorted(flywheel.CACHE.glob("llama.cpp-*/build/bin/llama-server"))), None)
    if server is None or not flywheel.MODEL.exists():
        raise unittest.SkipTest("llama-server is not built, or there is no small model (scripts/setup does both)")
    port = free_port()
    started = Program([server, "--model", flywheel.MODEL, "--port", port, "--host", "127.0.0.1", "--ctx-size", "4096",
                       "--threads", "2", "--jinja"], port)

    def is_ready():
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).status == 200
        except OSError:
            return False
    flywheel.wait_until(is_ready, 300, "the engine has loaded its model")
    return started


class GatewayService(flywheel.Service):
    """`flywheel serve` with its gateway on a free port."""

    def __init__(self, upstream=None, config=None, folder=None):
        text = config or f"gateway:\n  port: 0\n  upstream: {upstream}\n"
        super().__init__("nims: []\n" + text, folder=folder)

    def start(self):
        super().start()
        where = self.data / "gateway.url"
        flywheel.wait_until(where.exists, 30, "the gateway listens")
        self.gateway = where.read_text().strip()
        return self

    def interactions(self, count, timeout=30, **query):
        """The newest interactions, once there are so many."""
        words = "&".join(f"{name}={value}" for name, value in {"limit": 1000, **query}.items())
        page = lambda: self.call("GET", f"/api/interactions?{words}")[1]["interactions"]
        return flywheel.wait_until(lambda: len(found := page()) >= count and found, timeout, f"{count} interactions")

    def metric(self, name):
        for line in self.call("GET", "/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return None


def run_client(script, *arguments, timeout=300):
    """What a script says, in JSON, that runs with the official clients."""
    done = subprocess.run([str(clients.python()), "-c", script, *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout)
    if done.returncode != 0:
        raise AssertionError("the client failed: " + done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])
