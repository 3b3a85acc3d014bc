"""The official clients' own accumulators as oracles: what they make of a stream, we make of it."""
import json
import os
import pathlib
import subprocess
import unittest

import packages
import streams

RECORDED = pathlib.Path(os.environ["FLYWHEEL_SOURCE_DIR"]) / "src/capture/completions/tests/recorded"
REBUILD = pathlib.Path(os.environ["FLYWHEEL_TESTS_DIR"]) / "capture_rebuild"


def ours(dialect, stream):
    done = subprocess.run([REBUILD, dialect], input=stream, capture_output=True, timeout=60, check=True)
    return json.loads(done.stdout)


def all_streams():
    """Name, dialect and bytes of every stream."""
    for path in sorted(RECORDED.glob("*.sse")):
        dialect = next((d for d in ("completions", "responses", "messages") if path.stem.startswith(d)), "chat")
        yield path.stem, dialect, path.read_bytes()
    yield from streams.described()


class Accumulators(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not REBUILD.exists():
            raise unittest.SkipTest(f"{REBUILD} is not built")
        try:
            cls.python = packages.python()
        except packages.Unavailable as why:
            raise unittest.SkipTest(str(why))

    def theirs(self, dialect, stream):
        program = pathlib.Path(__file__).with_name("oracle.py")
        done = subprocess.run([self.python, program, dialect], input=stream, capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr.decode()[-2000:])
        return json.loads(done.stdout)

    def test_the_clients_and_we_read_the_same_answer(self):
        count = 0
        for name, dialect, stream in all_streams():
            if dialect == "completions":
                continue  # its chunks have no accumulator in the package
            with self.subTest(stream=name):
                self.assertEqual(streams.facts(ours(dialect, stream)["response"]), self.theirs(dialect, stream))
                count += 1
        self.assertGreater(count, 15)


if __name__ == "__main__":
    unittest.main()
