"""OpenTelemetry's SDK, instrumented applications and the Collector, as they are, against the OTLP listener."""
import json
import unittest
import urllib.error
import urllib.request

from model import ScriptedModel
from peers import LockedNodeFolder, Unavailable, Venv
from service import CaptureService, StubEndpoint, wait_until


class OtlpClients(unittest.TestCase):
    def setUp(self):
        self.service = CaptureService().start()
        self.addCleanup(self.service.close)
        self.url = self.service.listener("otlp")
        self.model = StubEndpoint("I am a model.")
        self.addCleanup(self.model.close)

    def interactions(self):
        """What was captured, read back through the Elasticsearch dialect, oldest first."""
        body = json.dumps({"size": 100, "sort": ["timestamp"]}).encode()
        request = urllib.request.Request(self.service.listener("elasticsearch") + "/_search", data=body,
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


def answer_of(request):
    """What the model of the tests answers: the last message says what is wanted."""
    wanted = request["messages"][-1]["content"]
    if "fail" in wanted:
        return 400
    if "cut" in wanted:
        return {"role": "assistant", "content": "I am", "finish_reason": "length"}
    if "call" not in wanted:
        return {"role": "assistant", "content": "I am a model. é世😀"}
    calls = [{"id": f"a{i}", "type": "function", "function": {"name": name, "arguments": '{"city": "Oslo"}'}}
             for i, name in enumerate(["weather", "time"])]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def with_values(messages):
    """Arguments of calls as what they say, not how it is written."""
    return [{**message, "tool_calls": [{**call, "function": {**call["function"], "arguments": json.loads(call["function"]["arguments"])}}
                                       for call in message["tool_calls"]]}
            if message.get("tool_calls") else {**message, "tool_calls": None} for message in messages]


class NodeApplications(unittest.TestCase):
    """An application of Node.js with OpenAI's client under each of the instrumentations there are, both encodings: what is captured
    is what was asked and answered, but for what the instrumentation does not tell (docs/shippers.md names it)."""

    PARAMETERS = {"model", "messages", "temperature", "top_p", "max_tokens", "frequency_penalty", "presence_penalty"}

    def captured(self, kind, encoding):
        """Pairs of what the application saw and what was captured, of every call that was answered."""
        try:
            node = LockedNodeFolder("otel_node")
        except Unavailable as error:
            self.skipTest(str(error))
        self.service = CaptureService("elasticsearch: {port: 0}\notlp: {port: 0, join_window_seconds: 5}\n").start()
        self.addCleanup(self.service.close)
        model = ScriptedModel(answer_of)
        self.addCleanup(model.close)
        done = node.run("otel_openai.cjs", self.service.listener("otlp"), model.url, kind, encoding)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        calls = [json.loads(line) for line in done.stdout.splitlines()]
        seen = [call for call in calls if "choices" in call["got"]]
        self.assertEqual([call["got"] for call in calls if call not in seen], [{"status": 400}])
        wait_until(lambda: self.service.count() >= len(seen), 30, "every call is stored")
        kept = self.service.call("GET", f"/api/interactions?workload_id=node-{kind}")[1]["interactions"][::-1]
        self.assertEqual([one["client_id"] for one in kept], ["agent"] * len(seen))
        return list(zip(seen, kept))

    def says_the_same(self, choices, seen):
        self.assertEqual([(with_values([c["message"]]), c["finish_reason"], c["index"]) for c in choices],
                         [(with_values([c["message"]]), c["finish_reason"], c["index"]) for c in seen])

    def opentelemetry(self, encoding):
        for seen, kept in self.captured("opentelemetry", encoding):
            asked, got = seen["asked"], seen["got"]
            self.assertEqual(kept["request"], {k: v for k, v in asked.items() if k in self.PARAMETERS | {"stop"}})
            self.says_the_same(kept["response"]["choices"], got["choices"])
            self.assertEqual((kept["response"]["model"], kept["response"].get("usage")), ("big-2026", got["usage"]))
            self.assertEqual((kept["flywheel"]["model_asked"], kept["flywheel"]["ending"]), ("big", "finished"))
        self.assertIn('flywheel_otlp_unused_total{outcome="failed_calls"} 1\n', self.service.call("GET", "/metrics")[1])
        self.assertIn("flywheel_otlp_waiting_calls 0\n", self.service.call("GET", "/metrics")[1])

    def test_opentelemetry_protobuf(self):
        self.opentelemetry("proto")

    def test_opentelemetry_json(self):
        self.opentelemetry("json")

    def openllmetry(self, encoding):
        for seen, kept in self.captured("openllmetry", encoding):
            asked, got = seen["asked"], seen["got"]
            request = {k: v for k, v in asked.items() if k in self.PARAMETERS | {"tools"}}
            said = [{"content": None, **message} for message in request.pop("messages")]
            self.assertEqual(with_values(kept["request"].pop("messages")), with_values(said))
            self.assertEqual(kept["request"], request)
            self.says_the_same(kept["response"]["choices"], got["choices"][:1])
            usage = None if asked.get("stream") else got["usage"]
            self.assertEqual((kept["response"]["model"], kept["response"].get("usage")), ("big-2026", usage))

    def test_openllmetry_protobuf(self):
        self.openllmetry("proto")

    def test_openllmetry_json(self):
        self.openllmetry("json")

    def openinference(self, encoding):
        for seen, kept in self.captured("openinference", encoding):
            asked, got = seen["asked"], seen["got"]
            self.assertEqual(kept["request"], asked)
            if not asked.get("stream"):
                self.assertEqual(kept["response"], got)
            elif "tools" not in asked:
                self.says_the_same(kept["response"]["choices"], got["choices"])
            else:  # the instrumentation runs streamed calls of two tools into one: not for training
                self.assertEqual(kept["flywheel"]["ending"], "arguments_incomplete")

    def test_openinference_protobuf(self):
        self.openinference("proto")

    def test_openinference_json(self):
        self.openinference("json")


class OtlpWithKeys(unittest.TestCase):
    """What exporters send is let in by key, is the key's tenant's, and is refused in google.rpc's form."""

    def setUp(self):
        self.service = CaptureService().start()
        self.addCleanup(self.service.close)
        self.url = self.service.listener("otlp")

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
