"""Certificates of an authority of one's own, made with the openssl command."""
import shutil
import ssl
import subprocess
import unittest


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """An authority in `folder`; `certificate` is what clients trust."""

    def __init__(self, folder, name="authority"):
        if shutil.which("openssl") is None:
            raise unittest.SkipTest("no openssl command")
        self.folder = folder
        self.key, self.certificate = folder / f"{name}.key", folder / f"{name}.pem"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2, "-subj",
                 f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def issue(self, host, alternative):
        """(certificate, key) of a server: PEM files."""
        key, request, certificate = (self.folder / f"{host}.{end}" for end in ("key", "csr", "pem"))
        extension = self.folder / f"{host}.ext"
        extension.write_text(f"subjectAltName={alternative}\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={host}", "-keyout", key,
                 "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-days", 2, "-extfile", extension,
                 "-out", certificate)
        return certificate, key

    def client_context(self):
        return ssl.create_default_context(cafile=str(self.certificate))


def serve_tls(server, certificate, key):
    """Makes a server of http.server speak TLS on connections that come from now on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.handle_error = lambda *_: None  # clients that do not trust it
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
