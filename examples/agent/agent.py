#!/usr/bin/env python3
"""A small customer-service agent: three prompts, six tools, the official `openai` package.

    pip install openai
    agent.py "Where is my order A-12345?" "and B-20444?"     one conversation
    agent.py < conversations.txt                             many; an empty line begins another

Where the model is comes from --base-url or OPENAI_BASE_URL, and the key from OPENAI_API_KEY, as with every program that
uses the package. Nothing here knows of Flywheel but the headers of `ask()`: they say which node of the agent asks, and
go no further than its gateway.
"""
import argparse
import json
import sys
import uuid

import openai

import prompts
import shop

CLIENT_ID = "fernwood"


class Agent:
    """One conversation with a customer."""

    def __init__(self, client, model, out=sys.stdout):
        self.client = client
        self.model = model
        self.out = out
        self.conversation = uuid.uuid4().hex
        self.history = []      # what the router sees
        self.transcript = []   # what the rewriter sees: no tools

    def ask(self, node, messages, **more):
        headers = {"x-flywheel-workload": node, "x-flywheel-client": CLIENT_ID,
                   "x-flywheel-conversation": self.conversation}
        return self.client.chat.completions.create(model=self.model, messages=messages, temperature=0,
                                                   extra_headers=headers, **more)

    def hear(self, text):
        """The answer to what the customer says; printed as it comes."""
        self.history.append({"role": "user", "content": text})
        self.transcript.append({"role": "user", "content": text})
        call = self.route()
        answer = self.talk() if call is None else self.use_tool(call)
        for log in (self.history, self.transcript):
            log.append({"role": "assistant", "content": answer})
        return answer

    def route(self):
        """The tool that the customer's message needs, if it needs one."""
        messages = [{"role": "system", "content": prompts.ROUTER}, *self.history]
        response = self.ask("router", messages, tools=prompts.TOOLS, tool_choice="auto", max_tokens=64)
        calls = response.choices[0].message.tool_calls
        return calls[0] if calls else None

    def use_tool(self, call):
        try:
            result = shop.TOOLS[call.function.name](**json.loads(call.function.arguments))
        except (KeyError, TypeError, ValueError) as error:  # a model may call what is not there
            result = {"error": str(error)}
        text = json.dumps(result, separators=(",", ":"))
        self.history.append({"role": "assistant", "content": None, "tool_calls": [
            {"id": call.id, "type": "function",
             "function": {"name": call.function.name, "arguments": call.function.arguments}}]})
        self.history.append({"role": "tool", "tool_call_id": call.id, "content": text})
        return self.write(self.question(), text)

    def question(self):
        """The customer's message so that it needs no conversation."""
        if len(self.transcript) == 1:
            return self.transcript[0]["content"]
        messages = [{"role": "system", "content": prompts.REWRITER}, *self.transcript]
        response = self.ask("rewriter", messages, max_tokens=256)
        return response.choices[0].message.content or self.transcript[-1]["content"]

    def write(self, question, result):
        return self.say("writer", [{"role": "system", "content": prompts.WRITER},
                                   {"role": "user", "content": f"Question: {question}\nTool result: {result}"}])

    def talk(self):
        return self.say("talker", [{"role": "system", "content": prompts.TALKER}, *self.transcript])

    def say(self, node, messages):
        """Streams the answer to the customer."""
        stream = self.ask(node, messages, max_tokens=256, stream=True, stream_options={"include_usage": True})
        answer = ""
        for chunk in stream:
            piece = chunk.choices[0].delta.content if chunk.choices else None
            answer += piece or ""
            print(piece or "", end="", flush=True, file=self.out)
        print(file=self.out)
        return answer


def conversations(lines):
    """Messages, in conversations that empty lines part."""
    said = []
    for line in lines:
        if line.strip():
            said.append(line.strip())
        elif said:
            yield said
            said = []
    if said:
        yield said


def main():
    parser = argparse.ArgumentParser(description="A customer-service agent of a made-up shop.")
    parser.add_argument("messages", nargs="*", help="what a customer says, one conversation; standard input without")
    parser.add_argument("--model", default="atlas-large")
    parser.add_argument("--base-url", help="where the model is; else $OPENAI_BASE_URL")
    arguments = parser.parse_args()
    client = openai.OpenAI(base_url=arguments.base_url)
    for said in [arguments.messages] if arguments.messages else conversations(sys.stdin):
        agent = Agent(client, arguments.model)
        for text in said:
            print(f"> {text}")
            try:
                agent.hear(text)
            except openai.APIError as error:
                print(f"  (no answer: {error})")
                break


if __name__ == "__main__":
    main()
