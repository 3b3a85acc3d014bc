"""A training holds what its steps need: rows of ever other lengths must not make it larger from step to step."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import flywheel

TEMPLATE = flywheel.SOURCE / "src/modelops/local/templates/chatml_tools.jinja"
ROWS, EPOCHS = 160, 2
# Steps after which every length has come by once.
SETTLED = 12


def chat_row(document):
    request, message = document["request"], document["response"]["choices"][0]["message"]
    answer = {"role": "assistant", "content": message.get("content") or ""}
    if message.get("tool_calls"):
        answer["tool_calls"] = [
            {"id": call["id"], "type": "function",
             "function": {"name": call["function"]["name"], "arguments": json.loads(call["function"]["arguments"])}}
            for call in message["tool_calls"]]
    return {"messages": [m for m in request["messages"]] + [answer], "tools": request.get("tools", [])}


def chat_rows(folder):
    rows = []
    for document in flywheel.documents_of(flywheel.sample(folder / "traffic.jsonl", count=ROWS * 2)):
        try:
            rows.append(chat_row(document))
        except (ValueError, KeyError, TypeError):
            continue  # the sample has odd calls too
    return rows[:ROWS]


@unittest.skipIf(flywheel.lacks_engines(), flywheel.lacks_engines())
class TrainingMemoryTest(unittest.TestCase):
    def test_later_steps_hold_no_more_than_earlier_ones(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            rows = chat_rows(folder)
            self.assertEqual(len(rows), ROWS)
            (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
            command = [flywheel.BIN / "flywheel-trainer", "train", "--model", flywheel.MODEL, "--train", folder / "rows.jsonl",
                       "--out", folder / "out", "--chat-template-file", TEMPLATE, "--batch-size", "8", "--rank", "32",
                       "--upper-layers", "15", "--max-seq-length", "2048", "--epochs", str(EPOCHS)]
            done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=1200,
                                  env={**os.environ, "OMP_WAIT_POLICY": "passive"})
            self.assertEqual(done.returncode, 0, done.stdout[-500:] + done.stderr[-500:])
            events = [json.loads(line) for line in done.stdout.splitlines()]
            held = [event["memory_bytes"] for event in events if event["event"] == "progress"]
            self.assertEqual(len(held), ROWS * EPOCHS // 8)
            self.assertLess(max(held[SETTLED:]), 1.15 * max(held[:SETTLED]), [size >> 20 for size in held])


if __name__ == "__main__":
    unittest.main()
