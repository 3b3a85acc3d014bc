"""What `flywheel export` writes of a trained adapter, for each server that loads it. The service is a stub that knows one job:
nothing has to be trained for it."""
import http.server
import json
import pathlib
import tempfile
import threading
import unittest

import flywheel

JOB = "67436743674367436743abcd"


class KnownJob:
    """A service that has one job, whose adapter lies in `folder`."""

    def __init__(self, folder, keep_layers):
        (folder / "peft").mkdir(parents=True)
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            (folder / "peft" / name).write_text(name)
        (folder / "adapter.gguf").write_text("adapter")
        trained = {"nmp_uri": (folder / "adapter.gguf").as_uri(), "customized_model": "small-router-17", "error": None}
        job = {"id": JOB, "workload_id": "router", "status": "completed", "nims": [
            {"model_name": "small", "deployment": "llama-server, F16, adapter merged", "customizations": [trained]}]}
        report = {"config": {"training_config": {"adapter_dim": 12}, "candidates": [
            {"model_name": "small", "path": "/nowhere/small.gguf", "keep_layers": keep_layers, "context_length": 2048}]}}
        answers = {f"/api/jobs/{JOB}": job, f"/api/jobs/{JOB}/report": report}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps(answers[self.path]).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Export(unittest.TestCase):
    def exported(self, keep_layers):
        """The files of an export without the merged model, and its README."""
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        folder = pathlib.Path(scratch.name)
        known = KnownJob(folder / "job", keep_layers)
        self.addCleanup(known.close)
        done = flywheel.run("export", JOB, "--to", folder / "out", "--no-model", "--server", known.url)
        self.assertEqual(done.returncode, 0, done.stderr)
        files = sorted(str(file.relative_to(folder / "out")) for file in (folder / "out").rglob("*") if file.is_file())
        return files, (folder / "out/README.md").read_text()

    def test_the_adapter_in_the_forms_of_llama_cpp_peft_and_nim(self):
        files, readme = self.exported([])
        peft = ["adapter_config.json", "adapter_model.safetensors"]
        self.assertEqual(files, ["README.md", "adapter.gguf", *(f"nim/small-router-17/{name}" for name in peft), *(f"peft/{name}" for name in peft)])
        self.assertIn("NIM_MAX_LORA_RANK=16 ", readme)

    def test_an_adapter_of_a_cut_base_is_not_for_nim(self):
        files, readme = self.exported([0, 1, 5])
        self.assertEqual([file for file in files if file.startswith("nim")], [])
        self.assertNotIn("NIM", readme)


if __name__ == "__main__":
    unittest.main()
