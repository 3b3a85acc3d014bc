#!/usr/bin/env python3
"""A model that has read the traffic: an OpenAI-compatible endpoint whose answers are known before they are given.

The `model` of a request says how it answers:

    echo          what production answered
    echo-0.9      that for nine requests of ten, told by a hash of the request; the others in nonsense
    reorder       production's calls, the last one first
    repeat        every call of production twice
    silent        production's text, but never a call
    banana        "banana banana banana", whatever is asked

Requests are known again by what they mean: ids of calls, the writing of arguments and parameters such as `max_tokens` do
not matter. Where production answered one request in several ways, the most frequent answer counts, then the newest.

    echo_model.py TRAFFIC.jsonl...      prints its address, serves until it is ended
"""
import collections
import hashlib
import http.server
import json
import sys
import threading

NONSENSE = "banana banana banana"
MODELS = ("echo", "echo-0.9", "reorder", "repeat", "silent", "banana")


def calls_of(message):
    return [(call["function"]["name"], json.loads(call["function"]["arguments"] or "{}")
             if isinstance(call["function"]["arguments"], str) else call["function"]["arguments"])
            for call in message.get("tool_calls") or []]


def content_of(message):
    content = message.get("content") or ""
    return content if isinstance(content, str) else "\n".join(part.get("text", "") for part in content)


def key_of(messages, tools):
    """A name of a request, but for its system messages: examples may have been put before them."""
    turns = [(message["role"], content_of(message).strip(), calls_of(message))
             for message in messages if message["role"] != "system"]
    offered = [(tool["function"]["name"], tool["function"].get("description"),
                sorted((tool["function"].get("parameters") or {}).get("properties") or {})) for tool in tools or []]
    return hashlib.sha256(json.dumps([turns, offered], sort_keys=True).encode()).hexdigest()


def system_of(messages):
    return "\n".join(content_of(message) for message in messages if message["role"] == "system").strip()


def answer_key(message):
    calls = sorted(json.dumps(call, sort_keys=True) for call in calls_of(message))
    return json.dumps(calls or content_of(message).strip())


def chosen(messages):
    """Of answers to one request, in time order: the most frequent, then the newest."""
    counts = collections.Counter(map(answer_key, messages))
    return max(enumerate(messages), key=lambda each: (counts[answer_key(each[1])], each[0]))[1]


class Production:
    """What production answered, by request."""

    def __init__(self, documents):
        given = collections.defaultdict(list)
        for document in documents:
            messages, tools = document["request"]["messages"], document["request"].get("tools")
            message = document["response"]["choices"][0]["message"]
            try:
                answer_key(message)
                given[key_of(messages, tools), system_of(messages)].append(message)
            except ValueError:  # arguments that are no JSON: such a record becomes no row
                continue
        self.answers = collections.defaultdict(dict)
        for (key, system), messages in given.items():
            self.answers[key][system] = chosen(messages)

    def answer(self, request):
        """(the request's key, production's answer, or None for one that it never saw)."""
        key, system = key_of(request["messages"], request.get("tools")), system_of(request["messages"])
        known = [each for each in self.answers.get(key, {}) if system.endswith(each)]
        return key, self.answers[key][max(known, key=len)] if known else None


def is_echoed(key, share):
    return int(key[:8], 16) / 2 ** 32 < share


def answer_as(model, key, production):
    """The message that `model` gives where production gave `production`."""
    text, calls = {"role": "assistant", "content": NONSENSE}, production.get("tool_calls") or []
    if model == "banana" or model.startswith("echo-") and not is_echoed(key, float(model.split("-")[1])):
        return text
    if model == "silent":
        return {"role": "assistant", "content": production.get("content") or NONSENSE}
    if calls and model == "repeat":
        return {**production, "tool_calls": [{**call, "id": f"{call['id']}-{number}"}
                                             for call in calls for number in range(2)]}
    return {**production, "tool_calls": calls[::-1]} if calls and model == "reorder" else production


def completion(model, message, number):
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    return {"id": f"chatcmpl-{number}", "object": "chat.completion", "created": 1_760_000_000, "model": model,
            "choices": [{"index": 0, "message": message,
                         "finish_reason": "tool_calls" if message.get("tool_calls") else "stop"}], "usage": usage}


class EchoModel:
    """Serves on a free port of 127.0.0.1 until closed. `asked` counts requests by model, `strange` those that
    production never saw, which must stay 0 but for probes."""

    def __init__(self, documents):
        self.production = Production(documents)
        self.asked, self.strange = collections.Counter(), collections.Counter()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def complete(self, request):
        model = request["model"]
        key, production = self.production.answer(request)
        self.asked[model] += 1
        if production is None:
            self.strange[model] += 1
            return completion(model, {"role": "assistant", "content": NONSENSE}, self.asked[model])
        return completion(model, answer_as(model, key, production), self.asked[model])

    def handler(self):
        echo = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.reply({"object": "list", "data": [{"id": model, "object": "model"} for model in MODELS]})

            def do_POST(self):
                self.reply(echo.complete(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

            def reply(self, value):
                body = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def main():
    documents = [json.loads(line) for path in sys.argv[1:] for line in open(path, encoding="utf-8")]
    model = EchoModel(documents)
    print(model.url, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
