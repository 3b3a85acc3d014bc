#!/usr/bin/env python3
"""Plants answers that are wrong in traffic whose answers are right, and says where.

    plant.py TRAFFIC.jsonl --kind KIND [--share 0.5] [--clean 0.3] [--foreign OTHER.jsonl] [--planted LIST] >NOISY.jsonl

The newest part of the time span (--clean) stays as it is: evaluation rows are drawn from it, so that a model is measured
against right answers whatever it was trained on. KIND, each in --share of the older records:

  answers   the answer of another record that calls something else
  drift     the arguments of a call have the names of another version of the tool
  made-up   identifiers in arguments are replaced by others that stand nowhere in the request
  foreign   another application's interactions (--foreign) are mixed in under the workload's name
  all       each of these, in a fourth of --share
"""
import argparse
import copy
import hashlib
import json
import random
import re
import sys

SEED = 11
IDENTIFIER = re.compile(r"[A-Z]{1,4}-?\d{3,}|\d{4,}")


def asked(messages):
    """What tells a request again in a training row: what was said before the answer."""
    said = json.dumps([[message["role"], message.get("content") or ""] for message in messages])
    return hashlib.sha256(said.encode()).hexdigest()


def message_of(document):
    return document["response"]["choices"][0]["message"]


def calls_of(document):
    return message_of(document).get("tool_calls") or []


def class_of(document):
    return ",".join(call["function"]["name"] for call in calls_of(document))


def replace_arguments(document, change):
    """Whether `change` made something else of the arguments of a call."""
    is_changed = False
    for call in calls_of(document):
        before = json.loads(call["function"]["arguments"])
        after = change(before)
        is_changed |= after != before
        call["function"]["arguments"] = json.dumps(after)
    return is_changed


class Planter:
    def __init__(self, documents, foreign, chance):
        self.documents, self.foreign, self.chance = documents, foreign, chance

    def answers(self, document):
        for _ in range(100):
            other = self.chance.choice(self.documents)
            if class_of(other) != class_of(document):
                document["response"]["choices"] = copy.deepcopy(other["response"]["choices"])
                return True
        return False

    def drift(self, document):
        return replace_arguments(document, lambda arguments: {f"{key}_value": value for key, value in arguments.items()})

    def made_up(self, document):
        def other(found):
            return "".join(self.chance.choice("123456789") if letter.isdigit() else letter for letter in found[0])
        return replace_arguments(document, lambda arguments: json.loads(IDENTIFIER.sub(other, json.dumps(arguments))))

    def foreign_record(self, document):
        if not self.foreign:
            return False
        other = self.foreign.pop()
        document["request"], document["response"] = other["request"], other["response"]
        return True

    def plant(self, kind, document):
        return {"answers": self.answers, "drift": self.drift, "made-up": self.made_up,
                "foreign": self.foreign_record}[kind](document)


KINDS = ("answers", "drift", "made-up", "foreign")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("traffic")
    parser.add_argument("--kind", required=True, choices=KINDS + ("all",))
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--clean", type=float, default=0.3)
    parser.add_argument("--foreign")
    parser.add_argument("--planted")
    options = parser.parse_args()
    chance = random.Random(SEED)
    lines = [read(line) for line in open(options.traffic, "rb") if line.strip()]
    whole = [document for document in lines if is_whole(document)]
    foreign = []
    if options.foreign:
        foreign = [json.loads(line) for line in open(options.foreign, encoding="utf-8") if line.strip()]
        chance.shuffle(foreign)
    times = [document["timestamp"] for document in whole]
    until = max(times) - options.clean * (max(times) - min(times))
    planter = Planter(copy.deepcopy(whole), foreign, chance)
    kinds = KINDS if options.kind == "all" else (options.kind,)
    counts = dict.fromkeys(kinds, 0)
    planted = open(options.planted, "w", encoding="utf-8") if options.planted else None
    older = [document for document in whole if document["timestamp"] < until]
    for document in older:
        if chance.random() >= options.share:
            continue
        kind = chance.choice(kinds)
        if planter.plant(kind, document):
            counts[kind] += 1
            if planted:
                print(json.dumps({"asked": asked(document["request"]["messages"]), "kind": kind}), file=planted)
    for line in lines:
        sys.stdout.buffer.write(line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode() + b"\n")
    print(f"{len(whole)} records, {len(older)} of them older: planted {counts}", file=sys.stderr)


def read(line):
    """A document; the line as it is where it is no JSON."""
    try:
        return json.loads(line)
    except ValueError:
        return line


def is_whole(document):
    """The sample has broken records of its own; they stay what they are."""
    try:
        return bool(document["request"]["messages"]) and all(
            isinstance(json.loads(call["function"]["arguments"]), dict) for call in calls_of(document))
    except (KeyError, TypeError, ValueError, IndexError):
        return False


if __name__ == "__main__":
    main()
