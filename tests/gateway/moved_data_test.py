"""A data folder is copied, the original spoiled, and the copy moved once more: a finished run's reports, datasets, exports, proposals,
signatures and engine are of the folder in use, with the real trainer and engine."""
import json
import pathlib
import shutil
import unittest

import gateway  # finds the next one
import flywheel
import served_promotion_test


@unittest.skipIf(flywheel.lacks_engines(), flywheel.lacks_engines())
class MovedData(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = gateway.GatewayService(config="")
        cls.addClassCleanup(cls.service.close)
        cls.production = flywheel.StubEndpoint("I see.")
        cls.addClassCleanup(cls.production.close)
        cls.original = cls.service.data
        cls.original.mkdir()
        shutil.copy(flywheel.MODEL, cls.original / "own.gguf")  # the base lies inside too
        cls.start_at(cls.original)
        traffic = flywheel.sample(cls.service.folder / "router.jsonl", count=120)
        flywheel.run("load", traffic, "--server", cls.service.url)
        status, job = cls.service.call("POST", "/api/jobs", {"workload_id": "router", "client_id": "demo"})
        assert status == 200, job
        cls.job = cls.service.wait_for_job(job["id"], timeout=600)
        assert cls.job["status"] == "completed", cls.job

    @classmethod
    def start_at(cls, data):
        cls.service.stop()
        cls.service.data = data
        config = served_promotion_test.CONFIG.format(model=data / "own.gguf", production=cls.production.url)
        cls.service.config.write_text("nims:" + config)
        (data / "gateway.url").unlink(missing_ok=True)
        cls.service.start()

    def run_command(self, *words):
        done = flywheel.run(*words, "--server", self.service.url)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def promote(self, *words, person="op"):
        return json.loads(self.run_command("promote", *words, "--person", person, "--json"))

    def propose(self):
        return self.promote("propose", self.job["id"], "--variant", "customized-eval", person="ada")

    def engine_of(self, one):
        """The arguments of its engine, once that is ready."""
        state = lambda: self.service.call("GET", f"/api/promotions/{one}")[1]["served_here"]["engine"]
        flywheel.wait_until(lambda: (state() or {}).get("state") == "ready", 120, f"it is ready: {state()}")
        for pid in flywheel.descendants(self.service.process.pid):
            arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            if arguments[0].endswith("llama-server"):
                return " ".join(arguments)
        return ""

    def check_what_was_made(self, gone):
        """All that reads a finished run's files, of the folder in use alone."""
        job = self.job["id"]
        report = self.run_command("report", job, "--json")
        self.assertNotIn(f"{gone}/", report)
        self.assertIn(f"{self.service.data}/own.gguf", report)
        shown = json.dumps(self.service.job(job))
        self.assertNotIn(f"{gone}/", shown)
        self.assertIn(f"file://{self.service.data}/jobs/{job}/", shown)
        self.run_command("dataset", "show", job)
        self.run_command("dataset", "verify", job)
        out = self.service.folder / f"export of {self.service.data.name}"
        self.run_command("export", job, "--to", out)
        self.assertEqual((out / "adapter.gguf").read_bytes(), self.adapter(self.service.data).read_bytes())
        pair = f"/api/jobs/{job}/comparison?left=0.customized-eval&right=0.customized-eval"
        self.assertEqual(self.service.call("GET", pair)[1]["counts"]["rows"], 4)
        found = self.service.call("POST", "/api/log/erasures", {"client_id": "demo"})[1]
        self.assertEqual([one["id"] for one in found["jobs"]], [job], found)

    def adapter(self, data):
        return next((data / "jobs").rglob("adapter.gguf"))

    def check_served_here(self, one):
        shown = self.service.call("GET", f"/api/promotions/{one}")[1]["served_here"]
        self.assertEqual(shown["adapter"], str(self.adapter(self.service.data)))
        self.assertEqual(shown["base"], str(self.service.data / "own.gguf"))

    def test_a_copy_and_then_a_moved_folder(self):
        signed, waiting = self.propose(), self.propose()
        signed = self.promote("sign", signed["id"], person="bob")
        self.service.stop()
        copy, moved = self.service.folder / "a copy", self.service.folder / "moved"
        shutil.copytree(self.original, copy)
        for file in (self.adapter(self.original), *(self.original / "datasets/objects").rglob("*.jsonl")):
            file.write_bytes(b"spoiled")

        self.start_at(copy)
        self.check_what_was_made(self.original)
        again = self.service.call("GET", f"/api/promotions/{signed['id']}")[1]
        self.assertEqual((again["digest"], again["stage"]), (signed["digest"], "signed_off"))
        self.assertEqual(self.promote("sign", waiting["id"], person="bob")["stage"], "signed_off")
        self.assertEqual(self.propose()["digest"], signed["digest"])
        self.promote("shadow", signed["id"])
        served = self.engine_of(signed["id"])
        self.check_served_here(signed["id"])
        self.assertIn(f"{copy}/", served)
        self.assertNotIn(f"{self.original}/", served)

        self.service.stop()
        shutil.rmtree(self.original)
        copy.rename(moved)
        self.start_at(moved)
        self.assertIn(f"{moved}/", self.engine_of(signed["id"]))
        self.check_served_here(signed["id"])
        self.check_what_was_made(copy)
        self.assertEqual(self.promote("start", signed["id"])["stage"], "canary")
        self.adapter(moved).write_bytes(b"other bytes")
        done = flywheel.run("promote", "live", signed["id"], "--person", "op", "--server", self.service.url)
        self.assertIn("not what was proposed any more: adapter", done.stderr)


if __name__ == "__main__":
    unittest.main()
