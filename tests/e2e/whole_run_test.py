"""The whole loop with the real engine, trainer and model: runs, crashes, cancel, delete, webhooks, traffic of another domain."""
import json
import pathlib
import tempfile
import time
import unittest
import urllib.request

import flywheel

CONFIG = """
nims:
  - model_name: small
    path: {model}
    keep_layers: "0-4, 25-29"
    context_length: 2048
    customization_enabled: true
    price: {{input_per_million: 0.01, output_per_million: 0.02}}
production: {{model_name: atlas-large, price: {{input_per_million: 2.5, output_per_million: 10}}}}
data_split_config: {{eval_size: 16, val_ratio: 0.1, min_total_records: 50, random_seed: 11, limit: 80}}
icl_config: {{max_context_length: 2048, reserved_tokens: 512, max_examples: 1}}
training_config: {{epochs: 2, batch_size: 8, learning_rate: 0.002}}
lora_config: {{adapter_dim: 8, adapter_dropout: 0.0}}
evaluation: {{parallelism: 4, max_tokens: 32}}
webhooks:
  - {{url: "{hook}", secret_env: HOOK_SECRET}}
"""
SECRET = "s3cret"


def other_domain(path):
    """Traffic of an IT helpdesk: other tools, planted defects whose counts are returned."""
    tools = [{"type": "function", "function": {"name": name, "description": name, "parameters": {
        "type": "object", "properties": {"user": {"type": "string"}}, "required": ["user"]}}}
        for name in ("reset_password", "unlock_account")]
    lines = []
    for i in range(90):
        user = f"user{i:03d}"
        name = ("reset_password", "unlock_account")[i % 2]
        lines.append({"timestamp": 1_700_000_000 + 60 * i, "workload_id": "helpdesk", "client_id": "it",
                      "request": {"model": "big", "messages": [{"role": "system", "content": "Help."},
                                                               {"role": "user", "content": f"{name} for {user} please"}],
                                  "tools": tools},
                      "response": {"choices": [{"message": {"role": "assistant", "content": None, "tool_calls": [
                          {"id": "c", "type": "function",
                           "function": {"name": name, "arguments": json.dumps({"user": user})}}]}}]}})
    duplicates = [dict(line, timestamp=line["timestamp"] + 7) for line in lines[:6]]
    empty = [dict(lines[0], request={"messages": []}, timestamp=1_700_100_000 + i) for i in range(4)]
    broken = []
    for i in range(3):
        line = json.loads(json.dumps(lines[10 + i]))
        line["timestamp"] += 11
        line["request"]["messages"][1]["content"] += " now"
        line["response"]["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] = '{"user": '
        broken.append(line)
    text = "".join(json.dumps(line) + "\n" for line in lines + duplicates + empty + broken)
    pathlib.Path(path).write_text(text + "{cut off\n" + "17\n")
    return {"records": 103, "duplicates": 6, "empty": 4, "broken": 3, "bad_lines": 2}


@unittest.skipIf(flywheel.lacks_engines(), flywheel.lacks_engines())
class WholeRun(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hook = flywheel.WebhookReceiver(failures=1)
        cls.service = flywheel.Service(CONFIG.format(model=flywheel.MODEL, hook=cls.hook.url), env={"HOOK_SECRET": SECRET})
        cls.service.start()
        traffic = flywheel.sample(cls.service.folder / "router.jsonl", count=200)
        assert flywheel.run("load", traffic, "--server", cls.service.url).returncode == 0

    @classmethod
    def tearDownClass(cls):
        cls.service.close()
        cls.hook.close()

    def create(self):
        status, job = self.service.call("POST", "/api/jobs", {"workload_id": "router", "client_id": "demo"})
        self.assertEqual((status, job["status"]), (200, "queued"))
        return job["id"]

    def report(self, job_id):
        status, report = self.service.call("GET", f"/api/jobs/{job_id}/report")
        self.assertEqual(status, 200)
        return report

    def test_1_a_run_ends_with_scores_a_report_and_a_signed_webhook(self):
        job = self.service.wait_for_job(self.create())
        type(self).plain = job["id"]
        self.assertEqual(job["status"], "completed", job)
        nim = job["nims"][0]
        self.assertEqual([e["eval_type"] for e in nim["evaluations"]], ["base-eval", "icl-eval", "customized-eval"])
        for evaluation in nim["evaluations"]:
            self.assertEqual(evaluation["progress"], 100)
            self.assertIn("function_name_and_args_accuracy", evaluation["scores"])
        self.assertEqual(nim["customizations"][0]["progress"], 100)
        self.assertEqual({d["num_records"] for d in job["datasets"] if "eval" in d["name"]}, {16})

        report = self.report(job["id"])
        for step in report["dataset"]["steps"]:
            self.assertEqual(step["in"], step["out"] + sum(step["reasons"].values()), step)
        curve = report["candidates"][0]["customization"]["curve"]
        self.assertLess(curve[-1]["loss"], curve[0]["loss"] / 2)
        self.assertEqual(len(report["ranking"]["entries"]), 3)

        engines = self.service.call("GET", f"/api/jobs/{job['id']}/engine_log")[1]["engines"]
        self.assertEqual([e["stage"] for e in engines], ["deploy", "deploy-tuned"])
        for engine in engines:
            self.assertTrue(any("listening" in line or "stop processing" in line for line in engine["lines"]), engine["lines"])

        flywheel.wait_until(lambda: len(self.hook.posts) >= 2, 60, "the webhook is delivered on the second try")
        headers, body = self.hook.posts[1]
        self.assertTrue(flywheel.is_signed(headers, body, SECRET))
        self.assertEqual(body, self.hook.posts[0][1])
        with urllib.request.urlopen(json.loads(body)["report_url"], timeout=10) as linked:
            self.assertEqual(json.load(linked)["ranking"], report["ranking"])
        self.assertEqual(flywheel.descendants(self.service.process.pid), set(), "engines are gone after the run")

    def test_2_a_killed_run_goes_on_and_ends_with_the_same_result(self):
        job_id = self.create()
        for stage in ("deploy", "base-eval", "icl-eval", "customization", "deploy-tuned", "customized-eval"):
            self.service.wait_for_stage(job_id, stage)
            time.sleep(0.1 if stage.startswith("deploy") else 2 if stage == "customization" else 1)
            children = self.service.kill()
            if not stage.startswith("deploy"):
                self.assertTrue(children, f"an engine or the trainer runs in {stage}")
            flywheel.wait_until(lambda: not any(map(flywheel.is_alive, children)), 5, "no orphan is left")
            self.service.start()
        job = self.service.wait_for_job(job_id)
        self.assertEqual(job["status"], "completed", job)
        self.assert_same_result(job_id)

    def test_3_a_killed_engine_and_a_killed_trainer_are_started_again(self):
        job_id = self.create()
        for stage, program in (("base-eval", "llama-server"), ("customization", "flywheel-trainer")):
            self.service.wait_for_stage(job_id, stage)
            time.sleep(2)
            flywheel.wait_until(lambda: flywheel.kill_programs(self.service.process.pid, program), 20, f"{program} runs")
        job = self.service.wait_for_job(job_id)
        self.assertEqual(job["status"], "completed", job)
        self.assert_same_result(job_id)

    def assert_same_result(self, job_id):
        plain, killed = self.report(self.plain), self.report(job_id)
        self.assertEqual([d["digest"] for d in plain["dataset"]["datasets"]], [d["digest"] for d in killed["dataset"]["datasets"]])
        trainings = [r["candidates"][0]["customization"] for r in (plain, killed)]
        self.assertEqual(trainings[0]["steps"], trainings[1]["steps"])
        self.assertAlmostEqual(trainings[0]["validation_loss"], trainings[1]["validation_loss"], places=4)

    def test_4_the_engine_answers_as_the_trainer_predicts(self):
        """Greedy answers of the served adapter are exact where teacher forcing is; batches change last digits only."""
        candidate = self.service.data / "jobs" / self.plain / "candidates/0"
        served = [json.loads(line) for line in (candidate / "customized-eval.jsonl").read_text().splitlines()]
        for row in served:
            self.assertNotIn('"logprob"', json.dumps(row["response"]))
            self.assertTrue(row["confidence"] is None if row["was_alone"] else 0 < row["confidence"] <= 1, row)
        self.assertTrue(any(not row["was_alone"] for row in served))
        exact = flywheel.teacher_forced(candidate, served, keep_layers="0,1,2,3,4,25,26,27,28,29")
        differing = [i for i, row in enumerate(served) if flywheel.is_exact(row) != exact[i]]
        self.assertLessEqual(len(differing), max(1, round(0.03 * len(served))), [served[i] for i in differing])

    def test_5_cancel_takes_effect_within_two_seconds(self):
        job_id = self.create()
        self.service.wait_for_stage(job_id, "customization")
        status, _ = self.service.call("POST", f"/api/jobs/{job_id}/cancel")
        self.assertEqual(status, 200)
        start = time.monotonic()
        job = self.service.wait_for_job(job_id, timeout=10)
        self.assertLess(time.monotonic() - start, 2.5)
        self.assertEqual(job["status"], "cancelled")
        flywheel.wait_until(lambda: not flywheel.descendants(self.service.process.pid), 3, "engines and trainer are gone")
        self.assertEqual(self.service.call("POST", f"/api/jobs/{job_id}/cancel")[0], 400)

    def test_5b_an_erased_record_is_gone_and_what_was_trained_on_it_is_named(self):
        train = next(d for d in self.report(self.plain)["dataset"]["datasets"] if "train" in d["name"])
        lineage = (pathlib.Path(train["uri"].removeprefix("file://")) / "lineage.jsonl").read_text().splitlines()
        record = next(row["record_id"] for row in map(json.loads, lineage) if row["file"].startswith("training/"))
        made = self.service.call("GET", f"/api/traffic/{record}/lineage")[1]["jobs"]
        self.assertEqual([job["training_rows"] for job in made if job["id"] == self.plain], [1])
        before = self.service.call("GET", "/api/log/stats")[1]["counts"]
        planned = flywheel.run("log", "erase", "--record", record, "--server", self.service.url)
        self.assertIn("1 record would be erased", planned.stdout)
        self.assertIn(f"run {self.plain} (router): 1 training row, 0 validation rows, 0 evaluation rows; trained ", planned.stdout)
        self.assertEqual(self.service.call("GET", "/api/log/stats")[1]["counts"], before)
        done = flywheel.run("log", "erase", "--record", record, "--yes", "--reason", "asked for", "--server", self.service.url)
        self.assertIn("1 record erased", done.stdout)
        after = self.service.call("GET", "/api/log/stats")[1]["counts"]
        self.assertEqual(sum(c["records"] for c in after), sum(c["records"] for c in before) - 1)
        listed = self.service.call("GET", "/api/log/erasures")[1]["erasures"][0]
        self.assertEqual((listed["records"], listed["reason"], listed["asked"]), (1, "asked for", {"records": 1}))
        self.assertTrue(next(job for job in listed["jobs"] if job["id"] == self.plain)["is_present"])

    def test_5c_what_lies_elsewhere_of_the_erased_goes_too(self):
        """A review's row of an erased record; and, where a text is asked for, what was kept aside with it."""
        opened = self.service.call("POST", "/api/reviews", {"job_id": self.plain})
        self.assertIn(opened[0], (200, 201), opened)
        rows = lambda: [row["record_id"] for row in self.service.call("GET", f"/api/reviews/{opened[1]['id']}")[1]["queue"]]
        before = rows()
        done = flywheel.run("log", "erase", "--record", before[0], "--yes", "--server", self.service.url)
        self.assertIn("1 record erased", done.stdout)
        self.assertIn("1 row of a review erased too", done.stdout)
        self.assertEqual(rows(), before[1:])

        bad = self.service.folder / "bad.jsonl"
        bad.write_text('{"request": "of ada.quill@example.com\n{"request": "of bob"\n')
        flywheel.run("load", bad, "--server", self.service.url)
        kept = lambda: self.service.call("GET", "/api/quarantine")[1]["lines"]
        of_ada = [line for line in kept() if "ada.quill" in line["bytes"]]
        self.assertEqual(len(of_ada), 1)
        planned = flywheel.run("log", "erase", "--containing", "ada.quill@example.com", "--server", self.service.url)
        self.assertIn("0 records would be erased", planned.stdout)
        self.assertIn("1 line that was kept aside would go too", planned.stdout)
        others = len(kept()) - 1
        done = flywheel.run("log", "erase", "--containing", "ada.quill@example.com", "--yes", "--server", self.service.url)
        self.assertIn("1 line that was kept aside erased too", done.stdout)
        self.assertEqual(len(kept()), others)
        self.assertNotIn("ada.quill", json.dumps(kept()))
        last = self.service.call("GET", "/api/log/erasures")[1]["erasures"][-1]
        self.assertEqual(last["traces"], {"quarantined_lines": 1, "review_rows": 0, "ratings": 0})

    def test_6_delete_removes_what_the_job_made(self):
        datasets = self.service.data / "datasets/names"
        names = [d["name"] for d in self.service.job(self.plain)["datasets"]]
        self.assertTrue(all((datasets / f"{name}.json").exists() for name in names))
        self.assertEqual(self.service.call("DELETE", f"/api/jobs/{self.plain}")[0], 200)
        self.assertEqual(self.service.call("GET", f"/api/jobs/{self.plain}")[0], 404)
        gone = lambda: not (self.service.data / "jobs" / self.plain).exists() and \
            not any((datasets / f"{name}.json").exists() for name in names)
        flywheel.wait_until(gone, 10, "files of the job are gone")
        erased = self.service.call("GET", "/api/log/erasures")[1]["erasures"][0]
        self.assertFalse(next(job for job in erased["jobs"] if job["id"] == self.plain)["is_present"])

    def test_7_traffic_of_another_domain_with_planted_defects(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            planted = other_domain(folder / "helpdesk.jsonl")
            config = folder / "config.yaml"
            config.write_text(f"nims:\n  - {{model_name: a, path: '{flywheel.MODEL}', context_length: 2048}}\n"
                              "data_split_config: {eval_size: 10, random_seed: 5}\n"
                              "evaluation: {max_tokens: 24}\nicl_config: {max_context_length: 1024, reserved_tokens: 128, max_examples: 1}\n")
            done = flywheel.run("run", "--from", folder / "helpdesk.jsonl", "--config", config, "--data", folder / "data",
                                "--html", folder / "report.html", "--json", timeout=600)
            self.assertEqual(done.returncode, 0, done.stderr)
            job = json.loads(done.stdout)
            self.assertEqual((job["workload_id"], job["client_id"], job["workload_type"]), ("helpdesk", "it", "tool_calling"))
            self.assertIn(f"{planted['bad_lines']} bad lines", done.stderr)
            page = (folder / "report.html").read_text()
            data = page.split('id="report-data">')[1].split("</script>")[0]
            steps = json.loads(data)["dataset"]["steps"]
            self.assertEqual(steps[0]["in"], planted["records"])
            reasons = {reason: n for step in steps for reason, n in step["reasons"].items()}
            self.assertEqual(sorted(n for reason, n in reasons.items() if "split" not in reason)[:3],
                             sorted([planted["broken"], planted["empty"], planted["duplicates"]]), reasons)


if __name__ == "__main__":
    unittest.main()
