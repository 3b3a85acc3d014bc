#!/usr/bin/env python3
"""Recorded dialogues of an airline's agent as an application's traffic: one interaction for every message that the
agent wrote, whose request is all that was said before. The recordings lie beside the checkout, in ../shared/traffic.

    airline.py > airline.jsonl
"""
import gzip
import json
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "shared/traffic"
DIALOGUES = FOLDER / "airline_trajectories.json.gz"
TOOLS = FOLDER / "airline_tools.json"
BEGIN = 1_715_700_000
SECONDS_APART = 15


def lacks_recordings():
    """Why there is no airline traffic here; None where there is."""
    missing = [str(path) for path in (DIALOGUES, TOOLS) if not path.exists()]
    return f"no recordings at {', '.join(missing)}" if missing else None


def dialogues():
    with gzip.open(DIALOGUES, "rt", encoding="utf-8") as recorded:
        return json.load(recorded)


def as_sent(message):
    """A message as the API takes it: absent members are not sent, an answer's missing content is null."""
    return {key: value for key, value in message.items() if value is not None or key == "content"}


def turns():
    """(dialogue's name, place, messages before, answer) of every message that the agent wrote."""
    for dialogue in dialogues():
        messages = [as_sent(message) for message in dialogue["traj"]]
        for place, message in enumerate(messages):
            if message["role"] == "assistant":
                yield f"{dialogue['task_id']}-{dialogue['trial']}", place, messages[:place], message


def log_documents():
    """One log document a turn, in time order; dialogues follow one another."""
    tools = json.loads(TOOLS.read_text(encoding="utf-8"))
    for number, (dialogue, place, before, message) in enumerate(turns()):
        created = BEGIN + number * SECONDS_APART
        request = {"model": "gpt-4o", "messages": before, "tools": tools, "temperature": 0.0}
        # A token is taken for four bytes: the recordings tell no usage, and prices need one.
        usage = {"prompt_tokens": len(json.dumps(request)) // 4, "completion_tokens": len(json.dumps(message)) // 4}
        finish_reason = "tool_calls" if message.get("tool_calls") else "stop"
        choice = {"index": 0, "message": message, "finish_reason": finish_reason}
        response = {"id": f"chatcmpl-{dialogue}-{place}", "object": "chat.completion", "created": created,
                    "model": "gpt-4o", "choices": [choice], "usage": {**usage, "total_tokens": sum(usage.values())}}
        yield {"timestamp": created, "workload_id": "airline", "client_id": "tau", "request": request,
               "response": response}


def main():
    for document in log_documents():
        print(json.dumps(document, ensure_ascii=False))


if __name__ == "__main__":
    main()
