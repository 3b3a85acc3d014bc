"""Log shippers as they are, against the Elasticsearch dialect."""
import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

from peers import DebianProgram, Unavailable
from service import CaptureService, document, wait_until

DOCUMENTATION = pathlib.Path(__file__).resolve().parents[2] / "docs/shippers.md"


def documented(shipper):
    """The configuration that the documentation shows."""
    section = DOCUMENTATION.read_text().split(f"### {shipper}\n", 1)[1]
    return section.split("```\n", 2)[1]


def with_values(text, **values):
    """The same with the places of this test in those of the documentation."""
    for name, value in values.items():
        text, count = re.subn(rf'\b{name}="[^"]*"', f'{name}="{value}"', text)
        assert count == 1, f"{name} is there {count} times"
    return text


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Rsyslog(unittest.TestCase):
    def setUp(self):
        try:
            self.rsyslog = DebianProgram("rsyslog", ["rsyslog", "rsyslog-elasticsearch", "libestr0", "libfastjson4",
                                                     "liblognorm5"], "usr/sbin/rsyslogd")
        except Unavailable as error:
            self.skipTest(str(error))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-rsyslog-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.port = free_port()
        self.service = CaptureService(f"elasticsearch: {{port: {self.port}}}\notlp: {{enabled: false}}\n").start()
        self.addCleanup(self.service.close)
        self.service.listener("elasticsearch")

    def start_rsyslog(self):
        config = with_values(documented("rsyslog"), File=self.folder / "in.jsonl", errorFile=self.folder / "err.log",
                             serverport=self.port)
        (self.folder / "rs.conf").write_text(f'{config}global(workDirectory="{self.folder}")\n')
        process = subprocess.Popen([self.rsyslog.program, "-n", "-f", self.folder / "rs.conf", "-i", self.folder / "rs.pid",
                                    "-M", self.rsyslog.libraries / "rsyslog"], env=self.rsyslog.env)

        def stop():
            process.terminate()
            process.wait(30)
        self.addCleanup(stop)

    def write(self, numbers):
        with open(self.folder / "in.jsonl", "a") as out:
            for i in numbers:
                one = document(i)
                if i % 100 == 0:  # longer than the lines that syslog is made for
                    one["request"]["messages"][0]["content"] += " and so on" * (2_000 + 60 * i)
                out.write(json.dumps(one, ensure_ascii=i % 2 == 0) + "\n")

    def test_every_line_arrives_once(self):
        self.write(range(2000))
        self.start_rsyslog()
        wait_until(lambda: self.service.count() >= 2000, 60, "all lines are stored")
        self.assertEqual(self.service.records(), {("router", "dev"): 2000})
        self.assertFalse((self.folder / "err.log").exists())

    def test_nothing_is_lost_when_the_service_is_killed(self):
        self.start_rsyslog()
        for beginning in range(0, 3000, 1000):
            self.write(range(beginning, beginning + 1000))
            wait_until(lambda: self.service.count() > beginning, 60, "lines arrive")
            self.service.kill()
            self.service.start()
            self.service.listener("elasticsearch")
        wait_until(lambda: self.service.count() >= 3000, 90, "all lines are stored")
        self.assertEqual(self.service.records(), {("router", "dev"): 3000})
        self.assertFalse((self.folder / "err.log").exists())


if __name__ == "__main__":
    unittest.main()
