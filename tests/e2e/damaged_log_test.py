"""A disk that gave back other bytes than were written: the service starts with all that is whole, and says what is not."""
import unittest

import flywheel


def document(number):
    request = {"model": "big", "messages": [{"role": "user", "content": f"question {number}"}]}
    response = {"choices": [{"index": 0, "message": {"role": "assistant", "content": f"answer {number}"}}]}
    return {"timestamp": 1732460000 + number, "workload_id": "w", "client_id": "c", "request": request, "response": response}


class DamagedLog(unittest.TestCase):
    def setUp(self):
        self.service = flywheel.Service("nims: [{model_name: none, url: 'http://127.0.0.1:9/v1'}]\nelasticsearch: {enabled: false}\notlp: {enabled: false}\n")
        self.addCleanup(self.service.close)
        self.service.start()

    def metric(self, name):
        lines = self.service.call("GET", "/metrics")[1].splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name + " "))

    def log_bytes(self):
        return max(self.service.data.glob("log/*.log"), key=lambda path: path.stat().st_size)

    def test_a_flipped_bit_costs_its_record_and_is_told_until_somebody_looked(self):
        for number in range(20):
            self.assertEqual(self.service.call("POST", "/api/records", [document(number)])[0], 200)
        self.assertEqual(self.metric("flywheel_log_store_damaged_files"), 0)
        self.service.kill()
        log = self.log_bytes()
        damaged = bytearray(log.read_bytes())
        damaged[len(damaged) // 2] ^= 4
        log.write_bytes(damaged)

        self.service.start()
        records = [row["records"] for row in self.service.call("GET", "/api/log/stats")[1]["counts"]]
        self.assertEqual(records, [19])
        status, ready = self.service.call("GET", "/readyz")
        self.assertEqual(status, 200, ready)
        self.assertEqual([(one["kept"], one["lost_records"]) for one in ready["damage"]], [(log.name, 2)])
        self.assertEqual(self.metric("flywheel_log_store_damaged_files"), 1)
        self.assertEqual(self.metric("flywheel_log_store_damaged_bytes"), ready["damage"][0]["damaged_bytes"])
        self.assertEqual((self.service.data / "log/damaged" / log.name).read_bytes(), damaged)
        self.assertIn("a damaged log is kept for you to look at", (self.service.folder / "service.log").read_text())
        kept = self.service.call("GET", "/api/quarantine")[1]
        self.assertIn("a log of the log store was damaged", str(kept))
        # What was lost is sent again, and what was there is known.
        again = self.service.call("POST", "/api/records", [document(number) for number in range(20)])[1]
        self.assertEqual((again["appended"], again["duplicates"]), (1, 19))

        self.service.stop()
        (self.service.data / "log/damaged").rename(self.service.folder / "looked_at")
        self.service.start()
        self.assertNotIn("damage", self.service.call("GET", "/readyz")[1])


if __name__ == "__main__":
    unittest.main()
