"""A disk that takes no more bytes for a while: the service says so wherever somebody looks, and goes on when it is well."""
import json
import os
import unittest
import urllib.error
import urllib.request

import flywheel

FULL_AT = 16 << 10  # bytes of a file; what the stores write into has more, an upload of one record less


def document(number, text="hello"):
    request = {"model": "big", "messages": [{"role": "user", "content": f"{number} {text}"}]}
    response = {"choices": [{"index": 0, "message": {"role": "assistant", "content": f"answer {number}"}}]}
    return {"timestamp": 1732460000 + number, "workload_id": "w", "client_id": "c", "request": request, "response": response}


class UnwellDisk(unittest.TestCase):
    def setUp(self):
        self.endpoint = flywheel.StubEndpoint()
        self.addCleanup(self.endpoint.close)
        self.service = flywheel.Service(self.endpoint.config("evaluation: {request_timeout_seconds: 60}\n"
                                                             "elasticsearch: {port: 0}\notlp: {port: 0}\n"))
        self.addCleanup(self.service.close)
        self.service.start()
        # More than fits a small file, so that the store cannot help itself by beginning a new one.
        status, answer = self.load([document(n, os.urandom(1500).hex()) for n in range(200)])
        self.assertEqual((status, answer["appended"]), (200, 200))

    def load(self, documents):
        return self.service.call("POST", "/api/records", documents)

    def wait_until_ready(self):
        flywheel.wait_until(lambda: self.service.call("GET", "/readyz")[0] == 200, 30, "the store is well again")

    def test_readiness_says_that_records_cannot_be_written_until_they_can(self):
        self.assertEqual(self.service.call("GET", "/readyz")[0], 200)
        self.service.limit_files(FULL_AT)
        status, answer = self.load([document(1000)])
        self.assertGreaterEqual(status, 500, answer)
        status, answer = self.service.call("GET", "/readyz")
        self.assertEqual(status, 503, answer)
        self.assertIn("cannot write to the log store", answer["detail"])
        self.assertEqual(self.service.call("GET", "/healthz")[0], 200)
        self.service.let_files_grow()
        self.wait_until_ready()
        self.assertEqual(self.load([document(1001)])[0], 200)

        self.service.stop()
        self.service.start()
        counts = self.service.call("GET", "/api/log/stats")[1]["counts"]
        # The refused one may be there: it was not acknowledged, and may not have been undone either.
        self.assertIn(sum(row["records"] for row in counts), (201, 202))

    def listener(self, name):
        return next(one["url"] for one in self.service.call("GET", "/readyz")[1]["listeners"] if one["name"] == name)

    def post(self, url, body):
        request = urllib.request.Request(url, data=body.encode(), headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def test_clients_outside_are_told_to_come_again_and_not_where_the_data_lies(self):
        bulk, logs = self.listener("elasticsearch") + "/_bulk", self.listener("otlp") + "/v1/logs"
        documents = [document(n, os.urandom(1500).hex()) for n in range(1000, 1020)]
        log = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": json.dumps(d)}} for d in documents]}]}]}
        lines = "".join(json.dumps({"index": {"_index": "flywheel"}}) + "\n" + json.dumps(d) + "\n" for d in documents)
        self.service.limit_files(FULL_AT)
        for url, body in ((bulk, lines), (logs, json.dumps(log))):
            status, text = self.post(url, body)
            self.assertIn(status, (429, 503), text[:300])
            self.assertNotIn(str(self.service.folder), text)
            self.assertIn("send it again later", text)
        self.service.let_files_grow()
        self.wait_until_ready()
        self.assertEqual(self.post(bulk, lines)[0], 200)

    def test_a_job_says_why_it_waits(self):
        self.endpoint.delay = 3
        order = lambda: self.service.call("POST", "/api/jobs", {"workload_id": "w", "client_id": "c"})[1]["id"]
        first, second = order(), order()
        flywheel.wait_until(lambda: self.endpoint.requests > 0, 30, "the first job asks")
        self.service.limit_files(FULL_AT)
        show = lambda: flywheel.run("jobs", "show", second, "--server", self.service.url).stdout
        flywheel.wait_until(lambda: "warning: jobs wait" in show(), 60, "the reason is told")
        self.assertIn("metadata.sqlite", show())
        self.assertEqual(self.service.job(second)["status"], "pending")
        self.endpoint.delay = 0
        self.service.let_files_grow()
        self.assertIn("finished_at", self.service.wait_for_job(second, 60))
        self.service.wait_for_job(first, 60)
        self.assertNotIn("jobs wait", show())


if __name__ == "__main__":
    unittest.main()
