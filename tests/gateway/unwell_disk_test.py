"""A disk that takes nothing for a while: applications are answered as before, the service says what it lacks, and what it held in memory
is in the store when the disk is well again."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

import gateway
from gateway import flywheel

FULL_AT = 16 << 10  # bytes of a file; what the store writes into has more
REQUESTS = 20


def ask(url, text):
    """(status, text) of a chat through a gateway."""
    body = {"model": "big", "messages": [{"role": "user", "content": text}]}
    request = urllib.request.Request(url + "/v1/chat/completions", data=json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json", "x-flywheel-workload": "w"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class UnwellDisk(unittest.TestCase):
    def serve(self, env=None):
        self.endpoint = flywheel.StubEndpoint(answer=lambda request: {"role": "assistant", "content": request["messages"][0]["content"]})
        self.addCleanup(self.endpoint.close)
        self.service = gateway.GatewayService(config=f"gateway:\n  port: 0\n  upstream: {self.endpoint.url}\nelasticsearch: {{enabled: false}}\notlp: {{enabled: false}}\n")
        self.service.env.update({**(env or {}), "READ_ONLY_FOLDER": str(self.service.data)})
        self.addCleanup(self.service.close)
        self.service.start()
        for number in range(60):
            self.assert_answered(f"before {number} {os.urandom(1500).hex()}")
        self.service.interactions(60)

    def assert_answered(self, text):
        status, answer = ask(self.service.gateway, text)
        self.assertEqual(status, 200, answer)
        self.assertEqual(json.loads(answer)["choices"][0]["message"]["content"], text)

    def metric(self, name):
        lines = self.service.call("GET", "/metrics")[1].splitlines()
        return next(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + " "))

    def is_unready(self):
        status, answer = self.service.call("GET", "/readyz")
        return status == 503 and answer

    def goes_through(self, makes_unwell, makes_well):
        """Whatever the disk's trouble is."""
        self.assertEqual(self.service.call("GET", "/readyz")[0], 200)
        makes_unwell()
        for number in range(REQUESTS):
            self.assert_answered(f"meanwhile {number}")
        unready = flywheel.wait_until(self.is_unready, 20, "the service says that it lacks something")
        self.assertIn("cannot write to the log store", unready["detail"])
        self.assertGreater(self.metric("flywheel_committer_queued_records"), 0)
        self.assertGreater(self.metric("flywheel_committer_oldest_wait_seconds"), 0)
        self.assert_answered("still")
        self.assertEqual(self.service.call("GET", "/healthz")[0], 200)
        self.assertEqual(len(self.service.call("GET", "/api/interactions?limit=1000")[1]["interactions"]), 60, "reads go on")

        makes_well()
        flywheel.wait_until(lambda: self.service.call("GET", "/readyz")[0] == 200, 20, "the store is well again")
        self.assert_answered("after")
        kept = self.service.interactions(60 + REQUESTS + 2)
        self.assertEqual(len(kept), 60 + REQUESTS + 2)
        said = [one["request"]["messages"][0]["content"] for one in kept]
        self.assertEqual(sorted(text for text in said if not text.startswith("before")),
                         sorted([f"meanwhile {number}" for number in range(REQUESTS)] + ["still", "after"]))
        self.assertEqual(self.metric("flywheel_committer_queued_records"), 0)
        log = (self.service.folder / "service.log").read_text()
        self.assertIn("the log store takes records again", log)

    def test_a_full_disk_costs_no_answer_and_no_record(self):
        self.serve()
        self.goes_through(lambda: self.service.limit_files(FULL_AT), self.service.let_files_grow)

    def test_a_disk_that_became_read_only_costs_no_answer_and_no_record(self):
        compiler = shutil.which("clang-19") or shutil.which("cc")
        if compiler is None:
            self.skipTest("no C compiler")
        folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-read-only-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        shim = folder / "read_only_disk.so"
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", shim, pathlib.Path(__file__).with_name("read_only_disk.c"), "-ldl"],
                       check=True)
        flag = folder / "read_only"
        self.serve(env={"LD_PRELOAD": str(shim), "READ_ONLY_WHILE": str(flag)})
        self.goes_through(flag.touch, flag.unlink)


if __name__ == "__main__":
    unittest.main()
