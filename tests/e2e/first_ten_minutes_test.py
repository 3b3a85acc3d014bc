"""docs/first_ten_minutes.md, pasted into a shell: every block runs as it stands, with a stub for the model."""
import os
import re
import socket
import subprocess
import tempfile
import unittest

import flywheel

PAPER = flywheel.SOURCE / "docs/first_ten_minutes.md"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class FirstTenMinutes(unittest.TestCase):
    def test_every_block_can_be_pasted(self):
        blocks = re.findall(r"```sh\n(.*?)```", PAPER.read_text(), re.S)
        self.assertGreater(len(blocks), 5)
        self.assertIn("scripts/build", blocks[0])
        endpoint = flywheel.StubEndpoint()
        self.addCleanup(endpoint.close)
        port = free_port()
        script = "set -e\n" + "\n".join(blocks[1:])
        script, models = re.subn(r"    path: .*\n", f"    url: {endpoint.url}\n", script)
        self.assertEqual(models, 1)
        script = script.replace("--port 8000", f"--port {port}").replace("127.0.0.1:8000", f"127.0.0.1:{port}")
        env = {**os.environ, "PATH": f"{flywheel.BIN}:{os.environ['PATH']}", "NO_COLOR": "1",
               "FLYWHEEL_URL": f"http://127.0.0.1:{port}"}
        with tempfile.TemporaryDirectory() as folder:
            # `kill %1` wants job control, as the shell of a person has it.
            done = subprocess.run(["bash", "-m", "-c", script], cwd=folder, env=env, capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
            for name in ("traffic.jsonl", "flywheel.yaml", "report.html", "service.log"):
                self.assertGreater(os.path.getsize(f"{folder}/first-run/{name}"), 0, name)
        self.assertGreater(endpoint.requests, 100)


if __name__ == "__main__":
    unittest.main()
