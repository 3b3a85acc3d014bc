#!/usr/bin/env python3
"""kill -9 of the gateway under load, again and again: what clients were answered whole is in the store, and nothing that
nobody asked for.

    kills.py --gateway build/release/bin/gateway_alone --gwbench PATH [--kills 200] [--durability before_last_byte]

With before_last_byte every answer counts. With journal those of the last half second before each kill do not."""
import argparse
import http.client
import json
import pathlib
import random
import shutil
import subprocess
import tempfile
import threading
import time

import measure


class Clients:
    """Each asks for one answer after the other, every third one streamed, and notes when it had it to the end."""

    def __init__(self, port, count=8):
        self.port, self.asked, self.answered, self.over = port, 0, [], False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.ask_on) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def ask_on(self):
        connection, number = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20), 0
        while not self.over:
            number += 1
            with self.lock:
                self.asked += 1
            try:
                connection.request("POST", "/v1/chat/completions", json.dumps(
                    {"model": "m", "stream": number % 3 == 0, "messages": [{"role": "user", "content": "hi"}]}),
                    {"Content-Type": "application/json"})
                answer = connection.getresponse()
                body = answer.read()
                if answer.status == 200 and (b"[DONE]" in body or b'"choices"' in body):
                    with self.lock:
                        self.answered.append(time.monotonic())
            except (OSError, http.client.HTTPException):
                connection.close()
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def end(self):
        self.over = True
        for thread in self.threads:
            thread.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gateway", required=True, type=pathlib.Path)
    parser.add_argument("--gwbench", required=True)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--durability", choices=["journal", "before_last_byte"], default="before_last_byte")
    options = parser.parse_args()
    options.patience = 30
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gateway-kills-"))
    due = asked = 0
    try:
        upstream = measure.free_port()
        with measure.running([options.gwbench, "upstream", "--port", upstream, "--seconds", 7200, "--chunks", 4, "--gap-ms", 1],
                             upstream, folder / "upstream.log"):
            gateway = measure.Gateway(options, upstream, folder / "gateway", options.durability)
            for _ in range(options.kills):
                with open(gateway.log, "ab") as log:
                    process = subprocess.Popen(list(map(str, gateway.command)), stdout=log, stderr=log)
                measure.wait_for(gateway.port, process)
                clients = Clients(gateway.port)
                time.sleep(0.3 + random.random())
                killed_at = time.monotonic()
                process.kill()
                process.wait()
                clients.end()
                late = 0.5 if options.durability == "journal" else -60
                due += sum(when < killed_at - late for when in clients.answered)
                asked += clients.asked
            with gateway.running():
                pass
            stored = json.loads(gateway.log.read_text().splitlines()[-1])["stored"]
        verdict = "ok" if due <= stored <= asked else "WRONG"
        print(json.dumps({"durability": options.durability, "kills": options.kills, "asked": asked, "answered": due,
                          "stored": stored, "verdict": verdict}))
        return 0 if verdict == "ok" else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main())
