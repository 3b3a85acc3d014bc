#!/usr/bin/env python3
"""What a run costs the traffic that passes through the gateway of the same service: added latency at a fixed rate of requests while
nothing else runs, while a candidate is trained and while one is evaluated, for each `engines.niceness` that is asked for.

    beside_run.py --bin build/release/bin --model SmolLM2-135M-Instruct.Q4_1.gguf --gwbench PATH [--niceness 0,10]

gwbench is the load generator and mock upstream of README.md. Everything listens on 127.0.0.1 and ends with the measurement."""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.request

from measure import free_port, running

CONFIG = """nims:
  - {{model_name: small, path: "{model}", context_length: 2048, customization_enabled: true}}
data_split_config: {{eval_size: 60, limit: 700, random_seed: 7}}
icl_config: {{max_context_length: 2048, reserved_tokens: 512, max_examples: 1}}
training_config: {{epochs: 20, batch_size: 8, learning_rate: 0.0001}}
evaluation: {{max_tokens: 64, untuned_rows: 30, variants: [base-eval, customized-eval]}}
engines: {{niceness: {niceness}}}
elasticsearch: {{enabled: false}}
otlp: {{enabled: false}}
gateway: {{upstream: "http://127.0.0.1:{upstream}/v1", port: {port}}}
"""


def stage_of(url, job):
    """Of the run: `datasets`, `base-eval`, `customization` and others; empty between them."""
    with urllib.request.urlopen(f"{url}/api/jobs/{job}") as answer:
        found = json.load(answer)
    if found["status"] not in ("pending", "running"):
        raise SystemExit(f"the run ended before it was measured: {json.dumps(found)[:2000]}")
    return found.get("stage") or ""


def measure(options, port):
    done = subprocess.run([options.gwbench, "load", "--url", f"http://127.0.0.1:{port}", "--connections", "16", "--rate", str(options.rate),
                           "--seconds", str(options.seconds), "--warmup", "0.5"], capture_output=True, text=True, timeout=120)
    return json.loads(next(line for line in reversed(done.stdout.splitlines()) if line.startswith("{")))


def one(options, folder, niceness, upstream):
    program, port, api = options.bin / "flywheel", free_port(), free_port()
    folder.mkdir()
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(model=options.model, niceness=niceness, upstream=upstream, port=port))
    url = f"http://127.0.0.1:{api}"
    environment = {**os.environ, "FLYWHEEL_URL": url}
    serve = [program, "serve", "--config", config, "--data", folder / "data", "--port", api]
    with running(serve, port, folder / "log"):
        sample = subprocess.run([program, "sample", "--count", "1500"], capture_output=True, check=True).stdout
        (folder / "traffic.jsonl").write_bytes(sample)
        subprocess.run([program, "load", folder / "traffic.jsonl"], env=environment, check=True, capture_output=True)
        cells = {"nothing else": [measure(options, port) for _ in range(options.windows)]}
        made = subprocess.run([program, "run", "router", "--client-id", "demo", "--json"], env=environment, check=True, capture_output=True)
        job = json.loads(made.stdout)["id"]
        wanted = {"evaluation": [], "training": []}
        while any(len(found) < options.windows for found in wanted.values()):
            before = stage_of(url, job)
            cell = "training" if before == "customization" else "evaluation"
            if (cell == "evaluation" and "eval" not in before) or len(wanted[cell]) >= options.windows:
                time.sleep(0.2)
                continue
            found = measure(options, port)
            if stage_of(url, job) == before:
                wanted[cell].append(found)
        subprocess.run([program, "jobs", "cancel", job], env=environment, check=True, capture_output=True)
    for cell, windows in {**cells, **wanted}.items():
        for found in windows:
            us = found["latency_us"]
            print(f"{niceness:8} {cell:12} {us['p50']:9.0f} {us['p99']:9.0f} {us.get('p999', 0):9.0f} {found['rps']:7.0f} "
                  f"{found['requests'] - found['ok']}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=lambda t: pathlib.Path(t).resolve())
    parser.add_argument("--model", required=True, type=lambda t: pathlib.Path(t).resolve())
    parser.add_argument("--gwbench", required=True)
    parser.add_argument("--niceness", type=lambda t: [int(n) for n in t.split(",")], default=[0, 10])
    parser.add_argument("--rate", type=int, default=200, help="requests a second")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--windows", type=int, default=3)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="beside-run-"))
    try:
        with contextlib.ExitStack() as stack:
            upstream = free_port()
            stack.enter_context(running([options.gwbench, "upstream", "--port", upstream, "--seconds", 3600], upstream, folder / "upstream.log"))
            print("niceness  beside          p50 us    p99 us  p99.9 us     rps  failed")
            for niceness in options.niceness:
                one(options, folder / str(niceness), niceness, upstream)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
