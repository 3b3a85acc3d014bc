"""SIGTERM with requests under way on every listener: what runs is answered, what comes then is told in the listener's
own words, streams without an end get a last event, and all listeners stop at the same time."""
import http.client
import json
import signal
import threading
import time
import unittest

import gateway
from gateway import flywheel

DOCUMENT = {"timestamp": 1, "workload_id": "w", "client_id": "c",
            "request": {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
            "response": {"choices": [{"message": {"role": "assistant", "content": "hello"}}]}}


class SlowRequest:
    """A request of which one half has been sent: it is under way until the other half is."""

    def __init__(self, url, path, body, headers):
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        self.connection.putrequest("POST", path)
        for name, value in {"Content-Length": len(body), **headers}.items():
            self.connection.putheader(name, str(value))
        self.connection.endheaders(body[:len(body) // 2])
        self.rest = body[len(body) // 2:]

    def end(self):
        self.connection.send(self.rest)
        return self.answer()

    def answer(self):
        answer = self.connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()


def kept_connection(url, path):
    """A connection on which one request has been answered."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    status_of(connection, path)
    return connection


def status_of(connection, path):
    connection.request("GET", path, headers={"User-Agent": "test"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


class EventStream:
    """The events of a stream, read until its end."""

    def __init__(self, url, path):
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        self.connection.request("GET", path)
        self.answer, self.text = self.connection.getresponse(), b""
        self.text = self.answer.read1()
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while piece := self.answer.read1():
            self.text += piece
        self.ended_at = time.monotonic()

    def end(self):
        self.thread.join()
        return self.text


class StoppableService(gateway.GatewayService):
    def __init__(self, upstream, drain):
        keys = f"port: 0, drain_seconds: {drain}"
        super().__init__(config=f"server: {{drain_seconds: {drain}}}\ngateway: {{{keys}, upstream: '{upstream}'}}\n"
                                f"elasticsearch: {{{keys}}}\notlp: {{{keys}}}\n")

    def start(self):
        super().start()
        ready = flywheel.wait_until(lambda: self.call("GET", "/readyz")[1], 30, "it is ready")
        where = {one["name"]: one["url"] for one in ready["listeners"]}
        self.elasticsearch, self.otlp = where["elasticsearch"], where["otlp"]
        return self


def bulk(count):
    action = json.dumps({"create": {}}) + "\n"
    return "".join(action + json.dumps({**DOCUMENT, "timestamp": 1000 + i}) + "\n" for i in range(count)).encode()


def otlp_logs():
    value = {"stringValue": json.dumps(DOCUMENT)}
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": value}]}]}]}).encode()


class Stop(unittest.TestCase):
    def test_what_runs_is_answered_and_what_comes_is_told(self):
        with gateway.mock_upstream("--chunks", "60", "--gap-ms", "50") as upstream, \
                StoppableService(upstream.url, 20) as service:
            kept = {"control": kept_connection(service.url, "/readyz"),
                    "elasticsearch": kept_connection(service.elasticsearch, "/"),
                    "otlp": kept_connection(service.otlp, "/"),
                    "gateway": kept_connection(service.gateway, "/v1/models")}
            events = EventStream(service.url, "/api/events")
            upload = SlowRequest(service.url, "/api/records", (json.dumps(DOCUMENT) + "\n").encode() * 50,
                                 {"Content-Type": "application/x-ndjson"})
            stored = SlowRequest(service.elasticsearch, "/flywheel/_bulk", bulk(300),
                                 {"Content-Type": "application/x-ndjson", "User-Agent": "test"})
            logs = SlowRequest(service.otlp, "/v1/logs", otlp_logs(), {"Content-Type": "application/json"})
            stream = http.client.HTTPConnection(service.gateway.removeprefix("http://"), timeout=60)
            stream.request("POST", "/v1/chat/completions", json.dumps({"model": "m", "stream": True, "messages": []}),
                           {"Content-Type": "application/json"})
            flywheel.wait_until(lambda: service.metric("flywheel_gateway_open_exchanges") == 1, 10, "it runs")

            service.process.send_signal(signal.SIGTERM)
            self.assertIn(b"event: stopping", events.end())
            said = {}
            for name, connection in kept.items():
                path = {"elasticsearch": "/_search", "otlp": "/v1/logs"}.get(name, "/v1/models")
                connection.request("POST" if name == "otlp" else "GET", path, headers={
                    "User-Agent": "test", **({"Content-Type": "application/json"} if name == "otlp" else {})})
                answer = connection.getresponse()
                self.assertEqual((answer.status, answer.getheader("Connection")), (503, "close"), name)
                self.assertTrue(answer.getheader("Retry-After"), name)
                said[name] = (json.loads(answer.read()), answer.getheader("X-Elastic-Product"))
            self.assertIn("stopping", said["control"][0]["detail"])
            self.assertEqual(said["elasticsearch"][0]["status"], 503)
            self.assertIn("stopping", said["elasticsearch"][0]["error"]["reason"])
            self.assertEqual(said["elasticsearch"][1], "Elasticsearch")
            self.assertEqual(said["otlp"][0]["code"], 14)
            self.assertEqual(said["gateway"][0]["error"]["code"], "stopping")

            status, headers, body = upload.end()
            self.assertEqual((status, headers["Connection"]), (200, "close"), body)
            status, headers, body = stored.end()
            self.assertEqual((status, headers["Connection"]), (200, "close"), body)
            self.assertEqual([item["create"]["status"] for item in json.loads(body)["items"]], [201] * 300)
            status, headers, body = logs.end()
            self.assertEqual((status, headers["Connection"]), (200, "close"), body)
            self.assertIn(b"[DONE]", stream.getresponse().read())
            self.assertEqual(service.process.wait(20), 0)
            service.start()
            self.assertEqual(service.call("GET", "/api/interactions?limit=1")[0], 200)
            counts = service.call("GET", "/api/log/stats")[1]["counts"]
            self.assertEqual({one["origin"]: one["records"] for one in counts}["bulk"], 300)

    def test_a_search_whose_answer_is_being_read_slowly_is_answered_whole(self):
        """20 MB, of which sockets hold a part: the rest is written while the service stops."""
        document = {**DOCUMENT, "request": {"model": "m", "messages": [{"role": "user", "content": "word " * 1000}]}}
        lines = "".join(json.dumps({"create": {}}) + "\n" + json.dumps({**document, "timestamp": 1000 + i}) + "\n"
                        for i in range(4000)).encode()
        with gateway.mock_upstream() as upstream, StoppableService(upstream.url, 20) as service:
            headers = {"Content-Type": "application/x-ndjson", "User-Agent": "test"}
            stored = SlowRequest(service.elasticsearch, "/flywheel/_bulk", lines, headers)
            self.assertEqual(stored.end()[0], 200)
            query = json.dumps({"size": 4000, "query": {"term": {"workload_id": "w"}}}).encode()
            search = SlowRequest(service.elasticsearch, "/flywheel/_search", query,
                                 {"Content-Type": "application/json", "User-Agent": "test"})
            search.connection.send(search.rest)
            answer = search.connection.getresponse()
            body = answer.read(1000)
            service.process.send_signal(signal.SIGTERM)
            for _ in range(20):
                time.sleep(0.05)
                body += answer.read(10_000)
            body += answer.read()
            self.assertEqual(len(json.loads(body)["hits"]["hits"]), 4000)
            self.assertEqual(service.process.wait(20), 0)

    def test_all_listeners_stop_at_the_same_time(self):
        """Each has something that does not end within the drain of three seconds."""
        with gateway.mock_upstream("--chunks", "1000", "--gap-ms", "1000") as upstream, \
                StoppableService(upstream.url, 3) as service:
            events = EventStream(service.url, "/api/events")
            stream = http.client.HTTPConnection(service.gateway.removeprefix("http://"), timeout=60)
            stream.request("POST", "/v1/chat/completions", json.dumps({"model": "m", "stream": True, "messages": []}),
                           {"Content-Type": "application/json"})
            flywheel.wait_until(lambda: service.metric("flywheel_gateway_open_exchanges") == 1, 10, "it runs")
            held = [SlowRequest(service.url, "/api/records", b"{}" * 50, {"Content-Type": "application/x-ndjson"}),
                    SlowRequest(service.elasticsearch, "/flywheel/_bulk", bulk(3), {"Content-Type": "application/x-ndjson",
                                                                          "User-Agent": "test"}),
                    SlowRequest(service.otlp, "/v1/logs", otlp_logs(), {"Content-Type": "application/json"})]
            time.sleep(0.5)  # until they have been read
            begin = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            self.assertIn(b"event: stopping", events.end())
            self.assertLess(events.ended_at - begin, 3, "the events wait for the drain")
            self.assertEqual([request.answer()[0] for request in held], [503] * 3)
            self.assertEqual(service.process.wait(30), 0)
            took = time.monotonic() - begin
            self.assertGreater(took, 3)
            self.assertLess(took, 9, "one after the other they take twelve")

    def test_a_client_that_reads_nothing_holds_a_stop_no_longer_than_the_drain(self):
        with gateway.mock_upstream() as upstream, StoppableService(upstream.url, 2) as service:
            text = "word " * 100_000
            lines = "".join(json.dumps({"create": {}}) + "\n" + json.dumps(
                {**DOCUMENT, "timestamp": 1000 + i, "response": {"choices": [{"message": {"role": "assistant",
                                                                                       "content": text}}]}}) + "\n"
                for i in range(40)).encode()
            stored = SlowRequest(service.elasticsearch, "/flywheel/_bulk", lines,
                                 {"Content-Type": "application/x-ndjson", "User-Agent": "test"})
            self.assertEqual(stored.end()[0], 200)
            search = SlowRequest(service.elasticsearch, "/flywheel/_search", b'{"size": 40}',
                                 {"Content-Type": "application/json", "User-Agent": "test"})
            search.connection.send(search.rest)
            search.connection.sock.recv(1)  # the answer has begun; nobody reads on
            begin = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            self.assertEqual(service.process.wait(30), 0)
            took = time.monotonic() - begin
            self.assertGreater(took, 2)
            self.assertLess(took, 10, "the longest drain and eight seconds")

    def test_a_second_signal_ends_the_drain(self):
        with gateway.mock_upstream() as upstream, StoppableService(upstream.url, 600) as service:
            held = SlowRequest(service.elasticsearch, "/flywheel/_bulk", bulk(3), {"Content-Type": "application/x-ndjson",
                                                                         "User-Agent": "test"})
            kept = kept_connection(service.elasticsearch, "/")
            time.sleep(0.5)  # until it has been read
            service.process.send_signal(signal.SIGTERM)
            flywheel.wait_until(lambda: status_of(kept, "/") == 503, 10, "the signal is there")
            service.process.send_signal(signal.SIGINT)
            status, _, body = held.answer()
            self.assertEqual(status, 503, body)
            self.assertEqual(service.process.wait(30), 0)


if __name__ == "__main__":
    unittest.main()
