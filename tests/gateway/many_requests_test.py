"""Ten thousand requests while a candidate is let in, rolled back, dies and hangs: every one is answered, as production would, and
is in the store once."""
import collections
import http.client
import json
import os
import signal
import threading
import unittest
import urllib.parse

import promotion_test
import echo_model
import flywheel

REQUESTS = 10_000
CLIENTS = 8
CONFIG = promotion_test.CONFIG.replace(
    "- {{name: small, url: '{candidate}'}}",
    "- {{name: small, url: '{candidate}', max_retries: 0, first_byte_timeout_seconds: 0.5, failures_until_open: 1000000}}").replace("share: 1,", "share: 0.1,")



class Traffic:
    """Clients that ask one thing after the other, until they are told to end and REQUESTS were asked; every answer is looked at."""

    def __init__(self, gateway, documents):
        address = urllib.parse.urlsplit(gateway)
        self.address = (address.hostname, address.port)
        self.lock, self.may_end, self.asked, self.right, self.wrong = threading.Lock(), False, 0, 0, collections.Counter()
        production = echo_model.Production(documents)
        answered = [(document["request"], production.answer(document["request"])[1]) for document in documents]
        self.exchanges = [(request, message) for request, message in answered if message]  # an answer that is no JSON has none
        self.threads = [threading.Thread(target=self.client) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def client(self):
        connection = http.client.HTTPConnection(*self.address, timeout=60)
        while True:
            with self.lock:
                if self.may_end and self.asked >= REQUESTS:
                    return connection.close()
                number, self.asked = self.asked, self.asked + 1
            why = self.ask(connection, number)
            with self.lock:
                self.right += why is None
                if why:
                    self.wrong[why] += 1

    def ask(self, connection, number):
        """None, or what was wrong with the answer."""
        request, expected = self.exchanges[number % len(self.exchanges)]
        body = json.dumps({**request, "model": "echo", "stream": False})
        headers = {"Content-Type": "application/json", "x-flywheel-workload": "router", "x-flywheel-client": "demo",
                   "x-flywheel-conversation": f"many-{number}"}
        try:
            connection.request("POST", "/v1/chat/completions", body, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                return f"status {answer.status}"
            return None if json.loads(text)["choices"][0]["message"] == expected else "another answer"
        except (OSError, ValueError, http.client.HTTPException) as error:
            connection.close()
            return type(error).__name__

    def wait_for(self, count):
        flywheel.wait_until(lambda: self.asked >= count, 120, f"{count} requests")

    def end(self):
        self.may_end = True
        for thread in self.threads:
            thread.join(300)


class ManyRequests(promotion_test.Promotion):
    config = CONFIG
    test_the_whole_way = None  # stands in the other file
    test_what_cannot_be_is_refused_in_words = None

    def in_canary(self):
        one = self.promote("propose", self.job, "--upstream", "small", person="ada")["id"]
        self.promote("sign", one, person="bob")
        self.promote("start", one, person="op")
        return one

    def wait_rolled_back(self, one):
        flywheel.wait_until(lambda: self.stage(one) == "rolled_back", 60, "the gates take it off")
        reason = self.service.call("GET", f"/api/promotions/{one}/history")[1]["entries"][-1]
        self.assertEqual((reason["person"], reason["action"]), ("flywheel", "promotion.roll_back"))
        self.assertIn("errors", reason["reason"])

    def taken_by(self, one):
        return (self.proposal(one)["progress"] or {"requests": 0})["requests"]

    def stored(self):
        return sum(w["records"] for w in self.service.call("GET", "/api/workloads")[1]["workloads"] if w["workload_id"] == "router")

    def test_every_one_is_answered_across_a_canary_a_rollback_and_the_death_of_an_engine(self):
        before = self.stored()
        traffic = Traffic(self.service.gateway, self.documents)
        self.addCleanup(traffic.end)
        traffic.wait_for(1000)
        # A canary that a person takes off.
        one = self.in_canary()
        flywheel.wait_until(lambda: self.taken_by(one) > 300, 120, "it answers")
        self.promote("rollback", one, "--reason", "enough", person="op")
        # One whose engine hangs: it takes requests and says nothing.
        two = self.in_canary()
        flywheel.wait_until(lambda: self.taken_by(two) > 100, 120, "it answers")
        os.kill(self.candidate.pid, signal.SIGSTOP)
        self.wait_rolled_back(two)
        os.kill(self.candidate.pid, signal.SIGCONT)
        # One whose engine dies.
        three = self.in_canary()
        flywheel.wait_until(lambda: self.taken_by(three) > 100, 120, "it answers")
        self.candidate.kill()
        self.candidate.wait()
        self.wait_rolled_back(three)
        traffic.end()
        self.assertGreaterEqual(traffic.asked, REQUESTS)
        self.assertEqual((traffic.right, dict(traffic.wrong)), (traffic.asked, {}))
        flywheel.wait_until(lambda: self.stored() - before >= traffic.asked, 30, "all are in the store")
        self.assertEqual(self.stored() - before, traffic.asked)


if __name__ == "__main__":
    unittest.main()
