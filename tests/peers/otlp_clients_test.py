"""OpenTelemetry's SDK, instrumented applications and the Collector, as they are, against the OTLP face."""
import json
import unittest

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
        import urllib.request
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


if __name__ == "__main__":
    unittest.main()
