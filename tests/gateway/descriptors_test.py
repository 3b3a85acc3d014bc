"""A low limit on open files: the listeners take as many connections as leave the stores theirs, and the log says how many."""
import http.client
import json
import unittest

import gateway
from gateway import flywheel

OPEN_FILES = 400
STREAMS = 300


def stream_of(service):
    """An answer that has begun and does not end; its status."""
    connection = http.client.HTTPConnection(service.gateway.removeprefix("http://"), timeout=20)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps({"model": "m", "stream": True, "messages": []}),
                           {"Content-Type": "application/json"})
        return connection, connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return connection, None


class Descriptors(unittest.TestCase):
    def test_all_listeners_together_leave_the_stores_their_files(self):
        with gateway.mock_upstream("--chunks", "1000", "--gap-ms", "1000") as upstream:
            service = gateway.GatewayService(
                config=f"logging_config: {{json: true}}\ngateway: {{port: 0, upstream: '{upstream.url}'}}\n"
                       "elasticsearch: {port: 0}\notlp: {port: 0}\n")
            service.open_files = OPEN_FILES
            with service:
                taken = {line["listener"]: line["taken"] for line in service.log_lines() if "taken" in line}
                self.assertEqual(taken, {"control api": 25, "gateway": 12, "elasticsearch": 25, "otlp": 25})
                streams = [stream_of(service) for _ in range(STREAMS)]
                statuses = [status for _, status in streams]
                answered = statuses.count(200)
                self.assertIn(answered, range(9, 13), "of twelve one address has three quarters at least")
                self.assertEqual(statuses.count(503), STREAMS - answered, statuses)
                document = {"timestamp": 1, "workload_id": "w", "client_id": "c", "request": {"messages": []},
                            "response": {"choices": []}}
                status, report = service.call("POST", "/api/records", document)
                self.assertEqual((status, report["appended"]), (200, 1))
                self.assertEqual(service.call("GET", "/readyz")[0], 200)
                self.assertEqual([line for line in service.log_lines() if line["level"] == "error"], [])
                for connection, _ in streams:
                    connection.close()


if __name__ == "__main__":
    unittest.main()
