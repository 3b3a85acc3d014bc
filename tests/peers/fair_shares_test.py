"""One who takes all that he can get, by each of the ways in: bodies that never end, connections that never ask, documents without pause.
A quiet client beside him is answered."""
import contextlib
import http.client
import json
import os
import resource
import socket
import subprocess
import threading
import unittest
import urllib.parse

from service import FLYWHEEL, CaptureService, StubEndpoint, document

NOISY, QUIET = "127.0.0.1", "127.0.0.2"  # Linux takes any address of the loopback network for its own
SECONDS = 5  # in which the quiet client has its answer; it takes milliseconds
IDLE = 1100  # more than a listener takes
MIB = 1 << 20
CONFIG = "elasticsearch: {{port: 0}}\notlp: {{port: 0}}\ngateway: {{port: 0, max_connections: 1000, upstream: '{upstream}'}}\n"
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def bulk(documents):
    return "".join(json.dumps({"index": {"_index": "flywheel"}}) + "\n" + json.dumps(d) + "\n" for d in documents).encode()


REQUESTS = {  # of a quiet client, by listener
    "elasticsearch": ("/_bulk", "application/x-ndjson", bulk([document(1)])),
    "otlp": ("/v1/logs", "application/json", b'{"resourceLogs":[]}'),
    "gateway": ("/v1/chat/completions", "application/json", json.dumps(CHAT).encode()),
    "control": ("/api/workloads", "application/json", None),
}


def address_of(url):
    parts = urllib.parse.urlsplit(url)
    return parts.hostname, parts.port


def ask(url, name, source=QUIET, headers=None, connection=None):
    """(status, body) of the quiet client's request, on a connection of its own unless one is given."""
    path, kind, body = REQUESTS[name]
    own = connection or http.client.HTTPConnection(*address_of(url), timeout=SECONDS, source_address=(source, 0))
    own.request("POST" if body else "GET", path, body, {"Content-Type": kind, "User-Agent": "quiet", **(headers or {})})
    answer = own.getresponse()
    text = answer.read()
    if connection is None:
        own.close()
    return answer.status, text


def connect(url, source=NOISY):
    return socket.create_connection(address_of(url), timeout=SECONDS, source_address=(source, 0))


def begin_body(url, path, announced, sent):
    """A request whose body stops coming after so many bytes, or when nobody takes more."""
    stalled = connect(url)
    stalled.settimeout(SECONDS)
    stalled.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: noisy\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {announced}\r\n\r\n".encode())
    with contextlib.suppress(OSError):
        stalled.sendall(b"x" * sent)
    return stalled


class OneTakesAllThatHeCan(unittest.TestCase):
    def setUp(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
        self.upstream = StubEndpoint()
        self.addCleanup(self.upstream.close)
        self.service = CaptureService(CONFIG.format(upstream=self.upstream.url)).start()
        self.addCleanup(self.service.close)

    def url(self, name):
        return self.service.url if name == "control" else self.service.listener(name)

    def assert_answered(self, name, **more):
        status, text = ask(self.url(name), name, **more)
        self.assertEqual(status, 200, f"{name}: {text[:300]}")
        if name == "elasticsearch":
            self.assertFalse(json.loads(text)["errors"], text[:300])

    def begin_many(self, name, path, count, announced, sent):
        """Bodies that stop coming."""
        held, url = [], self.url(name)
        threads = [threading.Thread(target=lambda: held.append(begin_body(url, path, announced, sent))) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        for one in held:
            self.addCleanup(one.close)

    def test_bodies_that_stop_coming_leave_room_for_others(self):
        for name, path, count, size in (("elasticsearch", "/_bulk", 10, 60 * MIB), ("otlp", "/v1/logs", 10, 30 * MIB),
                                        ("gateway", "/v1/chat/completions", 10, 60 * MIB), ("control", "/api/jobs", 15, 15 * MIB)):
            with self.subTest(name):
                self.begin_many(name, path, count, size + 1, size)
                for _ in range(3):
                    self.assert_answered(name)

    def test_bodies_that_are_announced_and_do_not_come_leave_room_even_for_the_same_address(self):
        for name, path in (("elasticsearch", "/_bulk"), ("otlp", "/v1/logs"), ("gateway", "/v1/chat/completions")):
            with self.subTest(name):
                self.begin_many(name, path, 10, 30 * MIB, 0)
                self.assert_answered(name)
                self.assert_answered(name, source=NOISY)

    def test_connections_that_never_ask_give_way(self):
        for name in REQUESTS:
            with self.subTest(name), contextlib.ExitStack() as idle:
                kept = http.client.HTTPConnection(*address_of(self.url(name)), timeout=SECONDS, source_address=(QUIET, 0))
                idle.callback(kept.close)
                self.assert_answered(name, connection=kept)
                for _ in range(IDLE):
                    idle.callback(connect(self.url(name)).close)
                self.assert_answered(name, connection=kept)
                self.assert_answered(name)
                self.assert_answered(name, source=NOISY)

    def test_a_tenant_that_writes_without_pause_does_not_hold_up_another(self):
        make = lambda name: json.loads(subprocess.run(
            [FLYWHEEL, "keys", "create", name, "--listener", "elasticsearch", "--tenant", name, "--json", "--server", self.service.url],
            capture_output=True, check=True, env={**os.environ, "FLYWHEEL_KEY": ""}).stdout)["secret"]
        noisy, quiet = make("noisy"), make("quiet")
        url, is_over = self.url("elasticsearch"), threading.Event()
        statuses = []

        def write(number):
            connection = http.client.HTTPConnection(*address_of(url), timeout=60)
            round_ = 0
            while not is_over.is_set():
                round_ += 1
                documents = [document(i, client="noisy") for i in range(500)]
                for i, one in enumerate(documents):
                    one["request"]["messages"][0]["content"] = f"{number} {round_} {i} " + "words " * 400
                with contextlib.suppress(OSError, http.client.HTTPException):
                    connection.request("POST", "/_bulk", bulk(documents), {"Authorization": f"Bearer {noisy}", "User-Agent": "noisy"})
                    answer = connection.getresponse()
                    answer.read()
                    statuses.append(answer.status)
            connection.close()

        writers = [threading.Thread(target=write, args=(number,)) for number in range(16)]
        for writer in writers:
            writer.start()
        try:
            for _ in range(10):
                self.assert_answered("elasticsearch", headers={"Authorization": f"Bearer {quiet}"})
        finally:
            is_over.set()
            for writer in writers:
                writer.join(60)
        self.assertIn(200, statuses)
        self.assertEqual(self.service.records()[("router", "quiet")], 1)


if __name__ == "__main__":
    unittest.main()
