"""OpenAI's client for Node.js, unmodified, through the gateway: what it gets is what it would get without it, and it is kept
as it happened."""
import json
import pathlib
import sys
import unittest

import gateway

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "peers"))
from peers import NodeFolder, Unavailable


class OpenAiNode(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            cls.node = NodeFolder("openai_node", {"openai": "7.59.0"})
        except Unavailable as error:
            raise unittest.SkipTest(str(error)) from None

    def run_client(self, base, kind):
        done = self.node.run("openai_node.mjs", base, kind, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        return json.loads(done.stdout.splitlines()[-1])

    def test_a_real_engine(self):
        with gateway.engine() as engine, gateway.GatewayService(engine.url) as service:
            direct = self.run_client(engine.url, "engine")
            self.assertEqual(self.run_client(service.gateway + "/v1", "engine"), direct)
            streamed, said = service.interactions(2, workload_id="router")
            self.assertEqual(said["response"]["choices"][0]["message"]["content"], direct["said"])
            answer = streamed["response"]
            self.assertEqual(answer["choices"][0]["message"]["content"], direct["text"])
            self.assertEqual(answer["choices"][0]["finish_reason"], direct["finish"])
            self.assertEqual(answer["usage"]["completion_tokens"], direct["usage"])
            self.assertIn("\u00e9\u4e16\U0001f600", streamed["request"]["messages"][0]["content"])
            self.assertNotIn("of-the-client", json.dumps([streamed, said]))

    def test_an_upstream_that_misbehaves(self):
        with gateway.mock_upstream("--slow-ms", "3000") as upstream, gateway.GatewayService(upstream.url) as service:
            got = self.run_client(service.gateway + "/v1", "mock")
            self.assertEqual((got["limited"], got["failed"]), ("RateLimitError 429", "InternalServerError 500"))
            self.assertEqual((got["died"], got["stopped"], got["retried"]), ("broken", "broken", "RateLimitError 429"))
            kept = {}
            for one in service.interactions(4, workload_id="router"):
                kept.setdefault(one["flywheel"]["model_asked"].removeprefix("bench-"), one)
            calls = kept["tools"]["response"]["choices"][0]["message"]["tool_calls"]
            self.assertEqual([json.loads(call["function"]["arguments"]) for call in calls], got["arguments"])
            self.assertEqual({mode: one["flywheel"]["ending"] for mode, one in kept.items()},
                             {"tools": "finished", "429": "refused", "500": "refused", "close": "upstream_died"})
            for workload in ("left", "stopped"):
                self.assertEqual(service.interactions(1, workload_id=workload)[0]["flywheel"]["ending"], "client_gone")
            self.assertEqual(len(service.interactions(2, workload_id="patient")), 2, "each try is an exchange")


if __name__ == "__main__":
    unittest.main()
