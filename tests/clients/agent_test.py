"""The example agent, with the official package, against the sample's production model and against a real engine."""
import glob
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "gateway"))
import clients  # the virtual environment with the official packages

BIN = pathlib.Path(os.environ["FLYWHEEL_BIN_DIR"])
AGENT = pathlib.Path(os.environ["FLYWHEEL_SOURCE_DIR"]) / "examples/agent"


class Process:
    """A server that is there until the block ends."""

    def __init__(self, command):
        self.command = [str(word) for word in command]

    def __enter__(self):
        self.child = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return self.child

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait(20)
        self.child.stdout.close()


class ExampleAgent(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not (BIN / "flywheel").exists():
            raise unittest.SkipTest("flywheel is not built")
        cls.python = clients.python()

    def agent(self, url, *messages, **options):
        env = {**os.environ, "OPENAI_API_KEY": "none", "OPENAI_BASE_URL": url}
        done = subprocess.run([self.python, AGENT / "agent.py", *messages], capture_output=True, text=True, env=env,
                              timeout=300, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_answers_customers_with_the_samples_production_model(self):
        with Process([BIN / "flywheel", "sample", "serve", "--port", "0"]) as model:
            url = model.stdout.readline().strip()
            said = self.agent(url, "Where is my order A-12345?", "and order B-20444?")
            self.assertRegex(said, r"> Where is my order A-12345\?\nOrder A-12345 .*\n> and order B-20444\?\nOrder B-20444 ")
            with open(AGENT / "conversations.txt", encoding="utf-8") as conversations:
                said = self.agent(url, stdin=conversations)
            self.assertEqual(said.count("> "), 6)
            self.assertNotIn("did not understand", said)
            self.assertNotIn("no answer", said)

    def test_goes_on_after_a_model_that_fails(self):
        with Process([BIN / "flywheel", "sample", "serve", "--port", "0", "--fail-rate", "1", "--fail", "400"]) as model:
            url = model.stdout.readline().strip()
            self.assertIn("no answer", self.agent(url, "Where is my order A-12345?"))

    def test_its_prompts_and_tools_are_the_samples(self):
        """So that its traffic is the sample's, and the production model knows its nodes."""
        lines = subprocess.run([BIN / "flywheel", "sample", "--count", "1"], capture_output=True, text=True, check=True)
        request = json.loads(lines.stdout)["request"]
        code = "import json, prompts; print(json.dumps([prompts.ROUTER, prompts.TOOLS]))"
        done = subprocess.run([self.python, "-c", code], capture_output=True, text=True, cwd=AGENT, check=True)
        self.assertEqual(json.loads(done.stdout), [request["messages"][0]["content"], request["tools"]])

    def test_talks_to_a_real_engine(self):
        servers = glob.glob(str(clients.cache_folder() / "llama.cpp-*/build/bin/llama-server"))
        models = glob.glob(str(clients.cache_folder() / "models/*.gguf"))
        if not servers or not models:
            self.skipTest("no llama-server or no model in the cache (scripts/setup)")
        port = 18400 + os.getpid() % 1000
        command = [servers[0], "-m", models[0], "--host", "127.0.0.1", "--port", port, "-c", "2048", "-np", "1", "-t", "1"]
        with Process(command) as engine:
            self.wait_for(f"http://127.0.0.1:{port}/health", engine)
            said = self.agent(f"http://127.0.0.1:{port}/v1", "Where is my order A-12345?")
        self.assertRegex(said, re.compile(r"> Where.*\n.+", re.S))

    def wait_for(self, url, process):
        for _ in range(1200):
            self.assertIsNone(process.poll(), "the engine ended")
            try:
                if urllib.request.urlopen(url, timeout=5).status == 200:
                    return
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.1)
        self.fail("the engine is not ready after two minutes")


if __name__ == "__main__":
    unittest.main()
