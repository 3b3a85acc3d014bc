"""What a job does not give on: datasets that leak more than it allows, and rows of records that were erased."""
import json
import pathlib
import random
import unittest

import flywheel


def traffic(path, pairs):
    """200 requests in words of their own, and pairs of requests that differ in one word of 40."""
    chance = random.Random(3)

    def words(count):
        return ["".join(chance.choice("bcdfgklmnprst") + chance.choice("aeiou") for _ in range(3)) for _ in range(count)]

    asked = [words(30) for _ in range(200)]
    for _ in range(pairs):
        one = words(40)
        asked += [one, one[:20] + words(1) + one[21:]]
    with open(path, "w") as out:
        for i, said in enumerate(asked):
            response = {"id": "r", "object": "chat.completion", "created": 1, "model": "m",
                        "choices": [{"index": 0, "finish_reason": "stop",
                                     "message": {"role": "assistant", "content": " ".join(words(4))}}]}
            print(json.dumps({"timestamp": 1_700_000_000 + i, "workload_id": "w", "client_id": "c",
                              "flywheel": {"id": f"r{i}"},
                              "request": {"model": "m", "messages": [{"role": "user", "content": " ".join(said)}]},
                              "response": response}), file=out)
    return path


class KeptAsideTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stub = flywheel.StubEndpoint()
        cls.service = flywheel.Service(cls.stub.config()).start()
        done = flywheel.run("load", traffic(cls.service.folder / "a.jsonl", 40), "--server", cls.service.url)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.service.close()
        cls.stub.close()

    def run_job(self, **split):
        settings = {"eval_size": 60, "min_total_records": 50, "random_seed": 5, **split}
        status, job = self.service.call("POST", "/api/jobs", {"workload_id": "w", "client_id": "c",
                                                              "datasets_only": True, "data_split_config": settings})
        self.assertEqual(status, 200, job)
        return self.service.wait_for_job(job["id"], timeout=300)

    def flywheel(self, *arguments):
        return flywheel.run(*arguments, "--server", self.service.url)

    def test_refused_datasets_leave_their_card(self):
        job = self.run_job(keep_near_duplicates_apart=False)
        self.assertEqual(job["status"], "failed")
        self.assertIn("max_leaked_share", job["error"])
        card = self.service.call("GET", f"/api/jobs/{job['id']}/report")[1]["dataset"]
        self.assertEqual(card["datasets"], [])
        self.assertIn("max_leaked_share", card["refused"])
        near = card["leak"]["eval_rows_near_training"]
        self.assertGreater(near, 5)
        verified = self.flywheel("dataset", "verify", job["id"])
        self.assertEqual(verified.returncode, 1, verified.stderr)
        self.assertIn("refused, and not kept: ", verified.stdout)
        self.assertRegex(verified.stdout, rf"{near}  evaluation rows with a near-duplicate")
        self.assertIn("likeness 0.", verified.stdout)
        for command in (("show",), ("show", "--markdown")):
            shown = self.flywheel("dataset", *command, job["id"])
            self.assertEqual(shown.returncode, 0, shown.stderr)
            self.assertIn("max", shown.stdout)
            self.assertIn(card["leak"]["pairs"][0]["evaluation"]["record_id"], shown.stdout)
        exported = self.flywheel("dataset", "export", job["id"], "--to", self.service.folder / "refused.jsonl")
        self.assertNotEqual(exported.returncode, 0)
        self.assertIn("were refused, and are not kept", exported.stderr)

    def test_rows_of_erased_records_are_not_exported(self):
        job = self.run_job()["id"]
        card = self.service.call("GET", f"/api/jobs/{job}/report")[1]["dataset"]
        folder = {d["name"].split("-")[1]: pathlib.Path(d["uri"].removeprefix("file://")) for d in card["datasets"]}
        lineage = [json.loads(line) for line in (folder["train"] / "lineage.jsonl").read_text().splitlines()]
        trained = [row["record_id"] for row in lineage if row["file"].startswith("training/")]
        evaluated = [json.loads(line)["record_id"]
                     for line in (folder["eval"] / "eval_data.jsonl").read_text().splitlines()]
        before = self.export(job, "train")
        gone = [trained[0], trained[7], evaluated[3]]
        self.assertEqual(self.service.call("GET", f"/api/jobs/{job}/datasets/erased")[1], {"record_ids": []})
        erased = self.flywheel("log", "erase", *sum((["--record", one] for one in gone), []), "--yes")
        self.assertEqual(erased.returncode, 0, erased.stderr)
        self.assertEqual(self.service.call("GET", f"/api/jobs/{job}/datasets/erased")[1], {"record_ids": sorted(gone)})
        after = self.export(job, "train", erased=2)
        self.assertEqual(after, [line for i, line in enumerate(before) if i not in (0, 7)])
        self.assertEqual(len(self.export(job, "evaluation", erased=1)), len(evaluated) - 1)
        self.export(job, "validation")
        self.assertIn("3 records of its rows were erased since", self.flywheel("dataset", "verify", job).stdout)
        self.assertEqual(self.service.call("GET", f"/api/jobs/{'0' * 24}/datasets/erased")[0], 404)

    def export(self, job, side, erased=0):
        to = self.service.folder / f"{side}.jsonl"
        done = self.flywheel("dataset", "export", job, "--format", "chat", "--side", side, "--to", to, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual(said["left_out"], {"its record was erased since": erased} if erased else {})
        self.assertEqual(said["rows"], said["written"] + erased)
        self.assertEqual("erased since, and are left out" in done.stderr, erased > 0)
        return to.read_text().splitlines()


if __name__ == "__main__":
    unittest.main()
