"""A disk that is really full, a small one in memory: said before it is, and survived by a restart."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

import flywheel

MIB = 1 << 20


def document(number, text="hello"):
    request = {"model": "big", "messages": [{"role": "user", "content": f"{number} {text}"}]}
    response = {"choices": [{"index": 0, "message": {"role": "assistant", "content": f"answer {number}"}}]}
    return {"timestamp": 1732460000 + number, "workload_id": "w", "client_id": "c", "request": request, "response": response}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class FullDisk(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-full-disk-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", self.disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"no small disk can be made here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=False)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (self.folder / "config.yaml").write_text("nims: [{model_name: none, url: 'http://127.0.0.1:9/v1'}]\n"
                                                 "elasticsearch: {enabled: false}\notlp: {enabled: false}\n")
        self.process = None
        self.addCleanup(self.kill)

    def start(self):
        command = [flywheel.FLYWHEEL, "serve", "--data", self.disk / "data", "--port", str(self.port), "--config", self.folder / "config.yaml"]
        with open(self.folder / "service.log", "ab") as log:
            self.process = subprocess.Popen(command, stderr=log)
        flywheel.wait_until(lambda: self.process.poll() is not None or self.answers(), 60, "the service listens")
        self.assertIsNone(self.process.poll(), self.log())

    def answers(self):
        try:
            return self.call("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def log(self):
        return (self.folder / "service.log").read_text()

    def call(self, method, path, documents=None):
        body = None if documents is None else "".join(json.dumps(one) + "\n" for one in documents).encode()
        request = urllib.request.Request(self.url + path, data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def free(self):
        return shutil.disk_usage(self.disk).free

    def fill(self, leave=0):
        with open(self.disk / f"filled{self.free()}", "wb", buffering=0) as file:
            try:
                while self.free() > leave:
                    file.write(bytes(min(MIB, max(4096, self.free() - leave))))
            except OSError:
                pass

    def make_room(self):
        for file in self.disk.glob("filled*"):
            file.unlink()

    def records(self):
        return sum(one["records"] for one in self.call("GET", "/api/workloads")[1]["workloads"])

    def is_ready(self):
        status, answer = self.call("GET", "/readyz")
        return status == 200 and answer.get("status") == "ok"

    def test_readiness_says_that_space_runs_out_before_anything_is_refused(self):
        self.start()
        self.assertEqual(self.call("GET", "/readyz")[1]["status"], "ok")
        self.fill(leave=5 * MIB)
        status, answer = self.call("GET", "/readyz")
        self.assertEqual((status, answer["status"]), (200, "degraded"), answer)
        self.assertEqual(answer["space"]["capacity_bytes"], 64 * MIB)
        self.assertLessEqual(answer["space"]["available_bytes"], 5 * MIB)
        self.assertIn("of 64 MiB are free", answer["detail"])
        self.assertEqual(self.call("POST", "/api/records", [document(1)])[0], 200, "nothing is refused yet")
        self.make_room()
        self.assertTrue(self.is_ready())

    def test_a_restart_on_a_full_disk_serves_reads_and_writes_again_when_there_is_room(self):
        self.start()
        for part in range(4):
            status, answer = self.call("POST", "/api/records", [document(part * 500 + n, os.urandom(1000).hex()) for n in range(500)])
            self.assertEqual((status, answer["appended"]), (200, 500))
        self.kill()
        self.fill()
        self.assertEqual(self.free(), 0)

        self.start()
        self.assertEqual(self.records(), 2000, "reads are served")
        self.assertEqual(len(self.call("GET", "/api/interactions?limit=10")[1]["interactions"]), 10)
        status, answer = self.call("GET", "/readyz")
        self.assertEqual(status, 503, answer)
        self.assertIn("the disk is full; free space there", answer["detail"])
        self.assertIn("open for reading alone", self.log())
        status, answer = self.call("POST", "/api/records", [document(9000)])
        self.assertIn(status, (503, 507), answer)

        self.make_room()
        flywheel.wait_until(self.is_ready, 30, "the store takes records again")
        self.assertEqual(self.call("POST", "/api/records", [document(9001)])[0], 200)
        self.assertEqual(self.records(), 2001)
        self.kill()
        self.start()
        self.assertEqual(self.records(), 2001)


if __name__ == "__main__":
    unittest.main()
