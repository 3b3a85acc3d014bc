"""`kill -9` while several clients write to every listener: nothing that was acknowledged is lost, nothing is there twice.
FLYWHEEL_KILLS says how often (default 10)."""
import json
import os
import random
import threading
import time
import unittest
import urllib.error
import urllib.request

from service import CaptureService, document, wait_until
from shippers_test import free_port

KILLS = int(os.environ.get("FLYWHEEL_KILLS", "10"))
WRITERS = 3


def post(url, body, content_type):
    request = urllib.request.Request(url, data=body, headers={"Content-Type": content_type, "User-Agent": "kill-test"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def bulk_body(numbers, workload):
    return "".join('{"index":{}}\n' + json.dumps(document(i, workload)) + "\n" for i in numbers).encode()


def logs_body(numbers, workload):
    records = [{"body": {"stringValue": json.dumps(document(i, workload))}} for i in numbers]
    return json.dumps({"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": records}]}]}).encode()


class Writer(threading.Thread):
    """Writes batches until it is told to stop; a batch without an answer is sent again, as shippers do."""

    def __init__(self, url, make_body, content_type, workload):
        super().__init__(daemon=True)
        self.url, self.make_body, self.content_type, self.workload = url, make_body, content_type, workload
        self.acknowledged, self.is_done = 0, False

    def run(self):
        while not self.is_done:
            body = self.make_body(range(self.acknowledged, self.acknowledged + 20), self.workload)
            while True:
                try:
                    answer = post(self.url, body, self.content_type)
                    assert not answer.get("errors") and not answer.get("partialSuccess"), answer
                    break
                except (OSError, urllib.error.URLError):
                    time.sleep(0.05)
            self.acknowledged += 20


class Kill(unittest.TestCase):
    def test_nothing_acknowledged_is_lost_and_nothing_is_twice(self):
        bulk, otlp = free_port(), free_port()
        service = CaptureService(f"elasticsearch: {{port: {bulk}}}\notlp: {{port: {otlp}}}\n").start()
        self.addCleanup(service.close)
        service.listener("otlp")
        writers = [Writer(f"http://127.0.0.1:{bulk}/flywheel/_bulk", bulk_body, "application/x-ndjson", f"bulk-{i}")
                   for i in range(WRITERS)]
        writers += [Writer(f"http://127.0.0.1:{otlp}/v1/logs", logs_body, "application/json", f"otlp-{i}") for i in range(WRITERS)]
        for writer in writers:
            writer.start()
        chance = random.Random(14)
        for _ in range(KILLS):
            before = sum(writer.acknowledged for writer in writers)
            wait_until(lambda: sum(writer.acknowledged for writer in writers) > before, 60, "writes go on")
            time.sleep(chance.uniform(0, 0.5))
            service.kill()
            service.start()
        for writer in writers:
            writer.is_done = True
        for writer in writers:
            writer.join(60)
        self.assertEqual(service.records(), {(writer.workload, "dev"): writer.acknowledged for writer in writers})
        print(f"{KILLS} kills, {sum(writer.acknowledged for writer in writers)} documents")


if __name__ == "__main__":
    unittest.main()
