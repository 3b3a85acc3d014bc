"""Encrypted on both sides of the gateway, and through a proxy: what is not trusted gets nothing."""
import http.server
import json
import pathlib
import select
import shutil
import socket
import ssl
import tempfile
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request

import certificates
import gateway
from gateway import flywheel

CHAT = {"model": "big", "messages": [{"role": "user", "content": "hello"}]}


def ask(url, body=CHAT, context=None):
    """(status, text) of a chat through a gateway."""
    request = urllib.request.Request(url + "/v1/chat/completions", data=json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class ForwardProxy:
    """Relays plain requests that name their server and tunnels to any name, all to one server; remembers what was asked of it."""

    def __init__(self, plain, encrypted):
        proxy = self
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                proxy.asked.append(("POST", self.path))
                body = self.rfile.read(int(self.headers["Content-Length"]))
                path = urllib.parse.urlsplit(self.path).path
                with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                        urllib.request.Request(f"http://127.0.0.1:{plain}{path}", data=body), timeout=20) as answer:
                    raw = answer.read()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def do_CONNECT(self):
                proxy.asked.append(("CONNECT", self.path))
                with socket.create_connection(("127.0.0.1", encrypted)) as there:
                    self.send_response(200)
                    self.end_headers()
                    ends = [self.connection, there]
                    while True:
                        for one in select.select(ends, [], [], 20)[0] or [None]:
                            piece = one.recv(65536) if one else b""
                            if not piece:
                                self.close_connection = True
                                return
                            ends[1 - ends.index(one)].sendall(piece)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class TlsAndProxy(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-tls-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.authority = certificates.Authority(self.folder)

    def upstream(self, names=None):
        """A model; with `names` under a certificate of the authority."""
        endpoint = flywheel.StubEndpoint()
        self.addCleanup(endpoint.close)
        if names:
            certificates.serve_tls(endpoint.server, *self.authority.issue("model", names))
        return endpoint

    def serve(self, config, env=None):
        off = [f"{name}: {{enabled: false}}\n" for name in ("elasticsearch", "otlp") if name not in config]
        service = gateway.GatewayService(config=config + "".join(off), folder=tempfile.mkdtemp(prefix="flywheel-tls-"))
        no_proxy = {name: "" for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
                                          "ALL_PROXY", "NO_PROXY")}
        service.env.update({**no_proxy, **(env or {})})
        self.addCleanup(service.close)
        return service.start()

    def test_listeners_with_a_certificate_speak_tls_alone(self):
        certificate, key = self.authority.issue("gateway", "IP:127.0.0.1")
        tls = f"port: 0, tls_certificate: {certificate}, tls_key: {key}"
        service = self.serve(f"gateway: {{{tls}, upstream: '{self.upstream().url}'}}\nelasticsearch: {{{tls}}}\n")
        self.assertTrue(service.gateway.startswith("https://127.0.0.1:"), service.gateway)
        known = self.authority.client_context()
        self.assertEqual(ask(service.gateway, context=known)[0], 200)
        listeners = {one["name"]: one["url"] for one in service.call("GET", "/readyz")[1]["listeners"]}
        document = {"timestamp": 1, "workload_id": "w", "client_id": "c", "request": CHAT,
                    "response": {"choices": [{"message": {"role": "assistant", "content": "yes"}}]}}
        lines = "".join(json.dumps(line) + "\n" for line in ({"index": {"_index": "flywheel"}}, document))
        bulk = urllib.request.Request(listeners["elasticsearch"] + "/_bulk", data=lines.encode(),
                                      headers={"Content-Type": "application/x-ndjson"})
        self.assertTrue(bulk.full_url.startswith("https://"), bulk.full_url)
        with urllib.request.urlopen(bulk, timeout=20, context=known) as answer:
            self.assertFalse(json.load(answer)["errors"])
        self.assertEqual(len(service.interactions(2)), 2)

        for url in (service.gateway, listeners["elasticsearch"]):
            with self.assertRaises(urllib.error.URLError) as refused:
                urllib.request.urlopen(url, timeout=20, context=ssl.create_default_context())
            self.assertIsInstance(refused.exception.reason, ssl.SSLCertVerificationError)
            with self.assertRaises((OSError, urllib.error.URLError)):
                ask(url.replace("https://", "http://"))
        self.assertEqual(ask(service.gateway, context=known)[0], 200)

    def test_an_upstream_of_a_private_authority_is_asked_where_that_is_known(self):
        url = self.upstream("IP:127.0.0.1").url.replace("http://", "https://")
        one = f"name: model, url: '{url}', max_retries: 0"
        service = self.serve(f"gateway: {{port: 0, upstreams: [{{{one}, certificate_authorities: {self.authority.certificate}}}]}}\n")
        self.assertEqual(ask(service.gateway)[0], 200)
        self.assertEqual(len(service.interactions(1)), 1)

        service = self.serve(f"gateway: {{port: 0, upstreams: [{{{one}}}]}}\n")
        status, text = ask(service.gateway)
        self.assertEqual(status, 502, text)
        self.assertIn("certificate", text)

    def test_a_certificate_for_another_name_is_refused(self):
        endpoint = self.upstream("DNS:somebody.else")
        url = endpoint.url.replace("http://", "https://")
        service = self.serve("gateway: {port: 0, upstreams: [{name: model, max_retries: 0, "
                             f"url: '{url}', certificate_authorities: {self.authority.certificate}}}]}}\n")
        status, text = ask(service.gateway)
        self.assertEqual((status, endpoint.requests), (502, 0), text)

    def test_upstreams_are_asked_through_the_proxy_that_the_environment_names(self):
        plain, encrypted = self.upstream(), self.upstream("DNS:secret.invalid")
        proxy = ForwardProxy(plain.server.server_port, encrypted.server.server_port)
        self.addCleanup(proxy.close)
        direct = self.upstream()
        # Names that nobody can resolve: what answers came through the proxy.
        service = self.serve("gateway:\n  port: 0\n  upstreams:\n"
                             "  - {name: plain, url: 'http://plain.invalid/v1'}\n"
                             f"  - {{name: secret, url: 'https://secret.invalid/v1', certificate_authorities: {self.authority.certificate}}}\n"
                             f"  - {{name: direct, url: '{direct.url}'}}\n"
                             "  routes:\n" +
                             "".join(f"  - {{model: {name}, targets: [{{upstream: {name}}}]}}\n" for name in ("plain", "secret", "direct")),
                             env={"http_proxy": proxy.url, "https_proxy": proxy.url, "no_proxy": "127.0.0.1"})
        for name, upstream, asked in (("plain", plain, [("POST", "http://plain.invalid/v1/chat/completions")]),
                                      ("secret", encrypted, [("CONNECT", "secret.invalid:443")]), ("direct", direct, [])):
            proxy.asked.clear()
            status, text = ask(service.gateway, {**CHAT, "model": name})
            self.assertEqual((status, upstream.requests, proxy.asked), (200, 1, asked), text)
        self.assertEqual(len(service.interactions(3)), 3)


if __name__ == "__main__":
    unittest.main()
