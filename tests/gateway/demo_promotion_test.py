"""scripts/demo without its run: demo/live.py sends traffic through the gateway; demo/promote.py plays a promotion with the example
agent, the official package and the sample's production model; a second one of those stands for the candidate, and dies."""
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "traffic"))
import clients
import echo_model
import gateway  # finds the next one
import flywheel

CONFIG = """
  - {{model_name: small, url: '{echo}', served_model_name: echo-0.9, customization_enabled: false}}
data_split_config: {{eval_size: 30, val_ratio: 0.1, min_total_records: 60, random_seed: 7, limit: 200}}
evaluation: {{parallelism: 8}}
review: {{open: always}}
gateway:
  port: 0
  upstreams:
    - {{name: production, url: '{production}'}}
    - {{name: small, url: '{candidate}', max_retries: 0}}
promotion: {{canary_steps: [0.3, 0.6], shadow: {{share: 1}}}}
"""


class DemoPromotion(unittest.TestCase):
    def sample_model(self):
        model = subprocess.Popen([flywheel.FLYWHEEL, "sample", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(model.stdout.close)
        self.addCleanup(model.wait)
        self.addCleanup(model.kill)
        return model, model.stdout.readline().strip()

    def test_a_part_of_the_traffic_comes_live(self):
        model, production = self.sample_model()
        service = gateway.GatewayService(config="")
        self.addCleanup(service.close)
        service.config.write_text(f"gateway: {{port: 0, upstreams: [{{name: production, url: '{production}', max_retries: 0}}]}}\n")
        service.start()
        traffic = flywheel.sample(service.folder / "writer.jsonl", workload="writer", count=6)
        live = [sys.executable, "-B", str(flywheel.SOURCE / "demo/live.py"), "--gateway", service.gateway, str(traffic)]
        sent = subprocess.run(live, capture_output=True, text=True, timeout=60)
        self.assertEqual(sent.returncode, 0, sent.stderr)
        self.assertIn("6 requests answered", sent.stdout)
        answered = lambda: service.call("GET", "/api/traffic?workload_id=writer&client_id=demo&origin=gateway")[1]["interactions"]
        flywheel.wait_until(lambda: len(answered()) == 6, 20, "all of it is in the store")
        written = {document["response"]["choices"][0]["message"]["content"] for document in flywheel.documents_of(traffic)}
        self.assertEqual({one["answered"] for one in answered()}, written, "what the sample's production would have said")
        model.kill()
        failed = subprocess.run(live, capture_output=True, text=True, timeout=60)
        self.assertEqual(failed.returncode, 1)
        self.assertIn("the gateway answered 502", failed.stderr)

    def test_it_is_played_to_its_end(self):
        python = clients.python()
        service = gateway.GatewayService(config="")
        self.addCleanup(service.close)
        traffic = flywheel.sample(service.folder / "router.jsonl", count=240)
        echo = echo_model.EchoModel(flywheel.documents_of(traffic))
        self.addCleanup(echo.close)
        _, production = self.sample_model()
        candidate, candidate_url = self.sample_model()
        service.config.write_text("nims:" + CONFIG.format(echo=echo.url, production=production, candidate=candidate_url))
        service.start()
        flywheel.run("load", traffic, "--server", service.url)
        job = service.wait_for_job(service.call("POST", "/api/jobs", {"workload_id": "router", "client_id": "demo"})[1]["id"], timeout=300)["id"]
        flywheel.wait_until(lambda: service.call("GET", "/api/reviews")[1]["reviews"], 30, "the review opens")
        play = [python, "-B", flywheel.SOURCE / "demo/promote.py", "--server", service.url, "--gateway", service.gateway, "--job", job,
                "--upstream", "small", "--candidate-pid", candidate.pid, "--requests", "6"]
        done = subprocess.run(list(map(str, play)), capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        said = done.stdout
        for what in ("grace: judged", "grace: sign -> signed off", "op: start shadow -> shadow", "requests that went to both sides: ",
                     ", 100 % the same", "op: start canary -> canary, 30 %", "op: advance -> canary, 60 %", "op: go live -> live, 100 %",
                     "the candidate's engine is killed", "flywheel: rolled back after", "production answers again",
                     "promotion.roll_back  by flywheel: a gate failed: errors"):
            self.assertIn(what, said)


if __name__ == "__main__":
    unittest.main()
