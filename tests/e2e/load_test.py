"""What people bring as traffic: loaded, or refused in words that help and with an exit code that scripts see."""
import bz2
import gzip
import json
import lzma
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import flywheel

SHARED = flywheel.SOURCE.parent / "shared"


def document(number, **over):
    request = {"model": "big", "messages": [{"role": "user", "content": f"question {number}"}]}
    response = {"choices": [{"index": 0, "message": {"role": "assistant", "content": f"answer {number}"}}]}
    return {"timestamp": 1732460000 + number, "workload_id": "router", "client_id": "demo", "request": request,
            "response": response, **over}


def lines(numbers, end="\n"):
    return "".join(json.dumps(document(n)) + end for n in numbers).encode()


class Load(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = flywheel.Service()
        cls.service.__enter__()
        cls.addClassCleanup(cls.service.__exit__, None, None, None)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-load-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def load(self, *arguments, **options):
        return flywheel.run("load", *arguments, "--server", self.service.url, **options)

    def new(self, name, content, *arguments):
        """How many new records the content makes."""
        done = self.load(self.write(name, content), "--json", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["files"][0]["appended"]

    def test_every_packing_and_layout_is_told_by_its_bytes(self):
        self.assertEqual(self.new("a.txt", gzip.compress(lines(range(0, 3))) + gzip.compress(lines(range(3, 5)))), 5)
        self.assertEqual(self.new("a.gz", bz2.compress(lines(range(10, 13)))), 3)
        self.assertEqual(self.new("b.json", lzma.compress(lines(range(20, 23), "\r\n"))), 3)
        self.assertEqual(self.new("c", lines(range(30, 33), "\r")), 3)
        self.assertEqual(self.new("d", json.dumps([document(n) for n in range(40, 43)], indent=2).encode()), 3)
        if shutil.which("zstd"):
            packed = subprocess.run(["zstd", "-q"], input=lines(range(50, 53)), capture_output=True, check=True).stdout
            self.assertEqual(self.new("e", packed), 3)

    def test_a_file_cut_short_is_loaded_to_the_cut_and_the_load_fails(self):
        whole = gzip.compress(lines(range(1000, 3000)))
        cut, good = self.write("cut.gz", whole[:len(whole) // 2]), self.write("good.jsonl", lines([3001]))
        done = self.load(cut, good)
        self.assertEqual(done.returncode, 1)
        self.assertIn("truncated", done.stderr)
        self.assertIn("good.jsonl: 1 line, 1 new record", done.stdout)

    def test_a_file_cut_in_its_last_record_fails_whether_its_line_is_ended_or_not(self):
        for number, end in enumerate([b"", b"\n", b"\r\n\n"]):
            whole = lines([3100 + 2 * number, 3101 + 2 * number])
            done = self.load(self.write("cut.jsonl", whole[:-40] + end))
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("line 2 is cut off", done.stderr)
            self.assertIn("1 new record", done.stdout)

    def test_bad_lines_beside_good_ones_are_counted_and_do_not_fail(self):
        done = self.load(self.write("x", b'{"oops" 1}\n' + lines([3200]) + b'{"timestamp": [1}\n'))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("2 bad lines", done.stdout)

    def test_a_load_of_nothing_but_bad_or_deleting_lines_fails(self):
        for content, word in [(b'{"delete": {"_id": "1"}}\n{"delete": {"_id": "2"}}\n', "a line that deletes"),
                              (b'{"oops" 1}\n{"a" 2}\n', "2 bad lines")]:
            done = self.load(self.write("x", content))
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("holds no record", done.stderr)
            self.assertIn(word, done.stdout)
        done = self.load(self.write("x", b""))
        self.assertEqual(done.returncode, 0, done.stderr)  # nothing is not wrong, and is said
        self.assertIn("there is nothing in it", done.stdout)

    def test_a_folder_with_one_bad_file_is_loaded_and_fails(self):
        self.write("mixed/a.jsonl", lines([3300]))
        self.write("mixed/b.jsonl", b"PAR1\x15\x04")
        self.write("mixed/c.jsonl", lines([3301]))
        done = self.load(self.folder / "mixed")
        self.assertEqual(done.returncode, 1)
        self.assertIn("b.jsonl: it is a Parquet file", done.stderr)
        self.assertEqual(done.stdout.count("1 new record\n"), 2)

    def test_what_cannot_be_read_is_named_and_fails(self):
        for content, word in [(b"PAR1\x15\x04", "Parquet"), ("{}".encode("utf-16"), "UTF-16"),
                              (b"<!DOCTYPE html><html>", "HTML"), (b"{\"a\": 1}\n", "no record")]:
            done = self.load(self.write("x", content))
            self.assertEqual(done.returncode, 1, content)
            self.assertIn(word, done.stderr)

    def test_a_folder_is_read_file_by_file(self):
        self.write("traffic/b/two.jsonl", lines([5001]))
        self.write("traffic/one.jsonl.gz", gzip.compress(lines([5000])))
        self.write("traffic/.hidden", b"oops")
        done = self.load(self.folder / "traffic")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("1 new record\n"), 2)

    def test_a_batchs_two_files_are_joined(self):
        request = {"custom_id": "r1", "method": "POST", "url": "/v1/chat/completions", "body": document(8000)["request"]}
        result = {"custom_id": "r1", "response": {"status_code": 200, "body": document(8000)["response"]}, "error": None}
        output = self.write("batch/1_output.jsonl", json.dumps(result).encode())
        entered = self.write("batch/2_input.jsonl.gz", gzip.compress(json.dumps(request).encode()))
        names = ["--workload-id", "batch", "--client-id", "demo"]
        for arguments in [[output, entered], [self.folder / "batch"]]:
            done = self.load(*arguments, *names, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            report = json.loads(done.stdout)["files"]
            self.assertEqual(len(report), 1)
            self.assertEqual(report[0]["appended"] + report[0]["duplicates"], 1, report)

    def test_what_was_done_to_records_is_said(self):
        bare = document(8100)
        del bare["timestamp"]
        done = self.load(self.write("x", json.dumps(bare).encode()))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1 x no time of its own; it got the time of loading", done.stdout)

    def test_the_named_server_is_the_one_that_is_used(self):
        done = self.load(self.write("x", lines([6000])), env={"FLYWHEEL_URL": "http://127.0.0.1:9"})
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_nothing_in_traffic_reaches_the_terminal_as_a_command(self):
        evil = "\x1b]0;title\x07\u202e\u2066\x9b31m"
        self.write("x", json.dumps(document(7000, workload_id="a\u202eb\u009bc")).encode())
        self.assertEqual(self.load(self.folder / "x").returncode, 0)
        shown = flywheel.run("workloads", "--server", self.service.url).stdout
        shown += flywheel.run("workloads", "--json", "--server", self.service.url).stdout
        shown += self.load(f"/nonexistent/{evil}").stderr
        for character in "\x1b\x07\u202e\u2066\x9b":
            self.assertNotIn(character, shown)
        self.assertIn("\\u202e", shown)

    def test_an_agents_recorded_traffic_is_stored_whole(self):
        maker = SHARED / "traffic/make_airline.py"
        if not maker.exists():
            self.skipTest(f"no recorded traffic at {maker}")
        traffic = subprocess.run([sys.executable, maker], capture_output=True, check=True).stdout
        self.assertEqual(self.new("airline.jsonl", traffic), 2454)


class LocalRun(unittest.TestCase):
    def test_a_run_does_not_go_on_with_half_a_file_unless_told(self):
        packed, plain = gzip.compress(lines(range(2000))), lines(range(100))
        for name, content in [("cut.gz", packed[:len(packed) // 2]), ("cut.jsonl", plain[:-40]),
                              ("ended.jsonl", plain[:-40] + b"\n")]:
            with tempfile.TemporaryDirectory(prefix="flywheel-load-") as folder:
                folder = pathlib.Path(folder)
                (folder / name).write_bytes(content)
                (folder / "c.yaml").write_text("nims: [{model_name: a, url: 'http://127.0.0.1:9'}]\n"
                                               "data_split_config: {eval_size: 20, min_total_records: 50}\n")
                arguments = ["run", "--from", folder / name, "--config", folder / "c.yaml", "--data", folder / "data"]
                done = flywheel.run(*arguments)
                self.assertEqual(done.returncode, 1, name)
                self.assertIn("--partial", done.stderr)
                self.assertNotIn("validate", done.stdout)
                done = flywheel.run(*arguments, "--partial")
                self.assertNotIn("--partial", done.stderr)
                self.assertIn("validate", done.stdout)


if __name__ == "__main__":
    unittest.main()
