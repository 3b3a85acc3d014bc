"""What a script and a lead are told of a candidate: `flywheel gate`, `flywheel run` and `flywheel config check`, against endpoints that answer as a test says."""
import json
import pathlib
import random
import shutil
import tempfile
import threading
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


def text_document(number):
    one = document(number, f"Tell me of the number {number}")
    del one["request"]["tools"]
    one["response"]["choices"][0] = {"index": 0, "message": says(f"This is what I know of {number}: it follows {number - 1}."), "finish_reason": "stop"}
    return one


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
        for misuse in ((), ("--no-such-option", job), (job, "and", "more")):
            self.assertEqual(flywheel.run("gate", *misuse).returncode, 3, "2 is a verdict")


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
        documents = [text_document(n) for n in range(400)]
        for model, decision in (("good", "yes"), ("nonsense", "no")):
            judge = f"llm_judge_config: {{deployment_type: remote, url: '{models.url}', model_name: judge}}\n"
            report, printed = self.run_of(documents, models.config(model) + judge)
            self.assertEqual(report["summary"]["decision"], decision, report["summary"])
            self.assertTrue(any("the judge rated the trivial text too" in note for note in report["scoring"]["notes"]))
            self.assertAlmostEqual(report["baselines"][0]["mean"], 1 / 9, places=6)
            self.assertIn("judge on a trivial text", printed)

    def asked_again(self, production):
        """The report on a candidate that is right on two of three, where `production` answers when it is asked again."""
        models = Models(candidate=lambda question: wrong(question) if int(question.split()[-1]) % 3 == 0 else answer_to(question), big=production)
        self.addCleanup(models.close)
        config = models.config("candidate", eval_size=150).replace("{model_name: big}", f"{{model_name: big, url: '{models.url}', replay_rows: 150}}")
        report, _ = self.run_of((document(n, f"Where is my order {n}") for n in range(400)), config)
        self.assertEqual(report["summary"]["decision"], "no", report["summary"])
        self.assertEqual(report["production"]["ceiling"]["source"], "assumed")
        self.assertEqual(report["summary"]["threshold"]["value"], 0.95)
        self.assertFalse(report["trust"]["clean"])
        return next(check["text"] for check in report["trust"]["checks"] if check["name"] == "production asked again")

    def test_another_model_in_the_place_of_production_lowers_no_bar(self):
        self.assertIn("what answers at production.url is not what made the traffic", self.asked_again(lambda _: says("banana")))

    def test_answers_of_production_that_are_cut_lower_no_bar(self):
        cut = self.asked_again(lambda q: answer_to(q) | ({"finish_reason": "length"} if int(q.split()[-1]) % 2 else {}))
        self.assertRegex(cut, r"production was asked again, but \d+ of 150 rows got no usable answer \(cut at the token limit")

    def test_production_that_differs_from_itself_is_the_bar_and_one_text_among_its_calls_changes_nothing(self):
        """150 questions, each asked five times; production is right on four of five of them."""
        def asked(n):
            question = f"Where is my order {n // 5}"
            one = document(n, question)
            if (n + n // 5) % 5 == 0:
                one["response"]["choices"][0]["message"] = wrong(question)
            return one

        models = Models(candidate=lambda question: wrong(question) if int(question.split()[-1]) % 9 == 0 else answer_to(question))
        self.addCleanup(models.close)
        text = document(750, "Hello there 1000")
        text["response"]["choices"][0] = {"index": 0, "message": says("Hello."), "finish_reason": "stop"}
        ceilings = []
        for documents in ([asked(n) for n in range(750)], [asked(n) for n in range(750)] + [text]):
            report, _ = self.run_of(documents, models.config("candidate", eval_size=140))
            ceilings.append(report["production"]["ceiling"])
            self.assertLess(report["summary"]["threshold"]["value"], 0.8)
        self.assertEqual([ceiling["source"] for ceiling in ceilings], ["repeats", "repeats"])
        self.assertAlmostEqual(ceilings[0]["value"], ceilings[1]["value"], delta=0.03)

    def test_requests_that_came_once_do_not_share_the_doubt_in_those_that_came_often(self):
        """150 questions asked three times, of which production answers one wrong; 400 asked once, of which the candidate misses half."""
        often = [document(n, f"Where is my order {n // 3}") for n in range(450)]
        for one in often[::3]:
            one["response"]["choices"][0]["message"] = wrong("")
        once = [document(450 + n, f"Where is my parcel {n}") for n in range(400)]
        models = Models(candidate=lambda q: wrong(q) if "parcel" in q and int(q.split()[-1]) % 2 == 0 else answer_to(q))
        self.addCleanup(models.close)
        report, _ = self.run_of(often + once, models.config("candidate", eval_size=300))
        ceiling = report["production"]["ceiling"]
        self.assertEqual(ceiling["source"], "repeats")
        self.assertGreater(ceiling["value"], 0.6, "two of three where it is known, all where it is not")
        self.assertRegex(ceiling["note"], r"of those that came once \(\d+\.\d % of the traffic\) nothing is known")
        self.assertNotEqual(report["summary"]["decision"], "yes", report["summary"])

    def test_a_replay_by_another_model_than_made_the_traffic_is_no_ceiling(self):
        right = lambda q: wrong(q) if int(q.split()[-1]) % 3 == 0 else answer_to(q)
        models = Models(candidate=answer_to, big=right)
        self.addCleanup(models.close)
        config = models.config("candidate", eval_size=150).replace("{model_name: big}", f"{{model_name: big, url: '{models.url}', replay_rows: 150}}")
        for name, source in (("big-2025-06-01", "assumed"), ("stub-mini", "assumed"), ("stub-4", "assumed"), ("vendor/Stub-2025-06-01", "replay"), ("stub:latest", "replay")):
            documents = [document(n, f"Where is my order {n}") for n in range(400)]
            for one in documents:
                one["response"]["model"] = name
            report, _ = self.run_of(documents, config)
            self.assertEqual(report["production"]["ceiling"]["source"], source, report["production"]["ceiling"])
            problem = [check["text"] for check in report["trust"]["checks"] if check["name"] == "production asked again"]
            self.assertEqual(len(problem), source == "assumed")
            if problem:
                self.assertIn(f"its answers are of the model stub, those of the traffic of {name}", problem[0])

    def test_what_few_answers_say_of_tokens_is_no_cost(self):
        models = Models(candidate=answer_to)
        self.addCleanup(models.close)
        config = models.config("candidate").replace("url: '", "price: {input_per_million: 4, output_per_million: 20}, url: '")
        config = config.replace("{model_name: big}", "{model_name: big, price: {input_per_million: 3, output_per_million: 15}}")
        documents = [document(n, f"Where is my order {n}") for n in range(400)]
        for one in documents[::4]:
            one["response"]["usage"] = {"prompt_tokens": 5000, "completion_tokens": 500, "total_tokens": 5500}
        report, _ = self.run_of(documents, config)
        self.assertIsNone(report["production"]["cost_per_1000"])
        self.assertIsNone((report["summary"]["monthly"] or {}).get("saving"))
        self.assertTrue(any("what it costs beside production is not known" in reason for reason in report["summary"]["reasons"]), report["summary"])
        self.assertRegex(next(check["text"] for check in report["trust"]["checks"] if check["name"] == "cost"),
                         r"what production costs is not known: \d+ of 120 answers of the traffic carry a usage")

    def test_a_clock_that_is_far_off_moves_neither_the_newest_part_nor_the_month(self):
        models = Models(candidate=answer_to)
        self.addCleanup(models.close)
        config = models.config("candidate", eval_size=100).replace("{eval_size", "{newest_holdout: 0.1, eval_size")
        months = []
        for stray in (None, 0, 2_300_000_000):
            documents = [document(n, f"Where is my order {n}") for n in range(300)]
            if stray is not None:
                documents[7]["timestamp"] = stray
            report, _ = self.run_of(documents, config)
            self.assertGreaterEqual(report["summary"]["newest"]["n"], 29)
            months.append(report["summary"]["monthly"]["requests"])
            self.assertEqual(any("bears a time far from all others" in note for note in report["dataset"]["notes"]), stray is not None)
        self.assertAlmostEqual(months[0], months[1], delta=months[0] / 50)
        self.assertAlmostEqual(months[0], months[2], delta=months[0] / 50)

    def test_a_request_that_is_most_of_the_traffic_is_said_to_be(self):
        models = Models(candidate=answer_to)
        self.addCleanup(models.close)
        documents = [document(n, "Where is my order 1" if n % 3 else f"Where is my order {n + 10}") for n in range(400)]
        report, _ = self.run_of(documents, models.config("candidate", eval_size=80).replace("{eval_size", "{newest_holdout: 0.1, eval_size"))
        self.assertTrue(any("of the traffic is one request, which counts by that" in reason for reason in report["summary"]["reasons"]), report["summary"])
        check = next(check for check in report["trust"]["checks"] if check["name"] == "frequent requests")
        self.assertTrue(check["ok"])
        self.assertRegex(check["text"], r"one request is 66\.\d % of the traffic and was asked 5\d times$")
        self.assertEqual(report["summary"]["decision"], "yes", report["summary"])

    def test_a_model_that_answers_frequent_requests_at_random_gets_no_yes(self):
        lot, lock = random.Random(5), threading.Lock()

        def at_random(question):
            with lock:
                return answer_to(question) if lot.random() < 0.75 else wrong(question)

        models = Models(candidate=at_random)
        self.addCleanup(models.close)
        documents = [document(n, f"Where is my order {n % 4 if n % 10 else n + 10}") for n in range(900)]
        config = models.config("candidate", eval_size=40) + "promising: {margin: 0.1}\n"
        for _ in range(4):
            report, _ = self.run_of(documents, config)
            score = report["summary"]["score"]
            self.assertNotEqual(report["summary"]["decision"], "yes", report["summary"])
            self.assertGreater(score["high"] - score["low"], 0.15, score)
            self.assertRegex(report["summary"]["reasons"][0], r"right on \d+ of 7\d asks of 40 rows")
            self.assertIn("not every answer agrees", next(check["text"] for check in report["trust"]["checks"] if check["name"] == "frequent requests"))
            divergent = report["divergent_rows"]["rows"]
            self.assertEqual(len({row["record_id"] for row in divergent}), len(divergent))
            self.assertTrue(any(0 < row["answers"][0]["asks_divergent"] < row["answers"][0]["asks"] for row in divergent), divergent)

    def test_one_conversation_id_for_all_is_named(self):
        models = Models(candidate=answer_to)
        self.addCleanup(models.close)
        documents = [document(n, f"Where is my order {n}") for n in range(300)]
        for one in documents:
            one["request"]["metadata"] = {"conversation_id": "all"}
        folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-e2e-"))
        self.addCleanup(shutil.rmtree, folder, True)
        (folder / "traffic.jsonl").write_text("".join(json.dumps(one) + "\n" for one in documents))
        (folder / "config.yaml").write_text(models.config("candidate"))
        done = flywheel.run("run", "--from", folder / "traffic.jsonl", "--config", folder / "config.yaml", "--data", folder / "data")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("one conversation has 300 of its 300 requests", done.stdout + done.stderr)

    def test_a_judge_that_rates_nothing_fails_the_evaluation_and_one_that_rates_all_alike_decides_nothing(self):
        documents = [text_document(n) for n in range(300)]
        models = Models(candidate=lambda question: says(f"This is what I know of {question.split()[-1]}: it follows {int(question.split()[-1]) - 1}."),
                        mute=lambda _: says("I can't say"), kind=lambda _: says(json.dumps({"reason": "r", "rating": 10})))
        self.addCleanup(models.close)
        judge = "llm_judge_config: {{deployment_type: remote, url: '{}', model_name: {}}}\n"
        report, _ = self.run_of(documents, models.config("candidate") + judge.format(models.url, "kind"))
        self.assertEqual(report["summary"]["decision"], "not_decided", report["summary"])
        self.assertIn("does not tell a good answer from a trivial one", report["summary"]["reasons"][0])
        self.assertNotIn("nan", json.dumps(report["trust"]))
        self.assertFalse(report["trust"]["clean"])
        folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-e2e-"))
        self.addCleanup(shutil.rmtree, folder, True)
        (folder / "traffic.jsonl").write_text("".join(json.dumps(one) + "\n" for one in documents))
        (folder / "config.yaml").write_text(models.config("candidate") + judge.format(models.url, "mute"))
        done = flywheel.run("run", "--from", folder / "traffic.jsonl", "--config", folder / "config.yaml", "--data", folder / "data")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout + done.stderr, r'the judge "mute" at \S+ rated none of the \d\d answers that it was asked about')

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
