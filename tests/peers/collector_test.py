"""OpenTelemetry's Collector between applications and the OTLP port, with the very configuration that docs/shippers.md shows."""
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.request

from model import ScriptedModel
from peers import GoProgram, LockedNodeFolder, Unavailable
from service import CaptureService, document, wait_until
from shippers_test import free_port

COLLECTOR, CONTRIB = "go.opentelemetry.io/collector", "github.com/open-telemetry/opentelemetry-collector-contrib"
MODULES = ([f"{COLLECTOR}/{name}@v0.149.0" for name in ("otelcol", "service", "receiver/otlpreceiver", "exporter/otlphttpexporter",
                                                        "processor/batchprocessor")]
           + [f"{CONTRIB}/{name}@v0.149.0" for name in ("receiver/filelogreceiver", "pkg/stanza")]
           + [f"{COLLECTOR}/confmap/provider/{name}@v1.55.0" for name in ("fileprovider", "envprovider")])
DOCUMENTATION = pathlib.Path(__file__).resolve().parents[2] / "docs/shippers.md"
# Beside what is documented: a quiet Collector that tries again soon, and sends small requests.
HASTE = """
exporters:
  otlp_http:
    retry_on_failure: {initial_interval: 100ms, max_interval: 1s}
    sending_queue: {batch: {flush_timeout: 100ms, min_size: 10000}}
service:
  telemetry: {metrics: {level: none}}
"""
BATCH_PROCESSOR = """
processors: {batch: {send_batch_size: 500, send_batch_max_size: 500}}
service: {pipelines: {logs: {processors: [batch]}, traces: {processors: [batch]}}}
"""


def documented_configuration():
    section = DOCUMENTATION.read_text().split("### OpenTelemetry Collector", 1)[1]
    return re.search(r"```\n(.*?)```", section, re.DOTALL).group(1)


class Collector(unittest.TestCase):
    def setUp(self):
        try:
            self.program = GoProgram("otel_collector", MODULES)
        except Unavailable as error:
            self.skipTest(str(error))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-collector-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.otlp, self.inlet = free_port(), free_port()
        # The window is also how long a call made of several events waits for a late one.
        self.service = CaptureService(f"elasticsearch: {{port: 0}}\notlp: {{port: {self.otlp}, join_window_seconds: 30}}\n").start()
        self.addCleanup(self.service.close)
        self.service.listener("otlp")

    def start_collector(self, more=""):
        documented = documented_configuration()
        for told, here in (("/var/log/app/traffic.jsonl", str(self.folder / "traffic.jsonl")), ("127.0.0.1:4319", f"127.0.0.1:{self.inlet}"),
                           ("http://127.0.0.1:4318", f"http://127.0.0.1:{self.otlp}")):
            self.assertIn(told, documented)
            documented = documented.replace(told, here)
        files = []
        for name, text in (("documented", documented), ("haste", HASTE), ("more", more)):
            files.append(self.folder / f"{name}.yaml")
            files[-1].write_text(text)
        self.log = self.folder / "collector.log"
        process = self.program.start(*[word for file in files if file.read_text() for word in ("--config", file)], log=self.log)

        def stop():
            process.terminate()
            process.wait(30)
        self.addCleanup(stop)
        wait_until(lambda: process.poll() is not None or "Everything is ready" in self.log.read_text(), 30, "the Collector runs")
        self.assertIsNone(process.poll(), self.log.read_text()[-2000:])

    def write(self, numbers, padding=0):
        with open(self.folder / "traffic.jsonl", "a") as out:
            for i in numbers:
                line = document(i)
                line["request"]["messages"][0]["content"] += os.urandom(padding // 2).hex()
                out.write(json.dumps(line, ensure_ascii=i % 2 == 0) + "\n")

    def questions(self, workload):
        """The last message of every interaction of the workload, sorted; the messages before it are as they were asked."""
        url = self.service.listener("elasticsearch") + "/_search"
        body = {"size": 10_000, "query": {"term": {"workload_id": workload}}}
        request = urllib.request.Request(url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            asked = [hit["_source"]["request"]["messages"] for hit in json.load(answer)["hits"]["hits"]]
        self.assertEqual({tuple(message["content"] for message in messages[:-1]) for messages in asked},
                         {("Be brief.", "Yes.", "Really? é世😀", "Yes.")})
        return sorted(messages[-1]["content"] for messages in asked)

    def test_lines_of_a_file_keep_their_bytes_whatever_their_size(self):
        self.write(range(300), padding=60_000)  # beyond one request, together
        self.write(range(300, 1000))
        self.start_collector()
        wait_until(lambda: self.service.count() >= 1000, 60, "all lines are stored")
        self.assertEqual(self.service.records(), {("router", "dev"): 1000})
        kept = self.service.call("GET", "/api/interactions?workload_id=router&limit=1000")[1]["interactions"]
        self.assertEqual([one["request"] for one in kept[:700]], [document(i)["request"] for i in range(999, 299, -1)])

    def test_nothing_is_lost_or_twice_when_the_service_is_killed(self):
        try:
            node = LockedNodeFolder("otel_node")
        except Unavailable as error:
            self.skipTest(str(error))
        model = ScriptedModel(lambda request: {"role": "assistant", "content": "I am a model."})
        self.addCleanup(model.close)
        self.start_collector(BATCH_PROCESSOR)
        kinds, count = ("opentelemetry", "openinference"), 300
        applications = [subprocess.Popen(node.command("otel_openai.cjs", f"http://127.0.0.1:{self.inlet}", model.url, kind, "proto", count))
                        for kind in kinds]
        lines = 0
        while any(application.poll() is None for application in applications):
            self.write(range(lines, lines + 500))
            lines += 500
            wait_until(lambda: self.service.records().get(("router", "dev"), 0) > lines - 500, 60, "lines arrive")
            self.service.kill()
            time.sleep(1)
            self.service.start()
            self.service.listener("otlp")
            time.sleep(1)
        self.assertEqual([application.returncode for application in applications], [0, 0])
        everything = {("router", "dev"): lines, **{(f"node-{kind}", "agent"): count for kind in kinds}}
        wait_until(lambda: self.service.count() >= sum(everything.values()), 120, "everything is stored")
        self.assertEqual(self.service.records(), everything)
        for kind in kinds:
            self.assertEqual(self.questions(f"node-{kind}"), sorted(f"question {i}" for i in range(count)))
        self.assertNotIn("Dropping data", self.log.read_text())

    def test_nothing_is_lost_or_twice_while_the_service_refuses(self):
        key = self.service.call("POST", "/api/keys", {"name": "collector", "listeners": ["otlp"], "limits": {"requests_per_second": 2}})
        self.start_collector(f'exporters: {{otlp_http: {{headers: {{x-flywheel-key: "{key[1]["secret"]}"}}}}}}\n')
        for beginning in range(0, 500, 50):  # more often than the key may
            self.write(range(beginning, beginning + 50), padding=3_000)
            time.sleep(0.1)
        wait_until(lambda: "has had its requests a second" in self.log.read_text(), 60, "the key's limit is felt")
        wait_until(lambda: self.service.count() >= 100, 60, "lines arrive")
        process = self.service.process.pid
        most = resource.prlimit(process, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(process, resource.RLIMIT_FSIZE, (16 << 10, most))  # as if the disk were full
        self.write(range(500, 1000), padding=3_000)
        wait_until(lambda: "nothing was stored" in self.log.read_text(), 60, "the Collector is told that nothing was stored")
        resource.prlimit(process, resource.RLIMIT_FSIZE, (most, most))
        wait_until(lambda: self.service.count() >= 1000, 120, "all lines are stored")
        self.assertEqual(self.service.records(), {("router", "dev"): 1000})
        self.assertNotIn("Dropping data", self.log.read_text())


if __name__ == "__main__":
    unittest.main()
