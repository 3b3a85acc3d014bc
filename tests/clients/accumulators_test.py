"""The official clients' own accumulators as oracles: what they make of a stream, we make of it."""
import base64
import json
import os
import pathlib
import subprocess
import sys
import unittest

import streams

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "gateway"))
import clients  # the virtual environment with the official packages

HERE = pathlib.Path(__file__).resolve().parent
RECORDED = pathlib.Path(os.environ["FLYWHEEL_SOURCE_DIR"]) / "src/capture/completions/tests/recorded"
REBUILD = pathlib.Path(os.environ["FLYWHEEL_TESTS_DIR"]) / "capture_rebuild"


def all_streams():
    """Name, dialect and bytes of every stream."""
    for path in sorted(RECORDED.glob("*.sse")):
        dialect = next((d for d in ("completions", "responses", "messages") if path.stem.startswith(d)), "chat")
        yield path.stem, dialect, path.read_bytes()
    yield from streams.described()


def ours(dialect, stream):
    done = subprocess.run([REBUILD, dialect], input=stream, capture_output=True, timeout=60, check=True)
    return streams.facts(json.loads(done.stdout)["response"])


class Accumulators(unittest.TestCase):
    def setUp(self):
        if not REBUILD.exists():
            self.skipTest(f"{REBUILD} is not built")

    def test_the_clients_and_we_read_the_same_answer(self):
        # The chunks of /v1/completions have no accumulator in the package.
        known = [one for one in all_streams() if one[1] != "completions"]
        work = json.dumps([(name, dialect, base64.b64encode(body).decode()) for name, dialect, body in known])
        done = subprocess.run([clients.python(), HERE / "oracle.py"], input=work, capture_output=True, text=True,
                              timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        theirs = json.loads(done.stdout)
        self.assertGreater(len(theirs), 20)
        for name, dialect, body in known:
            with self.subTest(stream=name):
                self.assertEqual(ours(dialect, body), theirs[name])


if __name__ == "__main__":
    unittest.main()
