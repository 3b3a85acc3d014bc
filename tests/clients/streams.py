"""Streams as the APIs describe them, and what of an answer every reader has to agree on."""
import json


def event(data, name=None):
    return (f"event: {name}\n" if name else "").encode() + b"data: " + json.dumps(data).encode() + b"\n\n"


def facts(response):
    """Of a chat-completion response: what it says, calls and costs, whatever the wire looked like."""
    out = []
    for choice in sorted(response.get("choices") or [], key=lambda c: c["index"]):
        message = choice["message"]
        calls = [(call["function"]["name"], parsed(call["function"]["arguments"]))
                 for call in message.get("tool_calls") or []]
        probabilities = ((choice.get("logprobs") or {}).get("content") or [])
        out.append({"content": message.get("content") or None, "refusal": message.get("refusal") or None,
                    "thought": message.get("reasoning_content") or None, "calls": [list(c) for c in calls],
                    "finish_reason": choice.get("finish_reason"), "tokens": [p["token"] for p in probabilities]})
    usage = response.get("usage") or {}
    return {"choices": out, "usage": [usage.get("prompt_tokens"), usage.get("completion_tokens")]}


def parsed(arguments):
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return arguments


# --- chat completions

HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1732460000, "model": "big-1"}


def chunk(delta=None, finish=None, index=0, **more):
    choices = [] if delta is None else [{"index": index, "delta": delta, "finish_reason": finish, "logprobs": None}]
    return {**HEAD, "choices": choices, **more}


def chat(*chunks, done=True):
    return b"".join(event(c) for c in chunks) + (b"data: [DONE]\n\n" if done else b"")


def call(index, arguments, call_id=None, name=None):
    function = {"arguments": arguments, **({"name": name} if name else {})}
    return {"tool_calls": [{"index": index, "function": function,
                            **({"id": call_id, "type": "function"} if call_id else {})}]}


def token(text):
    return {"token": text, "logprob": -0.25, "bytes": list(text.encode()), "top_logprobs": []}


def described_chat():
    begin = chunk({"role": "assistant", "content": ""})
    stop = chunk({}, "stop")
    usage = chunk(usage={"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13})
    yield "chat_text", chat(begin, chunk({"content": "Gr\u00fc\u00df"}), chunk({"content": " dich \U0001f642\n\"\\"}), stop)
    yield "chat_usage", chat(begin, chunk({"content": "a"}), stop, usage)
    yield "chat_refusal", chat(begin, chunk({"refusal": "I can"}), chunk({"refusal": "not."}), stop)
    yield "chat_calls", chat(
        chunk({"role": "assistant", "content": None}), chunk(call(0, "", "call_a", "look")),
        chunk(call(0, '{"city":')), chunk(call(0, '"Paris"}')), chunk(call(1, "", "call_b", "time")),
        chunk(call(1, '{"zone": "CE')), chunk(call(1, 'T", "n": [1, 2]}')), chunk({}, "tool_calls"), usage)
    yield "chat_text_then_call", chat(begin, chunk({"content": "Let me look."}), chunk(call(0, "{}", "call_a", "look")),
                                      chunk({}, "tool_calls"))
    yield "chat_two_choices", chat(begin, chunk({"role": "assistant", "content": "B"}, index=1), chunk({"content": "A"}),
                                   chunk({"content": "b"}, index=1), stop, chunk({}, "length", index=1))
    first, second = chunk({"content": "Hi"}), chunk({"content": "!"})
    first["choices"][0]["logprobs"] = {"content": [token("Hi")], "refusal": None}
    second["choices"][0]["logprobs"] = {"content": [token("!")], "refusal": None}
    yield "chat_logprobs", chat(begin, first, second, stop)
    yield "chat_cut", chat(begin, chunk({"content": "and then"}), chunk({}, "length"))
    yield "chat_surrogates", chat(begin, chunk({"content": "\u00e9\u4e2d"}), stop).replace(b"\n", b"\r\n")


# --- messages

def messages(*events):
    return b"".join(event(e, e["type"]) for e in events)


def block(index, start, *deltas):
    yield {"type": "content_block_start", "index": index, "content_block": start}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def message(reason, *blocks):
    yield {"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "claude-x", "stop_reason": None,
        "stop_sequence": None, "usage": {"input_tokens": 12, "output_tokens": 1}}}
    yield {"type": "ping"}
    for one in blocks:
        yield from one
    yield {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None},
           "usage": {"output_tokens": 7}}
    yield {"type": "message_stop"}


def described_messages():
    text = [{"type": "text_delta", "text": t} for t in ("Let me ", "look \U0001f642.")]
    tool = [{"type": "input_json_delta", "partial_json": t} for t in ("", '{"city": "Par', 'is", "n": [1, {"a": null}]}')]
    thought = [{"type": "thinking_delta", "thinking": "hm, "}, {"type": "thinking_delta", "thinking": "Paris"},
               {"type": "signature_delta", "signature": "c2ln"}]
    yield "messages_text", messages(*message("end_turn", block(0, {"type": "text", "text": ""}, *text)))
    yield "messages_calls", messages(*message(
        "tool_use", block(0, {"type": "text", "text": ""}, *text),
        block(1, {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}, *tool),
        block(2, {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}})))
    yield "messages_thinking", messages(*message(
        "max_tokens", block(0, {"type": "thinking", "thinking": "", "signature": ""}, *thought),
        block(1, {"type": "text", "text": ""}, *text)))


# --- responses

def responses(*events):
    return b"".join(event({**e, "sequence_number": i}, e["type"]) for i, e in enumerate(events))


def response(status, output, **more):
    return {"id": "resp_1", "object": "response", "created_at": 1732460000, "model": "big-1", "status": status,
            "output": output, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None,
            "incomplete_details": None, "instructions": None, "metadata": {}, "temperature": 1.0, "top_p": 1.0, **more}


def described_responses():
    part = {"type": "output_text", "text": "Hello there", "annotations": []}
    said = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    called = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look", "status": "completed",
              "arguments": '{"city":"Paris"}'}
    usage = {"input_tokens": 5, "output_tokens": 3, "total_tokens": 8, "input_tokens_details": {"cached_tokens": 0},
             "output_tokens_details": {"reasoning_tokens": 0}}
    yield "responses_text_and_call", responses(
        {"type": "response.created", "response": response("in_progress", [])},
        {"type": "response.output_item.added", "output_index": 0,
         "item": {**said, "status": "in_progress", "content": []}},
        {"type": "response.content_part.added", "item_id": "msg_1", "output_index": 0, "content_index": 0,
         "part": {**part, "text": ""}},
        {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0,
         "delta": "Hello ", "logprobs": []},
        {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0,
         "delta": "there", "logprobs": []},
        {"type": "response.output_text.done", "item_id": "msg_1", "output_index": 0, "content_index": 0,
         "text": "Hello there", "logprobs": []},
        {"type": "response.content_part.done", "item_id": "msg_1", "output_index": 0, "content_index": 0, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": said},
        {"type": "response.output_item.added", "output_index": 1,
         "item": {**called, "status": "in_progress", "arguments": ""}},
        {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 1, "delta": '{"city":'},
        {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 1, "delta": '"Paris"}'},
        {"type": "response.function_call_arguments.done", "item_id": "fc_1", "output_index": 1, "name": "look",
         "arguments": '{"city":"Paris"}'},
        {"type": "response.output_item.done", "output_index": 1, "item": called},
        {"type": "response.completed", "response": response("completed", [said, called], usage=usage)})


def described():
    """Name, dialect and bytes."""
    for dialect, cases in (("chat", described_chat()), ("messages", described_messages()),
                           ("responses", described_responses())):
        for name, stream in cases:
            yield name, dialect, stream
