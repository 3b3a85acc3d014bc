"""Pages of other sites in a browser on this machine: no listener lets them change anything, or answers to a name of theirs; programs notice nothing."""
import http.client
import json
import unittest
import urllib.parse

import gateway
from gateway import flywheel
from keys_test import Upstream, command

CHAT = json.dumps({"model": "small", "messages": [{"role": "user", "content": "hi"}]})
ALL = json.dumps({"query": {"match_all": {}}})
CROSS_SITE = {"Origin": "http://evil.example.com", "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}
# What a page under a name that was pointed here sends with its first read: nothing but the name.
REBOUND = {"Host": "evil.example.com", "Content-Type": "application/json"}


def ask(url, method, path, body="", headers=None):
    """(status, text) of one request with these headers alone."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=20)
    connection.request(method, path, body, {"Content-Type": "application/json", "Connection": "close", **(headers or {})})
    answer = connection.getresponse()
    status, text = answer.status, answer.read().decode()
    connection.close()
    return status, text


def document(number):
    return {"timestamp": number, "workload_id": "w", "client_id": "c", "request": {"messages": [{"role": "user", "content": str(number)}]},
            "response": {"choices": [{"message": {"role": "assistant", "content": "yes"}}]}}


class CrossSite(unittest.TestCase):
    def setUp(self):
        self.upstream = self.enterContext(Upstream())

    def serve(self, more=""):
        service = self.enterContext(gateway.GatewayService(
            config=f"gateway: {{port: 0, upstream: '{self.upstream.url}'}}\nelasticsearch: {{port: 0{more}}}\notlp: {{port: 0}}\n"))
        where = {one["name"]: one["url"] for one in service.call("GET", "/readyz")[1]["listeners"]}
        return service, where["elasticsearch"], where["otlp"]

    def counts(self, service):
        return [row["records"] for row in service.call("GET", "/api/log/stats")[1]["counts"]]

    def test_a_page_can_neither_remove_nor_store_nor_read_nor_spend(self):
        service, elastic, otlp = self.serve()
        self.assertEqual(service.call("POST", "/api/records", [document(number) for number in range(5)])[0], 200)
        line = '{"index":{}}\n' + json.dumps(document(9)) + "\n"
        for url, method, path, body in ((elastic, "POST", "/flywheel/_delete_by_query", ALL), (elastic, "POST", "/flywheel/_bulk", line),
                                        (elastic, "DELETE", "/flywheel/_doc/x", ""), (service.gateway, "POST", "/v1/chat/completions", CHAT),
                                        (otlp, "POST", "/v1/traces", "{}")):
            status, text = ask(url, method, path, body, CROSS_SITE)
            self.assertEqual(status, 403, (path, text))
            self.assertIn("another site", text)
            status, text = ask(url, method, path, body, REBOUND)
            self.assertEqual(status, 403, (path, text))
            self.assertIn("public_url", text)
        status, text = ask(elastic, "GET", "/_search", "", REBOUND)
        self.assertEqual((status, json.loads(text)["error"]["type"]), (403, "security_exception"))
        error = json.loads(ask(service.gateway, "POST", "/v1/chat/completions", CHAT, CROSS_SITE)[1])["error"]
        self.assertEqual((error["type"], error["code"]), ("invalid_request_error", "cross_site_request"))
        self.assertEqual((self.counts(service), self.upstream.seen), ([5], []))
        self.assertIn('flywheel_auth_refused_total{listener="elasticsearch",why="other_site"} 7', service.call("GET", "/metrics")[1])

        for url, method, path, body in ((elastic, "GET", "/_search", ""), (elastic, "POST", "/flywheel/_bulk", line),
                                        (service.gateway, "POST", "/v1/chat/completions", CHAT), (otlp, "POST", "/v1/traces", "{}")):
            self.assertEqual(ask(url, method, path, body)[0], 200, path)
            self.assertEqual(ask(url, method, path, body, {"Host": "flywheel:9200"})[0], 200, path)

    def test_what_is_removed_stands_in_the_audit_log_with_its_number(self):
        service, elastic, _ = self.serve(", public_url: 'https://logs.example.com'")
        self.assertEqual(service.call("POST", "/api/records", [document(number) for number in range(5)])[0], 200)
        one = json.loads(ask(elastic, "GET", "/_search?size=1")[1])["hits"]["hits"][0]["_id"]
        self.assertEqual(ask(elastic, "DELETE", f"/flywheel/_doc/{one}", "", {"Host": "logs.example.com"})[0], 200)
        self.assertEqual(ask(elastic, "POST", "/flywheel/_delete_by_query", ALL, {"Host": "logs.example.com"})[0], 200)
        self.assertEqual(ask(elastic, "POST", "/flywheel/_delete_by_query", ALL)[0], 200, "nothing is left: no entry")
        noted = [(entry["action"], json.loads(entry["details"]) if isinstance(entry["details"], str) else entry["details"])
                 for entry in service.call("GET", "/api/audit")[1]["entries"]]
        removed = sorted((details["records"], details["request"]) for action, details in noted if action == "log.remove")
        self.assertEqual(removed, [(1, "DELETE document"), (4, "_delete_by_query")])

    def test_with_a_key_any_name_is_good_and_another_sites_page_is_refused_all_the_same(self):
        service, elastic, _ = self.serve()
        secret = command("keys", "create", "shop", "--json", "--server", service.url)["secret"]
        held = {"Authorization": "Bearer " + secret}
        for url, path, body in ((service.gateway, "/v1/chat/completions", CHAT), (elastic, "/flywheel/_bulk", '{"index":{}}\n' + json.dumps(document(9)) + "\n")):
            self.assertEqual(ask(url, "POST", path, body, {**held, "Host": "models.example.com"})[0], 200, path)
            self.assertEqual(ask(url, "POST", path, body, {**held, **CROSS_SITE})[0], 403, path)
            self.assertEqual(ask(url, "POST", path, body, REBOUND)[0], 401, path)


if __name__ == "__main__":
    unittest.main()
