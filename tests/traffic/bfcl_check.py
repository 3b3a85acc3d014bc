#!/usr/bin/env python3
"""The leaderboard's own checker over the rows of an evaluation (docs/formats/row_results.md).

Rows that need a call are right if the checker accepts the calls against every reading that the leaderboard allows;
rows that none of the tools can answer are right if no call was made. A row without an answer is wrong.

    bfcl_check.py build/traffic/bfcl/jobs/JOB/candidates/0/customized-eval.jsonl [...]

Needs the checker beside its data: pip install --no-deps bfcl-eval==2026.3.23 (tests/golden/make/bfcl_checker.py).
"""
import collections
import json
import math
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "golden/make")]

import bfcl
import bfcl_checker


def fingerprint(messages, tools):
    """What tells a question, also where an evaluation put examples before it: its last message and its tools."""
    return json.dumps([messages[-1], tools or []], sort_keys=True)


def questions_by_request():
    found = collections.defaultdict(list)
    for question in bfcl.questions(bfcl.fetch()):
        question["functions"] = [{"description": "", **each} for each in question["described"]]
        found[fingerprint(question["messages"], question["tools"])].append(question)
    return found


def answer_of(row):
    choices = (row.get("response") or {}).get("choices") or [{}]
    return None if row.get("failure") else choices[0].get("message")


def check(row, asked):
    """(whether a call was due, whether the answer is right by the leaderboard)."""
    # Equal requests that stand in several categories: production's answer tells which kind of answer was due.
    is_call = row["answer_kind"] == "tool_calls"
    same_kind = [question for question in asked if (question["ground_truth"] is not None) == is_call]
    if not same_kind:
        raise SystemExit(f"row {row['record_id']} is no question of the leaderboard")
    message = answer_of(row)
    if message is None:
        return is_call, False
    return is_call, any(bfcl_checker.verdict(question["functions"], question["ground_truth"], message) == 1
                        for question in same_kind)


def wilson(right, rows, z=1.959964):
    """The 95 % interval of a rate."""
    if not rows:
        return 0.0, 1.0
    middle = right + z * z / 2
    spread = z * math.sqrt(right * (rows - right) / rows + z * z / 4)
    return max(0.0, (middle - spread) / (rows + z * z)), min(1.0, (middle + spread) / (rows + z * z))


def summary(path, known):
    counts = {True: [0, 0], False: [0, 0]}  # is a call due: rows, right
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            request = row["request"]
            asked = known.get(fingerprint(request["messages"], request.get("tools")), [])
            is_call, is_right = check(row, asked)
            counts[is_call][0] += 1
            counts[is_call][1] += is_right
    return counts


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    known = questions_by_request()
    for path in sys.argv[1:]:
        for is_call, (rows, right) in summary(path, known).items():
            low, high = wilson(right, rows)
            share = 100 * right / max(rows, 1)
            print(f"{path}: {'a call is due' if is_call else 'no tool can answer'}: {right} of {rows} right, "
                  f"{share:.1f} % ({100 * low:.1f} to {100 * high:.1f} %)")


if __name__ == "__main__":
    main()
