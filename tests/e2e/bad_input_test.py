"""What bad input gets: a clear message with the remedy and a failed step or exit code, never a hang or half a result."""
import http.server
import json
import pathlib
import shutil
import socket
import tempfile
import threading
import unittest

import flywheel

SPLIT = "data_split_config: {eval_size: 20, val_ratio: 0.1, min_total_records: 50, random_seed: 3}\n"


def run_from(folder, candidate, traffic=None, extra=""):
    """(finished command, job detail) of a whole run in one process over sample traffic."""
    folder = pathlib.Path(folder)
    config = folder / "config.yaml"
    config.write_text(f"nims:\n  - {candidate}\n{SPLIT}evaluation: {{max_retries: 1, request_timeout_seconds: 2}}\n{extra}")
    traffic = traffic or flywheel.sample(folder / "router.jsonl", count=150)
    done = flywheel.run("run", "--from", traffic, "--config", config, "--data", folder / "data", "--json", timeout=300)
    return done, json.loads(done.stdout) if done.stdout else None


class BadInput(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="flywheel-bad-")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def candidate_error(self, candidate):
        done, job = run_from(self.folder, candidate)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(job["nims"][0]["status"], "failed")
        return job["nims"][0]["error"]

    def test_a_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = flywheel.run("serve", "--data", pathlib.Path(self.folder) / "data", "--port", port)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"port {port}", done.stderr)

    def test_a_data_folder_in_use(self):
        with flywheel.Service() as service:
            done = flywheel.run("serve", "--data", service.data, "--port", 0)
            self.assertEqual(done.returncode, 1)
            self.assertIn("another process", done.stderr)

    def test_a_store_that_cannot_be_read(self):
        data = pathlib.Path(self.folder) / "data"
        (data / "log").mkdir(parents=True)
        (data / "log/CURRENT").write_text("nonsense")
        done = flywheel.run("serve", "--data", data, "--port", 0)
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(data / "log"), done.stderr)

    def test_too_few_records(self):
        traffic = flywheel.sample(pathlib.Path(self.folder) / "few.jsonl", count=30)
        done, job = run_from(self.folder, "{model_name: a, path: a.gguf}", traffic)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(job["status"], "failed")
        self.assertIn("min_total_records", job["error"])

    def test_traffic_that_is_no_traffic(self):
        garbage = pathlib.Path(self.folder) / "garbage.jsonl"
        garbage.write_bytes(bytes(range(256)) * 100)
        done, _ = run_from(self.folder, "{model_name: a, path: a.gguf}", garbage)
        self.assertEqual(done.returncode, 1)
        done, _ = run_from(self.folder, "{model_name: a, path: a.gguf}", pathlib.Path(self.folder) / "missing.jsonl")
        self.assertEqual(done.returncode, 1)
        self.assertIn("missing.jsonl", done.stderr)

    def test_a_model_file_that_is_not_there(self):
        self.assertIn("a.gguf", self.candidate_error("{model_name: a, path: a.gguf}"))

    @unittest.skipIf(flywheel.lacks_engines(), flywheel.lacks_engines())
    def test_a_model_file_that_is_cut_off(self):
        with open(flywheel.MODEL, "rb") as whole:
            (pathlib.Path(self.folder) / "cut.gguf").write_bytes(whole.read(3_000_000))
        self.assertIn("cut.gguf", self.candidate_error("{model_name: a, path: cut.gguf}"))
        done = flywheel.run("models", "inspect", pathlib.Path(self.folder) / "cut.gguf")
        self.assertEqual(done.returncode, 1)

    @unittest.skipIf(flywheel.lacks_engines(), flywheel.lacks_engines())
    def test_a_model_that_the_engine_cannot_load_is_explained_by_the_engines_log(self):
        whole = flywheel.MODEL.read_bytes()
        (pathlib.Path(self.folder) / "lacking.gguf").write_bytes(whole.replace(b"blk.7.ffn_up.weight", b"blk.7.ffn_uq.weight"))
        with flywheel.Service(f"nims:\n  - {{model_name: a, path: lacking.gguf}}\n{SPLIT}", self.folder) as service:
            flywheel.run("load", flywheel.sample(service.folder / "router.jsonl", count=150), "--server", service.url)
            job = service.call("POST", "/api/jobs", {"workload_id": "router", "client_id": "demo"})[1]["id"]
            self.assertEqual(service.wait_for_job(job)["status"], "failed")
            log = flywheel.run("jobs", "log", job, "--server", service.url)
            self.assertEqual(log.returncode, 0, log.stderr)
            self.assertRegex(log.stdout, r"(?m)^a, deploy\n(  .*\n)*  .* tensor 'blk\.7\.ffn_up\.weight' not found\n")
            engine, = json.loads(flywheel.run("jobs", "log", job, "--json", "--server", service.url).stdout)["engines"]
            self.assertEqual((engine["candidate"], engine["stage"], engine["is_running"]), (0, "deploy", False))
            self.assertEqual(service.call("DELETE", f"/api/jobs/{job}")[0], 200)
            flywheel.wait_until(lambda: not list(service.data.glob("jobs/*")), 10, "the log goes with its job")

    def test_an_endpoint_that_is_down(self):
        self.assertIn("127.0.0.1:9", self.candidate_error("{model_name: a, url: 'http://127.0.0.1:9'}"))

    def test_an_endpoint_that_answers_html(self):
        class Html(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = b"<html>welcome</html>"
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Html)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        error = self.candidate_error(f"{{model_name: a, url: 'http://127.0.0.1:{server.server_port}'}}")
        self.assertRegex(error.lower(), "json|html")


if __name__ == "__main__":
    unittest.main()
