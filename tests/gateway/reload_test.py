"""The routes of the configuration are read again on SIGHUP, while clients ask without pause: none of them sees anything but answers."""
import collections
import http.client
import json
import signal
import threading
import time
import unittest
import urllib.parse

import gateway
from gateway import flywheel

CLIENTS = 8
SWAPS = 10


class Clients:
    """Threads that ask one thing after the other over kept connections, a third of it streamed to its end."""

    def __init__(self, url):
        self.address = urllib.parse.urlsplit(url).netloc
        self.lock, self.may_end, self.answers, self.wrong = threading.Lock(), False, collections.Counter(), collections.Counter()
        self.latest = None
        self.threads = [threading.Thread(target=self.ask_on, args=(n,)) for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def ask_on(self, number):
        connection = http.client.HTTPConnection(self.address, timeout=20)
        while not self.may_end:
            try:
                connection.request("POST", "/v1/chat/completions",
                                   json.dumps({"model": "big", "messages": [{"role": "user", "content": str(number)}]}),
                                   {"Content-Type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
                said = json.loads(text)["choices"][0]["message"]["content"] if answer.status == 200 else None
                why = None if said else f"{answer.status} {text[:100]}"
            except (OSError, ValueError, http.client.HTTPException) as error:
                connection.close()
                said, why = None, repr(error)
            with self.lock:
                if why:
                    self.wrong[why] += 1
                else:
                    self.answers[said] += 1
        connection.close()

    def end(self):
        self.may_end = True
        for thread in self.threads:
            thread.join(30)


class Reload(unittest.TestCase):
    def setUp(self):
        self.endpoints = {name: flywheel.StubEndpoint(answer=name) for name in ("first", "second")}
        for endpoint in self.endpoints.values():
            endpoint.delay = 0.02  # so that each swap finds requests on their way
            self.addCleanup(endpoint.close)
        self.service = gateway.GatewayService(config=self.config("first"))
        self.addCleanup(self.service.close)
        self.service.start()

    def config(self, target):
        upstreams = ", ".join(f"{{name: {name}, url: '{endpoint.url}', max_retries: 0}}" for name, endpoint in self.endpoints.items())
        return f"gateway:\n  port: 0\n  upstreams: [{upstreams}]\n  routes: [{{name: {target}, model: '*', targets: [{{upstream: {target}}}]}}]\nelasticsearch: {{enabled: false}}\notlp: {{enabled: false}}\n"

    def swap_to(self, target):
        self.service.config.write_text("nims: []\n" + self.config(target))
        self.service.process.send_signal(signal.SIGHUP)

    def route(self):
        return self.service.call("GET", "/api/routes")[1]["routes"][0]["name"]

    def test_no_request_is_dropped_while_routes_are_swapped(self):
        clients = Clients(self.service.gateway)
        self.addCleanup(clients.end)
        flywheel.wait_until(lambda: clients.answers["first"] > 2 * CLIENTS, 20, "clients are answered")
        for swap in range(SWAPS):
            target = ("second", "first")[swap % 2]
            self.swap_to(target)
            flywheel.wait_until(lambda: self.route() == target, 10, f"the routes lead to {target}")
            time.sleep(0.1)  # those that had begun end with the routes that they began with
            before = clients.answers[target]
            flywheel.wait_until(lambda: clients.answers[target] >= before + 2 * CLIENTS, 20, f"{target} answers")
        last = ("second", "first")[(SWAPS - 1) % 2]
        other = ("first", "second")[(SWAPS - 1) % 2]
        seen = clients.answers[other]
        before = clients.answers[last]
        flywheel.wait_until(lambda: clients.answers[last] >= before + CLIENTS, 20, "it goes on")
        self.assertEqual(clients.answers[other], seen)
        clients.end()
        self.assertEqual(dict(clients.wrong), {})
        # Each request was answered once, by one of the two, and is in the store.
        total = sum(clients.answers.values())
        self.assertEqual(sum(endpoint.requests for endpoint in self.endpoints.values()), total)
        counted = lambda: sum(row["records"] for row in self.service.call("GET", "/api/log/stats")[1]["counts"])
        flywheel.wait_until(lambda: counted() == total, 20, f"{total} records")

    def test_who_sets_routes_is_in_the_audit_log(self):
        noted = lambda: [(entry["person"], entry["reason"], entry["details"]["routes"])
                         for entry in self.service.call("GET", "/api/audit?after=0&subject=routes")[1]["entries"]]
        started = ("flywheel", "as the service started", 1)
        self.assertEqual(noted(), [started])
        self.swap_to("second")
        flywheel.wait_until(lambda: self.route() == "second", 10, "the routes lead to second")
        read = ("flywheel", "the configuration was read again", 1)
        self.assertEqual(noted(), [started, read])
        table = {"routes": [{"name": name, "model": name, "targets": [{"upstream": name, "variant": "by-hand"}]} for name in ("first", "second")]}
        self.assertEqual(self.service.call("PUT", "/api/routes", table)[0], 200)
        put = ("whoever reaches the control API", "PUT /api/routes", 2)
        self.assertEqual(noted(), [started, read, put])
        self.service.stop()
        self.service.start()
        self.assertEqual(noted(), [started, read, put], "the routes that were put hold")
        said = flywheel.run("promote", "history", "--at", time.strftime("%Y-%m-%d", time.gmtime()), "--server", self.service.url).stdout
        self.assertIn("may have led requests to other models", said)
        self.assertIn("2 routes, by whoever reaches the control API, PUT /api/routes", said)

    def test_a_configuration_that_cannot_be_read_changes_nothing(self):
        self.service.config.write_text("gateway: {routes: [")
        self.service.process.send_signal(signal.SIGHUP)
        log = self.service.folder / "service.log"
        flywheel.wait_until(lambda: "the configuration was not read again" in log.read_text(), 10, "the log says so")
        self.assertEqual(self.route(), "first")


if __name__ == "__main__":
    unittest.main()
