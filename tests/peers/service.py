"""`flywheel serve` with its ways in on free ports, for the tests of real peers."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from flywheel import FLYWHEEL, Service, StubEndpoint, wait_until  # noqa: E402, F401

CONFIG = "elasticsearch: {port: 0}\notlp: {port: 0}\n"


class CaptureService(Service):
    """A service whose listeners are found by name."""

    def __init__(self, config=CONFIG, **options):
        super().__init__("nims: [{model_name: none, url: 'http://127.0.0.1:9/v1'}]\n" + config, **options)

    def listener(self, name):
        """URL of a way in."""
        def find():
            status, answer = self.call("GET", "/readyz")
            listeners = {one["name"]: one for one in answer.get("listeners", [])} if status == 200 else {}
            return listeners.get(name, {}).get("url")
        return wait_until(find, 30, f"the {name} listener listens")

    def records(self):
        """How many records the log store has, by workload and client."""
        return {(w["workload_id"], w["client_id"]): w["records"] for w in self.call("GET", "/api/workloads")[1]["workloads"]}

    def count(self):
        return sum(self.records().values())


def document(i, workload="router", client="dev", seconds=1_760_000_000):
    """A log document of the blueprint."""
    return {"timestamp": seconds + i, "workload_id": workload, "client_id": client,
            "request": {"model": "big", "messages": [{"role": "user", "content": f"question {i} \u00e9\u4e16\U0001f600"}]},
            "response": {"id": f"r{i}", "choices": [{"index": 0, "finish_reason": "stop",
                                                     "message": {"role": "assistant", "content": f"answer {i}"}}]}}
