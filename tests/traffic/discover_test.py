"""Workloads are found in traffic without tags, and become workloads when somebody accepts them.

The truth is the client of each record, which nothing of the search looks at: the clients of a proposed workload say how
pure it is, the proposals of a client into how many pieces it came. Airline dialogues and the leaderboard's questions
were made by others; the sample's three nodes are mixed with them.
"""
import collections
import json
import os
import pathlib
import sys
import tempfile
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
os.environ.setdefault("FLYWHEEL_SOURCE_DIR", str(HERE.parents[1]))
os.environ.setdefault("FLYWHEEL_BIN_DIR", str(HERE.parents[1] / "build/release/bin"))

import airline
import bfcl
import flywheel

NODES = ("router", "rewriter", "writer")


def without_tag(document, truth):
    return {**{key: value for key, value in document.items() if key != "workload_id"}, "client_id": truth}


def sample(folder, count):
    """The sample's nodes, lines that are no JSON object left out."""
    for node in NODES:
        for line in flywheel.sample(folder / f"{node}.jsonl", node, count).read_text().splitlines():
            try:
                yield without_tag(json.loads(line), node)
            except ValueError:
                pass


def written(path, documents):
    with path.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)
    return path


def found_in(path, *options):
    done = flywheel.run("workloads", "discover", "--from", path, "--json", *options, timeout=300)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


class Mixed:
    """Claims of mixed traffic, whatever it holds. PIECES: the most pieces of each truth, IN_NONE: the largest share."""

    PIECES = {}
    IN_NONE = 0.02

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="flywheel-discover-")
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.documents = list(cls.traffic())
        cls.found = found_in(written(cls.folder / "mixed.jsonl", cls.documents))

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def test_every_proposed_workload_is_of_one_true_workload(self):
        mixed = {each["name"]: each["clients"] for each in self.found["workloads"] if len(each["clients"]) != 1}
        self.assertEqual(mixed, {})

    def test_a_true_workload_is_in_few_pieces(self):
        pieces = collections.Counter(client for each in self.found["workloads"] for client in each["clients"])
        self.assertEqual(set(pieces), set(self.PIECES))
        for truth, most in self.PIECES.items():
            self.assertLessEqual(pieces[truth], most, truth)

    def test_almost_all_records_are_in_one(self):
        counted = sum(each["records"] for each in self.found["workloads"])
        self.assertEqual(counted + self.found["in_none"], self.found["records"])
        self.assertLessEqual(self.found["in_none"], self.IN_NONE * self.found["records"])

    def test_the_same_is_found_again(self):
        self.assertEqual(found_in(self.folder / "mixed.jsonl"), self.found)

    def test_people_get_a_table_and_rules_to_paste(self):
        shown = flywheel.run("workloads", "discover", "--from", self.folder / "mixed.jsonl", timeout=300)
        for each in self.found["workloads"]:
            self.assertIn(each["name"], shown.stdout)
            self.assertIn(each["examples"][0]["record_id"], shown.stdout)
        rules = flywheel.run("workloads", "discover", "--from", self.folder / "mixed.jsonl", "--rules", timeout=300)
        config = self.folder / "rules.yaml"
        config.write_text(rules.stdout.replace("gateway:\n", "gateway:\n  upstream: http://127.0.0.1:1/v1\n"))
        checked = flywheel.run("config", "check", "--file-only", config)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)


class SampleTest(Mixed, unittest.TestCase):
    PIECES = dict.fromkeys(NODES, 1)

    @classmethod
    def traffic(cls):
        return sample(cls.folder, 400)


@unittest.skipIf(airline.lacks_recordings(), airline.lacks_recordings())
class AirlineLeaderboardAndSampleTest(Mixed, unittest.TestCase):
    # Questions without a system message come with tools of their own: what is left when the frequent ones are taken.
    PIECES = {**dict.fromkeys(NODES, 1), "tau": 1, "leaderboard": 3}
    IN_NONE = 0.03

    @classmethod
    def traffic(cls):
        try:
            leaderboard = [without_tag(each, "leaderboard") for each in bfcl.log_documents(bfcl.fetch())]
        except bfcl.Unavailable as why:
            raise unittest.SkipTest(str(why)) from None
        return [*sample(cls.folder, 600), *(without_tag(each, "tau") for each in airline.log_documents()), *leaderboard]

    def test_the_airline_is_whole(self):
        airlines = [each for each in self.found["workloads"] if "tau" in each["clients"]]
        self.assertEqual([each["records"] for each in airlines], [sum(each["client_id"] == "tau" for each in self.documents)])
        self.assertIn("airline", airlines[0]["name"])


@unittest.skipIf(airline.lacks_recordings(), airline.lacks_recordings())
class AcceptTest(unittest.TestCase):
    """Found in a service's log, accepted there, then run and asked through the gateway."""

    @classmethod
    def setUpClass(cls):
        cls.upstream = flywheel.StubEndpoint("Of course.")
        cls.service = flywheel.Service(cls.upstream.config(
            "gateway: {port: 0, upstream: '%s'}\nevaluation: {parallelism: 4}\n" % cls.upstream.url))
        cls.service.start()
        documents = [*sample(cls.service.folder, 200),
                     *(without_tag(each, "tau") for each in list(airline.log_documents())[:400])]
        for each in documents:
            each["client_id"] = "app"
        cls.file = written(cls.service.folder / "untagged.jsonl", documents)

    @classmethod
    def tearDownClass(cls):
        cls.service.close()
        cls.upstream.close()

    def flywheel(self, *arguments, code=0):
        done = flywheel.run(*arguments, "--server", self.service.url, timeout=300)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def counts(self):
        counts = {}
        for each in self.service.call("GET", "/api/workloads")[1]["workloads"]:  # one a client
            counts[each["workload_id"]] = counts.get(each["workload_id"], 0) + each["records"]
        return counts

    def ids(self):
        listed, after = [], ""
        while after is not None:
            page = self.service.call("GET", f"/api/interactions?limit=500&content=false&after={after}" if after else
                                     "/api/interactions?limit=500&content=false")[1]
            listed += [each["flywheel"]["id"] for each in page["interactions"]]
            after = page["next"]
        return listed

    def gateway(self):
        return next(each["url"] for each in self.service.call("GET", "/readyz")[1]["listeners"] if each["name"] == "gateway")

    def ask(self, messages):
        body = json.dumps({"model": "stub", "messages": messages}).encode()
        request = urllib.request.Request(self.gateway() + "/v1/chat/completions", data=body,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def test_accepted_workloads_hold_what_is_stored_and_what_comes(self):
        self.flywheel("load", self.file, "--workload-id", "untagged")
        before, ids = self.counts(), self.ids()
        self.assertEqual(list(before), ["untagged"])
        found = json.loads(self.flywheel("workloads", "discover", "--json"))
        airlines = [each["name"] for each in found["workloads"] if "airline" in each["name"]]
        self.assertEqual(len(airlines), 1, found)
        self.flywheel("workloads", "accept", "nobody", code=1)
        self.assertEqual(self.counts(), before)
        self.flywheel("workloads", "accept", *airlines, "--as", "airline")
        after = self.counts()
        self.assertEqual(after, {"airline": 400, "untagged": before["untagged"] - 400})
        self.assertEqual(sorted(self.ids()), sorted(ids))  # nothing is lost, nothing is twice
        self.assertIn("airline", self.flywheel("workloads", "accepted"))
        self.assertIn("0 of", self.flywheel("workloads", "apply"))
        self.flywheel("load", self.file, "--workload-id", "untagged")  # is known, under whatever name
        self.assertEqual(self.counts(), after)

        # A restart keeps what was accepted; the gateway names what comes by it.
        self.service.stop()
        self.service.start()
        system = next(airline.log_documents())["request"]["messages"][0]["content"]
        self.ask([{"role": "system", "content": system}, {"role": "user", "content": "I want to fly to Seattle."}])
        self.ask([{"role": "system", "content": "You are somebody else."}, {"role": "user", "content": "Hello."}])
        flywheel.wait_until(lambda: self.counts().get("airline") == 401, 20, "the gateway names the request")

        # Runs take the workload as any other.
        status, job = self.service.call("POST", "/api/jobs", {"workload_id": "airline", "client_id": "app"})
        self.assertEqual(status, 200, job)
        ended = self.service.wait_for_job(job["id"], timeout=300)
        self.assertEqual(ended["status"], "completed", ended)
        report = self.service.call("GET", f"/api/jobs/{job['id']}/report")[1]
        self.assertEqual(report["dataset"]["steps"][0]["in"], 400)

        self.flywheel("workloads", "forget", "airline")
        self.ask([{"role": "system", "content": system}, {"role": "user", "content": "And back?"}])
        flywheel.wait_until(lambda: self.counts()["untagged"] == after["untagged"] + 2, 20, "it is untagged again")
        self.assertEqual(self.counts()["airline"], 401)


if __name__ == "__main__":
    unittest.main()
