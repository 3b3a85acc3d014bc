#!/usr/bin/env python3
"""What the gateway costs and whether it is faithful: gateway_alone with capture off, journal and before_last_byte, beside
nginx and the upstream itself, cell by cell in one run.

    measure.py --gateway build/release/bin/gateway_alone --gwbench PATH [--nginx PATH] [--seconds 5] [--only load|stream|abuse|promotion]

gwbench is the load generator and mock upstream (another repository's; see README.md). Everything listens on 127.0.0.1 and
ends with the run. One JSON line a cell goes to --out, a table to standard output."""
import argparse
import contextlib
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

CAPTURES = ("off", "journal", "before_last_byte")
NGINX = """worker_processes 2; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 20000; }}
http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; client_max_body_size 64m; keepalive_requests 1000000000;
  upstream model {{ server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ proxy_pass http://model; proxy_http_version 1.1;
    proxy_set_header Connection ""; proxy_buffering off; }} }} }}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on {port}")


@contextlib.contextmanager
def running(command, port, log):
    with open(log, "ab") as out:
        process = subprocess.Popen(list(map(str, command)), stdout=out, stderr=out)
    try:
        wait_for(port, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Gateway:
    """gateway_alone over a data folder of its own. What it took is known when it has ended."""

    def __init__(self, options, upstream, folder, capture, *more):
        folder.mkdir(parents=True)
        self.port, self.log, self.asked = free_port(), folder / "log", 0
        self.command = [options.gateway, "--port", self.port, "--upstream", f"http://127.0.0.1:{upstream}/v1", "--capture",
                        capture, "--data", folder / "data", "--patience", options.patience, *more]

    def running(self):
        return running(self.command, self.port, self.log)

    def counts(self):
        for line in reversed(self.log.read_text().splitlines()):
            if line.startswith('{"taken"'):
                return json.loads(line)
        return {}

    def taken(self):
        return self.counts().get("taken")


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder, self.lines = options, folder, []

    def gwbench(self, *arguments, timeout=300):
        done = subprocess.run([self.options.gwbench, *map(str, arguments)], capture_output=True, text=True, timeout=timeout)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def note(self, cell, peer, found, **more):
        self.lines.append({"cell": cell, "peer": peer, **more, "result": found})
        with open(self.options.out, "a") as out:
            out.write(json.dumps(self.lines[-1]) + "\n")

    @contextlib.contextmanager
    def peers(self, upstream):
        """name -> (port, pid, service or None) of everything under test, all at once."""
        with contextlib.ExitStack() as stack:
            found, gateways = {"direct": (upstream.port, None, None)}, {}
            if self.options.nginx:
                port, folder = free_port(), self.folder / f"nginx-{free_port()}"
                folder.mkdir()
                (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, upstream=upstream.port))
                process = stack.enter_context(
                    running([self.options.nginx, "-c", folder / "nginx.conf", "-p", folder], port, folder / "log"))
                found["nginx"] = (port, process.pid, None)
            for capture in CAPTURES:
                gateways[capture] = gateway = Gateway(self.options, upstream.port, self.folder / f"{capture}-{free_port()}", capture)
                process = stack.enter_context(gateway.running())
                found[capture] = (gateway.port, process.pid, gateway)
            yield found
        for capture, gateway in gateways.items():
            print(f"{capture}: the client asked for {gateway.asked}, the store holds {gateway.taken()}")
            self.note("counts", capture, {"asked": gateway.asked, "stored": gateway.taken()})

    def upstream(self, stack, *arguments):
        port = free_port()
        process = stack.enter_context(running([self.options.gwbench, "upstream", "--port", port, "--seconds", 3600, *arguments],
                                              port, self.folder / "upstream.log"))
        process.port = port
        return process

    def load(self):
        print("load: answers of 2 KB | requests/s | added p50, p99 us | processes of the gateway")
        with contextlib.ExitStack() as stack:
            upstream = self.upstream(stack)
            peers = stack.enter_context(self.peers(upstream))
            for connections in self.options.connections:
                base = None
                for name, (port, pid, gateway) in peers.items():
                    found = self.gwbench("load", "--url", f"http://127.0.0.1:{port}", "--connections", connections, "--seconds",
                                         self.options.seconds, "--warmup", 1, "--upstream-pid", upstream.pid,
                                         *(["--pid", pid] if pid else []))[-1]
                    base = base or found
                    if gateway:
                        gateway.asked += found["ok"] + sum(found["warmup"].values()) + found["unfinished"]
                    self.note(f"load {connections}", name, found)
                    self.print_load(connections, name, found, base)

    def print_load(self, connections, name, found, base):
        added = [round(found["latency_us"][p] - base["latency_us"][p]) for p in ("p50", "p99")]
        print(f"{connections:5} {name:17} {found['rps']:10.0f} {added[0]:8} {added[1]:8} {json.dumps(found.get('gateway'))}", flush=True)

    def stream(self):
        print("streams: 50 chunks, 20 ms apart | chunks/s | transit p50, p99 us | processes of the gateway | failed")
        with contextlib.ExitStack() as stack:
            upstream = self.upstream(stack)
            peers = stack.enter_context(self.peers(upstream))
            for streams in self.options.streams:
                for name, (port, pid, gateway) in peers.items():
                    found = self.gwbench("stream", "--url", f"http://127.0.0.1:{port}", "--streams", streams, "--seconds",
                                         self.options.seconds, "--warmup", 1, *(["--pid", pid] if pid else []))[-1]
                    if gateway:
                        gateway.asked += found["started"]
                    self.note(f"stream {streams}", name, found)
                    transit = found["transit_us"]
                    print(f"{streams:5} {name:17} {found['frames_per_s']:9.0f} {transit['p50']:8.0f} {transit['p99']:8.0f} "
                          f"{json.dumps(found.get('gateway'))} {found['failed']}", flush=True)

    def promotion(self):
        """Open loop, so that what a request waits for is in its latency: with a canary and copies, without, and the upstream itself."""
        print(f"promotion: canary 5 %, shadow 10 %, {self.options.rate} requests/s | p50, p99 us | added p50, p99 us | other cores busy, steal %")
        with contextlib.ExitStack() as stack:
            upstream = self.upstream(stack)
            gateways = {"journal": Gateway(self.options, upstream.port, self.folder / "plain", "journal"),
                        "journal, canary and shadow": Gateway(self.options, upstream.port, self.folder / "promoted", "journal", "--canary", 5, "--shadow", 10)}
            with contextlib.ExitStack() as processes:
                ports = {"direct": (upstream.port, None)}
                for name, gateway in gateways.items():
                    ports[name] = (gateway.port, processes.enter_context(gateway.running()).pid)
                for round_number in range(self.options.rounds):
                    base = None
                    for name, (port, pid) in ports.items():
                        found = self.gwbench("load", "--url", f"http://127.0.0.1:{port}", "--connections", 64, "--rate", self.options.rate,
                                             "--seconds", self.options.seconds, "--warmup", 1, "--header", "x-flywheel-workload: bench",
                                             "--header", "x-flywheel-client: bench", "--upstream-pid", upstream.pid, *(["--pid", pid] if pid else []))[-1]
                        base = base or found
                        self.note(f"promotion {round_number}", name, found)
                        self.print_promotion(name, found, base)
            for name, gateway in gateways.items():
                print(f"{name}: {json.dumps(gateway.counts())}")
                self.note("counts", name, gateway.counts())

    def print_promotion(self, name, found, base):
        latency = [round(found["latency_us"][p]) for p in ("p50", "p99")]
        added = [round(found["latency_us"][p] - base["latency_us"][p]) for p in ("p50", "p99")]
        machine = found.get("machine", {})
        print(f"{name:27} {found['ok']:7} of {found['requests']:7} {latency[0]:7} {latency[1]:7} {added[0]:7} {added[1]:7} "
              f"{machine.get('other_cores_busy')} {machine.get('steal_pct')}", flush=True)

    def abuse(self):
        print("abuse: 28 ways to misbehave, with capture on")
        with contextlib.ExitStack() as stack:
            upstream = self.upstream(stack, "--slow-ms", 2000)
            for capture in ("journal", "before_last_byte"):
                gateway = Gateway(self.options, upstream.port, self.folder / f"abuse-{capture}", capture)
                process = stack.enter_context(gateway.running())
                for found in self.gwbench("abuse", "--url", f"http://127.0.0.1:{gateway.port}", "--upstream",
                                          f"http://127.0.0.1:{upstream.port}", "--pid", process.pid, timeout=900):
                    self.note("abuse", capture, found)
                    if "case" in found:  # the last line sums up
                        print(f"{capture:17} {found['case']:28} {found['verdict']} {found.get('status')} {found.get('note', '')}",
                              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gateway", required=True, type=pathlib.Path)
    parser.add_argument("--gwbench", required=True)
    parser.add_argument("--nginx")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=lambda t: [int(n) for n in t.split(",")], default=[1, 16, 64, 256])
    parser.add_argument("--streams", type=lambda t: [int(n) for n in t.split(",")], default=[64, 512])
    parser.add_argument("--patience", type=int, default=300, help="seconds of an upstream's or a client's silence")
    parser.add_argument("--only", choices=["load", "stream", "abuse", "promotion"])
    parser.add_argument("--rate", type=int, default=500, help="requests a second where a promotion is measured")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", default="gateway_bench.jsonl")
    options = parser.parse_args()
    options.gateway = options.gateway.resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gateway-bench-"))
    try:
        bench = Bench(options, folder)
        for part in ("load", "stream", "abuse", "promotion"):
            if options.only in (None, part):
                getattr(bench, part)()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
