"""What a person meets at the shell: help, exit codes, JSON, completion, config check, sample."""
import json
import pathlib
import subprocess
import tempfile
import unittest

import flywheel


class CommandLine(unittest.TestCase):
    def test_every_command_has_help(self):
        for command in (["serve"], ["load"], ["workloads"], ["run"], ["jobs"], ["jobs", "list"], ["jobs", "show"],
                        ["jobs", "watch"], ["jobs", "cancel"], ["jobs", "delete"], ["jobs", "deliveries"], ["jobs", "log"], ["report"],
                        ["export"], ["quarantine"], ["quarantine", "show"], ["quarantine", "export"], ["version"], ["config", "check"], ["sample"],
                        ["models", "inspect"], ["completion"], ["dataset", "verify"], ["dataset", "build"], ["review", "show"], ["log", "find"],
                        ["log", "show"], ["log", "rate"], ["log", "export"], ["log", "import"], ["log", "verify"], ["log", "restore"], ["promote", "log"]):
            done = flywheel.run(*command, "--help")
            self.assertEqual(done.returncode, 0, command)
            self.assertIn("Usage:", done.stdout)

    def test_wrong_usage_is_exit_code_2(self):
        for command in ([], ["nonsense"], ["jobs", "show"], ["serve", "--port", "x"], ["run", "--from", "a.jsonl"]):
            self.assertEqual(flywheel.run(*command).returncode, 2, command)

    def test_without_a_service_the_message_names_the_remedy(self):
        done = flywheel.run("workloads", "--server", "http://127.0.0.1:9")
        self.assertEqual(done.returncode, 1)
        self.assertIn("flywheel serve", done.stderr)

    def test_the_same_seed_gives_the_same_sample(self):
        first, again = (flywheel.run("sample", "--count", 50, "--seed", 4).stdout for _ in range(2))
        self.assertEqual(first, again)
        self.assertEqual(len(first.splitlines()), 50)
        self.assertNotEqual(first, flywheel.run("sample", "--count", 50, "--seed", 5).stdout)

    def test_config_check_accepts_the_demo_and_names_mistakes(self):
        self.assertEqual(flywheel.run("config", "check", "--file-only", flywheel.SOURCE / "demo/config.yaml").returncode, 0)
        with tempfile.TemporaryDirectory() as folder:
            bad = pathlib.Path(folder) / "bad.yaml"
            bad.write_text("nims:\n  - model_name: a\n    pathh: b\n")
            done = flywheel.run("config", "check", bad)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f'{bad}:3: nims[0].pathh: unknown key; did you mean "path"?', done.stderr)
            self.assertFalse(json.loads(flywheel.run("config", "check", bad, "--json").stdout)["valid"])

    def test_bash_completion_completes_commands_and_options(self):
        script = flywheel.run("completion", "bash").stdout
        probe = script + '\nCOMP_WORDS=(flywheel jobs wa); COMP_CWORD=2; _flywheel; echo "${COMPREPLY[@]}"' \
                         '\nCOMP_WORDS=(flywheel load --wo); COMP_CWORD=2; _flywheel; echo "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", probe], capture_output=True, text=True, cwd="/")
        self.assertEqual(done.stdout.split(), ["watch", "--workload-id"], done.stderr)

    def test_dataset_verify_finds_a_planted_leak(self):
        asked = "my parcel was left in the rain by your driver again and I would like to be paid for it"
        row = {"record_id": "r1", "request": {"messages": [{"role": "user", "content": asked}]},
               "response": {"choices": [{"message": {"role": "assistant", "content": "sorry"}}]}}
        taught = {"messages": [{"role": "user", "content": asked + " please"}, {"role": "assistant", "content": "no"}]}
        other = {"messages": [{"role": "user", "content": "what do you sell"}, {"role": "assistant", "content": "hoses"}]}
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "training").mkdir()
            (folder / "eval_data.jsonl").write_text(json.dumps(row) + "\n")
            (folder / "training/train_data.jsonl").write_text(json.dumps(taught) + "\n" + json.dumps(other) + "\n")
            done = flywheel.run("dataset", "verify", folder, "--json")
            self.assertEqual(done.returncode, 1, done.stderr)
            found = json.loads(done.stdout)
            self.assertEqual((found["evaluation_rows"], found["training_rows"]), (1, 2))
            self.assertEqual(found["leak"]["eval_rows_near_training"], 1)
            self.assertEqual(found["leak"]["pairs"][0]["training"]["text"], asked + " please")
            self.assertIn("r1", flywheel.run("dataset", "verify", folder).stdout)
            (folder / "training/train_data.jsonl").write_text(json.dumps(other) + "\n")
            self.assertEqual(flywheel.run("dataset", "verify", folder).returncode, 0)
            # Long rows may have no room for an example, the first one too, or all.
            (folder / "icl").mkdir()
            for heading in ("", "Earlier requests and how they were answered:"):
                with_example = {**row, "request": {"messages": [{"role": "system", "content": heading}, row["request"]["messages"][0]]}}
                (folder / "icl/eval_data.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(with_example if heading else row) + "\n")
                (folder / "eval_data.jsonl").write_text(2 * (json.dumps(row) + "\n"))
                found = json.loads(flywheel.run("dataset", "verify", folder, "--json").stdout)
                self.assertEqual((found["evaluation_rows"], found["in_context_rows"]), (2, 2))
            self.assertIn("no eval_data.jsonl", flywheel.run("dataset", "verify", folder / "training").stderr)

    def test_dataset_verify_fails_on_answers_that_stand_in_training(self):
        answer = "we pay the whole price of what was in it to the card that you bought it with by friday"
        turn = lambda role, text: {"role": role, "content": text}
        row = {"record_id": "r1", "request": {"messages": [turn("user", "my parcel was left in the rain")]},
               "response": {"choices": [{"message": turn("assistant", answer)}]}}
        taught = {"messages": [turn("user", "what happens when it is wet"), turn("assistant", answer),
                               turn("user", "and when it is lost"), turn("assistant", "then too")]}
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "eval_data.jsonl").write_text(json.dumps(row) + "\n")
            (folder / "train_data.jsonl").write_text(json.dumps(taught) + "\n")
            done = flywheel.run("dataset", "verify", folder, "--json")
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertEqual(json.loads(done.stdout)["leak"]["eval_rows_own_answer_in_training"], 1)
            self.assertEqual(flywheel.run("dataset", "verify", folder, "--max-answered-share", "1").returncode, 0)

    def test_load_reports_bad_lines_and_loads_once(self):
        with flywheel.Service() as service, tempfile.TemporaryDirectory() as folder:
            traffic = flywheel.sample(pathlib.Path(folder) / "router.jsonl", count=200)
            first = json.loads(flywheel.run("load", traffic, "--json", "--server", service.url).stdout)["files"][0]
            again = json.loads(flywheel.run("load", traffic, "--json", "--server", service.url).stdout)["files"][0]
            self.assertEqual(first["lines"], 200)
            self.assertEqual(first["lines"], first["appended"] + first["bad"] + first["skipped"])
            self.assertEqual((again["appended"], again["duplicates"]), (0, first["appended"]))
            listed = json.loads(flywheel.run("workloads", "--json", "--server", service.url).stdout)["workloads"]
            self.assertEqual([(w["workload_id"], w["records"]) for w in listed], [("router", first["appended"])])

    def test_the_audit_log_is_read_where_it_is_and_exported_as_it_is(self):
        with flywheel.Service() as service, tempfile.TemporaryDirectory() as folder:
            elsewhere = {"FLYWHEEL_URL": "", "FLYWHEEL_DATA": folder}
            # A folder without a log is no log that holds.
            done = flywheel.run("audit", "verify", env=elsewhere)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(f"no audit log at {folder}/audit/audit.jsonl", done.stderr)
            self.assertIn("--data", done.stderr)
            self.assertEqual(flywheel.run("audit", "export", env=elsewhere).returncode, 1)
            # A log without entries is exported as nothing.
            self.assertEqual(flywheel.run("audit", "export", "--data", service.data).stdout, "")
            for number in range(3):
                made = flywheel.run("keys", "create", f"k{number}", "--listener", "gateway", "--server", service.url)
                self.assertEqual(made.returncode, 0, made.stderr)
            log = service.data / "audit/audit.jsonl"
            self.assertEqual(len(log.read_text().splitlines()), 3)
            by_file = flywheel.run("audit", "verify", "--data", service.data, env=elsewhere)
            self.assertIn(f"{log}: 3 entries", by_file.stdout)
            by_service = flywheel.run("audit", "verify", env={"FLYWHEEL_URL": service.url, "FLYWHEEL_DATA": folder})
            self.assertIn(f"{service.url}: 3 entries", by_service.stdout)
            for source in (["--data", service.data], ["--server", service.url]):
                done = flywheel.run("audit", "export", *source, env=elsewhere)
                self.assertEqual(done.stdout, log.read_text(), done.stderr)
                self.assertIn("3 entries", done.stderr)

    def test_uploads_of_traffic_have_no_limit_but_other_bodies_do(self):
        config = "nims: [{model_name: a, url: 'http://127.0.0.1:9'}]\nserver: {max_body_bytes: 1024}\n"
        with flywheel.Service(config) as service, tempfile.TemporaryDirectory() as folder:
            traffic = flywheel.sample(pathlib.Path(folder) / "router.jsonl", count=100)
            done = flywheel.run("load", traffic, "--json", "--server", service.url)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["files"][0]["lines"], 100)
            status, _ = service.call("POST", "/api/jobs", {"workload_id": "x" * 4096, "client_id": "c"})
            self.assertEqual(status, 413)

    def test_a_service_whose_engine_is_missing_is_not_ready_and_says_so(self):
        config = "nims: [{model_name: a, path: a.gguf}]\n"
        with flywheel.Service(config, env={"FLYWHEEL_CACHE": "/nonexistent"}) as service:
            status, answer = service.call("GET", "/readyz")
            self.assertEqual((status, service.call("GET", "/healthz")[0]), (503, 200))
            self.assertIn("llama-server", answer["detail"])


if __name__ == "__main__":
    unittest.main()
