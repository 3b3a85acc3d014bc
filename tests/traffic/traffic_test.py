"""Real traffic from `flywheel load` to the verdict, with counts that were taken from the traffic itself.

The leaderboard's questions have hundreds of tools and from none to eight calls an answer; the airline's dialogues have
a long policy, tools of up to eleven parameters and 2 to 30 answers each. The candidates are echo_model.py's, so every
score is known before the run.
"""
import collections
import json
import os
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
os.environ.setdefault("FLYWHEEL_SOURCE_DIR", str(HERE.parents[1]))
os.environ.setdefault("FLYWHEEL_BIN_DIR", str(HERE.parents[1] / "build/release/bin"))

import airline
import bfcl
import echo_model
import flywheel

CONFIG = """
nims:
{candidates}
production: {{model_name: production, price: {{input_per_million: 2.5, output_per_million: 10}}}}
data_split_config: {{eval_size: {rows}, val_ratio: 0.1, random_seed: 7, limit: null}}
icl_config: {{max_context_length: 32768, reserved_tokens: 1024, max_examples: 1}}
evaluation: {{parallelism: 8}}
promising: {{margin: {margin}}}
"""
CANDIDATE = ("  - {{model_name: {name}, url: '{url}', served_model_name: '{name}', customization_enabled: false, "
             "price: {{input_per_million: 0.02, output_per_million: 0.04}}}}\n")
BROKEN = ["{cut off", "17", '{"timestamp": 1750000000, "workload_id": "w", "client_id": "c", "request": {}}']


def label_of(exchange):
    """The class of a log document or an evaluation row."""
    calls = exchange["response"]["choices"][0]["message"].get("tool_calls") or []
    return calls[0]["function"]["name"] if calls else "no_tool"


def rows_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def turns_of(messages):
    """Messages by what they mean: ids of calls and the writing of arguments do not matter."""
    return json.dumps([(message["role"], echo_model.content_of(message).strip(), echo_model.calls_of(message))
                       for message in messages], sort_keys=True)


def request_of(document):
    """Equal requests are one row."""
    return turns_of(document["request"]["messages"]) + json.dumps(document["request"]["tools"], sort_keys=True)


class Corpus:
    """One job over one kind of traffic, made once and looked at by many tests."""

    def __init__(self, documents, rows, margin):
        self.documents = documents
        self.model = echo_model.EchoModel(documents)
        candidates = "".join(CANDIDATE.format(name=name, url=self.model.url) for name in echo_model.MODELS)
        self.service = flywheel.Service(CONFIG.format(candidates=candidates, rows=rows, margin=margin))
        self.service.start()
        self.traffic = self.service.folder / "traffic.jsonl"
        with self.traffic.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)
        self.broken = self.service.folder / "broken.jsonl"
        self.broken.write_text("\n".join(BROKEN) + "\n")
        self.loads = [self.load(self.traffic), self.load(self.traffic), self.load(self.broken)]
        workload = {key: documents[0][key] for key in ("workload_id", "client_id")}
        status, job = self.service.call("POST", "/api/jobs", workload)
        assert status == 200, job
        self.job = self.service.wait_for_job(job["id"], timeout=1200)
        self.report = self.service.call("GET", f"/api/jobs/{self.job['id']}/report")[1]

    def load(self, file):
        done = flywheel.run("load", file, "--server", self.service.url, "--json")
        return json.loads(done.stdout)["files"][0]

    def close(self):
        self.service.close()
        self.model.close()

    def dataset(self, kind):
        """The folder of the job's dataset `kind`: eval, icl, train."""
        uri = next(each["uri"] for each in self.report["dataset"]["datasets"] if f"-{kind}-" in each["name"])
        return pathlib.Path(uri.removeprefix("file://"))

    def evaluation_rows(self):
        return rows_of(next(self.dataset("eval").rglob("eval_data.jsonl")))

    def training_rows(self):
        files = [next(self.dataset("train").rglob(name)) for name in ("train_data.jsonl", "val_data.jsonl")]
        return [row for file in files for row in rows_of(file)]


class TrafficTest:
    """The claims, for every kind of traffic. A subclass says what the traffic holds."""

    RECORDS = DUPLICATES = CLASSES = CALLING = ROWS = 0
    MARGIN = 0.05

    @classmethod
    def setUpClass(cls):
        cls.corpus = Corpus(list(cls.documents()), cls.ROWS, cls.MARGIN)
        cls.report = cls.corpus.report

    @classmethod
    def tearDownClass(cls):
        cls.corpus.close()

    # --- load ---

    def test_the_traffic_is_what_the_counts_were_taken_from(self):
        labels = list(map(label_of, self.corpus.documents))
        requests = {request_of(each) for each in self.corpus.documents}
        self.assertEqual((len(labels), len(labels) - len(requests)), (self.RECORDS, self.DUPLICATES))
        self.assertEqual(sum(label != "no_tool" for label in labels), self.CALLING)
        self.assertEqual(len(set(labels)), self.CLASSES)

    def test_every_record_is_stored_once_and_broken_lines_are_kept_aside(self):
        first, again, broken = self.corpus.loads
        self.assertEqual((first["lines"], first["appended"], first["duplicates"], first["bad"]),
                         (self.RECORDS, self.RECORDS, 0, 0))
        self.assertEqual((again["appended"], again["duplicates"]), (0, self.RECORDS))
        self.assertEqual((broken["appended"], broken["bad"]), (0, len(BROKEN)))
        self.assertEqual(sum(broken["reasons"].values()), len(BROKEN))
        stored = self.corpus.service.call("GET", "/api/workloads")[1]["workloads"]
        self.assertEqual([each["records"] for each in stored], [self.RECORDS])

    # --- datasets ---

    def test_nothing_is_left_out_but_equal_requests(self):
        steps = {step["step"]: step for step in self.report["dataset"]["steps"]}
        for step in steps.values():
            self.assertEqual(step["in"], step["out"] + sum(step["reasons"].values()), step)
        self.assertEqual((steps["select"]["out"], steps["validate"]["reasons"]), (self.RECORDS, {}))
        self.assertEqual(list(steps["deduplicate"]["reasons"].values()), [self.DUPLICATES])
        self.assertEqual((steps["sample"]["in"], steps["sample"]["reasons"]), (self.RECORDS - self.DUPLICATES, {}))

    def test_rows_add_up_over_classes_and_sides(self):
        evaluation, training = self.corpus.evaluation_rows(), self.corpus.training_rows()
        split = next(step for step in self.report["dataset"]["steps"] if step["step"] == "split")
        self.assertEqual(len(evaluation), self.ROWS)
        self.assertEqual(len(evaluation) + len(training), split["out"])
        classes = self.report["dataset"]["classes"]
        self.assertEqual(sum(each["eval"] for each in classes), len(evaluation))
        self.assertEqual(sum(each["train"] + each["validation"] for each in classes), len(training))
        there = collections.Counter(map(label_of, self.corpus.documents))
        for each in classes:
            self.assertLessEqual(each["eval"] + each["train"] + each["validation"], there[each["label"]], each)

    def test_the_card_shows_the_traffics_own_mix(self):
        mix = {each["of"]: {value["value"]: value for value in each["values"]}
               for each in self.report["dataset"]["mix"]}
        self.assertEqual({label: value["traffic"]["records"] for label, value in mix["class"].items()},
                         dict(collections.Counter(map(label_of, self.corpus.documents))))
        self.assertEqual({kind: value["traffic"]["records"] for kind, value in mix["answer_kind"].items()},
                         {"tool_calls": self.CALLING, "text": self.RECORDS - self.CALLING})
        for value in mix["answer_kind"].values():
            self.assertAlmostEqual(value["eval"]["weighted_share"], value["traffic"]["share"], delta=0.03)
        asked = collections.Counter(map(request_of, self.corpus.documents))
        repeated = [count for count in asked.values() if count > 1]
        again = self.report["dataset"]["self_agreement"]
        self.assertEqual((again["requests"], again["records"]), (len(repeated), sum(repeated)))

    def test_the_draw_has_the_traffics_share_of_calls(self):
        share = self.CALLING / self.RECORDS
        drawn = [label_of(row) != "no_tool" for row in self.corpus.evaluation_rows()]
        self.assertAlmostEqual(sum(drawn) / len(drawn), share, delta=3 * (share * (1 - share) / len(drawn)) ** 0.5)

    def test_no_conversation_stands_on_two_sides(self):
        drawn = {name for row in self.corpus.evaluation_rows()
                 for name in self.conversations_of(row["request"]["messages"])}
        trained = {name for row in self.corpus.training_rows() for name in self.conversations_of(row["messages"][:-1])}
        self.assertEqual(drawn & trained, set())
        leak = self.report["dataset"]["leak"]
        self.assertEqual((leak["conversations_on_two_sides"], leak["requests_on_two_sides"]), (0, 0))

    # --- verdicts ---

    def evaluations(self, name):
        candidate = next(each for each in self.report["candidates"] if each["model_name"] == name)
        self.assertEqual((candidate["status"], candidate["error"]), ("completed", None))
        self.assertEqual(len(candidate["evaluations"]), 2, "zero-shot and with examples")
        for evaluation in candidate["evaluations"]:
            self.assertEqual((evaluation["rows"], evaluation["rows_failed"], evaluation["error"]), (self.ROWS, 0, None))
            yield evaluation

    def calling_rows(self):
        return [row for row in self.corpus.evaluation_rows() if label_of(row) != "no_tool"]

    def right_calls(self, evaluation):
        return next(each for each in evaluation["by_answer_kind"] if each["group"] == "tool_calls")["right"]

    def test_the_stub_knew_every_row(self):
        for name in echo_model.MODELS:
            self.assertGreaterEqual(self.corpus.model.asked[name], 2 * self.ROWS)
            self.assertLess(self.corpus.model.strange[name], 5, "but for probes, before the rows")

    def test_productions_own_answers_are_as_good_as_production(self):
        for name in ("echo", "reorder"):
            for evaluation in self.evaluations(name):
                with self.subTest(name=name, variant=evaluation["variant"]):
                    self.assertEqual(evaluation["agreement"]["mean"], 1)
                    self.assertEqual(self.right_calls(evaluation), len(self.calling_rows()))
                    self.assertEqual(sum(evaluation["mistakes"].values()), 0)
                    self.assertEqual(evaluation["verdict"]["decision"], "yes", evaluation["verdict"])
        self.assertEqual(self.report["summary"]["decision"], "yes", self.report["summary"])
        self.assertEqual(self.report["summary"]["model_name"], "echo")

    def assert_no_call_is_right(self, name, mistake):
        for evaluation in self.evaluations(name):
            with self.subTest(variant=evaluation["variant"]):
                self.assertEqual(self.right_calls(evaluation), 0)
                mistakes = dict(evaluation["mistakes"])
                self.assertEqual(mistakes.pop(mistake), len(self.calling_rows()))
                # Two of the leaderboard's own answers break their tools' schemas, so their surplus twins do too.
                self.assertLessEqual(set(mistakes), {"invalid by schema"})
                self.assertLessEqual(sum(mistakes.values()), 2)
                self.assertEqual(evaluation["verdict"]["decision"], "no", evaluation["verdict"])

    def test_nonsense_is_not_as_good(self):
        self.assert_no_call_is_right("banana", "answered where production called")

    def test_text_alone_does_not_make_up_for_calls(self):
        self.assert_no_call_is_right("silent", "answered where production called")

    def test_every_call_twice_is_wrong_everywhere(self):
        self.assert_no_call_is_right("repeat", "surplus call")

    def test_only_production_itself_is_promising(self):
        promising = {entry["model_name"] for entry in self.report["ranking"]["entries"] if entry["promising"]}
        self.assertEqual(promising, {"echo", "reorder"})

    def test_a_known_share_of_rows_is_right(self):
        keys = [echo_model.key_of(row["request"]["messages"], row["request"].get("tools"))
                for row in self.calling_rows()]
        expected = sum(echo_model.is_echoed(key, 0.9) for key in keys)
        for evaluation in self.evaluations("echo-0.9"):
            self.assertEqual(self.right_calls(evaluation), expected)
            self.assertEqual(evaluation["mistakes"], {"answered where production called": len(keys) - expected})
            self.assertNotEqual(evaluation["verdict"]["decision"], "yes", evaluation["verdict"])

    def test_the_baselines_stand_in_the_report(self):
        no_call = next(each for each in self.report["baselines"] if each["name"] == "no_call")
        self.assertEqual(no_call["n"], self.ROWS)
        self.assertLess(no_call["mean"], 1 - self.MARGIN)

    def test_the_gate_says_yes(self):
        done = flywheel.run("gate", self.corpus.job["id"], "--server", self.corpus.service.url)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


def lacks_program():
    return None if flywheel.FLYWHEEL.exists() else f"{flywheel.FLYWHEEL} is not built"


@unittest.skipIf(lacks_program(), lacks_program())
class LeaderboardTraffic(TrafficTest, unittest.TestCase):
    RECORDS, DUPLICATES, CLASSES, CALLING, ROWS = 3475, 6, 842, 2351, 400

    @classmethod
    def documents(cls):
        try:
            return bfcl.log_documents(bfcl.fetch())
        except bfcl.Unavailable as error:
            raise unittest.SkipTest(str(error)) from None

    def conversations_of(self, messages):
        return {json.dumps(messages[-1]["content"])} if len(messages) > 3 else set()


@unittest.skipIf(lacks_program() or airline.lacks_recordings(), lacks_program() or airline.lacks_recordings())
class AirlineTraffic(TrafficTest, unittest.TestCase):
    RECORDS, DUPLICATES, CLASSES, CALLING, ROWS = 2454, 8, 15, 1164, 800
    # Turns of one dialogue are no independent rows: some sixty dialogues leave 10 points open, where all are right.
    MARGIN = 0.15

    @classmethod
    def documents(cls):
        return airline.log_documents()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dialogues = collections.defaultdict(set)
        for dialogue, _, before, _ in airline.turns():
            cls.dialogues[turns_of(before)].add(dialogue)

    def conversations_of(self, messages):
        """Names of the dialogues that begin with these messages."""
        found = self.dialogues[turns_of(messages)]
        self.assertTrue(found, messages[1:])
        return found


if __name__ == "__main__":
    unittest.main()
