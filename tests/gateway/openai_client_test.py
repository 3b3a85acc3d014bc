"""The official Python clients, unmodified, through the gateway: what they get is what they would get without it, and it
is kept as it happened."""
import json
import unittest

import gateway

TOOLS = '''
TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "Weather of a city",
          "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]
'''
SETUP = '''
import json, sys, openai
client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="sk-test-of-the-client", max_retries=0,
                       default_headers={"x-flywheel-workload": "router", "x-flywheel-client": "shop"})
'''
CHAT = SETUP + TOOLS + '''
said = client.chat.completions.create(model="small", max_tokens=12, temperature=0, messages=[
    {"role": "system", "content": "Answer shortly."}, {"role": "user", "content": "Say hello."}])
text, usage, finish = "", None, None
for chunk in client.chat.completions.create(model="small", max_tokens=12, temperature=0, stream=True,
        stream_options={"include_usage": True}, messages=[{"role": "user", "content": "Count to five."}]):
    usage = chunk.usage or usage
    for choice in chunk.choices:
        text += choice.delta.content or ""
        finish = choice.finish_reason or finish
called = client.chat.completions.create(model="small", max_tokens=60, temperature=0, tools=TOOLS, tool_choice="required",
    messages=[{"role": "user", "content": "How is the weather in Paris?"}],
    extra_headers={"x-flywheel-conversation": "c1", "x-flywheel-tags": "env=test"})
models = [m.id for m in client.models.list()]
print(json.dumps({"said": said.choices[0].message.content, "text": text, "usage": usage.completion_tokens, "finish": finish,
    "calls": [c.function.arguments for c in called.choices[0].message.tool_calls or []], "models": models}))
'''
MOCKED = SETUP + '''
def ask(mode, **more):
    return client.chat.completions.create(model="bench-" + mode, messages=[{"role": "user", "content": "hi"}], **more)
def outcome(call):
    try:
        call()
        return "ok"
    except openai.APIStatusError as error:
        return type(error).__name__
    except openai.APIError as error:
        return "broken:" + type(error).__name__
    except Exception as error:
        return "broken:" + type(error).__name__
def read(stream):
    return [c for c in stream]
out = {"limited": outcome(lambda: ask("429")), "failed": outcome(lambda: ask("500")), "html": outcome(lambda: ask("html502"))}
tools = read(ask("tools", stream=True))
names, arguments = {}, {}
for chunk in tools:
    for choice in chunk.choices:
        for call in choice.delta.tool_calls or []:
            names[call.index] = names.get(call.index, "") + ((call.function.name if call.function else "") or "")
            arguments[call.index] = arguments.get(call.index, "") + ((call.function.arguments if call.function else "") or "")
out["arguments"] = [json.loads(arguments[i]) for i in sorted(arguments)]
out["died"] = outcome(lambda: read(ask("close", stream=True)))
stream = ask("slow", stream=True, extra_headers={"x-flywheel-workload": "hung-up"})
stream.close()
patient = client.with_options(max_retries=2)
out["retried"] = outcome(lambda: patient.chat.completions.create(model="bench-429", messages=[{"role": "user", "content": "hi"}]))
print(json.dumps(out))
'''


class RealEngine(unittest.TestCase):
    """Chats, streams and calls of tools with a real engine behind the gateway."""

    def test_what_the_client_gets_is_what_is_kept(self):
        with gateway.engine() as engine, gateway.GatewayService(engine.url) as service:
            direct = gateway.run_client(CHAT, engine.url.removesuffix("/v1"))
            through = gateway.run_client(CHAT, service.gateway)
            self.assertEqual(through, direct)
            kept = service.interactions(3, workload_id="router")
            self.assertEqual(len(kept), 3, "the list of models is no interaction")
            called, streamed, said = kept  # the newest first
            self.assertEqual(said["response"]["choices"][0]["message"]["content"], direct["said"])
            message = streamed["response"]["choices"][0]
            self.assertEqual(message["message"]["content"], direct["text"])
            self.assertEqual(message["finish_reason"], direct["finish"])
            self.assertEqual(streamed["response"]["usage"]["completion_tokens"], direct["usage"])
            calls = [c["function"]["arguments"] for c in called["response"]["choices"][0]["message"].get("tool_calls") or []]
            self.assertEqual(calls, direct["calls"])
            self.assertEqual(called["flywheel"]["conversation"], "c1")
            self.assertEqual(called["flywheel"]["tags"], ["env=test"])
            for one in kept:
                self.assertEqual(one["client_id"], "shop")
                self.assertEqual(one["flywheel"]["origin"], "gateway")
                self.assertLessEqual(one["flywheel"]["first_token_us"], one["flywheel"]["total_us"])
                self.assertNotIn("sk-test", json.dumps(one))
            self.assertNotIn("sk-test", (service.folder / "service.log").read_text())


class MisbehavingUpstream(unittest.TestCase):
    """Errors, calls of tools in fragments, streams that break off, and clients that hang up."""

    def test_errors_reach_the_client_and_ends_are_kept(self):
        with gateway.mock_upstream("--slow-ms", "3000") as upstream, gateway.GatewayService(upstream.url) as service:
            got = gateway.run_client(MOCKED, service.gateway)
            self.assertEqual(got["limited"], "RateLimitError")
            self.assertEqual(got["failed"], "InternalServerError")
            self.assertEqual(got["html"], "InternalServerError")
            self.assertEqual(len(got["arguments"]), 3)
            self.assertTrue(got["died"].startswith("broken:"), got["died"])
            self.assertEqual(got["retried"], "RateLimitError")
            hung_up = service.interactions(1, workload_id="hung-up")[0]
            self.assertEqual(hung_up["flywheel"]["ending"], "client_gone")
            kept = service.interactions(6, workload_id="router")
            by_model = {}
            for one in kept:
                by_model.setdefault(one["flywheel"]["model_asked"].removeprefix("bench-"), []).append(one)
            self.assertEqual(by_model["500"][0]["flywheel"]["ending"], "refused")
            self.assertEqual(by_model["429"][0]["flywheel"]["http_status"], 429)
            self.assertEqual(by_model["close"][0]["flywheel"]["ending"], "upstream_died")
            self.assertTrue(by_model["close"][0]["response"]["choices"], "what had come is kept")
            calls = by_model["tools"][0]["response"]["choices"][0]["message"]["tool_calls"]
            self.assertEqual([json.loads(c["function"]["arguments"]) for c in calls], got["arguments"])


class PortTaken(unittest.TestCase):
    def test_the_service_goes_on_and_says_so(self):
        with gateway.mock_upstream() as upstream:
            service = gateway.flywheel.Service(
                f"nims: []\ngateway:\n  port: {upstream.port}\n  upstream: {upstream.url}\n")
            with service:
                status, ready = service.call("GET", "/readyz")
                self.assertEqual(status, 200)
                self.assertIn("in use", ready["listeners"][0]["trouble"])


if __name__ == "__main__":
    unittest.main()
