"""A promoted model that the service serves by itself, with the real trainer and engine: proposed without an upstream, live,
its engine killed, the service restarted and killed, a byte of its adapter changed, rolled back; every request is answered.
At the end scripts/demo's play of the same, with the example agent."""
import json
import os
import pathlib
import signal
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import clients
import gateway  # finds the next one
import flywheel

CONFIG = """
  - {{model_name: small, path: '{model}', keep_layers: "0, 29", context_length: 2048, customization_enabled: true}}
data_split_config: {{eval_size: 4, val_ratio: 0.1, min_total_records: 40, random_seed: 11, limit: 60}}
training_config: {{epochs: 1, batch_size: 8, learning_rate: 0.002}}
lora_config: {{adapter_dim: 8, adapter_dropout: 0.0}}
evaluation: {{parallelism: 4, max_tokens: 8, variants: [customized-eval]}}
gateway:
  port: 0
  upstreams: [{{name: production, url: '{production}'}}]
promotion:
  canary_steps: [0.5]
  gates: {{errors: 0.5, disagreement: 0, invalid_calls: 0}}
  shadow: {{share: 1, timeout_seconds: 30}}
  serving: {{max_models: 1, concurrency: 2, health_interval_seconds: 0.5, health_timeout_seconds: 2, health_failures: 2}}
"""
SMALL = "small customized-eval"


@unittest.skipIf(flywheel.lacks_engines(), flywheel.lacks_engines())
class ServedPromotion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = gateway.GatewayService(config="")
        cls.addClassCleanup(cls.service.close)
        traffic = flywheel.sample(cls.service.folder / "router.jsonl", count=120)
        cls.documents = flywheel.documents_of(traffic)
        production = subprocess.Popen([flywheel.FLYWHEEL, "sample", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
        for end in (production.stdout.close, production.wait, production.kill):  # the last one first
            cls.addClassCleanup(end)
        url = production.stdout.readline().strip()
        cls.service.config.write_text("nims:" + CONFIG.format(model=flywheel.MODEL, production=url))
        cls.service.start()
        flywheel.run("load", traffic, "--server", cls.service.url)
        status, job = cls.service.call("POST", "/api/jobs", {"workload_id": "router", "client_id": "demo"})
        assert status == 200, job
        cls.job = cls.service.wait_for_job(job["id"], timeout=600)
        assert cls.job["status"] == "completed", cls.job
        cls.asked = 0

    def promote(self, *words, person="op", fails=False):
        done = flywheel.run("promote", *words, "--person", person, "--server", self.service.url, *([] if fails else ["--json"]))
        self.assertEqual(done.returncode != 0, fails, done.stdout + done.stderr)
        return done.stderr if fails else json.loads(done.stdout)

    def proposal(self, one):
        return self.service.call("GET", f"/api/promotions/{one}")[1]

    def promote_log(self, one):
        return self.service.call("GET", f"/api/promotions/{one}/engine_log")[1]["engines"]

    def engine(self, one):
        return self.proposal(one)["served_here"]["engine"]

    def wait_ready(self, one):
        flywheel.wait_until(lambda: (self.engine(one) or {}).get("state") == "ready", 120, f"it is ready: {self.engine(one)}")

    def ask(self, seconds=30):
        """Who answered one request: by the variant that the record bears. Each is answered, or the test fails."""
        type(self).asked += 1
        conversation = f"c-{self.asked}"
        document = self.documents[self.asked % len(self.documents)]
        request = urllib.request.Request(
            self.service.gateway + "/v1/chat/completions",
            data=json.dumps({**document["request"], "model": "echo", "max_tokens": 8}).encode(),
            headers={"Content-Type": "application/json", "Authorization": "Bearer sk-of-the-client", "x-flywheel-workload": "router", "x-flywheel-client": "demo",
                     "x-flywheel-conversation": conversation})
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            self.assertEqual(answer.status, 200)
            json.loads(answer.read())
            record = answer.headers["x-flywheel-id"]
        found = lambda: (answer := self.service.call("GET", f"/api/traffic/{record}"))[0] == 200 and answer[1]
        return flywheel.wait_until(found, 30, f"record {record}")["provenance"]["variant"]

    def engines(self):
        """Processes of llama-server that the service has."""
        names = lambda pid: pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
        found = []
        for pid in flywheel.descendants(self.service.process.pid):
            try:
                if names(pid).endswith("llama-server"):
                    found.append(pid)
            except OSError:
                pass
        return found

    def asked_without_its_key(self):
        """What the engine says to a program that goes to its port by itself."""
        arguments = pathlib.Path(f"/proc/{self.engines()[0]}/cmdline").read_text().split("\0")
        said = {}
        for path in ("/health", "/v1/models", "/v1/chat/completions"):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{arguments[arguments.index('--port') + 1]}{path}", timeout=30) as answer:
                    said[path] = answer.status
            except urllib.error.HTTPError as refused:
                said[path] = refused.code
                refused.close()
        return said

    def key_of_the_engine(self):
        variables = pathlib.Path(f"/proc/{self.engines()[0]}/environ").read_bytes().split(b"\0")
        return next(v for v in variables if v.startswith(b"LLAMA_API_KEY=")).partition(b"=")[2]

    def restart(self, kill):
        left = self.service.kill() if kill else set(self.engines())
        if not kill:
            self.service.stop()
        flywheel.wait_until(lambda: not any(map(flywheel.is_alive, left)), 10, "no engine is left")
        (self.service.data / "gateway.url").unlink(missing_ok=True)
        self.service.start()

    def go_live(self):
        one = self.promote("propose", self.job["id"], "--variant", "customized-eval", "--reason", "as good", person="ada")["id"]
        self.promote("sign", one, person="bob")
        self.promote("start", one)
        self.promote("live", one)
        self.wait_ready(one)
        return one

    def test_1_it_is_served_from_the_first_copy_on(self):
        proposed = self.promote("propose", self.job["id"], "--variant", "customized-eval", "--reason", "as good", person="ada")
        one = proposed["id"]
        self.assertIsNone(proposed["upstream"])
        self.assertEqual(proposed["served_here"]["context_length"], 2048)
        self.assertTrue({"base", "adapter", "serving", "report", "datasets"} <= set(proposed["digests"]))
        self.assertIsNone(proposed["served_here"]["engine"])
        status, said = self.service.call("DELETE", f"/api/jobs/{self.job['id']}")
        self.assertEqual((status, one in said["detail"]), (400, True), said)
        self.assertIn("served here once it is on traffic", flywheel.run("promote", "status", one, "--server", self.service.url).stdout)
        self.promote("sign", one, person="bob")
        self.assertEqual(self.engines(), [])
        self.promote("shadow", one)
        self.assertEqual(self.ask(), "production")
        self.wait_ready(one)
        self.assertEqual([self.ask() for _ in range(4)], ["production"] * 4)
        flywheel.wait_until(lambda: self.proposal(one)["pairs"]["answered"] >= 4, 60, "pairs of both sides")
        self.promote("start", one)
        self.promote("live", one)
        self.assertEqual([self.ask() for _ in range(3)], [SMALL] * 3)
        self.assertEqual(len(self.engines()), 1)
        self.assertEqual(self.asked_without_its_key(), {"/health": 200, "/v1/models": 401, "/v1/chat/completions": 401})
        key = self.key_of_the_engine()
        self.assertEqual(len(key), 64)
        self.assertNotIn(key, pathlib.Path(f"/proc/{self.engines()[0]}/cmdline").read_bytes())
        self.assertEqual([file for file in self.service.data.rglob("*") if file.is_file() and key in file.read_bytes()], [])
        self.assertIn("served here: ready, llama-server", flywheel.run("promote", "status", one, "--server", self.service.url).stdout)
        self.assertEqual(self.service.metric(f'flywheel_promotion_served{{promotion="{one}"}}'), 1)

        written = flywheel.run("promote", "log", one, "--server", self.service.url).stdout
        self.assertIn("listening", written)
        log, = self.promote_log(one)
        self.assertEqual((log["is_running"], "\n".join(log["lines"][:3]) in written), (True, True))

        # As many as may be: one more has to wait for its turn.
        other = self.promote("propose", self.job["id"], "--variant", "customized-eval", person="ada")["id"]
        self.promote("sign", other, person="bob")
        self.assertIn("promotion.serving.max_models", self.promote("start", other, fails=True))
        self.promote("reject", other)

        # Its engine ends with it, and production answers the next request.
        engine = self.engines()
        self.promote("rollback", one, "--reason", "enough")
        self.assertEqual(self.ask(), "production")
        flywheel.wait_until(lambda: not any(map(flywheel.is_alive, engine)), 20, "the engine has ended")
        self.assertIsNone(self.proposal(one)["served_here"]["engine"])
        # What it wrote stays with the job.
        flywheel.wait_until(lambda: not self.promote_log(one)[0]["is_running"], 20, "its log is kept")
        self.assertEqual(len(list(self.service.data.glob(f"jobs/*/engine-{one}.log"))), 1)
        self.assertIn("listening", "\n".join(self.promote_log(one)[0]["lines"]))

    def test_2_what_dies_comes_back_and_nobody_waits_for_it(self):
        one = self.go_live()
        self.assertEqual(self.ask(), SMALL)
        first, key = self.engines(), self.key_of_the_engine()
        self.assertEqual(flywheel.kill_programs(self.service.process.pid, "llama-server"), 1)
        answered = [self.ask() for _ in range(10)]
        self.assertIn("production", answered)
        self.wait_ready(one)
        self.assertEqual(self.ask(), SMALL)
        self.assertNotEqual(self.engines(), first)
        self.assertNotEqual(self.key_of_the_engine(), key)
        engine = self.engine(one)
        self.assertEqual(engine["failures"], 1)
        self.assertIn("killed by signal 9", engine["why"])
        self.assertEqual(self.proposal(one)["stage"], "live")

        # One that is alive and answers nothing is noticed, killed, and comes back; whom it kept waiting is answered.
        hung = self.engines()[0]
        os.kill(hung, signal.SIGSTOP)
        self.assertIn(self.ask(), (SMALL, "production"))
        flywheel.wait_until(lambda: not flywheel.is_alive(hung), 30, "the engine that hangs is killed")
        self.wait_ready(one)
        self.assertEqual(self.ask(), SMALL)
        self.assertEqual([self.engine(one)[what] for what in ("failures", "hangs")], [2, 1])
        self.assertIn("runs and does not answer", self.engine(one)["why"])
        self.assertEqual(self.service.metric(f'flywheel_promotion_engine_hangs_total{{promotion="{one}"}}'), 1)
        self.assertIn("(1 of them hung)", flywheel.run("promote", "status", one, "--server", self.service.url).stdout)
        self.assertEqual(self.proposal(one)["stage"], "live")

        for kill in (False, True):
            self.restart(kill)
            began = time.monotonic()
            self.assertEqual(self.ask(), "production")
            self.assertLess(time.monotonic() - began, 5)
            self.wait_ready(one)
            self.assertEqual(self.ask(), SMALL)
            self.assertEqual(self.proposal(one)["stage"], "live")

        # Other bytes than those that were signed: refused, off traffic, audited.
        adapter = pathlib.Path(self.proposal(one)["served_here"]["adapter"])
        whole = adapter.read_bytes()
        self.addCleanup(adapter.write_bytes, whole)
        self.service.stop()
        adapter.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        self.restart(kill=False)
        flywheel.wait_until(lambda: self.proposal(one)["stage"] == "rolled_back", 30, "it is off traffic")
        self.assertEqual(self.ask(), "production")
        self.assertEqual(self.engines(), [])
        entry = self.service.call("GET", f"/api/promotions/{one}/history")[1]["entries"][-1]
        self.assertEqual((entry["person"], entry["action"]), ("flywheel", "promotion.change"))
        self.assertIn("adapter", entry["reason"])
        self.assertEqual(self.proposal(one)["signatures"], [])

        # Gone bytes likewise.
        adapter.write_bytes(whole)
        two = self.go_live()
        self.service.stop()
        adapter.unlink()
        self.restart(kill=False)
        flywheel.wait_until(lambda: self.proposal(two)["stage"] == "rolled_back", 30, "it is off traffic")
        self.assertIn("is gone", self.proposal(two)["reason"])
        self.assertEqual(self.ask(), "production")
        adapter.write_bytes(whole)

    def test_3_the_demos_play(self):
        python = clients.python()
        one = self.promote("propose", self.job["id"], "--variant", "customized-eval", person="ada")["id"]
        play = [python, "-B", flywheel.SOURCE / "demo/promote.py", "--server", self.service.url, "--gateway", self.service.gateway,
                "--job", self.job["id"], "--service-pid", self.service.process.pid, "--requests", "2", "--proposal", one]
        done = subprocess.run(list(map(str, play)), capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for what in ("its engine answers after", "op: go live -> live, 100 %", "the candidate's engine is killed", "it is back; 2 customers",
                     "a byte of the adapter", "flywheel: rolled back after", "production answers again", "promotion.change  by flywheel"):
            self.assertIn(what, done.stdout)


if __name__ == "__main__":
    unittest.main()
