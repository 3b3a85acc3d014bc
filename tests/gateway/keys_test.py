"""API keys with the official client, the commands and plain requests: who is let in where, what limits do, and that no key travels on or is written
down."""
import http.server
import json
import os
import pathlib
import subprocess
import threading
import unittest
import urllib.error
import urllib.request

import gateway
from gateway import flywheel

CLIENT = '''
import json, sys, openai
def outcome(key, **more):
    client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key=key, max_retries=0, **more)
    try:
        return client.chat.completions.create(model="small", messages=[{"role": "user", "content": "hi"}]).choices[0].message.content
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code]
ours, other = sys.argv[2], sys.argv[3]
print(json.dumps({"bearer": outcome(ours), "beside": outcome("sk-upstream", default_headers={"x-flywheel-key": ours}),
    "none": outcome("sk-upstream"), "wrong": outcome(ours[:-1] + ("0" if ours[-1] != "0" else "1")), "other_listener": outcome(other),
    "other_workload": outcome(ours, default_headers={"x-flywheel-workload": "payroll"}),
    "claimed": outcome(ours, default_headers={"x-flywheel-client": "somebody-else"})}))
'''
ANSWER = json.dumps({"id": "r", "object": "chat.completion", "created": 1, "model": "small", "choices": [
    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "yes"}}]}).encode()


class Upstream:
    """Answers everything with one completion and keeps the headers that it saw."""

    def __enter__(self):
        seen = self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                seen.append({name.lower(): value for name, value in self.headers.items()})
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(ANSWER)))
                self.end_headers()
                self.wfile.write(ANSWER)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def command(*words, key=None, check=True):
    """What a command says, in JSON; its words where it fails and `check` is off."""
    done = subprocess.run([str(flywheel.FLYWHEEL), *map(str, words)], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "FLYWHEEL_KEY": key or ""})
    if check and done.returncode != 0:
        raise AssertionError(f"flywheel {' '.join(map(str, words))}: {done.stderr}")
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


def post(url, body, headers):
    request = urllib.request.Request(url, data=json.dumps(body).encode(), method="POST",
                                     headers={"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


CHAT = {"model": "small", "messages": [{"role": "user", "content": "hi"}]}


class KeysOfTheGateway(unittest.TestCase):
    def test_the_official_client_comes_in_with_its_key_alone(self):
        with Upstream() as upstream, gateway.GatewayService(upstream.url) as service:
            make = lambda *words: command("keys", "create", *words, "--json", "--server", service.url)
            shop = make("shop", "--listener", "gateway", "--tenant", "acme", "--workload", "router")
            other = make("shipper", "--listener", "otlp")
            got = gateway.run_client(CLIENT, service.gateway, shop["secret"], other["secret"])
            self.assertEqual((got["bearer"], got["beside"], got["claimed"]), ("yes", "yes", "yes"))
            self.assertEqual(got["none"], ["AuthenticationError", 401, "invalid_api_key"])
            self.assertEqual(got["wrong"], ["AuthenticationError", 401, "invalid_api_key"])
            self.assertEqual(got["other_listener"], ["PermissionDeniedError", 403, "key_not_allowed"])
            self.assertEqual(got["other_workload"], ["PermissionDeniedError", 403, "key_not_allowed"])
            kept = service.interactions(3, workload_id="router")
            self.assertEqual({(one["client_id"], one["flywheel"]["key"]) for one in kept}, {("acme", shop["key"]["id"])})
            self.assertEqual([h.get("authorization") for h in upstream.seen], [None, "Bearer sk-upstream", None])
            self.check_no_secret(service, [shop["secret"], other["secret"]], json.dumps(upstream.seen))

    def check_no_secret(self, service, secrets, seen):
        command("keys", "list", "--json", "--server", service.url)
        service.stop()
        for secret in secrets:
            self.assertNotIn(secret, seen, "sent to the upstream")
            for file in pathlib.Path(service.folder).rglob("*"):
                if file.is_file():
                    self.assertNotIn(secret[-64:].encode(), file.read_bytes(), f"written to {file}")

    def test_a_revoked_key_ends_with_its_next_request_and_limits_say_when_to_come_again(self):
        with Upstream() as upstream, gateway.GatewayService(upstream.url) as service:
            make = lambda *words: command("keys", "create", *words, "--json", "--server", service.url)
            ask = lambda key, path="/v1/chat/completions": post(service.gateway + path, CHAT, {"Authorization": "Bearer " + key["secret"]})
            key, slow = make("shop"), make("slow", "--requests-per-second", "0.5")
            self.assertEqual(ask(key)[0], 200)
            command("keys", "revoke", key["key"]["id"], "--json", "--server", service.url)
            self.assertEqual(ask(key)[0], 401)
            self.assertEqual(ask(slow)[0], 200)
            status, headers, body = ask(slow)
            self.assertEqual((status, json.loads(body)["error"]["code"]), (429, "rate_limit_exceeded"))
            self.assertIn(int(headers["Retry-After"]), (1, 2))
            status, headers, body = ask(slow, "/v1/messages")
            self.assertEqual((status, json.loads(body)["error"]["type"]), (429, "rate_limit_error"))
            metrics = service.call("GET", "/metrics")[1]
            self.assertIn(f'flywheel_key_requests_total{{key="{slow["key"]["id"]}",outcome="limited"}} 2', metrics)
            self.assertIn('flywheel_auth_refused_total{listener="gateway",why="unknown_key"} 1', metrics)
            self.assertEqual(service.call("GET", "/api/workloads")[0], 200, "no key was made for the control API")


    def test_the_access_log_says_who_asked_on_every_listener_and_no_secret(self):
        with Upstream() as upstream:
            keys = "port: 0, access_log: 1"
            service = gateway.GatewayService(config=f"logging_config: {{json: true}}\nserver: {{access_log: 1}}\ngateway: {{{keys}, upstream: '{upstream.url}'}}\n"
                                                    f"elasticsearch: {{{keys}}}\notlp: {{{keys}}}\n")
            with service:
                where = {one["name"]: one["url"] for one in service.call("GET", "/readyz")[1]["listeners"]}
                urls = {"gateway": where["gateway"] + "/v1/chat/completions", "elasticsearch": where["elasticsearch"] + "/_bulk",
                        "otlp": where["otlp"] + "/v1/logs", "control api": service.url + "/api/log/backups"}
                listeners = {"control api": ("control", "--role", "admin")}
                made = {name: command("keys", "create", name.split()[0], "--listener", *listeners.get(name, (name,)), "--json", "--server", service.url)
                        for name in ("gateway", "elasticsearch", "otlp", "control api")}
                statuses = {}
                for name, url in urls.items():
                    statuses[name] = post(url + "?q=told-to-nobody", {"resourceLogs": []}, {"Authorization": "Bearer " + made[name]["secret"]})[0]
                seen = lambda: {line["server"]: (line["path"], line["status"], line["key"]) for line in service.log_lines()
                                if line["event"] == "answered" and line.get("key")}
                flywheel.wait_until(lambda: len(seen()) == 4, 10, "four lines")
                self.assertEqual(seen(), {name: (url.split("/", 3)[3].join(["/", ""]), statuses[name], made[name]["key"]["id"])
                                          for name, url in urls.items()})
                log = (service.folder / "service.log").read_text()
                for secret in ["told-to-nobody", *(one["secret"] for one in made.values())]:
                    self.assertNotIn(secret, log)

    def test_a_rating_needs_the_key_that_the_answer_came_in_with_or_one_for_all(self):
        with Upstream() as upstream, gateway.GatewayService(upstream.url) as service:
            make = lambda *words: command("keys", "create", *words, "--listener", "gateway", "--json", "--server", service.url)["secret"]
            acme, rival, clerk, everything = (make("acme", "--tenant", "acme", "--workload", "router"), make("rival", "--tenant", "rival"),
                                              make("clerk", "--workload", "payroll"), make("everything"))

            def answer():
                status, headers, _ = post(service.gateway + "/v1/chat/completions", CHAT, {"Authorization": "Bearer " + acme})
                self.assertEqual(status, 200)
                return headers["x-flywheel-id"]

            def rate(record, secret=None):
                headers = {"Authorization": "Bearer " + secret} if secret else {}
                status, _, body = post(service.gateway + "/v1/feedback", {"id": record, "outcome": "bad"}, headers)
                return status, json.loads(body)

            one, two = answer(), answer()
            self.assertEqual(rate(one)[0], 401)
            self.assertEqual(rate(one, "fw-" + "0" * 76)[0], 401)
            unknown = rate("no-such", rival)
            self.assertEqual(unknown[0], 404)
            for stranger in (rival, clerk):
                status, said = rate(one, stranger)
                self.assertEqual((status, json.dumps(said)), (404, json.dumps(unknown[1]).replace("no-such", one)))
            self.assertEqual(service.call("GET", "/api/feedback")[1], {"feedback": []})
            status, said = rate(one, acme)
            self.assertEqual((status, said["by"], said["client"], said["workload"]), (201, "acme", "acme", "router"))
            status, said = rate(two, everything)
            self.assertEqual((status, said["by"]), (201, "everything"))
            self.assertEqual([rating["by"] for rating in service.call("GET", "/api/feedback")[1]["feedback"]], ["everything", "acme"])
            self.assertEqual(len(upstream.seen), 2, "a rating went to the upstream")


class KeysOfTheControlApi(unittest.TestCase):
    def test_roles_and_the_name_that_acts(self):
        with flywheel.Service() as service:
            make = lambda *words, key=None: command("keys", "create", *words, "--json", "--server", service.url, key=key)
            self.assertIn("has to be an admin's", command("keys", "create", "vic", "--role", "viewer", "--server", service.url, check=False))
            ada = make("ada", "--role", "admin")["secret"]
            self.assertIn("FLYWHEEL_KEY", command("workloads", "--json", "--server", service.url, check=False))
            self.assertEqual(service.call("GET", "/healthz")[0], 200)
            self.assertEqual(service.call("GET", "/api/session")[1]["is_needed"], True)
            vic = make("vic", "--role", "viewer", key=ada)["secret"]
            self.assertIn("workloads", command("workloads", "--json", "--server", service.url, key=vic))
            refused = command("keys", "create", "x", "--server", service.url, key=vic, check=False)
            self.assertIn("the role admin; vic is viewer", refused)
            entries = self.ask(service, "/api/audit", ada)["entries"]
            self.assertEqual([(e["action"], e["person"]) for e in entries][:-1], [("keys.create", "ada")])

    def ask(self, service, path, key):
        request = urllib.request.Request(service.url + path, headers={"Authorization": "Bearer " + key})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def test_ratings_and_steps_of_proposals_take_a_role(self):
        with flywheel.Service() as service:
            make = lambda name, role, key=None: command("keys", "create", name, "--role", role, "--json", "--server", service.url, key=key)["secret"]
            ada = make("ada", "admin")
            vic, rev, op = (make(name, role, ada) for name, role in (("vic", "viewer"), ("rev", "reviewer"), ("op", "operator")))

            def status(path, body, key=None):
                return post(service.url + path, body, {"Authorization": "Bearer " + key} if key else {})[0]

            rating = {"id": "no-such", "outcome": "bad"}
            self.assertEqual([status("/api/feedback", rating, key) for key in (None, vic, rev, op)], [401, 403, 404, 404])
            # Let in, it is told that there is no such proposal.
            for step, outcomes in {"sign": [401, 403, 404, 404], "start_shadow": [401, 403, 403, 404], "start_canary": [401, 403, 403, 404],
                                   "go_live": [401, 403, 403, 404], "roll_back": [401, 403, 403, 404]}.items():
                body = {"digest": "d"}
                self.assertEqual([status("/api/promotions/p-none/" + step, body, key) for key in (None, vic, rev, op)], outcomes, step)

    def test_keys_can_be_made_before_the_service_runs(self):
        service = flywheel.Service()
        self.addCleanup(service.close)
        ada = command("keys", "create", "ada", "--role", "admin", "--json", "--data", service.data)["secret"]
        service.start()
        self.assertEqual(service.call("GET", "/api/jobs")[0], 401)
        self.assertEqual(len(command("keys", "list", "--json", "--server", service.url, key=ada)["keys"]), 1)
        self.assertIn("leave it out", command("keys", "list", "--data", service.data, check=False))


class OpenAddresses(unittest.TestCase):
    def test_what_others_reach_without_tls_or_keys_does_not_start(self):
        service = flywheel.Service('nims: [{model_name: m, url: "http://127.0.0.1:9/v1"}]\nserver: {listen: 0.0.0.0}\n')
        self.addCleanup(service.close)
        with self.assertRaisesRegex(AssertionError, "server.insecure: true"):
            service.start()


if __name__ == "__main__":
    unittest.main()
