#!/usr/bin/env python3
"""The single-turn questions of the Berkeley Function Calling Leaderboard as an application's traffic.

A question that the leaderboard answers becomes an interaction whose answer makes the calls of its first allowed
reading; a question that none of its tools can answer becomes an interaction answered in text. The data is that of the
PyPI package `bfcl-eval` (Apache-2.0), pinned by version and hash, kept unpacked in Flywheel's cache folder.

    bfcl.py > bfcl.jsonl
"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
PIN = HERE / "bfcl_eval.pin.txt"
VERSION = PIN.read_text().split("==")[1].split()[0]

# Every category whose right answer is known after one turn, in Python's types.
ANSWERED = ("simple_python", "multiple", "parallel", "parallel_multiple", "live_simple", "live_multiple",
            "live_parallel", "live_parallel_multiple")
UNANSWERABLE = ("irrelevance", "live_irrelevance")

# The leaderboard names types as Python does. Its "any" is a value of whatever type: JSON Schema says so by silence.
JSON_TYPES = {"dict": "object", "float": "number", "tuple": "array", "string": "string", "integer": "integer",
              "boolean": "boolean", "array": "array"}
REFUSAL = "None of my tools can do that."
BEGIN = 1_750_000_000
SECONDS_APART = 20


class Unavailable(Exception):
    """The data is neither in the cache nor can it be fetched; the text says why."""


def cache_folder():
    default = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "flywheel"
    return pathlib.Path(os.environ.get("FLYWHEEL_CACHE") or default)


def fetch():
    """The folder with the package's data: from the cache, else out of the package registry."""
    folder = cache_folder() / f"bfcl-eval-{VERSION}"
    if not (folder / ".complete").exists():
        stage = cache_folder() / f"stage-bfcl-{os.getpid()}"
        try:
            download(stage)
            unpack(next(stage.glob("*.whl")), folder)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    return folder


def download(folder):
    folder.mkdir(parents=True)
    pip = cache_folder() / "venv/bin/pip"  # scripts/setup makes it; where it did not run, the system's pip may do
    command = [str(pip)] if pip.exists() else [sys.executable, "-m", "pip"]
    options = ["--disable-pip-version-check", "download", "-q", "--no-deps", "--require-hashes", "-d", str(folder)]
    try:
        done = subprocess.run(command + options + ["-r", str(PIN)], capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"bfcl-eval {VERSION} cannot be fetched: {error}") from None
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["pip says nothing"])[-1]
        raise Unavailable(f"bfcl-eval {VERSION} cannot be fetched: {reason}")


def unpack(wheel, folder):
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            parts = pathlib.PurePosixPath(name).parts
            if parts[:2] == ("bfcl_eval", "data") and parts[2] in ("possible_answer", parts[-1]):
                target = folder.joinpath(*parts[2:])
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(name))
    (folder / ".complete").touch()


def json_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def json_schema(described):
    """A parameter's description as JSON Schema. Only types are named otherwise; a property called "type" is none."""
    schema = {key: value for key, value in described.items() if key not in ("properties", "items", "type")}
    if described.get("type") in JSON_TYPES:
        schema = {"type": JSON_TYPES[described["type"]], **schema}
    if isinstance(described.get("properties"), dict):
        schema["properties"] = {name: json_schema(inner) for name, inner in described["properties"].items()}
    if isinstance(described.get("items"), dict):
        schema["items"] = json_schema(described["items"])
    return schema


def tool(described):
    return {"type": "function", "function": {"name": described["name"], "description": described["description"],
                                             "parameters": json_schema(described["parameters"])}}


LEFT_OUT = object()


def first_reading(allowed):
    """The value that a list of allowed ones begins with; "" stands for a parameter that may be left out, and so does
    an empty list. Objects within hold lists of allowed values of their own, or, once in the data, plain values."""
    first = allowed[0] if allowed else LEFT_OUT
    return LEFT_OUT if first == "" else value_of(first)


def value_of(allowed):
    if isinstance(allowed, dict):
        read = {key: first_reading(inner) if isinstance(inner, list) else inner for key, inner in allowed.items()}
        return {key: value for key, value in read.items() if value is not LEFT_OUT}
    return [value_of(inner) for inner in allowed] if isinstance(allowed, list) else allowed


def reference_calls(ground_truth):
    """[(tool's name, arguments)] of a question's ground truth, a list of {name: {parameter: allowed values}}."""
    return [(name, value_of(allowed)) for call in ground_truth for name, allowed in call.items()]


def questions(folder):
    """Every question: category, id, messages, tools as the API takes them, ground_truth (None: nothing to call)."""
    for category in ANSWERED + UNANSWERABLE:
        file = f"BFCL_v4_{category}.json"
        truths = {}
        if category in ANSWERED:
            truths = {entry["id"]: entry["ground_truth"] for entry in json_lines(folder / "possible_answer" / file)}
        for entry in json_lines(folder / file):
            yield {"category": category, "id": entry["id"], "messages": entry["question"][0],
                   "described": entry["function"], "tools": [tool(each) for each in entry["function"]],
                   "ground_truth": truths.get(entry["id"])}


def answer(question):
    if question["ground_truth"] is None:
        return {"role": "assistant", "content": REFUSAL}, "stop"
    calls = [{"id": f"call_{question['id']}_{number}", "type": "function",
              "function": {"name": name, "arguments": json.dumps(arguments)}}
             for number, (name, arguments) in enumerate(reference_calls(question["ground_truth"]))]
    return {"role": "assistant", "content": None, "tool_calls": calls}, "tool_calls"


def by_lot(question):
    """Questions come mixed, as an application's do: the package has one category after the other."""
    return hashlib.sha256(question["id"].encode()).hexdigest()


def log_documents(folder):
    """One log document a question, in time order."""
    for number, question in enumerate(sorted(questions(folder), key=by_lot)):
        created = BEGIN + number * SECONDS_APART
        message, finish_reason = answer(question)
        request = {"model": "leaderboard", "messages": question["messages"], "tools": question["tools"]}
        # A token is taken for four bytes: the leaderboard records no usage, and prices need one.
        usage = {"prompt_tokens": len(json.dumps(request)) // 4, "completion_tokens": len(json.dumps(message)) // 4}
        response = {"id": f"chatcmpl-{question['id']}", "object": "chat.completion", "created": created,
                    "model": "leaderboard", "usage": {**usage, "total_tokens": sum(usage.values())},
                    "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}]}
        yield {"timestamp": created, "workload_id": "bfcl", "client_id": "leaderboard", "request": request,
               "response": response}


def main():
    for document in log_documents(fetch()):
        print(json.dumps(document, ensure_ascii=False))


if __name__ == "__main__":
    main()
