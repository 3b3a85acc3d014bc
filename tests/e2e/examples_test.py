"""In-context examples that are like the row they stand before: by the words, and by a real embedding model, which a server elsewhere has or the run itself."""
import glob
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest
import urllib.request

import flywheel

SELECTION = "icl_config: {example_selection: semantic_similarity, max_examples: 2, similarity_config: {relevance_ratio: 1"
KINDS = ["send me the invoice of month {}", "where is my parcel {}, please", "what do garden chairs cost in size {}"]


def document(number):
    question = KINDS[number % 3].format(1000 + number)
    return {"timestamp": 1760000000 + number, "workload_id": "desk", "client_id": "shop",
            "request": {"model": "big", "messages": [{"role": "user", "content": question}]},
            "response": {"choices": [{"index": 0, "message": {"role": "assistant", "content": f"Done: {question}"}, "finish_reason": "stop"}]}}


class EmbeddingServer:
    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        program = sorted(glob.glob(str(flywheel.CACHE / "llama.cpp-*/build/bin/llama-server")))[-1]
        self.process = subprocess.Popen(
            [program, "--model", flywheel.MODEL, "--embeddings", "--pooling", "mean", "--host", "127.0.0.1", "--port", str(port),
             "--ctx-size", "2048", "--ubatch-size", "2048", "--threads", "2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            flywheel.wait_until(self.is_ready, 120, "the embedding server is ready")
        except AssertionError:
            self.close()
            raise

    def is_ready(self):
        try:
            with urllib.request.urlopen(self.url + "/health", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def close(self):
        self.process.kill()
        self.process.wait()


class Examples(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.model = flywheel.StubEndpoint()
        self.addCleanup(self.model.close)
        self.traffic = self.folder / "traffic.jsonl"
        self.traffic.write_text("".join(json.dumps(document(n)) + "\n" for n in range(75)))

    def run_with(self, similarity):
        """The finished run, and of every in-context row its question and the questions of its examples."""
        config = self.folder / "config.yaml"
        config.write_text(f"nims: [{{model_name: small, url: '{self.model.url}'}}]\nevaluation: {{variants: [icl-eval]}}\n"
                          f"data_split_config: {{eval_size: 12, random_seed: 1}}\n{SELECTION}{similarity}}}}}\n")
        data = self.folder / "data"
        done = flywheel.run("run", "--from", self.traffic, "--config", config, "--data", data, timeout=600)
        rows = []
        for path in data.glob("datasets/objects/*/eval_data.jsonl"):
            for line in path.read_text().splitlines():
                messages = json.loads(line)["request"]["messages"]
                asked = [text.removeprefix("user: ") for text in messages[0]["content"].splitlines() if text.startswith("user: ")]
                if asked:
                    rows.append((messages[-1]["content"], asked))
        return done, rows

    def assert_alike(self, done, rows):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(len(rows), 12)
        for question, asked in rows:
            self.assertEqual([text.split()[:3] for text in asked], [question.split()[:3]] * 2)

    def test_by_the_words_that_they_share(self):
        self.assert_alike(*self.run_with(""))

    @unittest.skipIf(flywheel.lacks_engines(), flywheel.lacks_engines())
    def test_by_the_vectors_of_a_model_that_the_run_serves(self):
        done, rows = self.run_with(f", embedding_nim_config: {{path: '{flywheel.MODEL}', model_name: smol, context_length: 512}}")
        self.assert_alike(done, rows)
        notes = json.loads(next(self.folder.glob("data/**/report.json")).read_text())["dataset"]["notes"]
        self.assertIn("the vectors of smol (llama-server, Q4_1, mean pooling (its file names none), texts of up to 511 tokens)", " ".join(notes))
        self.assertEqual(list(self.folder.glob("data/engines/*")), [], "its engine is gone")
        checked = flywheel.run("config", "check", self.folder / "config.yaml")
        self.assertIn('embedding model "smol"', checked.stdout + checked.stderr)
        self.assertIn("is no embedding model (llama)", checked.stdout + checked.stderr)

    @unittest.skipIf(flywheel.lacks_engines(), flywheel.lacks_engines())
    def test_a_missing_model_is_named_before_anything_is_read(self):
        done, _ = self.run_with(", embedding_nim_config: {path: none.gguf}")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("none.gguf", done.stdout + done.stderr)

    @unittest.skipIf(flywheel.lacks_engines(), flywheel.lacks_engines())
    def test_by_the_vectors_of_a_served_model(self):
        server = EmbeddingServer()
        self.addCleanup(server.close)
        embedding = f", embedding_nim_config: {{url: '{server.url}', model_name: smol}}"
        self.assert_alike(*self.run_with(embedding))
        config = self.folder / "config.yaml"
        asked = flywheel.run("config", "check", "--online", config)
        self.assertIn('embedding model "smol": gave a vector of 576 numbers', asked.stdout + asked.stderr)
        server.close()
        shutil.rmtree(self.folder / "data")
        done, _ = self.run_with(embedding)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(server.url, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
