"""`flywheel log tail` beside traffic that comes faster than it asks: every record is shown, once, in the order of its arrival."""
import json
import subprocess
import threading
import time
import unittest
import urllib.request

from gateway import flywheel

BATCHES, BATCH = 60, 500


def documents(batch):
    """Records of one batch, of which the older ones come last."""
    action = json.dumps({"create": {}})
    for i in range(BATCH):
        yield action
        yield json.dumps({"timestamp": 10_000_000 - batch * BATCH - i, "workload_id": "w", "client_id": "c",
                          "request": {"messages": [], "user": f"{batch}-{i}"}, "response": {"choices": []}})


class Tail:
    """The command, and what it says."""

    def __init__(self, service, *words):
        self.process = subprocess.Popen([str(flywheel.FLYWHEEL), "log", "tail", "--lines", "0", "--json", "--server", service.url, *words],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.names = []
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.names.append(json.loads(line)["request"]["user"])

    def end(self):
        self.process.terminate()
        self.thread.join()
        return self.process.stderr.read()


class LogTail(unittest.TestCase):
    def test_shows_all_that_comes(self):
        with flywheel.Service("nims: [{model_name: any, url: 'http://127.0.0.1:9/v1'}]\nelasticsearch: {port: 0}\n") as service:
            ready = service.call("GET", "/readyz")[1]["listeners"]
            url = next(one["url"] for one in ready if one["name"] == "elasticsearch")
            service.call("POST", "/api/records", {"timestamp": 1, "workload_id": "w", "client_id": "c",
                                                  "request": {"user": "before"}, "response": {}})
            tail = Tail(service)
            time.sleep(2)  # until it has asked how things stand
            for batch in range(BATCHES):
                body = ("\n".join(documents(batch)) + "\n").encode()
                request = urllib.request.Request(url + "/flywheel/_bulk", data=body, headers={"Content-Type": "application/x-ndjson"})
                with urllib.request.urlopen(request, timeout=60) as answer:
                    self.assertFalse(json.load(answer)["errors"])
            flywheel.wait_until(lambda: len(tail.names) >= BATCHES * BATCH, 60, "all records")
            said = tail.end()
            self.assertEqual(len(tail.names), BATCHES * BATCH)
            self.assertEqual(tail.names, [f"{batch}-{i}" for batch in range(BATCHES) for i in range(BATCH)])
            self.assertNotIn("left out", said)


if __name__ == "__main__":
    unittest.main()
