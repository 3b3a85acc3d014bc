"""The datasets of a run as people and other programs meet them: show, diff and export, of a job and of a folder."""
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "gateway")]

import clients
import flywheel

# Reads a training file as OpenAI's own types have it, messages and tools; prints the number of examples.
READ_WITH_OPENAI_TYPES = """
import json, sys
import pydantic
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam
messages = pydantic.TypeAdapter(list[ChatCompletionMessageParam])
tools = pydantic.TypeAdapter(list[ChatCompletionFunctionToolParam])
count = 0
for line in open(sys.argv[1]):
    row = json.loads(line)
    assert set(row) <= {"messages", "tools"}, set(row)
    # The weight is of fine-tuning alone; the types of requests do not know it.
    said = [{key: value for key, value in message.items() if key != "weight"} for message in row["messages"]]
    for kind, values in ((messages, said), (tools, row.get("tools", []))):
        kind.validate_python(values)
    count += 1
print(count)
"""


def sharegpt_turns(row):
    """The turns that a reader of the format takes: behind a system message who asks and who answers alternate."""
    turns = row["conversations"]
    if turns[0]["from"] == "system":
        turns = turns[1:]
    for place, turn in enumerate(turns):
        assert turn["from"] in (("human", "observation"), ("gpt", "function_call"))[place % 2], row
        if turn["from"] == "function_call":
            call = json.loads(turn["value"])
            assert isinstance(call["name"], str) and isinstance(call["arguments"], dict), call
    assert len(turns) % 2 == 0
    for tool in json.loads(row.get("tools") or "[]"):
        assert "name" in tool and "parameters" in tool
    return turns


class DatasetCommandsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stub = flywheel.StubEndpoint()
        cls.service = flywheel.Service(cls.stub.config()).start()
        flywheel.run("load", flywheel.sample(cls.service.folder / "a.jsonl", count=200), "--server", cls.service.url)
        cls.jobs = [cls.run_job()]
        second = flywheel.sample(cls.service.folder / "b.jsonl", count=60, seed=2)
        flywheel.run("load", second, "--server", cls.service.url)
        flywheel.run("load", cls.with_tools_that_nobody_has(second), "--server", cls.service.url)
        cls.jobs.append(cls.run_job())

    def test_datasets_are_built_without_asking_a_candidate(self):
        with tempfile.TemporaryDirectory() as folder:
            service = flywheel.Service(self.stub.config(), folder=folder)
            self.addCleanup(service.stop)
            service.start()
            flywheel.run("load", flywheel.sample(service.folder / "a.jsonl", count=200), "--server", service.url)
            asked = self.stub.requests
            done = flywheel.run("dataset", "build", "router", "--watch", "--server", service.url)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            listed = flywheel.run("jobs", "list", "--server", service.url).stdout
            self.assertIn("completed (datasets only)", listed)
            job = service.call("GET", "/api/jobs")[1]["jobs"][0]["id"]
            self.assertIn(f"flywheel dataset show {job}", done.stdout)
            self.assertEqual(service.job(job)["nims"], [])
            shown = json.loads(flywheel.run("dataset", "show", job, "--json", "--server", service.url).stdout)
            self.assertEqual(shown["data_split_config"]["eval_size"], 10)
            self.assertIn(flywheel.run("dataset", "verify", job, "--server", service.url).returncode, (0, 1))
            out = service.folder / "train.jsonl"
            done = flywheel.run("dataset", "export", job, "--to", out, "--server", service.url)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertGreater(len(out.read_text().splitlines()), 10)
            self.assertEqual(flywheel.run("gate", job, "--server", service.url).returncode, 2)
            self.assertIn("Datasets of router alone", flywheel.run("report", job, "--server", service.url).stdout)
            self.assertEqual(self.stub.requests, asked)
            whole = service.call("POST", "/api/jobs", {"workload_id": "router", "client_id": service.job(job)["client_id"]})[1]["id"]
            self.assertEqual(service.wait_for_job(whole)["status"], "completed")
            digests = lambda one: [d["digest"] for d in service.job(one)["datasets"]]
            self.assertEqual(digests(whole), digests(job))
            service.stop()

    @classmethod
    def with_tools_that_nobody_has(cls, traffic):
        """Some of the records once more, asked otherwise and answered by a call of a tool that the request has not."""
        path = cls.service.folder / "wrong.jsonl"
        with open(traffic) as lines, open(path, "w") as out:
            for line in lines:
                document = json.loads(line)
                calls = document["response"]["choices"][0]["message"].get("tool_calls") if document["request"]["messages"] else None
                if calls:
                    document["request"]["messages"][-1]["content"] += " Take your time."
                    calls[0]["function"]["name"] = "reticulate"
                    print(json.dumps(document), file=out)
        return path

    @classmethod
    def run_job(cls):
        status, job = cls.service.call("POST", "/api/jobs", {"workload_id": "router", "client_id": "demo"})
        assert status == 200, job
        ended = cls.service.wait_for_job(job["id"], timeout=300)
        assert ended["status"] == "completed", ended
        return job["id"]

    @classmethod
    def tearDownClass(cls):
        cls.service.close()
        cls.stub.close()

    def flywheel(self, *arguments, code=0):
        done = flywheel.run(*arguments, "--server", self.service.url)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def card(self, job):
        return self.service.call("GET", f"/api/jobs/{job}/report")[1]["dataset"]

    def folder_of(self, job, name):
        """A copy of a job's datasets."""
        folder = self.service.folder / name
        for each in self.card(job)["datasets"]:
            source = pathlib.Path(each["uri"].removeprefix("file://"))
            shutil.copytree(source, folder / each["name"], dirs_exist_ok=True)
        return folder

    # --- show ---

    def test_show_says_how_the_datasets_came_to_be(self):
        card = self.card(self.jobs[0])
        shown = self.flywheel("dataset", "show", self.jobs[0]).stdout
        for step in card["steps"]:
            self.assertRegex(shown, rf"{step['step']} +{step['in']} +-> +{step['out']}")
            for reason, count in step["reasons"].items():
                self.assertIn(f"{reason}: {count}", shown)
        for each in card["datasets"]:
            self.assertIn(each["digest"], shown)
        for each in card["classes"]:
            self.assertRegex(shown, rf"{each['label']} +{each['eval']} +{each['train']} +{each['validation']}")
        self.assertIn("eval_size 10", shown)
        self.assertIn("near-duplicate in training", shown)
        as_json = json.loads(self.flywheel("dataset", "show", self.jobs[0], "--json").stdout)
        self.assertEqual(as_json["steps"], card["steps"])
        self.assertEqual(as_json["data_split_config"]["eval_size"], 10)

    def test_show_names_answers_that_look_wrong(self):
        reasons = self.card(self.jobs[1])["suspicious"]["reasons"]
        self.assertTrue(reasons)
        shown = self.flywheel("dataset", "show", self.jobs[1]).stdout
        for reason in reasons:
            self.assertIn(f"{reason['why']}: {reason['training']} in training and validation, "
                          f"{reason['evaluation']} in evaluation", shown)
            for example in reason["examples"]:
                self.assertIn(example["record_id"], shown)
        self.assertIn("reticulate", shown)
        self.assertNotIn("answers that look wrong", self.flywheel("dataset", "show", self.jobs[0]).stdout)

    def test_show_has_the_rows_that_are_asked_for(self):
        shown = self.flywheel("dataset", "show", self.jobs[0], "--rows", "3", "--side", "train").stdout
        self.assertEqual(shown.count("\nrow "), 3)
        as_json = json.loads(self.flywheel("dataset", "show", self.jobs[0], "--rows", "3", "--json").stdout)
        self.assertEqual([set(row) >= {"record_id", "request", "response"} for row in as_json["rows"]], [True] * 3)
        self.assertIn("first", as_json["evaluation_window"])
        self.flywheel("dataset", "show", self.jobs[0], "--side", "left", code=2)
        self.flywheel("dataset", "show", "0" * 24, code=1)

    def test_show_knows_a_folder(self):
        folder = self.folder_of(self.jobs[0], "shown")
        as_json = json.loads(self.flywheel("dataset", "show", folder, "--json").stdout)
        self.assertEqual(as_json["files"]["evaluation"]["rows"], 10)
        self.assertEqual(sum(each["train"] for each in as_json["classes"]), as_json["files"]["training"]["rows"])
        self.assertIn("sha256", self.flywheel("dataset", "show", folder).stdout)

    # --- diff ---

    def test_a_run_differs_from_itself_in_nothing(self):
        same = self.flywheel("dataset", "diff", self.jobs[0], self.jobs[0])
        self.assertIn("the same rows", same.stdout)
        folder = self.folder_of(self.jobs[0], "same")
        self.flywheel("dataset", "diff", self.jobs[0], folder)

    def test_what_more_traffic_changed_is_counted(self):
        done = self.flywheel("dataset", "diff", *self.jobs, "--json", code=1)
        found = json.loads(done.stdout)
        self.assertFalse(found["same"])
        cards = [self.card(job) for job in self.jobs]
        for side, key in (("evaluation", "eval"), ("training", "train"), ("validation", "validation")):
            counts = [sum(each[key] for each in card["classes"]) for card in cards]
            self.assertEqual(found["sides"][side]["rows"], counts)
        first = {each["row"] for each in found["moved"]} | set(found["sides"]["training"]["only_first"])
        self.assertTrue(found["moved"] or found["sides"]["training"]["only_second"], found)
        self.assertFalse(first & set(found["sides"]["training"]["only_second"]))
        self.assertIn("step select, records left", [each["name"] for each in found["settings"]])
        people = self.flywheel("dataset", "diff", *self.jobs, code=1).stdout
        self.assertIn("the datasets differ", people)
        heading, *lines = [re.split(r"  +", line.strip()) for line in people.splitlines()[1:5]]
        self.assertEqual(heading, ["side", "rows of A", "rows of B", "only A", "only B", "moved away", "moved here", "changed"])
        for side, *cells in lines:
            numbers = dict(zip(heading[1:], map(int, cells)))
            self.assertEqual(numbers["moved away"], sum(each["from"] == side for each in found["moved"]))
            self.assertEqual(numbers["moved here"], sum(each["to"] == side for each in found["moved"]))
        self.assertEqual("be it in its weight alone" in people, any(side["changed"] for side in found["sides"].values()))

    def test_what_is_no_dataset_is_trouble_and_not_a_difference(self):
        self.flywheel("dataset", "diff", self.jobs[0], self.service.folder / "nowhere", code=2)
        empty = self.service.folder / "empty"
        empty.mkdir(exist_ok=True)
        self.flywheel("dataset", "diff", self.jobs[0], empty, code=2)

    # --- export ---

    def export(self, what, file_format, name, *more, code=0):
        path = self.service.folder / name
        done = self.flywheel("dataset", "export", what, "--format", file_format, "--to", path, "--json", *more, code=code)
        return (json.loads(done.stdout) if code == 0 else done), path

    def test_openai_reads_what_is_exported_for_it(self):
        report, path = self.export(self.jobs[0], "openai", "openai.jsonl")
        self.assertEqual(report["rows"], report["written"] + sum(report["left_out"].values()))
        self.assertGreater(report["written"], 0)
        done = subprocess.run([clients.python(), "-c", READ_WITH_OPENAI_TYPES, path], capture_output=True, text=True,
                              timeout=120)
        self.assertEqual(done.stdout.strip(), str(report["written"]), done.stderr[-2000:])
        for row in map(json.loads, path.read_text().splitlines()):
            weights = [message.get("weight") for message in row["messages"] if message["role"] == "assistant"]
            self.assertEqual(weights, [0] * (len(weights) - 1) + [None])

    def test_sharegpt_readers_take_every_row(self):
        report, path = self.export(self.jobs[0], "sharegpt", "sharegpt.jsonl", "--side", "evaluation")
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertEqual(len(rows), report["written"])
        for row in rows:
            self.assertTrue(sharegpt_turns(row))

    def test_what_a_format_cannot_say_is_counted_and_nothing_is_written_where_nothing_fits(self):
        done, path = self.export(self.jobs[0], "prompt-completion", "pairs.jsonl", code=1)
        self.assertIn("an answer that calls a tool", done.stdout + done.stderr)
        self.assertIn("nothing was written", done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual((said["file"], said["written"], sum(said["left_out"].values())), (None, 0, said["rows"]))
        self.assertFalse(path.exists())

    def test_rows_are_those_of_the_dataset(self):
        report, path = self.export(self.jobs[0], "chat", "chat.jsonl", "--side", "validation")
        folder = self.folder_of(self.jobs[0], "rows")
        source = [json.loads(line) for line in next(folder.rglob("val_data.jsonl")).read_text().splitlines()]
        exported = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertEqual(len(exported), len(source))
        self.assertEqual([row["messages"][0] for row in exported], [row["messages"][0] for row in source])
        for before, after in zip(source, exported):
            calls = lambda row: [json.loads(each["function"]["arguments"]) if isinstance(each["function"]["arguments"], str)
                                 else each["function"]["arguments"] for each in row["messages"][-1].get("tool_calls", [])]
            self.assertEqual(calls(before), calls(after))

    def test_a_file_is_whole_or_as_it_was(self):
        to = lambda path, code: self.flywheel("dataset", "export", self.jobs[0], "--to", path, code=code)
        to("/dev/null", 0)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))
        target = self.service.folder / "target.jsonl"
        target.write_text("before")
        link = self.service.folder / "link.jsonl"
        link.symlink_to(target)
        to(link, 0)
        self.assertTrue(link.is_symlink())
        self.assertNotEqual(target.read_text(), "before")
        to("/dev/full", 1)
        to(self.service.folder, 1)
        to(self.service.folder / "no/such/folder.jsonl", 1)
        self.flywheel("dataset", "export", self.jobs[0], "--format", "alpaca", "--to", target, code=2)
        piped = self.flywheel("dataset", "export", self.jobs[0], "--to", "-")
        self.assertTrue(all(json.loads(line) for line in piped.stdout.splitlines()))
        self.assertIn("rows written", piped.stderr)


class FixedRowsTest(unittest.TestCase):
    """Runs on the evaluation rows of an earlier run, while the traffic grows and records are erased."""

    @classmethod
    def setUpClass(cls):
        cls.stub = flywheel.StubEndpoint()
        cls.service = flywheel.Service(cls.stub.config()).start()
        cls.load("a.jsonl", count=200, seed=1)
        cls.first = cls.run_job()

    @classmethod
    def tearDownClass(cls):
        cls.service.close()
        cls.stub.close()

    @classmethod
    def load(cls, name, **traffic):
        done = flywheel.run("load", flywheel.sample(cls.service.folder / name, **traffic), "--server", cls.service.url)
        assert done.returncode == 0, done.stderr

    @classmethod
    def start(cls, workload="router", **split):
        body = {"workload_id": workload, "client_id": "demo"}
        if split:
            body["data_split_config"] = {"min_total_records": 50, "random_seed": 5, **split}
        return cls.service.call("POST", "/api/jobs", body)

    @classmethod
    def run_job(cls, ends="completed", **split):
        status, job = cls.start(**split)
        assert status == 200, job
        ended = cls.service.wait_for_job(job["id"], timeout=300)
        assert ended["status"] == ends, ended
        return job["id"]

    def rows(self, job):
        card = self.service.call("GET", f"/api/jobs/{job}/report")[1]["dataset"]
        name = next(each for each in card["datasets"] if each["name"].startswith("flywheel-eval-"))
        path = pathlib.Path(name["uri"].removeprefix("file://")) / "eval_data.jsonl"
        return card, [json.loads(line) for line in path.read_text().splitlines()]

    def test_a_later_run_has_the_same_rows_and_retires_what_was_erased(self):
        self.load("b.jsonl", count=150, seed=2)
        second = self.run_job(holdout_job=self.first)
        before, after = self.rows(self.first)[1], self.rows(second)[1]
        about_training = ("template_in_training", "newest")
        facts = lambda rows: [{key: row[key] for key in row if key not in about_training} for row in rows]
        self.assertEqual(facts(after), facts(before))
        done = flywheel.run("dataset", "diff", self.first, second, "--server", self.service.url)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("evaluation: the same rows", done.stdout)
        sides = json.loads(flywheel.run("dataset", "diff", self.first, second, "--json", "--server",
                                        self.service.url).stdout)["sides"]
        self.assertEqual([sides[side]["same"] for side in ("evaluation", "training")], [True, False])
        self.assertGreater(sides["training"]["rows"][1], sides["training"]["rows"][0])
        card = self.rows(second)[0]
        self.assertGreater(card["holdout"]["records_since"], 0)
        self.assertEqual(card["holdout"]["retired"], [])

        gone = before[4]["record_id"]
        erased = flywheel.run("log", "erase", "--record", gone, "--yes", "--server", self.service.url)
        self.assertEqual(erased.returncode, 0, erased.stderr)
        third = self.run_job(holdout_job=self.first)
        card, rows = self.rows(third)
        self.assertEqual([row["record_id"] for row in rows],
                         [row["record_id"] for row in before if row["record_id"] != gone])
        self.assertEqual([each["record_id"] for each in card["holdout"]["retired"]], [gone])
        for command in (("dataset", "show"), ("dataset", "show", "--markdown"), ("jobs", "show")):
            marked = flywheel.run(*command, self.first, "--server", self.service.url).stdout
            self.assertIn("erased since: records of 0 training, 0 validation and 1 evaluation rows", marked)
            self.assertNotIn("erased since", flywheel.run(*command, third, "--server", self.service.url).stdout)
        shown = flywheel.run("dataset", "show", third, "--server", self.service.url).stdout
        self.assertIn(gone, shown)
        self.assertIn("retired and not replaced", shown)
        failed = self.run_job(ends="failed", holdout_job=self.first, holdout_min_rows=len(before))
        self.assertIn("holdout_min_rows", json.dumps(self.service.call("GET", f"/api/jobs/{failed}")[1]))

    def test_a_job_that_cannot_give_rows_is_refused_at_once(self):
        status, said = self.start(holdout_job="a" * 24)
        self.assertGreaterEqual(status, 400)
        self.assertIn("is not known", json.dumps(said))
        for wrong in ("yesterday", 7):
            status, said = self.start(holdout_job=wrong)
            self.assertEqual(status, 422, said)
            self.assertEqual(said["detail"][0]["loc"], ["body", "data_split_config", "holdout_job"])

    def test_no_job_is_as_good_as_null(self):
        status, job = self.start(holdout_job=None, suspicious_answers="drop")
        self.assertEqual(status, 200, job)
        self.assertNotIn("ignored", job["message"])
        self.assertEqual(self.service.wait_for_job(job["id"], timeout=300)["status"], "completed")
        card = self.rows(job["id"])[0]
        self.assertNotIn("holdout", card)
        self.assertTrue(card["suspicious"]["left_out"])


if __name__ == "__main__":
    unittest.main()
