"""Log shippers as they are, against the Elasticsearch dialect."""
import json
import socket
import subprocess
import tempfile
import pathlib
import shutil
import unittest

from peers import DebianProgram, Unavailable
from service import CaptureService, document, wait_until

RSYSLOG = """
global(workDirectory="{folder}" maxMessageSize="8m" parser.escapeControlCharactersOnReceive="off")
module(load="imfile" mode="inotify") module(load="omelasticsearch")
template(name="raw" type="string" string="%msg%")
input(type="imfile" File="{folder}/in.jsonl" Tag="flywheel" ruleset="es" reopenOnTruncate="on")
ruleset(name="es") {{ action(type="omelasticsearch" server="http://127.0.0.1" serverport="{port}" template="raw"
  searchIndex="flywheel" searchType="" bulkmode="on" esVersion.major="8" errorFile="{folder}/err.log"
  queue.type="linkedlist" queue.size="5000" queue.dequeuebatchsize="300" queue.minDequeueBatchSize="100"
  queue.minDequeueBatchSize.timeout="1000" action.resumeretrycount="-1" action.resumeInterval="1") }}
"""


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
        (self.folder / "rs.conf").write_text(RSYSLOG.format(folder=self.folder, port=self.port))
        process = subprocess.Popen([self.rsyslog.program, "-n", "-f", self.folder / "rs.conf", "-i", self.folder / "rs.pid",
                                    "-M", self.rsyslog.libraries / "rsyslog"], env=self.rsyslog.env)

        def stop():
            process.terminate()
            process.wait(30)
        self.addCleanup(stop)

    def write(self, numbers):
        with open(self.folder / "in.jsonl", "a") as out:
            out.writelines(json.dumps(document(i), ensure_ascii=i % 2 == 0) + "\n" for i in numbers)

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
