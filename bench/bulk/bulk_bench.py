#!/usr/bin/env python3
"""Documents a second into a server of Elasticsearch's dialect, with the processor time and disk that they cost it."""
import argparse
import http.client
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORDS = "order customer refund please the status invoice shipping change address a number account help with today".split()


def document(chance, number):
    """About 3 KB; compresses about as traffic does."""
    words = " ".join(chance.choice(WORDS) if chance.random() < 0.9 else str(chance.randrange(100_000)) for _ in range(420))
    return {"timestamp": 1_760_000_000 + number, "workload_id": f"w{number % 3}", "client_id": "bench",
            "request": {"model": "big", "messages": [{"role": "system", "content": "You are a helpful assistant."},
                                                     {"role": "user", "content": words}]},
            "response": {"id": f"r{number}", "object": "chat.completion", "choices": [
                {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "done"}}]}}


def bodies(count, batch):
    chance = random.Random(1)
    for first in range(0, count, batch):
        lines = []
        for number in range(first, min(first + batch, count)):
            lines += ['{"index":{}}', json.dumps(document(chance, number), separators=(",", ":"))]
        yield ("\n".join(lines) + "\n").encode()


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def disk_bytes(folder):
    return sum(path.stat().st_blocks * 512 for path in pathlib.Path(folder).rglob("*") if path.is_file())


def send_all(url, batches, connections):
    """Every batch over a few connections; seconds it took. Raises on the first document that is refused."""
    host = urllib.parse.urlparse(url)
    todo, lock, failures = iter(batches), threading.Lock(), []

    def work():
        connection = http.client.HTTPConnection(host.hostname, host.port, timeout=120)
        while not failures:
            with lock:
                body = next(todo, None)
            if body is None:
                return
            connection.request("POST", "/flywheel/_bulk?filter_path=errors", body,
                               {"Content-Type": "application/x-ndjson", "User-Agent": "bulk-bench"})
            answer = connection.getresponse().read()
            if b'"errors":false' not in answer:
                failures.append(answer[:300])

    threads = [threading.Thread(target=work) for _ in range(connections)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"refused: {failures[0]!r}")
    return time.monotonic() - begin


class Flywheel:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-bulk-bench-"))
        (self.folder / "config.yaml").write_text("nims: [{model_name: none, url: 'http://127.0.0.1:9/v1'}]\n"
                                                 "elasticsearch: {port: 0}\notlp: {enabled: false}\n")
        self.process = subprocess.Popen([ROOT / "build/release/bin/flywheel", "serve", "--data", self.folder / "data",
                                         "--config", self.folder / "config.yaml", "--port", "0"], stderr=subprocess.DEVNULL)
        self.url = self.wait()

    def wait(self):
        for _ in range(300):
            time.sleep(0.1)
            try:
                control = (self.folder / "data/service.url").read_text().strip()
                listeners = json.load(urllib.request.urlopen(control + "/readyz"))["listeners"]
                return next(one["url"] for one in listeners if one["name"] == "elasticsearch" and one["url"])
            except (OSError, StopIteration, KeyError):
                continue
        raise SystemExit("flywheel does not listen")

    def close(self):
        self.process.terminate()
        self.process.wait(60)
        shutil.rmtree(self.folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--url", help="of another server; default: Flywheel out of build/release")
    parser.add_argument("--pid", type=int, help="of its process")
    parser.add_argument("--folder", help="with its data")
    options = parser.parse_args()
    batches = list(bodies(options.documents, options.batch))
    size = sum(map(len, batches))
    flywheel = None if options.url else Flywheel()
    url = options.url or flywheel.url
    pid = options.pid or (flywheel and flywheel.process.pid)
    folder = options.folder or (flywheel and flywheel.folder / "data/log")
    send_all(url, batches[:2], 1)  # the first request makes the index
    before = cpu_seconds(pid) if pid else 0
    took = send_all(url, batches[2:], options.connections)
    count = options.documents - 2 * options.batch
    print(f"{count} documents, {size / options.documents:.0f} bytes each, batches of {options.batch}, {options.connections} connections")
    print(f"{count / took:,.0f} documents/s, {size / took / 1e6:.1f} MB/s")
    if pid:
        cpu = cpu_seconds(pid) - before
        print(f"server: {cpu:.2f} s of processor, {cpu / count * 1e6:.0f} us a document, {size / cpu / 1e6:.0f} MB per core and second")
    if folder:
        print(f"disk: {disk_bytes(folder) / 1e6:.1f} MB for {size / 1e6:.1f} MB")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    if flywheel:
        flywheel.close()


if __name__ == "__main__":
    main()
