#!/usr/bin/env python3
"""Bodies that are not what their Content-Encoding says: a mistake of the sender, which it must not send for ever."""
import gzip
import http.client
import json
import pathlib
import sys
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from service import CaptureService, document  # noqa: E402

BULK = "".join(json.dumps(line) + "\n" for line in ({"index": {}}, document(1))).encode()
SPANS = json.dumps({"resourceSpans": []}).encode()


def flipped(packed):
    out = bytearray(packed)
    out[len(out) // 2] ^= 0xFF
    return bytes(out)


class DamagedBodies(unittest.TestCase):
    def setUp(self):
        self.service = CaptureService().start()
        self.addCleanup(self.service.close)

    def post(self, listener, path, body, encoding="gzip"):
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.service.listener(listener)).netloc, timeout=60)
        self.addCleanup(connection.close)
        connection.request("POST", path, body, {"Content-Type": "application/json", "Content-Encoding": encoding})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def test_are_refused_as_the_senders_mistake(self):
        for listener, path, body in (("elasticsearch", "/i/_bulk", BULK), ("elasticsearch", "/i/_doc", BULK),
                                     ("elasticsearch", "/i/_search", b'{"query":{"match_all":{}}}'),
                                     ("otlp", "/v1/traces", SPANS), ("otlp", "/v1/logs", SPANS)):
            packed = gzip.compress(body)
            for what, bad in (("truncated", packed[:-12]), ("flipped", flipped(packed)), ("plain", body)):
                with self.subTest(path=path, what=what):
                    self.assertEqual(self.post(listener, path, bad), 400)
            self.assertEqual(self.post(listener, path, body, "zstd"), 400, path)
        self.assertEqual(self.service.count(), 0)
        self.assertEqual(self.post("elasticsearch", "/i/_bulk", gzip.compress(BULK)), 200)
        self.assertEqual(self.service.count(), 1)

    def test_are_refused_by_the_api_too_and_what_lay_before_the_damage_is_told(self):
        def post(body):
            connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.service.url).netloc, timeout=60)
            self.addCleanup(connection.close)
            connection.request("POST", "/api/records", body, {"Content-Type": "application/gzip"})
            answer = connection.getresponse()
            return answer.status, json.load(answer)
        lines = b"".join(json.dumps(document(i)).encode() + b"\n" for i in range(2000))
        packed = gzip.compress(lines)
        for what, bad in (("truncated", packed[:-12]), ("flipped", flipped(packed))):
            with self.subTest(what=what):
                before = self.service.count()
                status, report = post(bad)
                self.assertEqual(status, 400, report)
                self.assertIn("gzip", report["detail"])
                self.assertEqual(self.service.count() - before, report["appended"])
                self.assertEqual(report["lines"], report["appended"] + report["duplicates"] + report["bad"])
                self.assertIn(f'the first {report["lines"]} lines', report["detail"])
        self.assertEqual(post(packed)[0], 200)
        self.assertEqual(self.service.count(), 2000)


if __name__ == "__main__":
    unittest.main()
