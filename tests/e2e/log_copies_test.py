"""Traffic taken elsewhere and back: exports that load as the same records, the check of a whole log store, backups put in place."""
import contextlib
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest
import urllib.request

import flywheel

CONFIG = "nims: [{model_name: none, url: 'http://127.0.0.1:9/v1'}]\nelasticsearch: {enabled: false}\notlp: {enabled: false}\n"


def document(number, **over):
    request = {"model": "big", "messages": [{"role": "user", "content": f"question {number}"}]}
    response = {"choices": [{"index": 0, "message": {"role": "assistant", "content": f"answer {number}"}}]}
    return {"timestamp": 1732460000 + number, "workload_id": "router", "client_id": "demo", "request": request,
            "response": response, **over}


def packed(lines):
    return "".join(line + "\n" for line in lines).encode()


class LogCopies(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-copies-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def service(self, config=CONFIG):
        service = flywheel.Service(config)
        self.addCleanup(service.close)
        return service.start()

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def run_at(self, service, *arguments, code=0, **options):
        done = flywheel.run(*arguments, "--server", service.url, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def odd_traffic(self):
        """Documents whose bytes say more than their values: numbers, blanks, line ends, all that is known beside them."""
        known = {"id": "0f3a", "origin": "gateway", "ending": "client_gone", "http_status": 200, "first_token_us": 81000, "total_us": 95000,
                 "model_asked": "big", "model_answered": "big-1", "route": "r", "variant": "v", "conversation": "c 1", "key": "k", "tags": ["team=search", "x"]}
        numbers = ('{"timestamp":1732460000.000000001,"workload_id":"router","client_id":"demo","flywheel":' + json.dumps(known) +
                   ',"request":{"n": 1.50, "messages":[ {"role":"user","content":"caf\\u00e9"}],"x":1e2},"response":{"choices":[ ]}}')
        pretty = json.dumps(document(7, flywheel={"id": "pretty"}, request=json.dumps(document(7)["request"], indent=1)))
        right_to_left = json.dumps(document(8, workload_id="other", flywheel={"id": "failed", "ending": "refused", "http_status": 500}), ensure_ascii=False).replace("question", "\u202equestion")
        return packed([numbers, pretty, right_to_left] + [json.dumps(document(n)) for n in range(10, 400)])

    def test_an_export_loads_as_the_same_records(self):
        first, second = self.service(), self.service()
        self.run_at(first, "load", self.write("traffic.jsonl", self.odd_traffic()))
        plain, again, zipped = self.folder / "a.jsonl", self.folder / "b.jsonl", self.folder / "c.jsonl.gz"
        done = self.run_at(first, "log", "export", "-o", plain)
        self.assertIn(f"393 records written to {plain}", done.stdout)
        lines = plain.read_text(encoding="utf-8").split("\n")
        self.assertEqual((len(lines), lines[-1]), (394, ""))
        times = [json.loads(line)["timestamp"] for line in lines[:-1]]
        self.assertEqual(times, sorted(times))

        self.assertIn("393 new records", self.run_at(second, "log", "import", plain).stdout)
        self.run_at(second, "log", "export", "--output", again)
        self.assertEqual(plain.read_bytes(), again.read_bytes())
        self.assertIn("393 known already", self.run_at(first, "log", "import", plain).stdout)
        for identifier in ("0f3a", "pretty"):
            for part in ("request", "response"):
                asked = f"/api/traffic/{identifier}/{part}"
                raw = [urllib.request.urlopen(service.url + asked).read() for service in (first, second)]
                self.assertEqual(raw[0], raw[1])
        self.run_at(first, "log", "export", "-o", zipped)
        self.assertEqual(gzip.decompress(zipped.read_bytes()), plain.read_bytes())
        piped = subprocess.run([flywheel.FLYWHEEL, "log", "export", "--server", first.url], capture_output=True, check=True)
        self.assertEqual(piped.stdout, plain.read_bytes())
        self.assertIn(b"393 records written to standard output", piped.stderr)

    def test_filters_are_those_of_log_find(self):
        service = self.service()
        self.run_at(service, "load", self.write("traffic.jsonl", self.odd_traffic()))
        for filters, count in [(["--workload", "other"], 1), (["--from", "1732460020", "--to", "1732460030"], 10), (["--text", "question 17"], 11),
                               (["--ending", "client_gone"], 1), (["--client-id", "nobody"], 0), (["--errors"], 1)]:
            out = self.folder / "some.jsonl.gz"
            done = self.run_at(service, "log", "export", *filters, "-o", out)
            self.assertIn(f"{count} record{'' if count == 1 else 's'} written", done.stdout, filters)
            self.assertEqual(len(gzip.decompress(out.read_bytes()).splitlines()), count)
        self.assertIn("ending", self.run_at(service, "log", "export", "--ending", "well", code=1).stderr)

    def test_records_without_content_are_written_and_counted(self):
        service = self.service(CONFIG + "log_store: {retention: {content_days: 30}}\n")
        self.run_at(service, "load", self.write("traffic.jsonl", packed(json.dumps(document(n)) for n in range(5))))
        service.stop()
        service.start()
        out = self.folder / "out.jsonl"
        expired = lambda: "5 of them without content" in self.run_at(service, "log", "export", "-o", out).stdout
        flywheel.wait_until(expired, 30, "contents expire")
        self.assertEqual([json.loads(line)["request"] for line in out.read_text().splitlines()], [None] * 5)
        done = self.run_at(self.service(), "load", out, code=1)
        self.assertIn("5 x its content has expired where it was stored", done.stdout)

    def test_an_export_is_what_was_there_when_it_began(self):
        service = self.service()
        pad = "x" * 20_000
        self.run_at(service, "load", self.write("traffic.jsonl", packed(json.dumps(document(n, request={"pad": pad, "messages": []})) for n in range(2000))))
        answer = urllib.request.urlopen(service.url + "/api/log/export", timeout=60)
        begun = answer.read(1)
        late = [document(n, client_id="late") for n in range(100, 130)]
        self.assertEqual(service.call("POST", "/api/records", late)[1]["appended"], 30)
        lines = (begun + answer.read()).splitlines()
        self.assertEqual(len(lines), 2000)
        self.assertEqual({json.loads(line)["client_id"] for line in lines}, {"demo"})

    def test_no_half_file_looks_whole(self):
        service = self.service()
        pad = "x" * 50_000
        self.run_at(service, "load", self.write("traffic.jsonl", packed(json.dumps(document(n, request={"pad": pad, "messages": []})) for n in range(2000))))
        target = self.folder / "exports"
        target.mkdir()
        # A disk that is full in the middle.
        limited = f'ulimit -f 20000; exec "{flywheel.FLYWHEEL}" log export --server {service.url} -o {target}/full.jsonl'
        done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertEqual(list(target.iterdir()), [])
        # A service that is killed in the middle, while nobody reads on.
        held = subprocess.Popen([flywheel.FLYWHEEL, "log", "export", "--server", service.url], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        held.stdout.read(1000)
        service.kill()
        self.assertIn(b"not whole", held.communicate(timeout=60)[1])
        self.assertEqual(held.returncode, 1)
        self.assertIn("is the service running", flywheel.run("log", "export", "--server", service.url, "-o", target / "gone.jsonl").stderr)
        self.assertEqual(list(target.iterdir()), [])
        self.assertEqual(flywheel.run("log", "export", "-o", self.folder / "missing" / "x").returncode, 1)

    def test_a_whole_store_is_checked_while_it_is_in_use_and_while_it_is_not(self):
        service = self.service()
        self.run_at(service, "load", self.write("traffic.jsonl", self.odd_traffic()))
        stop = threading.Event()

        def write():
            number = 1000
            while not stop.is_set():
                service.call("POST", "/api/records", [document(number)])
                number += 1
        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(5):
                found = json.loads(self.run_at(service, "log", "verify", "--json").stdout)
                self.assertGreaterEqual(found["records"], 393)
                self.assertEqual(found["faults"], {})
        finally:
            stop.set()
            writer.join()
        done = flywheel.run("log", "verify", "--data", service.data)
        self.assertEqual(done.returncode, 1)
        self.assertIn("in use", done.stderr)
        self.assertIn("--data is for a service that does not run", done.stderr)
        service.stop()
        done = flywheel.run("log", "verify", "--data", service.data)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("no fault: every record can be read, and ids, orders by time and counts agree with them", done.stdout)
        self.assertEqual(flywheel.run("log", "verify", "--data", self.folder).returncode, 1)

    def test_a_table_that_gives_other_bytes_is_found(self):
        service = self.service()
        self.run_at(service, "load", self.write("traffic.jsonl", self.odd_traffic()))
        self.run_at(service, "log", "backup", self.folder / "backup")
        service.stop()
        table = max((self.folder / "backup").glob("*.sst"), key=lambda path: path.stat().st_size)
        damaged = bytearray(table.read_bytes())
        damaged[20] ^= 1
        table.write_bytes(damaged)
        target = self.folder / "data"
        done = flywheel.run("log", "restore", self.folder / "backup", "--data", target)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("1 x a part of the store that cannot be read", done.stdout)
        self.assertIn("is not whole; nothing was changed", done.stderr)
        self.assertEqual(list(target.iterdir()), [])
        shutil.copytree(self.folder / "backup", target / "log")
        done = flywheel.run("log", "verify", "--data", target, "--json")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stdout)["faults"], {"a part of the store that cannot be read": 1})

    def test_a_backup_is_put_in_place_and_what_was_there_is_kept(self):
        service = self.service()
        self.run_at(service, "load", self.write("traffic.jsonl", self.odd_traffic()))
        backup = self.folder / "backup"
        self.run_at(service, "log", "backup", backup)
        self.run_at(service, "load", self.write("more.jsonl", packed(json.dumps(document(n)) for n in range(500, 510))))
        restore = lambda *more: flywheel.run("log", "restore", backup, "--data", service.data, *more)
        self.assertIn("service that does not run", restore("--replace").stderr)
        service.stop()
        done = restore()
        self.assertEqual(done.returncode, 1)
        self.assertIn("--replace", done.stderr)
        done = restore("--replace")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("393 records of 2 workloads", done.stdout)
        aside = list(service.data.glob("log-replaced-*"))
        self.assertEqual(len(aside), 1)
        self.assertIn(str(aside[0]), done.stdout)
        entries = [json.loads(line) for line in (service.data / "audit/audit.jsonl").read_text().splitlines()]
        self.assertEqual([(entry["action"], entry["details"]["records"], entry["details"]["replaced"]) for entry in entries],
                         [("log.restore", 393, str(aside[0]))])
        service.start()
        count = lambda: sum(row["records"] for row in service.call("GET", "/api/log/stats")[1]["counts"])
        self.assertEqual(count(), 393)
        self.run_at(service, "audit", "verify")
        service.stop()
        # And back again, into a folder that nobody used before, which is a data folder from then on.
        elsewhere = self.folder / "elsewhere"
        self.assertEqual(flywheel.run("log", "restore", aside[0], "--data", elsewhere).returncode, 0)
        self.assertEqual(os.listdir(elsewhere), ["log"])
        found = json.loads(flywheel.run("log", "verify", "--data", elsewhere, "--json").stdout)
        self.assertEqual((found["records"], found["faults"]), (403, {}))


    def test_a_restore_that_is_killed_leaves_the_one_or_the_other(self):
        service = self.service()
        self.run_at(service, "load", self.write("traffic.jsonl", self.odd_traffic()))
        backup = self.folder / "backup"
        self.run_at(service, "log", "backup", backup)
        self.run_at(service, "load", self.write("more.jsonl", packed(json.dumps(document(n)) for n in range(500, 510))))
        service.stop()
        seen = set()
        for attempt in range(16):
            command = [flywheel.FLYWHEEL, "log", "restore", backup, "--data", service.data, "--replace"]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as restore:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    restore.wait(0.02 * (attempt + 1))
                restore.kill()
            done = flywheel.run("log", "verify", "--data", service.data, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            seen.add(json.loads(done.stdout)["records"])
        self.assertLessEqual(seen, {393, 403})
        self.assertIn(403, seen)


if __name__ == "__main__":
    unittest.main()
