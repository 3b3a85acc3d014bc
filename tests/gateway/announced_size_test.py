"""A body that announces more than will be taken is refused before it is asked for, at every way in."""
import socket
import unittest
import urllib.parse

import gateway



def head_answer(url, path, length):
    """The first line that a client gets which waits to be asked for its body."""
    where = urllib.parse.urlsplit(url)
    with socket.create_connection((where.hostname, where.port), 10) as client:
        client.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nUser-Agent: test\r\n"
                       f"Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n".encode())
        return client.recv(4096).decode().split("\r\n")[0]


class AnnouncedSize(unittest.TestCase):
    def test_what_will_not_be_taken_is_not_asked_for(self):
        service = self.enterContext(gateway.GatewayService(
            config="gateway: {port: 0, upstream: 'http://127.0.0.1:9/v1'}\nelasticsearch: {port: 0}\notlp: {port: 0}\n"))
        where = {one["name"]: one["url"] for one in service.call("GET", "/readyz")[1]["listeners"]}
        for name, path in (("elasticsearch", "/_bulk"), ("elasticsearch", "/_search"), ("elasticsearch", "/flywheel/_doc"),
                           ("otlp", "/v1/traces"), ("gateway", "/v1/chat/completions")):
            for length in (1_000_000_000_000, 2**64 - 1):
                self.assertIn(" 413 ", head_answer(where[name], path, length) + " ", (name, path))
            self.assertIn(" 100 ", head_answer(where[name], path, 10) + " ", (name, path))
        self.assertIn(" 413 ", head_answer(service.url, "/api/jobs", 1_000_000_000_000) + " ")


if __name__ == "__main__":
    unittest.main()
