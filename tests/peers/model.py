"""An OpenAI-compatible model for clients of any language: it answers as its caller says, whole or in pieces."""
import http.server
import json
import threading


class ScriptedModel:
    """Answers each chat with what `script` makes of the request: a message of the API, which may say its `finish_reason`, or a status
    for a failure."""

    def __init__(self, script):
        model = self
        self.script = script

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def send(self, status, content_type, raw):
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = model.script(request)
                if isinstance(answer, int):
                    error = {"error": {"message": "asked for", "type": "invalid_request_error", "param": None, "code": None}}
                    self.send(answer, "application/json", json.dumps(error).encode())
                elif request.get("stream"):
                    self.send(200, "text/event-stream", b"".join(map(event, pieces(request, answer))) + b"data: [DONE]\n\n")
                else:
                    self.send(200, "application/json", json.dumps(completion(request, answer)).encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


USAGE = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}


def frame(request, kind):
    return {"id": "chatcmpl-1", "object": kind, "created": 1_760_000_000, "model": request["model"] + "-2026"}


def parted(message):
    """The message and its finish reason."""
    given = "tool_calls" if message.get("tool_calls") else "stop"
    return {key: value for key, value in message.items() if key != "finish_reason"}, message.get("finish_reason", given)


def completion(request, message):
    """The whole answer; of n, each says which it is."""
    message, reason = parted(message)
    numbered = [{**message, "content": f"{message['content']} ({i})"} if i else message for i in range(request.get("n", 1))]
    return {**frame(request, "chat.completion"), "usage": USAGE,
            "choices": [{"index": i, "message": one, "logprobs": None, "finish_reason": reason}
                        for i, one in enumerate(numbered)]}


def pieces(request, message):
    """The chunks of a streamed answer: texts and arguments of calls in pieces of three letters."""
    message, last_reason = parted(message)

    def chunk(delta, reason=None):
        return {**frame(request, "chat.completion.chunk"), "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    yield chunk({"role": "assistant", "content": "" if message["content"] is not None else None})
    for part in thirds(message["content"] or ""):
        yield chunk({"content": part})
    for i, call in enumerate(message.get("tool_calls", [])):
        yield chunk({"tool_calls": [{**call, "index": i, "function": {"name": call["function"]["name"], "arguments": ""}}]})
        for part in thirds(call["function"]["arguments"]):
            yield chunk({"tool_calls": [{"index": i, "function": {"arguments": part}}]})
    yield chunk({}, last_reason)
    if (request.get("stream_options") or {}).get("include_usage"):
        yield {**frame(request, "chat.completion.chunk"), "choices": [], "usage": USAGE}


def thirds(text):
    return [text[i:i + 3] for i in range(0, len(text), 3)]


def event(value):
    return f"data: {json.dumps(value)}\n\n".encode()
