#!/usr/bin/env python3
"""Sends the requests of a file of log documents through the gateway, one after the other, as an application would that has only
changed its base URL: every other one streamed. Prints how many were answered; exit 1 when one was not.

    live.py --gateway URL FILE.jsonl
"""
import argparse
import json
import sys
import time
import urllib.error
import urllib.request


def ask(gateway, document, streamed):
    """The seconds that the answer took, its last byte included."""
    body = json.dumps({**document["request"], "stream": streamed}).encode()
    request = urllib.request.Request(gateway.rstrip("/") + "/v1/chat/completions", data=body, headers={
        "Content-Type": "application/json", "x-flywheel-workload": document["workload_id"], "x-flywheel-client": document["client_id"]})
    began = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        raise SystemExit(f"the gateway answered {error.code}: {error.read().decode(errors='replace')[:500]}") from None
    return time.monotonic() - began


def requests_in(file):
    """The log documents that have a request, and how many lines have none: the sample has some, as traffic has."""
    documents, others = [], 0
    with open(file, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                document = json.loads(line)
                if not isinstance(document["request"]["messages"], list):
                    raise TypeError(line)
                documents.append(document)
            except (ValueError, KeyError, TypeError):
                others += 1
    return documents, others


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gateway", required=True)
    parser.add_argument("file")
    options = parser.parse_args()
    documents, no_requests = requests_in(options.file)
    took = sorted(ask(options.gateway, document, i % 2 == 1) for i, document in enumerate(documents))
    if not took:
        raise SystemExit(f"{options.file} has no interaction")
    print(f"{len(took)} requests answered through {options.gateway}, half of them streamed; half of the answers within {1000 * took[len(took) // 2]:.1f} ms"
          + (f"; {no_requests} lines are no requests" if no_requests else ""))


if __name__ == "__main__":
    sys.exit(main())
