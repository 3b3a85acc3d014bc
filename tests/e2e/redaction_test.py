"""What rules of redaction name never stands on the disk: not in the store, not beside it, not for a moment."""
import json
import shutil
import socket
import unittest
import urllib.parse
import urllib.request

import flywheel

KEY = "0123456789abcdef0123456789abcdef"
CONFIG = """nims: [{model_name: a, url: "http://127.0.0.1:9/v1"}]
redact:
  rules:
    - {kind: email, action: pseudonym}
    - {kind: card}
    - {path: $..password, action: drop}
"""
MAIL, CARD, PASSWORD = "zoe.planted@example.com", "4111 1111 1111 1111", "xyzzy-planted"


def document(number, content):
    arguments = json.dumps({"to": MAIL, "password": PASSWORD})
    call = {"id": "c", "type": "function", "function": {"name": "send", "arguments": arguments}}
    return {"timestamp": 1732460000 + number, "workload_id": "router", "client_id": "demo",
            "request": {"model": "big", "messages": [{"role": "user", "content": f"{number} {content}"}]},
            "response": {"choices": [{"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": [call]}}]}}


class Redaction(unittest.TestCase):
    def setUp(self):
        self.service = flywheel.Service(CONFIG, env={"FLYWHEEL_REDACTION_KEY": KEY})
        self.addCleanup(shutil.rmtree, self.service.folder, True)
        self.addCleanup(lambda: self.service.process and self.service.kill())

    def on_disk(self):
        """All bytes below the data folder."""
        return b"".join(path.read_bytes() for path in self.service.data.rglob("*") if path.is_file())

    def assert_nothing_planted(self):
        found = self.on_disk()
        for value in (MAIL, CARD, PASSWORD, "planted"):
            self.assertNotIn(value.encode(), found)
        return found

    def test_what_was_loaded_is_redacted_in_the_store_and_beside_it(self):
        self.service.start()
        lines = [json.dumps(document(n, f"Mail {MAIL}, card {CARD}")) for n in range(20)]
        lines[:0] = ['{"timestamp": 1, "mail": "%s", "password": "%s"}' % (MAIL, PASSWORD), '{"broken": "%s' % MAIL]
        file = self.service.folder / "traffic.jsonl"
        file.write_text("\n".join(lines))
        done = flywheel.run("load", file, "--server", self.service.url, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)["files"][0]
        self.assertEqual((report["appended"], report["bad"]), (20, 2))
        self.assertEqual(report["redacted"], {"card": 20, "email": 40, "redacted": 20})
        self.service.kill()
        found = self.assert_nothing_planted()
        self.assertIn(b"[CARD]", found)
        self.assertIn(b"EMAIL_", found)

    def test_an_upload_that_a_crash_breaks_off_leaves_nothing_to_read(self):
        self.service.start()
        address = urllib.parse.urlsplit(self.service.url)
        body = "\n".join(json.dumps(document(n, f"Mail {MAIL}")) for n in range(2000)).encode()
        with socket.create_connection((address.hostname, address.port)) as peer:
            head = f"POST /api/records HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {2 * len(body)}\r\n\r\n"
            peer.sendall(head.encode() + body)
            uploads = self.service.data / "uploads"
            flywheel.wait_until(lambda: sum(p.stat().st_size for p in uploads.iterdir()) > len(body) // 2, 20,
                                "the upload is on the disk")
            self.service.kill()
        self.assertGreater(len(self.on_disk()), len(body) // 2)
        self.assert_nothing_planted()

    def send(self, url, body, kind="application/json", **headers):
        request = urllib.request.Request(url, data=body.encode(), headers={"Content-Type": kind, **headers})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"{}")

    def listener(self, name):
        return next(one["url"] for one in self.service.call("GET", "/readyz")[1]["listeners"] if one["name"] == name)

    def test_what_comes_in_live_is_redacted_by_every_way(self):
        upstream = flywheel.StubEndpoint(f"write to {MAIL}")
        self.addCleanup(upstream.close)
        self.service.config.write_text(CONFIG + f"gateway: {{port: 0, upstream: '{upstream.url}'}}\n"
                                       "elasticsearch: {port: 0}\notlp: {port: 0}\n")
        self.service.start()
        flywheel.wait_until((self.service.data / "gateway.url").exists, 30, "the gateway listens")

        asked = {"model": "m", "messages": [{"role": "user", "content": f"I am {MAIL}, card {CARD}"}]}
        answer = self.send(self.listener("gateway") + "/v1/chat/completions", json.dumps(asked))
        self.assertIn(MAIL, answer["choices"][0]["message"]["content"])  # the client's bytes are its own

        lines = [json.dumps({"index": {}}), json.dumps(document(1, MAIL)), json.dumps({"index": {}}), json.dumps({"mail": MAIL})]
        items = self.send(self.listener("elasticsearch") + "/flywheel/_bulk", "\n".join(lines) + "\n", "application/x-ndjson")["items"]
        self.assertEqual([item["index"]["status"] for item in items], [201, 400])
        again = self.send(self.listener("elasticsearch") + "/flywheel/_bulk", "\n".join(lines[:2]) + "\n", "application/x-ndjson")
        self.assertFalse(again["errors"], again)  # the same document again is no conflict, redacted or not

        log = {"body": {"stringValue": json.dumps(document(2, f"card {CARD}"))}}
        event = {"traceId": "0" * 31 + "1", "spanId": "0" * 15 + "1", "eventName": "gen_ai.user.message",
                 "body": {"kvlistValue": {"values": [{"key": "content", "value": {"stringValue": f"call {MAIL}"}}]}}}
        self.send(self.listener("otlp") + "/v1/logs", json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [log, event]}]}]}))

        flywheel.wait_until(lambda: sum(w["records"] for w in self.service.call("GET", "/api/workloads")[1]["workloads"]) == 3, 20,
                            "all three are stored")
        self.service.kill()
        self.assertIn(b"[CARD]", self.assert_nothing_planted())

    def test_a_dry_run_counts_and_changes_nothing(self):
        file = self.service.folder / "traffic.jsonl"
        file.write_text("\n".join(json.dumps(document(n, f"Mail {MAIL}")) for n in range(5)))
        before = file.read_bytes()
        done = flywheel.run("redact", "--dry-run", file, "--config", self.service.config, "--json",
                            env={"FLYWHEEL_REDACTION_KEY": KEY})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["workloads"], {"router": {"email": 10, "redacted": 5}})
        self.assertEqual(file.read_bytes(), before)
        self.assertEqual(flywheel.run("redact", file).returncode, 2)

    def test_the_service_does_not_start_without_the_key_that_its_rules_need(self):
        done = flywheel.run("serve", "--data", self.service.data, "--port", "0", "--config", self.service.config,
                            env={"FLYWHEEL_REDACTION_KEY": ""}, timeout=30)
        self.assertEqual(done.returncode, 1)
        self.assertIn("FLYWHEEL_REDACTION_KEY", done.stderr)


if __name__ == "__main__":
    unittest.main()
