"""From a finished job's report to the gateway's traffic and back: signed by a second person, step by step, taken off by
the gates when its engine dies, without a request that is not answered. The candidate and production are servers that
answer as production did (tests/traffic/echo_model.py)."""
import datetime
import json
import pathlib
import subprocess
import sys
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "traffic"))
import echo_model
import gateway  # finds the next one
import flywheel

CONFIG = """
  - {{model_name: small, url: '{candidate}', served_model_name: echo, customization_enabled: false}}
data_split_config: {{eval_size: 30, val_ratio: 0.1, min_total_records: 60, random_seed: 7, limit: 200}}
evaluation: {{parallelism: 8}}
gateway:
  port: 0
  upstreams:
    - {{name: production, url: '{production}'}}
    - {{name: small, url: '{candidate}'}}
promotion:
  canary_steps: [0.5, 0.9]
  gates: {{errors: 0.1, bad_feedback: 0.2}}
  shadow: {{share: 1, timeout_seconds: 5}}
  webhooks: [{{url: '{receiver}', secret_env: FLYWHEEL_TEST_HOOK}}]
"""


SECRET = "s3cret"


def counted(values):
    return {value: values.count(value) for value in set(values)}


class Promotion(unittest.TestCase):
    config = CONFIG
    more = {}  # what else stands in it

    @classmethod
    def setUpClass(cls):
        cls.service = gateway.GatewayService(config="")
        cls.addClassCleanup(cls.service.close)
        traffic = flywheel.sample(cls.service.folder / "router.jsonl", count=240)
        cls.documents = flywheel.documents_of(traffic)
        cls.production = echo_model.EchoModel(cls.documents)
        cls.addClassCleanup(cls.production.close)
        # The candidate is a program of its own, so that it can die.
        kept = cls.service.folder / "kept.jsonl"
        kept.write_text("".join(json.dumps(document) + "\n" for document in cls.documents), encoding="utf-8")
        cls.candidate = subprocess.Popen([sys.executable, echo_model.__file__, kept], stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.candidate.kill)
        candidate_url = cls.candidate.stdout.readline().strip()
        cls.receiver = flywheel.WebhookReceiver(failures=1)  # the first entry is told again
        cls.addClassCleanup(cls.receiver.close)
        cls.service.env["FLYWHEEL_TEST_HOOK"] = SECRET
        cls.service.config.write_text("nims:" + cls.config.format(candidate=candidate_url, production=cls.production.url,
                                                                   receiver=cls.receiver.url, **cls.more))
        cls.service.start()
        flywheel.run("load", traffic, "--server", cls.service.url)
        status, job = cls.service.call("POST", "/api/jobs", {"workload_id": "router", "client_id": "demo"})
        assert status == 200, job
        cls.job = cls.service.wait_for_job(job["id"], timeout=300)["id"]

    def promote(self, *words, person, fails=False):
        done = flywheel.run("promote", *words, "--person", person, "--server", self.service.url, *([] if fails else ["--json"]))
        if fails:
            self.assertNotEqual(done.returncode, 0, done.stdout)
            return done.stderr
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def ask(self, number, conversation):
        """Who answered: by the record that the gateway kept."""
        return self.send(self.documents[number % len(self.documents)]["request"], conversation)

    def send(self, body, conversation):
        request = urllib.request.Request(
            self.service.gateway + "/v1/chat/completions", data=json.dumps({**body, "model": "echo"}).encode(),
            headers={"Content-Type": "application/json", "x-flywheel-workload": "router", "x-flywheel-client": "demo",
                     "x-flywheel-conversation": conversation})
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.assertEqual(answer.status, 200)
            return json.loads(answer.read())

    def variants_of(self, prefix, count):
        """Which variants answered the conversations that begin with the prefix."""
        def found():
            page = self.service.call("GET", "/api/interactions?limit=1000")[1]["interactions"]
            mine = [one["flywheel"] for one in page if one["flywheel"].get("conversation", "").startswith(prefix)]
            return mine if len(mine) >= count else None
        return {one["conversation"]: one["variant"] for one in flywheel.wait_until(found, 30, f"{count} records")}

    def stage(self, proposal):
        return self.service.call("GET", f"/api/promotions/{proposal}")[1]["stage"]

    def proposal(self, one):
        return self.service.call("GET", f"/api/promotions/{one}")[1]

    def shadow(self, one):
        """Copies are compared, and are no traffic."""
        self.assertEqual(self.promote("shadow", one, person="op")["stage"], "shadow")
        for i in range(20):
            self.ask(i, f"shadow-{i}")
        flywheel.wait_until(lambda: self.proposal(one)["pairs"]["pairs"] >= 20, 30, "20 pairs")
        shown = self.proposal(one)
        self.assertEqual(shown["pairs"]["score"], 1)
        self.assertEqual(shown["progress"]["requests"], 0)
        self.assertGreater({gate["gate"]: gate for gate in shown["progress"]["gates"]}["disagreement"]["count"], 0)
        self.assertEqual(set(self.variants_of("shadow", 20).values()), {"production"})
        pair = self.service.call("GET", f"/api/promotions/{one}/pairs?limit=1")[1]["pairs"][0]
        self.assertEqual(self.service.call("GET", "/api/traffic/" + pair["record_id"])[0], 200)
        self.assertIn("shadowed pairs", flywheel.run("promote", "status", one, "--server", self.service.url).stdout)

    def rate(self, one):
        """An application says what it thinks of an answer, by the header or by the answer's own id."""
        shown = self.proposal(one)
        for i in range(200):
            request = urllib.request.Request(
                self.service.gateway + "/v1/chat/completions", data=json.dumps({**self.documents[1]["request"], "model": "echo"}).encode(),
                headers={"Content-Type": "application/json", "x-flywheel-workload": "router", "x-flywheel-client": "demo",
                         "x-flywheel-conversation": f"rated-{i}"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
                record = answer.headers["x-flywheel-id"]
            self.assertTrue(record)
            body = json.dumps({"id": record, "outcome": "good", "comment": "as it should be"}).encode()
            said = urllib.request.Request(self.service.gateway + "/v1/feedback", data=body, headers={"Content-Type": "application/json"})
            with urllib.request.urlopen(said, timeout=30) as answer:
                rating = json.loads(answer.read())
            if rating["promotion"] == one:
                break
        self.assertEqual((rating["promotion"], rating["score"]), (one, 1))
        self.assertEqual(rating["variant"], shown["model_name"] + " " + shown["variant"])
        self.assertEqual(self.service.call("POST", "/api/feedback", {"id": record, "outcome": "bad"})[0], 409)
        self.assertEqual(self.service.call("POST", "/api/feedback", {"id": "no-such", "outcome": "bad"})[0], 404)
        gates = {gate["gate"]: gate for gate in self.proposal(one)["progress"]["gates"]}
        self.assertEqual(gates["bad_feedback"]["count"], 1)

    def counts_survive(self, one):
        """kill -9: the gates go on with what they had counted."""
        before = self.proposal(one)["progress"]
        time.sleep(2.5)  # counts are on disk a second later
        self.service.kill()
        (self.service.data / "gateway.url").unlink(missing_ok=True)
        self.service.start()
        after = self.proposal(one)["progress"]
        self.assertGreater(before["requests"], 0)
        self.assertEqual(after["requests"], before["requests"])
        self.assertEqual(self.stage(one), "canary")

    def history(self, one, other):
        """Who answered when, who let it; and every step went to the receiver, once and in order."""
        entries = self.service.call("GET", "/api/audit?after=0")[1]["entries"]
        started = [entry for entry in entries if entry["subject"] == one and entry["action"] == "promotion.start_canary"][0]
        later = datetime.datetime.fromisoformat(started["at"] + "+00:00").timestamp() + 1
        said = flywheel.run("promote", "history", "--at", str(int(later)), "--server", self.service.url).stdout
        self.assertIn("canary, answered 50 %", said)
        # A date alone is the whole day, whatever hour it is.
        day = flywheel.run("promote", "history", "--at", started["at"][:10], "--server", self.service.url).stdout
        self.assertIn("canary, answered 50 %", day)
        self.assertIn("live, answered 100 %", day)
        self.assertIn("start_canary by op", day)
        self.assertIn("in the future", flywheel.run("promote", "history", "--at", "2200-01-01", "--server", self.service.url).stderr)
        unknown = flywheel.run("promote", "history", "--workload", "nope", "--server", self.service.url)
        self.assertEqual((unknown.returncode, "nothing is known of" in unknown.stderr), (1, True))
        self.assertIn("signed by bob", said)
        everything = flywheel.run("promote", "history", other, "--server", self.service.url).stdout
        self.assertIn("go_live  by op", everything)
        self.assertNotIn(one, everything)
        told = lambda: {json.loads(body)["number"]: (headers, body) for headers, body in self.receiver.posts[1:]}
        flywheel.wait_until(lambda: len(told()) >= len(entries), 30, "all webhooks")
        self.assertEqual(sorted(told()), [entry["number"] for entry in entries])
        self.assertEqual(list(told()), sorted(told()))
        self.assertTrue(all(flywheel.is_signed(headers, body, SECRET) for headers, body in told().values()))
        # What they were told is shown, with the attempt that failed, also of before the service died.
        deliveries = lambda: self.service.call("GET", "/api/audit/deliveries")[1]["deliveries"]
        flywheel.wait_until(lambda: all(one["status"] == "delivered" for one in deliveries()), 30, "all deliveries")
        shown = deliveries()
        self.assertEqual([one["entry"] for one in shown], sorted((one["number"] for one in entries), reverse=True)[:50])
        self.assertEqual({one["status"] for one in shown}, {"delivered"})
        self.assertEqual([attempt["status"] for attempt in shown[-1]["attempts"]], [503, 200])
        self.assertEqual((shown[0]["event"], shown[0]["next_attempt_at"]), (entries[-1]["action"], None))
        self.assertEqual(json.loads(told()[1][1])["event"], "promotion.propose")

    def test_the_whole_way(self):
        proposed = self.promote("propose", self.job, "--upstream", "small", "--reason", "as good", person="ada")
        one = proposed["id"]
        self.assertEqual((proposed["stage"], proposed["workload_id"]), ("proposed", "router"))
        self.assertIn("somebody else signs", self.promote("sign", one, person="ada", fails=True))
        self.assertIn("1 more, by somebody other than ada; possible now: sign, reject", self.promote("start", one, person="op", fails=True))
        self.assertIn("same person", self.promote("sign", one, person="Ada", fails=True))
        self.assertEqual(self.promote("sign", one, person="bob")["stage"], "signed_off")
        for i in range(10):
            self.ask(i, f"before-{i}")
        self.assertEqual(set(self.variants_of("before", 10).values()), {"production"})

        self.shadow(one)
        self.assertEqual(self.promote("start", one, person="op")["share"], 0.5)
        for turn in range(2):
            for i in range(40):
                self.ask(i, f"canary-{i}")
        by = self.variants_of("canary", 80)
        shares = counted(list(by.values()))
        self.assertEqual(len(by), 40)
        self.assertGreater(min(shares.values()), 8, shares)
        self.assertEqual(len(shares), 2)

        self.rate(one)
        self.counts_survive(one)

        # Its engine dies: every request is answered all the same, and the gates take it off.
        self.candidate.kill()
        self.candidate.wait()
        asked = 0
        while self.stage(one) == "canary" and asked < 400:
            self.ask(asked, f"dead-{asked}")
            asked += 1
        self.assertEqual(self.stage(one), "rolled_back", f"after {asked} requests")
        entry = self.service.call("GET", "/api/audit?limit=1")[1]["entries"][0]
        self.assertEqual((entry["person"], entry["action"]), ("flywheel", "promotion.roll_back"))
        self.assertIn("errors", entry["reason"])
        self.assertEqual(set(self.variants_of("dead", asked).values()), {"production"})

        # kill -9: what stands is what the log says.
        self.service.kill()
        (self.service.data / "gateway.url").unlink(missing_ok=True)
        self.service.start()
        self.assertEqual(self.stage(one), "rolled_back")
        last = self.proposal(one)["progress"]
        self.assertEqual(last, {**entry["details"]["figures"], "missing": 0}, "what it did is known after its end")
        self.assertGreater(last["requests"], 20)
        self.assertIn("requests", flywheel.run("promote", "status", one, "--server", self.service.url).stdout)

        # Another proposal goes live past its last share, and back by one step.
        other = self.promote("propose", self.job, "--upstream", "production", "--model", "echo", person="bob")["id"]
        self.promote("sign", other, person="ada")
        self.promote("start", other, person="op")
        self.assertEqual(self.promote("advance", other, person="op")["share"], 0.9)
        self.assertIn("last step", self.promote("advance", other, person="op", fails=True))
        self.assertEqual(self.promote("live", other, person="op")["share"], 1)
        self.ask(1, "live-1")
        self.assertEqual(set(self.variants_of("live", 1).values()), {proposed["model_name"] + " " + proposed["variant"]})
        self.promote("rollback", other, "--reason", "late", person="op")
        self.ask(1, "back-1")
        self.assertEqual(set(self.variants_of("back", 1).values()), {"production"})

        self.history(one, other)
        log = self.service.data / "audit/audit.jsonl"
        self.assertIn("entries", flywheel.run("audit", "verify", "--data", self.service.data).stdout)
        log.write_text(log.read_text().replace('"person":"ada"', '"person":"eve"', 1))
        self.assertIn("entry 1", flywheel.run("audit", "verify", "--data", self.service.data).stderr)

    def test_what_cannot_be_is_refused_in_words(self):
        self.assertIn("it has production, small", self.promote("propose", self.job, "--upstream", "large", person="ada", fails=True))
        self.assertIn("nothing to promote", self.promote("propose", self.job, "--upstream", "production", person="ada", fails=True))
        self.assertIn("small base-eval", self.promote("propose", self.job, "--upstream", "small", "--variant", "none",
                                                      person="ada", fails=True))
        self.assertIn("no proposal", self.promote("start", "p-none", person="ada", fails=True))
        self.assertEqual(self.service.call("POST", "/api/promotions", {"job_id": "x"})[0], 422)
        self.assertEqual(self.service.call("POST", "/api/promotions/p-none/dance", {"person": "a"})[0], 404)


if __name__ == "__main__":
    unittest.main()
