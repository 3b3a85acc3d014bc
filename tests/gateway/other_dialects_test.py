"""Anthropic's official client and OpenAI's Responses API, unmodified, through the gateway to a real engine: what they get
is what they would get without it, and it is kept as an interaction like any other."""
import json
import unittest

import gateway

MESSAGES = '''
import json, sys, anthropic
client = anthropic.Anthropic(base_url=sys.argv[1], api_key="sk-ant-of-the-client", max_retries=0,
                             default_headers={"x-flywheel-workload": "router", "x-flywheel-client": "shop"})
ask = dict(model="small", max_tokens=12, extra_body={"temperature": 0})
said = client.messages.create(system="Answer shortly.", messages=[{"role": "user", "content": "Say hello."}], **ask)
with client.messages.stream(messages=[{"role": "user", "content": "Count to five."}], **ask) as stream:
    text = "".join(stream.text_stream)
    final = stream.get_final_message()
count = client.messages.count_tokens(model="small", messages=[{"role": "user", "content": "Say hello."}])
try:
    client.messages.create(messages=[{"role": "user", "content": []}], model="small", max_tokens=-5, extra_body={"temperature": "hot"})
    refused = None
except anthropic.APIStatusError as error:
    refused = error.status_code
print(json.dumps({"said": said.content[0].text, "text": text, "final": final.content[0].text, "stop": final.stop_reason,
                  "tokens": [said.usage.output_tokens, final.usage.output_tokens], "count": count.input_tokens, "refused": refused}))
'''
RESPONSES = '''
import json, sys, openai
client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="sk-of-the-client", max_retries=0,
                       default_headers={"x-flywheel-workload": "router", "x-flywheel-client": "shop"})
ask = dict(model="small", max_output_tokens=12, temperature=0)
said = client.responses.create(instructions="Answer shortly.", input="Say hello.", **ask)
text = ""
for event in client.responses.create(input="Count to five.", stream=True, **ask):
    if event.type == "response.output_text.delta":
        text += event.delta
    if event.type == "response.completed":
        final = event.response
print(json.dumps({"said": said.output_text, "text": text, "final": final.output_text, "stop": final.status,
                  "tokens": [said.usage.output_tokens, final.usage.output_tokens]}))
'''


class OtherDialects(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = cls.enterClassContext(gateway.engine())

    def check(self, script, dialect, durability):
        """Both ways of keeping records hand on the same answers."""
        config = f"gateway:\n  port: 0\n  upstream: {self.engine.url}\n  capture: {{durability: {durability}}}\n"
        with gateway.GatewayService(config=config) as service:
            direct = gateway.run_client(script, self.engine.url.removesuffix("/v1"))
            self.assertEqual(gateway.run_client(script, service.gateway), direct)
            self.assertEqual(direct["text"], direct["final"])
            finished = [one for one in service.interactions(2) if one["flywheel"]["ending"] == "finished"]
            self.assertEqual(len(finished), 2, "counting tokens is no interaction")
            streamed, said = finished  # the newest first
            self.assertEqual([m["content"] for m in said["request"]["messages"]], ["Answer shortly.", "Say hello."])
            for one, text, tokens in ((said, direct["said"], direct["tokens"][0]), (streamed, direct["text"], direct["tokens"][1])):
                self.assertEqual((one["workload_id"], one["client_id"]), ("router", "shop"))
                self.assertEqual(one["request"]["flywheel"]["dialect"], dialect)
                self.assertEqual(one["response"]["choices"][0]["message"]["content"], text)
                self.assertEqual(one["response"]["usage"]["completion_tokens"], tokens)
                self.assertNotIn("of-the-client", json.dumps(one))
            return service.interactions(2), direct

    def test_messages(self):
        kept, direct = self.check(MESSAGES, "messages", "journal")
        self.assertGreaterEqual(direct["refused"], 400)
        refused = [one for one in kept if one["flywheel"]["ending"] == "refused"]
        self.assertEqual([one["flywheel"]["http_status"] for one in refused], [direct["refused"]])

    def test_messages_before_the_last_byte(self):
        self.check(MESSAGES, "messages", "before_last_byte")

    def test_responses(self):
        self.check(RESPONSES, "responses", "journal")

    def test_responses_before_the_last_byte(self):
        self.check(RESPONSES, "responses", "before_last_byte")


if __name__ == "__main__":
    unittest.main()
