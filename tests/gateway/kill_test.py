"""kill -9 of the service while clients talk through the gateway: what a client was given whole is in the store, once.
Longer with FLYWHEEL_KILLS=200."""
import http.client
import json
import os
import threading
import time
import unittest

import gateway

KILLS = int(os.environ.get("FLYWHEEL_KILLS", "4"))
CLIENTS = 8


class Load:
    """Clients that ask for one answer after the other, whole and streamed, and note which they were given to the end."""

    def __init__(self, address, prefix):
        self.address, self.prefix = address.removeprefix("http://"), prefix
        self.answered, self.stop = {}, False  # number of the request, when
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.ask_on, args=(i,)) for i in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def ask_on(self, client):
        connection, number = http.client.HTTPConnection(self.address, timeout=20), 0
        while not self.stop:
            number += 1
            name = f"{self.prefix}-{client}-{number}"
            body = json.dumps({"model": "m", "stream": number % 3 == 0, "metadata": {"n": name},
                               "messages": [{"role": "user", "content": "hi"}]})
            try:
                connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                whole = answer.read()
                if answer.status == 200 and (b"[DONE]" in whole or b'"choices"' in whole):
                    with self.lock:
                        self.answered[name] = time.monotonic()
            except (OSError, http.client.HTTPException):
                connection.close()
                connection = http.client.HTTPConnection(self.address, timeout=20)

    def end(self):
        self.stop = True
        for thread in self.threads:
            thread.join()


def stored(service):
    """How often each request stands in the store."""
    counts, after = {}, ""
    while True:
        page = service.call("GET", f"/api/interactions?limit=1000{after}")[1]
        for one in page["interactions"]:
            name = one["request"]["metadata"]["n"]
            counts[name] = counts.get(name, 0) + 1
        if not page["next"]:
            return counts
        after = "&after=" + page["next"]


class Killed(unittest.TestCase):
    def run_with(self, durability, is_due):
        with gateway.mock_upstream("--chunks", "4", "--gap-ms", "1") as upstream:
            config = (f"gateway:\n  port: {gateway.free_port()}\n  upstream: {upstream.url}\n"
                      f"  capture: {{durability: {durability}}}\n")
            service = gateway.GatewayService(config=config)
            due = set()
            try:
                for kill in range(KILLS):
                    service.start()
                    load = Load(service.gateway, f"{durability}{kill}")
                    time.sleep(0.7 + 0.13 * (kill % 5))
                    killed_at = time.monotonic()
                    service.kill()
                    load.end()
                    (service.data / "gateway.url").unlink(missing_ok=True)
                    self.assertGreater(len(load.answered), 10, "the load is none")
                    due |= {name for name, when in load.answered.items() if is_due(when, killed_at)}
                service.start()
                counts = stored(service)
                self.assertEqual(sorted(due - counts.keys())[:5], [], "answered, and lost")
                self.assertEqual([name for name, n in counts.items() if n > 1][:5], [], "stored twice")
            finally:
                service.close()

    def test_nothing_that_was_answered_is_lost_before_the_last_byte(self):
        self.run_with("before_last_byte", lambda when, killed_at: True)

    def test_the_journal_loses_at_most_its_last_moments(self):
        self.run_with("journal", lambda when, killed_at: when < killed_at - 0.5)


class Stopped(unittest.TestCase):
    """SIGTERM: what runs ends, what is kept is kept, in either durability."""

    def test_a_running_stream_ends_and_is_kept(self):
        with gateway.mock_upstream("--chunks", "30", "--gap-ms", "50") as upstream, \
                gateway.GatewayService(upstream.url) as service:
            got = {}

            def stream():
                connection = http.client.HTTPConnection(service.gateway.removeprefix("http://"), timeout=20)
                connection.request("POST", "/v1/chat/completions", json.dumps(
                    {"model": "m", "stream": True, "metadata": {"n": "last"}, "messages": []}),
                    {"Content-Type": "application/json"})
                got["body"] = connection.getresponse().read()
            thread = threading.Thread(target=stream)
            thread.start()
            gateway.flywheel.wait_until(lambda: service.metric("flywheel_gateway_open_exchanges") == 1, 10, "it runs")
            service.stop()
            thread.join()
            self.assertIn(b"[DONE]", got["body"])
            service.start()
            self.assertEqual(service.interactions(1)[0]["flywheel"]["ending"], "finished")


if __name__ == "__main__":
    unittest.main()
