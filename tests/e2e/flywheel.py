"""Drives the built programs: a service in a temporary folder, the command line, and a client of the job API."""
import contextlib
import glob
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

BIN = pathlib.Path(os.environ["FLYWHEEL_BIN_DIR"])
SOURCE = pathlib.Path(os.environ["FLYWHEEL_SOURCE_DIR"])
CACHE = pathlib.Path(os.environ.get("FLYWHEEL_CACHE") or pathlib.Path.home() / ".cache/flywheel")
FLYWHEEL = BIN / "flywheel"
MODEL = pathlib.Path(os.environ.get("FLYWHEEL_MODEL") or CACHE / "models/SmolLM2-135M-Instruct.Q4_1.gguf")


def lacks_engines():
    """Why runs with a real model cannot be tested here; None when they can."""
    if not MODEL.exists():
        return f"no model at {MODEL} (scripts/setup fetches it)"
    if not glob.glob(str(CACHE / "llama.cpp-*/build/bin/llama-server")):
        return "llama-server is not built (scripts/setup builds it)"
    if not (BIN / "flywheel-trainer").exists():
        return "flywheel-trainer is not built (libtorch is missing)"
    return None


def run(*arguments, timeout=120, env=None, **options):
    """The finished `flywheel` command, with its output as text."""
    full_env = {**os.environ, "NO_COLOR": "1", **(env or {})}
    return subprocess.run([FLYWHEEL, *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                          env=full_env, **options)


def sample(path, workload="router", count=300, seed=1):
    with open(path, "wb") as out:
        subprocess.run([FLYWHEEL, "sample", "--workload", workload, "--count", str(count), "--seed", str(seed)], stdout=out,
                       check=True)
    return path


def documents_of(traffic):
    """The log documents of a file of sample traffic, without the lines that are no records."""
    documents = []
    for line in traffic.read_text(encoding="utf-8").splitlines():
        try:
            document = json.loads(line)
            document["response"]["choices"][0]["message"]
            documents.append(document)
        except (ValueError, KeyError, IndexError, TypeError):
            pass
    return documents


def wait_until(claim, timeout, what):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = claim()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {timeout} s: {what}")


def descendants(pid):
    """Ids of the living processes that have `pid` among their ancestors."""
    parents = {}
    for stat in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = pathlib.Path(stat).read_text().rsplit(")", 1)[1].split()
            if fields[0] != "Z":
                parents[int(stat.split("/")[2])] = int(fields[1])
    found, todo = set(), [pid]
    while todo:
        parent = todo.pop()
        for child, its_parent in parents.items():
            if its_parent == parent and child not in found:
                found.add(child)
                todo.append(child)
    return found


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def kill_programs(pid, name):
    """kill -9 for the descendants of `pid` that run the program `name`; how many there were."""
    killed = 0
    for child in descendants(pid):
        with contextlib.suppress(OSError):
            if pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[0].decode().endswith(name):
                os.kill(child, signal.SIGKILL)
                killed += 1
    return killed


def arguments_of(call):
    """The value of a call's arguments; the text itself where it is no JSON, as when an answer was cut."""
    arguments = call["function"]["arguments"]
    try:
        return json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return arguments


def is_exact(row):
    """Whether a row of an evaluation's results is its reference answer: the same calls, or the same words."""
    if not row["response"]:
        return False
    answer, reference = row["response"]["choices"][0]["message"], row["reference"]
    calls = lambda message: [(c["function"]["name"], arguments_of(c)) for c in message.get("tool_calls") or []]
    if calls(reference):
        return calls(answer) == calls(reference)
    return not calls(answer) and (answer.get("content") or "").strip() == (reference.get("content") or "").strip()


def teacher_forced(candidate, served, keep_layers=None):
    """Per row of an evaluation's results: does the tuned model of a candidate's folder predict every token of the reference?"""
    rows = candidate / "teacher_forced.jsonl"
    rows.write_text("".join(json.dumps({"messages": row["request"]["messages"] + [row["reference"]],
                                        "tools": row["request"].get("tools")}) + "\n" for row in served))
    adapter = next(candidate.rglob("adapter_config.json")).parent
    command = [BIN / "flywheel-trainer", "score", "--model", MODEL, "--chat-template-file",
               SOURCE / "src/modelops/local/templates/chatml_tools.jinja", "--rows", rows, "--adapter", adapter]
    if keep_layers:
        command += ["--keep-layers", *keep_layers.split(",")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    rows.unlink()
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [event["exact"] for event in events if event["event"] == "row"]


class Service:
    """`flywheel serve` on a free port, over a data folder that outlives restarts."""

    open_files = None  # that it may have; the test's own limit without it

    def __init__(self, config=None, folder=None, env=None):
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="flywheel-e2e-"))
        self.data = self.folder / "data"
        self.config = self.folder / "config.yaml"
        self.env = {**os.environ, **(env or {})}
        if config is not None:
            self.config.write_text(config)
        self.process = None

    def start(self):
        self.url_file().unlink(missing_ok=True)
        command = [FLYWHEEL, "serve", "--data", self.data, "--port", "0"]
        if self.config.exists():
            command += ["--config", self.config]
        with open(self.folder / "service.log", "ab") as log:
            self.process = subprocess.Popen(command, stderr=log, env=self.env, preexec_fn=self.limit_open_files)
        wait_until(lambda: self.url_file().exists() or self.process.poll() is not None, 30, "the service listens")
        if self.process.poll() is not None:
            raise AssertionError("the service ended: " + (self.folder / "service.log").read_text()[-2000:])
        self.url = self.url_file().read_text().strip()
        return self

    def limit_open_files(self):
        if self.open_files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.open_files, self.open_files))

    def url_file(self):
        return self.data / "service.url"

    def log_lines(self):
        """The lines of its log, of a service with `logging_config: {json: true}`."""
        return [json.loads(line) for line in (self.folder / "service.log").read_text().splitlines()]

    def limit_files(self, size):
        """No file of the service's may become longer, as if the disk were full."""
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)[1]))

    def let_files_grow(self):
        self.limit_files(resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)[1])

    def kill(self):
        """kill -9; returns the processes that it had started."""
        children = descendants(self.process.pid)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return children

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def call(self, method, path, body=None, timeout=60):
        """(status, JSON or text) of one request, as a client of the blueprint makes it."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data=data, method=method,
                                         headers={"Content-Type": "application/json"} if data else {})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        with contextlib.suppress(ValueError):
            return status, json.loads(text)
        return status, text

    def job(self, job_id):
        return self.call("GET", f"/api/jobs/{job_id}")[1]

    def wait_for_job(self, job_id, timeout=900):
        finished = lambda: (job := self.job(job_id))["status"] in ("completed", "failed", "cancelled") and job
        return wait_until(finished, timeout, f"job {job_id} ends")

    def wait_for_stage(self, job_id, stage, timeout=600):
        return wait_until(lambda: self.job(job_id).get("stage") == stage, timeout, f"stage {stage}")


class StubEndpoint:
    """An OpenAI-compatible server that answers every chat with the same words, or with the message that a function makes of the request; a
    member `finish_reason` of the message goes where it belongs."""

    def __init__(self, answer="I see."):
        endpoint = self
        self.requests = 0
        self.delay = 0.0  # seconds before each answer

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self, body):
                raw = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def do_GET(self):
                self.reply({"object": "list", "data": [{"id": "stub", "object": "model"}]})

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.requests += 1
                time.sleep(endpoint.delay)
                message = dict(answer(request)) if callable(answer) else {"role": "assistant", "content": answer}
                finish_reason = message.pop("finish_reason", "stop")
                self.reply({"id": "x", "object": "chat.completion", "created": 1, "model": "stub",
                            "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
                            "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}})

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def config(self, more=""):
        """A configuration with this endpoint as the only candidate."""
        return (f"nims: [{{model_name: stub, url: '{self.url}'}}]\n"
                "data_split_config: {eval_size: 10, min_total_records: 20, random_seed: 1}\n" + more)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class WebhookReceiver:
    """An application that is told of finished runs; refuses the first `failures` posts with 503."""

    def __init__(self, failures=0):
        self.posts = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.append((dict(self.headers), body))
                self.send_response(503 if len(receiver.posts) <= failures else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def is_signed(headers, body, secret):
    expected = hmac.new(secret.encode(), headers["X-Flywheel-Timestamp"].encode() + b"." + body, hashlib.sha256)
    return hmac.compare_digest(headers["X-Flywheel-Signature"], "sha256=" + expected.hexdigest())
