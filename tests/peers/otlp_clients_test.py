"""OpenTelemetry's SDK, instrumented applications and the Collector, as they are, against the OTLP face."""
import json
import unittest
import urllib.error
import urllib.request

from peers import Unavailable, Venv
from service import CaptureService, StubEndpoint, wait_until


class OtlpClients(unittest.TestCase):
    def setUp(self):
        self.service = CaptureService().start()
        self.addCleanup(self.service.close)
        self.url = self.service.face("otlp")
        self.model = StubEndpoint("I am a model.")
        self.addCleanup(self.model.close)

    def interactions(self):
        """What was captured, read back through the Elasticsearch dialect, oldest first."""
        body = json.dumps({"size": 100, "sort": ["timestamp"]}).encode()
        request = urllib.request.Request(self.service.face("elasticsearch") + "/_search", data=body,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return [hit["_source"] for hit in json.load(answer)["hits"]["hits"]]

    def run_application(self, kind):
        try:
            venv = Venv("otel")
        except Unavailable as error:
            self.skipTest(str(error))
        done = venv.run("otel_openai.py", self.url, self.model.url, kind)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        wait_until(lambda: self.service.count() >= 2, 30, "both calls are stored")
        first, second = self.interactions()
        self.assertEqual((first["workload_id"], first["client_id"]), (f"router-{kind}", "agent"))
        self.assertEqual(first["request"]["messages"], [{"role": "system", "content": "Be brief."},
                                                        {"role": "user", "content": "Who are you? é世😀"}])
        self.assertEqual((first["request"]["model"], first["request"]["temperature"]), ("big", 0))
        self.assertEqual(first["response"]["choices"][0]["message"]["content"], "I am a model.")
        self.assertEqual(first["response"]["usage"]["total_tokens"], 12)
        call = second["request"]["messages"][1]["tool_calls"][0]
        self.assertEqual((call["function"]["name"], json.loads(call["function"]["arguments"])), ("add", {"a": 2, "b": 3}))
        self.assertEqual(second["request"]["messages"][2]["tool_call_id"], "c1")
        self.assertEqual(second["request"]["tools"][0]["function"]["name"], "add")

    def test_openllmetry(self):
        self.run_application("openllmetry")

    def test_openinference(self):
        self.run_application("openinference")


class OtlpWithKeys(unittest.TestCase):
    """What exporters send is let in by key, is the key's tenant's, and is refused in google.rpc's form."""

    def setUp(self):
        self.service = CaptureService().start()
        self.addCleanup(self.service.close)
        self.url = self.service.face("otlp")

    def key(self, **more):
        return self.service.call("POST", "/api/keys", {"name": "agent", "listeners": ["otlp"], **more})[1]["secret"]

    def send(self, headers, workload="router"):
        document = {"timestamp": 1_760_000_000, "workload_id": workload, "client_id": "claimed",
                    "request": {"model": "big", "messages": [{"role": "user", "content": "hi"}]},
                    "response": {"choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}}]}}
        logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": json.dumps(document)}}]}]}]}
        request = urllib.request.Request(self.url + "/v1/logs", data=json.dumps(logs).encode(), method="POST",
                                         headers={"Content-Type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, json.load(error), error.headers

    def test_right_wrong_limited_and_foreign(self):
        key = self.key(tenant="acme", workloads=["router"])
        self.assertEqual(self.send({})[:2][0], 401)
        status, body, _ = self.send({"Authorization": "Bearer " + key[:-1] + ("0" if key[-1] != "0" else "1")})
        self.assertEqual((status, body["code"]), (401, 16))
        self.assertEqual(self.send({"Authorization": "Bearer " + key})[:2], (200, {"partialSuccess": {}}))
        status, body, _ = self.send({"x-flywheel-key": key}, workload="payroll")
        self.assertEqual((status, body["partialSuccess"]["rejectedLogRecords"]), (200, "1"))
        self.assertIn("not for workload payroll", body["partialSuccess"]["errorMessage"])
        self.assertEqual(self.service.records(), {("router", "acme"): 1})
        slow = self.key(limits={"requests_per_second": 0.1})
        self.send({"x-flywheel-key": slow})
        status, body, headers = self.send({"x-flywheel-key": slow})
        self.assertEqual((status, body["code"]), (429, 8))
        self.assertGreater(int(headers["Retry-After"]), 1)


if __name__ == "__main__":
    unittest.main()
