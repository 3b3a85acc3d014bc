#!/usr/bin/env python3
"""How much of what plant.py planted is found by data_split_config.suspicious_answers, and how much else is accused.

    found.py LIST KEPT_FOLDER DROPPED_FOLDER

LIST is what plant.py --planted wrote; the folders are the data (`--data`) of two runs over the same traffic, with
`suspicious_answers: keep` and `drop`. Only rows that may train or validate count.
"""
import collections
import json
import pathlib
import sys

from plant import asked


def training_rows(folder):
    """What was asked in every training and validation row."""
    found = set()
    for name in ("train_data.jsonl", "val_data.jsonl"):
        for path in pathlib.Path(folder).rglob(name):
            for line in path.read_text(encoding="utf-8").splitlines():
                found.add(asked(json.loads(line)["messages"][:-1]))
    return found


def suspects(folder):
    """(reason, rows that may train) of the run's card."""
    for path in pathlib.Path(folder).rglob("*.json"):
        card = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(card, dict) and "suspicious" in card.get("dataset", {}):
            return [(each["why"], each["training"]) for each in card["dataset"]["suspicious"]["reasons"]]
    return []


def main():
    planted = {each["asked"]: each["kind"] for each in map(json.loads, open(sys.argv[1], encoding="utf-8"))}
    kept, dropped = map(training_rows, sys.argv[2:4])
    gone = kept - dropped
    rows, found = collections.Counter(), collections.Counter()
    for row in kept:
        rows[planted.get(row, "right")] += 1
        found[planted.get(row, "right")] += row in gone
    print(f"{len(kept)} training and validation rows, {len(dropped)} without suspects")
    for kind, count in sorted(rows.items()):
        what = "accused" if kind == "right" else "found"
        print(f"  {kind}: {count} rows, {found[kind]} {what} ({100 * found[kind] / count:.1f} %)")
    for why, count in suspects(sys.argv[2]):
        print(f"  {count} x {why}")


if __name__ == "__main__":
    main()
