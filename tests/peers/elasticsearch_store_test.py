"""A real Elasticsearch as the log store: the contract's tests against it, and a service that keeps its traffic there."""
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from peers import Unavailable, Venv
from service import FLYWHEEL, CaptureService, StubEndpoint, document, wait_until

SOURCE = pathlib.Path(os.environ["FLYWHEEL_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["FLYWHEEL_BIN_DIR"]).parent
PEER = pathlib.Path(os.environ["FLYWHEEL_CACHE"]) / "peers" / "elasticsearch-9.5.3"
CONFIG = """elasticsearch: {port: 0}
otlp: {enabled: false}
log_store: {elasticsearch: {url: URL, index: flywheel}}
"""


def call(url, method="GET", body=None):
    request = urllib.request.Request(url, method=method, data=None if body is None else json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


class Cluster:
    """One node on a free port of this machine, with data of its own for as long as it is kept."""

    def __init__(self, port=19211):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.process = None

    def start(self):
        log = open(PEER / "log", "ab")  # noqa: SIM115 (the process's own from here on)
        self.process = subprocess.Popen([SOURCE / "bench/bulk/elasticsearch/run", PEER, str(self.port)], stdout=log,
                                        stderr=log, start_new_session=True)
        log.close()
        wait_until(self.is_up, 120, "Elasticsearch answers")

    def is_up(self):
        if self.process.poll() is not None:
            raise AssertionError("Elasticsearch ended: " + (PEER / "log").read_text(errors="replace")[-2000:])
        try:
            return call(self.url + "/_cluster/health")["status"] in ("green", "yellow")
        except (OSError, urllib.error.URLError, KeyError):
            return False

    def kill(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def why_not():
    if not list(pathlib.Path("/usr/lib/jvm").glob("*/bin/java")):
        return "no Java is installed"
    if not (PEER / ".complete").exists() and subprocess.run(["which", "mvn", "unzip"], capture_output=True).returncode:
        return "Elasticsearch is not in the cache, and there is no Maven or unzip to fetch it"
    return ""


@unittest.skipIf(why_not(), why_not())
class ElasticsearchAsTheLogStore(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        PEER.mkdir(parents=True, exist_ok=True)
        cls.cluster = Cluster()
        try:
            cls.cluster.start()
        except AssertionError as failure:
            cls.cluster.kill()
            if (PEER / ".complete").exists():
                raise
            raise unittest.SkipTest(f"Elasticsearch could not be fetched: {failure}")  # noqa: B904

    @classmethod
    def tearDownClass(cls):
        cls.cluster.kill()

    def setUp(self):
        try:
            call(self.cluster.url + "/flywheel", "DELETE")
        except urllib.error.HTTPError:
            pass

    def service(self, **options):
        service = CaptureService(CONFIG.replace("URL", self.cluster.url), **options)
        self.addCleanup(service.close)
        return service.start()

    def test_the_contract_holds(self):
        run = subprocess.run([BUILD / "tests/capture_elasticsearch_tests"], capture_output=True, text=True, timeout=600,
                             env={**os.environ, "FLYWHEEL_TEST_ELASTICSEARCH": self.cluster.url})
        self.assertEqual(run.returncode, 0, run.stdout[-4000:])
        self.assertNotIn("SKIPPED", run.stdout)

    def load(self, service, documents):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            for one in documents:
                file.write(json.dumps(one) + "\n")
            file.flush()
            done = subprocess.run([FLYWHEEL, "load", "--server", service.url, file.name], capture_output=True, text=True,
                                  timeout=120)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return done.stdout

    def test_traffic_is_in_the_index_and_the_blueprint_reads_it(self):
        service = self.service()
        self.load(service, [document(i) for i in range(500)])
        wait_until(lambda: service.records() == {("router", "dev"): 500}, 60, "all records are in the index")
        call(self.cluster.url + "/flywheel/_refresh", "POST")
        found = call(self.cluster.url + "/flywheel/_search", "POST", {
            "size": 2, "query": {"bool": {"must": [{"match": {"client_id": "dev"}}, {"match": {"workload_id": "router"}}]}},
            "sort": [{"timestamp": {"order": "desc"}}], "track_total_hits": True})
        self.assertEqual(found["hits"]["total"]["value"], 500)
        newest = found["hits"]["hits"][0]["_source"]
        self.assertEqual((newest["timestamp"], newest["request"]), (document(499)["timestamp"], document(499)["request"]))
        self.load(service, [document(i) for i in range(500)])  # the same again
        self.assertEqual(service.count(), 500)

    def test_dashboards_and_tools_get_the_answers_of_an_embedded_store(self):
        try:
            client = Venv("elasticsearch9")
        except Unavailable as error:
            raise unittest.SkipTest(str(error)) from None
        done = client.run("elastic_dashboard.py", self.service().listener("elasticsearch"), timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_cluster_that_is_away_costs_nothing_and_gets_all_later(self):
        service = self.service()
        self.load(service, [document(i) for i in range(100)])
        wait_until(lambda: service.count() == 100, 60, "the first are in the index")
        self.cluster.kill()
        try:
            self.load(service, [document(i) for i in range(100, 300)])
            self.assertEqual(service.call("GET", "/readyz")[0], 200)
            service.kill()  # the journal is on this machine's disk
            service.start()
            self.load(service, [document(i) for i in range(300, 350)])
        finally:
            self.cluster.start()
        wait_until(lambda: service.count() == 350, 90, "all records are in the index")
        page = call(self.cluster.url + "/flywheel/_count")
        self.assertEqual(page["count"], 350)

    def service_with_models(self):
        """One that can evaluate, with sixty records in the index."""
        endpoint = StubEndpoint()
        self.addCleanup(endpoint.close)
        service = self.service()
        service.stop()
        service.config.write_text(endpoint.config(CONFIG.replace("URL", self.cluster.url)))
        service.start()
        self.load(service, [document(i) for i in range(60)])
        wait_until(lambda: service.count() == 60, 60, "all records are in the index")
        return service

    def let_write(self, may):
        call(self.cluster.url + "/flywheel/_settings", "PUT", {"index.blocks.write": None if may else True})

    def start_job(self, service):
        status, job = service.call("POST", "/api/jobs", {"workload_id": "router", "client_id": "dev"})
        self.assertEqual(status, 200, job)
        return job["id"]

    def report_of(self, service, job):
        self.assertEqual(service.wait_for_job(job, 180)["status"], "completed")
        return service.call("GET", f"/api/jobs/{job}/report")[1]

    def test_a_run_waits_for_what_was_acknowledged_before_it_began(self):
        service = self.service_with_models()
        self.let_write(False)
        self.load(service, [document(i) for i in range(60, 72)])
        job = self.start_job(service)
        time.sleep(5)
        self.assertFalse(service.job(job)["finished_at"])
        self.let_write(True)
        report = self.report_of(service, job)
        self.assertEqual(report["dataset"]["steps"][0]["in"], 72)
        self.assertNotIn("waiting", report["dataset"])

    def test_what_the_cluster_does_not_take_is_said_everywhere_and_a_run_goes_on_without_it(self):
        service = self.service_with_models()
        self.let_write(False)
        loaded = self.load(service, [document(i) for i in range(60, 72)])
        self.assertRegex(loaded.splitlines()[-1], r"^12 records are acknowledged and not yet in the log store: .*blocked")
        for path in ("/readyz", "/api/workloads", "/api/statistics", "/api/log/stats"):
            status, answer = service.call("GET", path)
            self.assertEqual((status, answer["waiting"]["records"]), (200, 12), path)
            self.assertIn("blocked", answer["waiting"]["reason"])
            self.assertGreater(answer["waiting"]["oldest_seconds"], 0)
        for command in (["log", "stats"], ["workloads"]):
            done = subprocess.run([FLYWHEEL, *command, "--server", service.url], capture_output=True, text=True, timeout=60)
            self.assertIn("12 records are acknowledged and not yet in the log store", done.stdout)
        report = self.report_of(service, self.start_job(service))
        self.assertEqual(report["dataset"]["steps"][0]["in"], 60)
        self.assertEqual(report["dataset"]["waiting"]["records"], 12)
        self.assertIn("waiting records", [one["name"] for one in report["trust"]["checks"] if not one["ok"]])
        self.let_write(True)
        wait_until(lambda: "waiting" not in service.call("GET", "/readyz")[1], 60, "nothing waits")
        self.assertEqual(service.count(), 72)

    def test_a_run_waits_for_a_cluster_that_is_away(self):
        service = self.service_with_models()
        self.cluster.kill()
        try:
            status, job = service.call("POST", "/api/jobs", {"workload_id": "router", "client_id": "dev"})
            if status == 200:
                self.assertFalse(service.job(job["id"])["finished_at"])
        finally:
            self.cluster.start()
        if status != 200:  # the order itself was refused, with a reason
            self.assertEqual(status, 503, job)
            job = service.call("POST", "/api/jobs", {"workload_id": "router", "client_id": "dev"})[1]
        self.assertEqual(service.wait_for_job(job["id"], 180)["status"], "completed")

    def digests_of_a_run(self, service, traffic):
        done = subprocess.run([FLYWHEEL, "load", "--server", service.url, traffic], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        empty = "flywheel_log_journal_records 0\n"
        wait_until(lambda: service.count() > 0 and empty in service.call("GET", "/metrics")[1], 60, "all records are there")
        status, job = service.call("POST", "/api/jobs", {"workload_id": "router", "client_id": "demo"})
        self.assertEqual(status, 200, job)
        service.wait_for_job(job["id"])
        report = service.call("GET", f"/api/jobs/{job['id']}/report")[1]
        return [(one["name"].rsplit("-", 1)[0], one["digest"]) for one in report["dataset"]["datasets"]]

    def test_datasets_are_the_same_byte_for_byte_as_from_the_embedded_store(self):
        endpoint = StubEndpoint()
        self.addCleanup(endpoint.close)
        with tempfile.NamedTemporaryFile("wb", suffix=".jsonl") as traffic:
            subprocess.run([FLYWHEEL, "sample", "--workload", "router", "--count", "400", "--seed", "3"], stdout=traffic,
                           check=True)
            runs = []
            for config in (CONFIG.replace("URL", self.cluster.url), "elasticsearch: {port: 0}\notlp: {enabled: false}\n"):
                service = CaptureService(config)
                service.config.write_text(endpoint.config(config))
                self.addCleanup(service.close)
                runs.append(self.digests_of_a_run(service.start(), traffic.name))
        self.assertEqual(len(runs[0]), 3)
        self.assertEqual(runs[0], runs[1])


if __name__ == "__main__":
    unittest.main()
