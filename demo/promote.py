#!/usr/bin/env python3
"""Plays a promotion to its end on a running service: a scripted person reviews and signs, the sample's agent makes live
traffic through the gateway, the candidate gets copies, then a share, then all; then it is broken, and taken off.
Prints what happened when; exit 1 when it did not happen. `scripts/demo --promote` runs it.

    promote.py --server URL --gateway URL --job ID --service-pid PID [--requests 12] [--proposal ID]
    promote.py --server URL --gateway URL --job ID --upstream NAME --candidate-pid PID [...]

The first form has the service serve the candidate: its engine is killed and comes back, then a byte of what was signed is changed, and
the service refuses it. The second has an upstream of the gateway serve it: its engine is killed, and the gates take it off.

Needs the `openai` package, which the agent uses (examples/agent).
"""
import argparse
import io
import json
import os
import pathlib
import signal
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "examples/agent"))
import agent
import openai

WORKLOAD, CLIENT = "router", "demo"
PROPOSER, REVIEWER, OPERATOR = "ada", "grace", "op"
JUDGED = 5
MOST_UNTIL_ROLLED_BACK = 400


class Play:
    def __init__(self, options):
        self.options = options
        self.began = time.monotonic()
        self.answered = 0
        self.said = list(agent.conversations(self.conversations()))
        agent.CLIENT_ID = CLIENT
        self.model = openai.OpenAI(base_url=options.gateway.rstrip("/") + "/v1", api_key="none", max_retries=0)

    @staticmethod
    def conversations():
        return pathlib.Path(agent.__file__).with_name("conversations.txt").read_text(encoding="utf-8").splitlines()

    def say(self, what):
        print(f"[{time.monotonic() - self.began:6.1f} s] {what}", flush=True)

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.options.server + path, method=method, headers={"Content-Type": "application/json"},
                                         data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.code} {error.read().decode(errors='replace')[:500]}") from None

    def step(self, proposal, action, person, reason, **more):
        after = self.call("POST", f"/api/promotions/{proposal}/{action}", {"person": person, "reason": reason, **more})
        self.say(f"{person}: {action.replace('_', ' ')} -> {after['stage'].replace('_', ' ')}"
                 + (f", {100 * after['share']:.3g} % of the conversations" if after["share"] else ""))
        return after

    def state(self, proposal):
        return self.call("GET", f"/api/promotions/{proposal}")

    def talk(self, conversations):
        """Customers, each of them one conversation from its beginning to its end; everything they say gets an answer."""
        for i in range(conversations):
            customer = agent.Agent(self.model, "atlas-large", out=io.StringIO())
            for line in self.said[i % len(self.said)]:
                customer.hear(line)
            self.answered += 1

    def review(self):
        """A person judges the first rows on which the two differ."""
        review = next((one for one in self.call("GET", "/api/reviews")["reviews"] if one["job_id"] == self.options.job), None)
        if review is None:
            return self.say("there is no review: nothing differs, or none was opened")
        queue = self.call("GET", f"/api/reviews/{review['id']}")["queue"][:JUDGED]
        for item in queue:
            self.call("POST", f"/api/reviews/{review['id']}/items/{urllib.parse.quote(item['record_id'], safe='')}/labels",
                      {"person": REVIEWER, "verdict": "both_fine", "note": "scripted"})
        self.say(f"{REVIEWER}: judged {len(queue)} of {review['counts']['items']} rows that differ")

    def propose(self):
        if self.options.proposal:
            return self.options.proposal
        made = self.call("POST", "/api/promotions", {"job_id": self.options.job, "upstream": self.options.upstream or "",
                                                     "person": PROPOSER, "reason": "as good, and smaller"})
        self.say(f"{PROPOSER}: proposed {made['model_name']}, {made['variant']}")
        return made["id"]

    def shadow(self, proposal):
        self.step(proposal, "start_shadow", OPERATOR, "look before anybody relies on it")
        if not self.options.upstream:
            began = time.monotonic()
            self.wait_for_engine(proposal)
            self.say(f"its engine answers after {time.monotonic() - began:.1f} s: {self.engine_state(proposal)['description']}")
        self.talk(self.options.requests)
        end = time.monotonic() + 60
        while (pairs := self.state(proposal)["pairs"])["pairs"] == 0 and time.monotonic() < end:
            time.sleep(0.2)
        if pairs["pairs"] == 0:
            raise SystemExit("no request was shadowed")
        self.say(f"requests that went to both sides: {pairs['pairs']}, {100 * pairs['score']:.0f} % the same, half of the candidate's "
                 f"answers within {pairs['candidate_seconds']['p50']:.3f} s, of production's within {pairs['other_seconds']['p50']:.3f} s")

    def canary(self, proposal):
        now = self.step(proposal, "start_canary", OPERATOR, "it answers as production does")
        self.talk(self.options.requests)
        while now["share"] < self.options.live_from:
            now = self.step(proposal, "advance", OPERATOR, "no gate failed; the demo does not wait for the test's whole length")
            self.talk(self.options.requests)
        self.step(proposal, "go_live", OPERATOR, "all good")
        self.talk(self.options.requests)

    def engine_state(self, proposal):
        return self.state(proposal)["served_here"]["engine"] or {"state": "none", "why": None}

    def wait_for_engine(self, proposal):
        end = time.monotonic() + 120
        while (state := self.engine_state(proposal))["state"] != "ready":
            if time.monotonic() > end or state["state"] in ("none", "refused"):
                raise SystemExit(f"the candidate's engine did not come up: {state}")
            time.sleep(0.1)

    def kill_engine(self):
        """The `llama-server` that the service started: there is one, the promoted model's."""
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
                program = (stat.parent / "cmdline").read_bytes().split(b"\0")[0]
            except (OSError, IndexError):
                continue
            if parent == self.options.service_pid and program.endswith(b"llama-server"):
                return os.kill(int(stat.parent.name), signal.SIGKILL)
        raise SystemExit("the candidate has no engine to kill")

    def faults_here(self, proposal):
        self.say(f"the candidate's engine is killed ({self.answered} customers had answers so far)")
        self.kill_engine()
        self.talk(self.options.requests)
        self.wait_for_engine(proposal)
        self.say(f"it is back; {self.options.requests} customers had their answers meanwhile")
        self.talk(self.options.requests)
        trained = self.state(proposal)["served_here"]["adapter"]
        if trained is None:  # a base as it is belongs to others too
            return self.step(proposal, "roll_back", OPERATOR, "seen enough")
        adapter = pathlib.Path(trained)
        whole = adapter.read_bytes()
        self.say("a byte of the adapter that was signed is changed, and the engine is killed again")
        adapter.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        try:
            self.kill_engine()
            for asked in range(MOST_UNTIL_ROLLED_BACK):
                self.talk(1)
                state = self.state(proposal)
                if state["stage"] == "rolled_back":
                    return self.say(f"flywheel: rolled back after {asked + 1} more customers, each of whom had an answer: {state['reason']}")
        finally:
            adapter.write_bytes(whole)
        raise SystemExit("nothing took the changed candidate off")

    def fault(self, proposal):
        if not self.options.upstream:
            return self.faults_here(proposal)
        self.say(f"the candidate's engine is killed ({self.answered} customers had answers so far)")
        os.kill(self.options.candidate_pid, signal.SIGKILL)
        for asked in range(MOST_UNTIL_ROLLED_BACK):
            self.talk(1)
            state = self.state(proposal)
            if state["stage"] == "rolled_back":
                self.say(f"flywheel: rolled back after {asked + 1} more customers, each of whom had an answer: {state['reason']}")
                return None
        raise SystemExit("nothing took the dead candidate off")

    def run(self):
        self.review()
        proposal = self.propose()
        self.step(proposal, "sign", REVIEWER, "judged a sample", digest=self.state(proposal)["digest"])
        self.shadow(proposal)
        self.canary(proposal)
        self.fault(proposal)
        self.talk(self.options.requests)
        self.say(f"production answers again; {self.answered} customers asked, {self.answered} were answered")
        print("\nThe audit log has it all:")
        for entry in self.call("GET", f"/api/promotions/{proposal}/history")["entries"]:
            print(f"  {entry['at'][:19]}Z  {entry['action']}  by {entry['person']}: {entry['reason']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--server", required=True, help="URL of the service")
    parser.add_argument("--gateway", required=True, help="URL of its gateway")
    parser.add_argument("--job", required=True, help="the finished run")
    parser.add_argument("--upstream", help="the gateway's upstream that serves the candidate; without it the service does")
    parser.add_argument("--candidate-pid", type=int, help="with --upstream: the candidate's engine, which is killed")
    parser.add_argument("--service-pid", type=int, help="without --upstream: the service, whose engine is killed")
    parser.add_argument("--proposal", help="one that waits already")
    parser.add_argument("--requests", type=int, default=12, help="customers in each stage")
    parser.add_argument("--live-from", type=float, default=0.5, help="share of the canary from which it goes live")
    options = parser.parse_args()
    if (options.candidate_pid if options.upstream else options.service_pid) is None:
        parser.error("--upstream goes with --candidate-pid; without it, --service-pid is needed")
    Play(options).run()


if __name__ == "__main__":
    main()
