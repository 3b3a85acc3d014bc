"""What a newcomer runs into: typos, wrong names, closed pipes, a service that restarts, webhooks that do not arrive."""
import signal
import subprocess
import tempfile
import time
import unittest

import flywheel


class WithoutAService(unittest.TestCase):
    def test_a_typo_gets_the_nearest_command_and_option(self):
        for words, near in ((["laod"], "flywheel load"), (["jobs", "wacth", "x"], "flywheel jobs watch"),
                            (["run", "--wacth"], "--watch"), (["workload"], "flywheel workloads")):
            done = flywheel.run(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(f"did you mean: {near}", done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_version_has_three_spellings_of_one_answer(self):
        answers = {flywheel.run(*words).stdout for words in (["version"], ["--version"])}
        self.assertEqual(len(answers), 1)
        self.assertRegex(answers.pop(), r"^flywheel \d+\.\d+\.\d+\n$")

    def test_help_has_groups_examples_and_plain_types(self):
        help_text = flywheel.run("--help").stdout
        for words in ("Every day:", "Results:", "Setting up:", "Examples:"):
            self.assertIn(words, help_text)
        self.assertEqual(flywheel.run("help", "serve").stdout, flywheel.run("serve", "--help").stdout)
        for command in ("serve", "run", "sample", "load", "quarantine", "export"):
            text = flywheel.run(command, "--help").stdout
            for raw in ("INT", "UINT", " in [", "TEXT:", "FLOAT"):
                self.assertNotIn(raw, text, command)

    def test_an_html_file_that_cannot_be_written_is_found_before_the_run(self):
        with tempfile.TemporaryDirectory() as folder:
            started = time.monotonic()
            done = flywheel.run("run", "--from", "/no/such.jsonl", "--config", "/no/such.yaml", "--html", f"{folder}/no/r.html")
            self.assertEqual(done.returncode, 1)
            self.assertIn("does not exist", done.stderr)
            self.assertIn(f"{folder}/no", done.stderr)
            self.assertLess(time.monotonic() - started, 5)
            self.assertIn("is a folder", flywheel.run("run", "--from", "x", "--config", "y", "--html", folder).stderr)

    def test_a_closed_pipe_is_no_error(self):
        for command in ("sample --count 100000", "--help", "completion bash"):
            done = subprocess.run(["bash", "-c", f"set -o pipefail; {flywheel.FLYWHEEL} {command} | head -1"], capture_output=True,
                                  text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""), command)

    def test_a_full_disk_behind_the_output_is_an_error(self):
        for command in ("sample --count 1000", "version", "--version", "--help", "run --help", "completion bash"):
            done = subprocess.run(["bash", "-c", f"{flywheel.FLYWHEEL} {command} > /dev/full"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1, command)
            self.assertRegex(done.stderr, "cannot write|could not be written", command)

    def test_help_of_a_command_that_is_not_there_is_a_mistake(self):
        for words in (("help", "laod"), ("laod", "--help")):
            done = flywheel.run(*words)
            self.assertEqual(done.returncode, 2)
            self.assertIn("did you mean: flywheel load", done.stderr)


class WithAService(unittest.TestCase):
    def setUp(self):
        self.endpoint = flywheel.StubEndpoint()
        self.addCleanup(self.endpoint.close)
        self.service = flywheel.Service(self.endpoint.config("webhooks: [{url: 'http://127.0.0.1:9/h', secret_env: NOT_SET}]\n"))
        self.addCleanup(self.service.close)
        self.service.start()
        self.traffic = flywheel.sample(self.service.folder / "router.jsonl", count=120)

    def command(self, *words, **options):
        return flywheel.run(*words, "--server", self.service.url, **options)

    def load(self):
        self.assertEqual(self.command("load", self.traffic).returncode, 0)

    def test_an_unknown_workload_is_refused_with_what_there_is(self):
        self.assertIn("flywheel load", self.command("run", "router", "--client-id", "demo").stderr)
        self.load()
        done = self.command("run", "ruoter", "--client-id", "demo")
        self.assertEqual(done.returncode, 1)
        self.assertIn("did you mean router?", done.stderr)
        self.assertEqual(self.service.call("GET", "/api/jobs")[1], {"jobs": []})

    def test_one_question_at_a_time_and_none_where_there_is_one_answer(self):
        self.load()
        job = self.command("run").stdout.strip()
        self.assertRegex(job, r"^[0-9a-f]{24}$")
        other = self.service.folder / "other.jsonl"
        other.write_text(self.traffic.read_text().replace('"workload_id":"router"', '"workload_id":"writer"').replace(
            '"client_id":"demo"', '"client_id":"bank"'))
        self.command("load", other, "--workload-id", "writer")
        done = self.command("run")
        self.assertIn("which workload? there are: router, writer", done.stderr)
        self.assertNotIn("client", done.stderr)

    def test_a_service_without_candidates_refuses(self):
        with flywheel.Service() as bare:
            flywheel.run("load", self.traffic, "--server", bare.url)
            done = flywheel.run("run", "router", "--client-id", "demo", "--server", bare.url)
            self.assertEqual(done.returncode, 1)
            self.assertIn("no candidate models", done.stderr)
            self.assertIn("--config", done.stderr)

    def test_a_dataset_error_is_printed_once(self):
        few = flywheel.sample(self.service.folder / "few.jsonl", count=8)
        self.command("load", few)
        done = self.command("run", "router", "--client-id", "demo", "--watch")
        self.assertEqual(done.returncode, 1)
        text = done.stdout + done.stderr
        self.assertEqual(text.count("min_total_records"), 1, text)

    def test_jobs_list_into_a_closed_pipe_is_no_error(self):
        self.load()
        for _ in range(3):
            self.command("run", "router", "--client-id", "demo")
        for words in ("jobs", "jobs list --json", "workloads"):
            script = f"set -o pipefail; {flywheel.FLYWHEEL} {words} --server {self.service.url} | head -1"
            done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        self.assertIn("older jobs are not shown", self.command("jobs", "--limit", "1").stdout)
        for words in ("jobs", "jobs list --json", "workloads", "quarantine", f"load {self.traffic}"):
            script = f"{flywheel.FLYWHEEL} {words} --server {self.service.url} > /dev/full"
            done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn("could not be written", done.stderr, words)

    def test_watch_waits_through_a_restart(self):
        self.load()
        port = self.service.url.rsplit(":", 1)[1]
        self.endpoint.delay = 1.0
        job = self.command("run", "router", "--client-id", "demo").stdout.strip()
        watch = subprocess.Popen([flywheel.FLYWHEEL, "jobs", "watch", job, "--server", self.service.url], text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertIn("router", watch.stdout.readline())
        self.service.process.send_signal(signal.SIGKILL)
        self.service.process.wait()
        time.sleep(6)  # the earlier form gave up after two and a half seconds
        self.assertIsNone(watch.poll(), "watch gave up")
        self.service.config.write_text(self.service.config.read_text() + f"server: {{port: {port}}}\n")
        log = open(self.service.folder / "service.log", "ab")
        self.addCleanup(log.close)
        self.service.process = subprocess.Popen(
            [flywheel.FLYWHEEL, "serve", "--data", self.service.data, "--config", self.service.config], stderr=log)
        out, err = watch.communicate(timeout=90)
        self.assertEqual(watch.returncode, 0, out + err)
        self.assertIn("completed", out)

    def test_a_webhook_without_its_key_is_said_while_the_job_runs(self):
        self.load()
        self.endpoint.delay = 0.5
        job = self.command("run", "router", "--client-id", "demo").stdout.strip()
        self.assertRegex(self.command("jobs", "show", job).stdout, "warning: environment variable NOT_SET .* is not set")
        self.assertIn("NOT_SET", self.service.job(job)["warnings"][0])

    def test_a_webhook_that_does_not_arrive_is_said_with_every_attempt(self):
        self.load()
        job = self.command("run", "router", "--client-id", "demo").stdout.strip()
        self.service.wait_for_job(job, 60)
        flywheel.wait_until(lambda: "NOT_SET" in self.command("jobs", "show", job).stdout, 30, "jobs show names the variable")
        shown = self.command("jobs", "deliveries", job).stdout
        self.assertIn("http://127.0.0.1:9/h", shown)
        self.assertRegex(shown, r"  1  \d{4}-\d\d-\d\dT")

    def test_quarantined_lines_are_shown_safely_and_come_out_exactly(self):
        bad = self.service.folder / "bad.jsonl"
        lines = [b"\x1b]0;title\x07 not json", b"\xff\xfe broken", "\u202e{}".encode()]
        bad.write_bytes(b"\n".join(lines) + b"\n")
        self.command("load", bad)
        for command in (("quarantine",), ("quarantine", "list"), ("quarantine", "show")):
            out = flywheel.run(*command, "--server", self.service.url).stdout
            self.assertIn("bad.jsonl", out)
            self.assertIn("\\x1b]0;title\\x07", out)
            for driving in ("\x1b", "\x07", "\u202e"):
                self.assertNotIn(driving, out)
        out = self.service.folder / "out.jsonl"
        done = self.command("quarantine", "export", "--to", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(out.read_bytes().splitlines()), sorted(lines))

    def test_export_of_a_job_that_trained_nothing_says_so(self):
        self.load()
        job = self.command("run", "router", "--client-id", "demo").stdout.strip()
        self.service.wait_for_job(job, 60)
        done = self.command("export", job, "--to", self.service.folder / "model")
        self.assertEqual(done.returncode, 1)
        self.assertIn("customization_enabled", done.stderr)
        self.assertFalse((self.service.folder / "model").exists())

    def test_the_root_is_a_page(self):
        status, page = self.service.call("GET", "/")
        self.assertEqual(status, 200)
        self.assertIn("<!doctype html>", page)

    def test_the_explicit_server_beats_the_environment(self):
        with flywheel.Service() as other:
            flywheel.run("load", self.traffic, "--server", other.url, env={"FLYWHEEL_URL": self.service.url})
            self.assertEqual(self.service.call("GET", "/api/workloads")[1], {"workloads": []})
            self.assertEqual(len(other.call("GET", "/api/workloads")[1]["workloads"]), 1)


if __name__ == "__main__":
    unittest.main()
