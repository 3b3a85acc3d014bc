"""A data folder of which a part is gone: the service does not begin anew in silence, without its keys, its decisions or its records."""
import json
import os
import unittest

import flywheel
from damaged_log_test import document

CONFIG = "nims: [{model_name: none, url: 'http://127.0.0.1:9/v1'}]\nelasticsearch: {enabled: false}\notlp: {enabled: false}\n"


class LostState(unittest.TestCase):
    def setUp(self):
        self.service = flywheel.Service(CONFIG)
        self.addCleanup(self.service.close)

    def key(self, *words):
        done = flywheel.run("keys", *words, "--data", self.service.data, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def start_is_refused_with(self, *words):
        with self.assertRaises(AssertionError) as refused:
            self.service.start()
        for word in words:
            self.assertIn(word, str(refused.exception))
        self.assertEqual(self.service.process.wait(10), 1)

    def test_without_its_metadata_it_does_not_start_open_to_everybody(self):
        self.key("create", "ada", "--role", "admin")
        for start_first in (False, True):
            if start_first:
                self.service.start()
                self.assertEqual(self.service.call("GET", "/api/workloads")[0], 401)
                self.service.stop()
            kept = self.service.data / "metadata.sqlite"
            aside = self.service.folder / "aside"
            kept.rename(aside)
            self.start_is_refused_with("metadata.sqlite", "restore the file from a backup")
            self.start_is_refused_with("metadata.sqlite")
            kept.write_bytes(b"")
            self.start_is_refused_with("metadata.sqlite")
            aside.rename(kept)
        self.service.start()
        self.assertEqual(self.service.call("GET", "/api/workloads")[0], 401)

    def test_keys_made_and_revoked_in_a_folder_are_in_its_audit_log(self):
        made = self.key("create", "ada")["key"]
        self.key("revoke", made["id"])
        self.service.start()
        entries = self.service.call("GET", "/api/audit")[1]["entries"]
        self.assertEqual({(entry["action"], entry["subject"], entry["person"]) for entry in entries},
                         {(action, made["id"], "flywheel keys --data") for action in ("keys.create", "keys.revoke")})

    def test_an_empty_folder_name_is_no_default(self):
        for words in (("serve",), ("keys", "list")):
            done = flywheel.run(*words, "--data", "", timeout=20)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("names no folder", done.stderr)

    def test_too_few_open_files_are_refused_with_the_remedy(self):
        self.service.open_files = 60
        self.start_is_refused_with("60 open files", "ulimit -n")

    def test_an_audit_log_that_was_emptied_or_cut_is_refused(self):
        for name in ("ada", "bob", "eve"):
            self.key("create", name)
        log = self.service.data / "audit/audit.jsonl"
        whole = log.read_bytes()
        for left in (b"", b"".join(whole.splitlines(keepends=True)[:2]), whole[:len(whole) // 2]):
            log.write_bytes(left)
            self.start_is_refused_with("audit.jsonl", "and had 3", "restore it from a backup")
        log.unlink()
        self.start_is_refused_with("audit.jsonl")
        log.write_bytes(whole)
        self.service.start()

    def test_a_manifest_that_was_cut_is_refused_and_every_record_is_there_when_it_is_whole_again(self):
        self.service.start()
        for number in range(20):
            self.assertEqual(self.service.call("POST", "/api/records", [document(number)])[0], 200)
        self.service.stop()
        folder = self.service.data / "log"
        manifest = folder / (folder / "CURRENT").read_text().strip()
        whole = manifest.read_bytes()
        logs = {path.name: path.read_bytes() for path in folder.glob("*.log")}
        for left in (whole[:61], whole[:122], whole[:len(whole) - 8], whole[:64] + bytes([whole[64] ^ 1]) + whole[65:]):
            manifest.write_bytes(left)
            self.start_is_refused_with(manifest.name, "restore the folder from a backup")
            self.assertEqual({path.name: path.read_bytes() for path in folder.glob("*.log")}, logs)
        manifest.write_bytes(whole)
        self.service.start()
        self.assertEqual([row["records"] for row in self.service.call("GET", "/api/log/stats")[1]["counts"]], [20])
        self.assertNotIn("damage", self.service.call("GET", "/readyz")[1])

    def test_a_log_that_was_cut_is_told(self):
        self.service.start()
        for number in range(20):
            self.assertEqual(self.service.call("POST", "/api/records", [document(number)])[0], 200)
        self.service.stop()
        log = max((self.service.data / "log").glob("*.log"))
        os.truncate(log, log.stat().st_size // 2)
        self.service.start()
        [told] = self.service.call("GET", "/readyz")[1]["damage"]
        self.assertGreaterEqual(told["lost_records"], 5)


if __name__ == "__main__":
    unittest.main()
