"""Reads event streams, a list of name, dialect and base64 on standard input, each with the official client of its dialect;
prints streams.facts() of what that client makes of them. Runs with the interpreter that has the clients."""
import base64
import json
import sys

import httpx2 as httpx  # what both clients speak HTTP with

import streams


def transport(body):
    return httpx.Client(transport=httpx.MockTransport(
        lambda request: httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)))


def openai_client(body):
    import openai
    return openai.OpenAI(api_key="none", base_url="http://model/v1", http_client=transport(body))


def of_chat(body):
    from openai.lib.streaming.chat import ChatCompletionStreamState
    state = ChatCompletionStreamState()
    question = [{"role": "user", "content": "?"}]
    for chunk in openai_client(body).chat.completions.create(model="m", messages=question, stream=True):
        state.handle_chunk(chunk)
    return state.current_completion_snapshot.model_dump()


def of_responses(body):
    last = None
    for event in openai_client(body).responses.create(model="m", input="?", stream=True):
        if event.type in ("response.completed", "response.incomplete"):
            last = event.response
    calls = [{"function": {"name": item.name, "arguments": item.arguments}} for item in last.output
             if item.type == "function_call"]
    reason = "length" if last.status == "incomplete" else "tool_calls" if calls else "stop"
    return {"choices": [{"index": 0, "finish_reason": reason,
                         "message": {"content": last.output_text, "tool_calls": calls}}],
            "usage": {"prompt_tokens": last.usage.input_tokens, "completion_tokens": last.usage.output_tokens}}


def of_messages(body):
    import anthropic
    client = anthropic.Anthropic(api_key="none", base_url="http://model", http_client=transport(body))
    question = [{"role": "user", "content": "?"}]
    with client.messages.stream(model="m", max_tokens=9, messages=question) as stream:
        message = stream.get_final_message()
    text = "".join(block.text for block in message.content if block.type == "text")
    thought = "".join(block.thinking for block in message.content if block.type == "thinking")
    calls = [{"function": {"name": block.name, "arguments": json.dumps(block.input)}} for block in message.content
             if block.type == "tool_use"]
    reason = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls"}
    cached = message.usage.cache_read_input_tokens or 0
    return {"choices": [{"index": 0, "finish_reason": reason[message.stop_reason],
                         "message": {"content": text, "reasoning_content": thought, "tool_calls": calls}}],
            "usage": {"prompt_tokens": message.usage.input_tokens + cached,
                      "completion_tokens": message.usage.output_tokens}}


def main():
    read = {"chat": of_chat, "responses": of_responses, "messages": of_messages}
    json.dump({name: streams.facts(read[dialect](base64.b64decode(body)))
               for name, dialect, body in json.load(sys.stdin)}, sys.stdout)


if __name__ == "__main__":
    main()
