"""An audit log that is moved or removed under a running service: nothing is decided into a file that is not there, and it says what to do."""
import unittest

import gateway
from gateway import flywheel


class AuditFile(unittest.TestCase):
    def setUp(self):
        self.service = gateway.GatewayService(config="gateway: {port: 0, upstreams: [{name: production, url: 'http://127.0.0.1:9/v1'}]}\n")
        self.addCleanup(self.service.close)
        self.service.start()
        self.file = self.service.data / "audit/audit.jsonl"

    def make(self, name):
        return self.service.call("POST", "/api/keys", {"name": name, "tenant": "t", "listeners": ["gateway"]})

    def names(self):
        return [key["name"] for key in self.service.call("GET", "/api/keys")[1]["keys"]]

    def check_nothing_is_decided(self, why):
        status, said = self.make("lost")
        self.assertEqual(status, 503, said)
        self.assertIn(why, said["detail"])
        self.assertIn("flywheel audit export --server", said["detail"])
        self.assertNotIn("lost", self.names())
        status, ready = self.service.call("GET", "/readyz")
        self.assertEqual(status, 503)
        self.assertIn("nothing can be decided", ready["detail"])

    def test_nothing_is_decided_without_its_file(self):
        self.assertEqual(self.make("first")[0], 201)
        self.assertEqual(self.service.call("GET", "/readyz")[0], 200)
        aside = self.file.with_suffix(".1")
        self.file.rename(aside)
        self.check_nothing_is_decided("moved or removed")
        self.file.write_bytes(aside.read_bytes())  # as who restores it under the service
        self.check_nothing_is_decided("another file")
        aside.rename(self.file)
        self.assertEqual(self.service.call("GET", "/readyz")[0], 200)
        self.assertEqual(self.make("second")[0], 201)

        written = self.file.read_bytes()
        self.file.unlink()
        self.check_nothing_is_decided("moved or removed")
        self.assertFalse(self.file.exists())
        # What the service still knows is the log.
        known = flywheel.run("audit", "export", "--server", self.service.url)
        self.assertEqual(known.returncode, 0, known.stderr)
        self.assertEqual(known.stdout.encode(), written)
        self.file.write_bytes(known.stdout.encode())
        self.service.stop()
        (self.service.data / "gateway.url").unlink(missing_ok=True)
        self.service.start()
        self.assertEqual(self.names(), ["first", "second"])
        self.assertEqual(self.make("third")[0], 201)


if __name__ == "__main__":
    unittest.main()
