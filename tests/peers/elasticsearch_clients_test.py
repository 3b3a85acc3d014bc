"""Official clients of Elasticsearch and OpenSearch, and NVIDIA's exporter, unmodified against the Elasticsearch dialect."""
import json
import subprocess
import unittest
import urllib.request

from peers import GoProgram, NodeFolder, Unavailable, Venv
from service import CaptureService, document


def fetched(make):
    try:
        return make()
    except Unavailable as error:
        raise unittest.SkipTest(str(error)) from None


class ElasticsearchClients(unittest.TestCase):
    def setUp(self):
        self.service = CaptureService().start()
        self.addCleanup(self.service.close)
        self.url = self.service.listener("elasticsearch")

    def succeeds(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + (self.service.folder / "service.log").read_text()[-2000:])

    def test_python_9(self):
        self.succeeds(fetched(lambda: Venv("elasticsearch9")).run("elastic_python.py", self.url))
        self.assertEqual(self.service.records()[("router", "dev")], 1500)

    def test_python_8_packed(self):
        self.succeeds(fetched(lambda: Venv("elasticsearch8")).run("elastic_python.py", self.url, "packed"))
        self.assertEqual(self.service.records()[("router", "dev")], 1500)

    def test_dashboards_and_tools_in_python_9(self):
        self.succeeds(fetched(lambda: Venv("elasticsearch9")).run("elastic_dashboard.py", self.url))

    def test_dashboards_and_tools_in_python_8(self):
        self.succeeds(fetched(lambda: Venv("elasticsearch8")).run("elastic_dashboard.py", self.url))

    def test_opensearch_python(self):
        self.succeeds(fetched(lambda: Venv("opensearch")).run("opensearch_python.py", self.url))
        self.assertEqual(self.service.records()[("opensearch", "dev")], 990)

    def test_nvidia_exporter(self):
        self.succeeds(fetched(lambda: Venv("nat_data_flywheel")).run("nat_exporter.py", self.url))
        self.assertEqual(self.service.records(), {("agent", "toolkit"): 101})

    def test_node_9(self):
        self.succeeds(fetched(lambda: NodeFolder("elastic-node9", {"@elastic/elasticsearch": "9.5.1"})).run("elastic_node.mjs", self.url))
        self.assertEqual(self.service.records(), {("node", "dev"): 1201})

    def test_node_8(self):
        self.succeeds(fetched(lambda: NodeFolder("elastic-node8", {"@elastic/elasticsearch": "8.19.1"})).run("elastic_node.mjs", self.url))
        self.assertEqual(self.service.records(), {("node", "dev"): 1201})

    def test_elasticdump_reads_all_of_an_index_and_writes_it(self):
        folder = fetched(lambda: NodeFolder("elasticdump", {"elasticdump": "6.125.1"})).folder
        body = "".join(json.dumps(line) + "\n" for i in range(1201)
                       for line in ({"index": {"_id": f"document-{i:012}"}}, document(i))).encode()
        request = urllib.request.Request(self.url + "/dumped/_bulk", data=body, headers={"Content-Type": "application/x-ndjson"})
        with urllib.request.urlopen(request) as answer:
            self.assertFalse(json.load(answer)["errors"])

        def dump(name, *options, target=None):
            file = self.service.folder / name
            done = subprocess.run(["node", folder / "node_modules/elasticdump/bin/elasticdump", "--quiet", *options,
                                   f"--output={target or file}"], capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return file

        def sources(file):
            return sorted((json.loads(line)["_source"] for line in file.read_text().splitlines()), key=lambda one: one["timestamp"])
        by_scroll = dump("scrolled.jsonl", f"--input={self.url}/dumped", "--type=data", "--limit=250")
        self.assertEqual(sources(by_scroll), [document(i) for i in range(1201)])
        chosen = dump("chosen.jsonl", f"--input={self.url}/dumped", "--type=data",
                      '--searchBody={"query": {"range": {"timestamp": {"lt": 1760000007}}}}')
        self.assertEqual(sources(chosen), [document(i) for i in range(7)])
        mapping = json.loads(dump("mapping.json", f"--input={self.url}/dumped", "--type=mapping").read_text())
        self.assertEqual(mapping["dumped"]["mappings"]["properties"]["timestamp"]["type"], "date")
        # What is there already stays as it is.
        dump("", f"--input={by_scroll}", "--type=data", "--limit=250", target=f"{self.url}/dumped")
        self.assertEqual(self.service.count(), 1201)

    def test_go_bulk_indexer(self):
        program = fetched(lambda: GoProgram("go_bulk_indexer", ["github.com/elastic/go-elasticsearch/v9@v9.5.2"]))
        self.succeeds(program.run(self.url, 3000))
        self.assertEqual(self.service.records(), {("go", "dev"): 3000})

    def test_python_with_keys(self):
        def key(name, **more):
            return self.service.call("POST", "/api/keys", {"name": name, "listeners": ["elasticsearch"], **more})[1]["secret"]
        writer, reader = key("shop", tenant="acme", workloads=["router"]), key("analyst")
        self.succeeds(fetched(lambda: Venv("elasticsearch9")).run("elastic_keys.py", self.url, writer, reader))
        self.assertEqual(self.service.records(), {("router", "acme"): 101})
        self.assertNotIn(writer[-64:], (self.service.folder / "service.log").read_text())

    def test_documents_that_are_no_traffic_are_kept_aside(self):
        body = b'{"index":{}}\n{"message":"hello"}\n'
        request = urllib.request.Request(self.url + "/flywheel/_bulk", data=body, headers={"Content-Type": "application/x-ndjson"})
        with urllib.request.urlopen(request) as answer:
            self.assertTrue(json.load(answer)["errors"])
        lines = self.service.call("GET", "/api/quarantine")[1]["lines"]
        self.assertEqual([(line["source"], line["bytes"]) for line in lines], [("elasticsearch", '{"message":"hello"}')])


if __name__ == "__main__":
    unittest.main()
