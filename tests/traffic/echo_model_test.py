"""The stub that the other tests trust: what it answers is what its names say."""
import json
import unittest
import urllib.request

import echo_model

CALLS = [("get", {"id": 1}), ("get", {"id": 2})]


def message(calls, text=None):
    return {"role": "assistant", "content": text, "tool_calls": [
        {"id": f"c{number}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for number, (name, arguments) in enumerate(calls)]}


def document(question, answer):
    return {"request": {"model": "big", "messages": [{"role": "user", "content": question}], "tools": []},
            "response": {"choices": [{"message": answer}]}}


class EchoModelTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        said = {"role": "assistant", "content": "hello"}
        cls.model = echo_model.EchoModel([document("both", message(CALLS)), document("hi", {**said, "content": "old"}),
                                          document("hi", said), document("often", said), document("often", said),
                                          document("often", {**said, "content": "once, later"})])

    @classmethod
    def tearDownClass(cls):
        cls.model.close()

    def ask(self, model, question, **more):
        body = {"model": model, "messages": [{"role": "user", "content": question}], "max_tokens": 9, **more}
        request = urllib.request.Request(self.model.url + "/chat/completions", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["choices"][0]["message"]

    def test_each_model_answers_as_its_name_says(self):
        calls = {model: echo_model.calls_of(self.ask(model, "both")) for model in echo_model.MODELS}
        self.assertEqual(calls["echo"], CALLS)
        self.assertEqual(calls["reorder"], CALLS[::-1])
        self.assertEqual(calls["repeat"], [CALLS[0], CALLS[0], CALLS[1], CALLS[1]])
        self.assertEqual(calls["silent"], [])
        self.assertEqual(self.ask("banana", "both")["content"], echo_model.NONSENSE)

    def test_of_several_answers_the_most_frequent_counts_then_the_newest(self):
        self.assertEqual(self.ask("echo", "often")["content"], "hello")
        self.assertEqual(self.ask("echo", "hi")["content"], "hello")

    def test_a_request_is_known_behind_examples_and_in_parts(self):
        examples = {"role": "system", "content": "Earlier requests and how they were answered: ..."}
        parts = {"role": "user", "content": [{"type": "text", "text": "hi"}]}
        self.assertEqual(self.ask("echo", "", messages=[examples, parts])["content"], "hello")

    def test_the_share_is_near_what_the_name_says_and_the_same_every_time(self):
        keys = [echo_model.key_of([{"role": "user", "content": str(number)}], None) for number in range(2000)]
        echoed = [echo_model.is_echoed(key, 0.9) for key in keys]
        self.assertAlmostEqual(sum(echoed) / len(echoed), 0.9, delta=0.03)
        self.assertEqual(echoed, [echo_model.is_echoed(key, 0.9) for key in keys])

    def test_strangers_are_counted(self):
        before = self.model.strange["echo"]
        self.assertEqual(self.ask("echo", "never asked")["content"], echo_model.NONSENSE)
        self.assertEqual(self.model.strange["echo"], before + 1)


if __name__ == "__main__":
    unittest.main()
