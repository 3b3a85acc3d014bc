#!/usr/bin/env python3
"""What it costs to export a dataset as JSON lines and as Parquet, and what pyarrow makes of the same lines.

    export_bench.py BIN_DIR [ROWS] [ROUNDS]

Rows are those of the sample's traffic with the words of their questions changed, so that no two are equal. The peer
reads the exported lines with pyarrow's JSON reader and writes them with zstd: the way to a Parquet file without ours.
Prints a line of JSON for every measurement: seconds by the clock, peak memory of the process, size of the file.
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/gateway")]

import clients

BY_PYARROW = """
import sys
import pyarrow.json, pyarrow.parquet
block = pyarrow.json.ReadOptions(block_size=64 << 20)
pyarrow.parquet.write_table(pyarrow.json.read_json(sys.argv[1], read_options=block), sys.argv[2], compression="zstd")
"""


def conversations(flywheel):
    sample = subprocess.run([flywheel, "sample", "--workload", "router", "--count", "2000", "--seed", "3"], capture_output=True, check=True)
    for line in sample.stdout.decode(errors="replace").splitlines():
        try:
            document = json.loads(line)
            messages = document["request"]["messages"] + [document["response"]["choices"][0]["message"]]
            if all(isinstance(message.get("content") or "", str) for message in messages):
                yield messages, document["request"].get("tools")
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            pass  # lines that are no records: the sample has some


def make_rows(flywheel, folder, count):
    chance = random.Random(1)
    known = [each for each in conversations(flywheel) if each[0][-1].get("role") == "assistant"]
    words = sorted({word for messages, _ in known for message in messages for word in (message.get("content") or "").split()})
    (folder / "eval_data.jsonl").touch()
    with open(folder / "train_data.jsonl", "w") as out:
        for number in range(count):
            messages, tools = known[number % len(known)]
            asked = [{**message, "content": f"{message['content']} {' '.join(chance.choices(words, k=12))}"}
                     if message.get("role") == "user" else message for message in messages]
            print(json.dumps({"messages": asked, **({"tools": tools} if tools else {})}), file=out)


def measure(name, command, path):
    begin = time.monotonic()
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{name} failed")
    print(json.dumps({"what": name, "seconds": round(time.monotonic() - begin, 2), "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
                      "peak_mb": usage.ru_maxrss >> 10, "file_mb": round(path.stat().st_size / 1e6, 1)}), flush=True)


def main():
    flywheel = pathlib.Path(sys.argv[1]) / "flywheel"
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    python = clients.python("table_readers.txt", "pyarrow")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_rows(flywheel, folder, rows)
        print(json.dumps({"rows": rows, "dataset_mb": round((folder / "train_data.jsonl").stat().st_size / 1e6, 1)}))
        lines, table, by_peer = (folder / file for file in ("out.jsonl", "out.parquet", "peer.parquet"))
        export = [flywheel, "dataset", "export", folder, "--format", "chat", "--to"]
        for _ in range(rounds):
            measure("JSON lines", [*export, lines], lines)
            measure("Parquet", [*export, table], table)
            measure("pyarrow from the lines", [python, "-c", BY_PYARROW, lines, by_peer], by_peer)


if __name__ == "__main__":
    main()
