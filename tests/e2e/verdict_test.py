"""What a script and a lead are told of a candidate: `flywheel gate`, `flywheel run` and `flywheel config check`, against endpoints that answer as a test says."""
import json
import pathlib
import shutil
import tempfile
import unittest

import flywheel

TOOL = {"type": "function", "function": {"name": "find_order", "parameters": {"type": "object", "properties": {"id": {"type": "string"}}}}}
DAILY = "The same question of every day"


def answer_to(question):
    arguments = json.dumps({"id": question.split()[-1]})
    return {"role": "assistant", "content": None,
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "find_order", "arguments": arguments}}]}


def document(number, question):
    request = {"model": "big", "messages": [{"role": "user", "content": question}], "tools": [TOOL]}
    return {"timestamp": 1760000000 + 600 * number, "workload_id": "orders", "client_id": "shop", "request": request,
            "response": {"choices": [{"index": 0, "message": answer_to(question), "finish_reason": "tool_calls"}]}}


def says(text):
    return {"role": "assistant", "content": text}


class Models(flywheel.StubEndpoint):
    """Each model answers as its function of the question says."""

    def __init__(self, **models):
        super().__init__(lambda request: models[request["model"]](request["messages"][-1]["content"]))

    def config(self, model, eval_size=120, seed=1):
        return (f"nims: [{{model_name: {model}, url: '{self.url}'}}]\n"
                "production: {model_name: big}\n"
                "evaluation: {parallelism: 16, variants: [base-eval]}\n"
                f"data_split_config: {{eval_size: {eval_size}, limit: null, min_total_records: 50, random_seed: {seed}}}\n")


def wrong(_):
    return answer_to("of another order 0")


def mostly(question):
    """Right on about 19 of 20: where the default threshold lies, so that no number of rows here decides."""
    return wrong(question) if int(question.split()[-1]) % 20 == 0 else answer_to(question)


class Gate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.models = Models(right=answer_to, wrong=wrong, mostly=mostly)
        cls.addClassCleanup(cls.models.close)
        cls.service = flywheel.Service()
        cls.addClassCleanup(cls.service.close)
        traffic = cls.service.folder / "traffic.jsonl"
        traffic.write_text("".join(json.dumps(document(n, f"Where is my order {n}")) + "\n" for n in range(400)))
        cls.jobs = {}
        for model in ("right", "wrong", "mostly"):
            cls.service.config.write_text(cls.models.config(model))
            cls.service.start()
            if model == "right":
                done = flywheel.run("load", traffic, "--server", cls.service.url)
                assert done.returncode == 0, done.stderr
            cls.jobs[model] = cls.create()
            job = cls.service.wait_for_job(cls.jobs[model], 120)
            assert job["status"] == "completed", job
            if model != "mostly":
                cls.service.stop()

    @classmethod
    def create(cls):
        status, job = cls.service.call("POST", "/api/jobs", {"workload_id": "orders", "client_id": "shop"})
        assert status in (200, 201, 202), job
        return job["id"]

    def gate(self, job):
        return flywheel.run("gate", job, "--server", self.service.url)

    def test_a_yes_is_zero(self):
        done = self.gate(self.jobs["right"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("Yes: right, zero-shot, can take over orders", done.stdout)

    def test_a_no_is_one(self):
        done = self.gate(self.jobs["wrong"])
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("No: no candidate can take over orders", done.stdout)

    def test_not_decided_is_two(self):
        done = self.gate(self.jobs["mostly"])
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("Not yet: whether mostly, zero-shot, can take over orders is not decided", done.stdout)

    def test_without_a_finished_job_it_is_none_of_them(self):
        done = self.gate("0" * 24)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("0" * 24, done.stderr)
        self.models.delay = 1.0
        job = self.create()
        self.service.wait_for_stage(job, "base-eval", 60)
        done = self.gate(job)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("is running, not completed", done.stderr)
        self.models.delay = 0.0
        self.service.wait_for_job(job, 120)
        self.assertEqual(self.gate(job).returncode, 2)
        self.assertEqual(flywheel.run("gate", job, "--server", "http://127.0.0.1:9").returncode, 3)


class WholeRuns(unittest.TestCase):
    def run_of(self, documents, config):
        """The report of `flywheel run --from` over these documents, and what was printed."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-e2e-"))
        self.addCleanup(shutil.rmtree, folder, True)
        (folder / "traffic.jsonl").write_text("".join(json.dumps(one) + "\n" for one in documents))
        (folder / "config.yaml").write_text(config)
        done = flywheel.run("run", "--from", folder / "traffic.jsonl", "--config", folder / "config.yaml", "--data", folder / "data")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(next((folder / "data").rglob("report.json")).read_text()), done.stdout

    def test_half_of_the_traffic_answered_wrong_is_no_yes_whatever_is_drawn(self):
        models = Models(candidate=lambda question: wrong(question) if question.startswith(DAILY) else answer_to(question))
        self.addCleanup(models.close)
        questions = [f"Where is my order {n}" if n % 2 else DAILY + " 7" for n in range(600)]
        for seed in (1, 2, 3, 4):
            report, _ = self.run_of((document(n, q) for n, q in enumerate(questions)), models.config("candidate", eval_size=100, seed=seed))
            self.assertEqual(report["summary"]["decision"], "no", report["summary"])
            self.assertAlmostEqual(report["summary"]["score"]["mean"], 0.5, delta=0.1)

    def test_a_good_paraphraser_is_a_yes_by_the_judge_and_nonsense_is_none(self):
        def rate(question):
            return says(json.dumps({"reason": "r", "rating": 10 if "in other words" in question else 2}))

        models = Models(good=lambda question: says("in other words, " + question[::-1]), nonsense=lambda _: says("banana banana banana"), judge=rate)
        self.addCleanup(models.close)
        documents = []
        for n in range(400):
            one = document(n, f"Tell me of the number {n}")
            del one["request"]["tools"]
            one["response"]["choices"][0] = {"index": 0, "message": says(f"This is what I know of {n}: it follows {n - 1}."), "finish_reason": "stop"}
            documents.append(one)
        for model, decision in (("good", "yes"), ("nonsense", "no")):
            judge = f"llm_judge_config: {{deployment_type: remote, url: '{models.url}', model_name: judge}}\n"
            report, printed = self.run_of(documents, models.config(model) + judge)
            self.assertEqual(report["summary"]["decision"], decision, report["summary"])
            self.assertTrue(any("the judge rated the trivial text too" in note for note in report["scoring"]["notes"]))
            self.assertAlmostEqual(report["baselines"][0]["mean"], 1 / 9, places=6)
            self.assertIn("judge on a trivial text", printed)

    def test_another_system_prompt_is_evaluated_beside_the_applications_own(self):
        def answer(request):
            first, last = request["messages"][0], request["messages"][-1]
            is_told = first == {"role": "system", "content": "Always use the tool."} and len(request["messages"]) == 2
            return answer_to(last["content"]) if is_told else says("Let me see.")

        endpoint = flywheel.StubEndpoint(answer)
        self.addCleanup(endpoint.close)
        documents = [document(n, f"Where is my order {n}") for n in range(400)]
        for one in documents:
            one["request"]["messages"].insert(0, {"role": "system", "content": "You sell things."})
        config = (f"nims: [{{model_name: candidate, url: '{endpoint.url}', price: {{input_per_million: 1, output_per_million: 1}}}}]\n"
                  "evaluation: {parallelism: 16, variants: [base-eval, strict-eval], prompts: [{name: strict, system_prompt: Always use the tool.}]}\n"
                  "data_split_config: {eval_size: 150, limit: null, min_total_records: 50, random_seed: 1}\n")
        report, printed = self.run_of(documents, config)
        entries = report["ranking"]["entries"]
        self.assertEqual([(e["variant"], e["decision"]) for e in entries], [("strict-eval", "yes"), ("base-eval", "no")])
        self.assertGreater(entries[0]["cost_per_1000"], 0)
        self.assertEqual(report["summary"]["headline"][:38], "Yes: candidate, prompt strict, can tak")
        self.assertIn("evaluation, prompt strict", printed)
        self.assertEqual(report["serve"][0]["command"], "Always use the tool.")


class ConfigCheck(unittest.TestCase):
    def said(self, config):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(config)
            file.flush()
            done = flywheel.run("config", "check", file.name)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout + done.stderr

    def test_rows_and_margin_that_can_never_say_yes_are_told_beforehand(self):
        nims = "nims: [{model_name: a, url: 'http://127.0.0.1:9/v1'}]\n"
        said = self.said(nims + "data_split_config: {eval_size: 20, min_total_records: 50}\n")
        self.assertIn("eval_size 20 is too small for promising.margin 5 %", said)
        self.assertIn("even a model that is right on every row could get a yes only from", said)
        said = self.said(nims + "data_split_config: {eval_size: 300}\npromising: {margin: 0}\n")
        self.assertIn("promising.margin is 0: no number of rows shows that a model is as good", said)
        said = self.said(nims + "data_split_config: {eval_size: 300, newest_holdout: 0.1}\n")
        self.assertNotIn("too small", said)
