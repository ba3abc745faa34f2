"""Certificates of every kind of trouble, made by the openssl command once for all tests."""

import ssl
import subprocess
from pathlib import Path

HOST = "csms.test"
PLAIN = """
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical,CA:true
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:false
subjectAltName = DNS:{host}
[lone]
basicConstraints = critical,CA:true
subjectAltName = DNS:{host}
"""


class Authority:
    """A folder with a root, and servers' certificates signed by it. ``openssl`` is called once for each of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.root = folder / "root.pem"
        self._config("root", HOST)
        self._openssl(
            *["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"],
            *self._request("root", "Test Root"),
            "-extensions",
            "root",
        )

    def server(self, name: str, host: str = HOST, days: str = "365", subject: str = HOST) -> ssl.SSLContext:
        """Signed by the root. ``days`` negative: expired."""
        self._config(name, host)
        self._openssl(
            *["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
            *self._request(name, subject, "csr"),
        )
        if days.startswith("-"):
            (self._folder / "index").write_text("")
            (self._folder / "ca.cnf").write_text(
                f"[ca]\ndefault_ca = d\n[d]\ndatabase = {self._folder}/index\nrand_serial = yes\n"
                f"new_certs_dir = {self._folder}\ndefault_md = sha256\npolicy = p\n[p]\ncommonName = supplied\n"
            )
            dates = ["-startdate", "20240101000000Z", "-enddate", "20250101000000Z"]
            self._openssl(
                "ca",
                "-batch",
                "-notext",
                "-config",
                self._folder / "ca.cnf",
                "-cert",
                self.root,
                "-keyfile",
                self._folder / "root.key",
                "-in",
                self._folder / f"{name}.csr",
                "-out",
                self._folder / f"{name}.pem",
                "-extfile",
                self._folder / f"{name}.cnf",
                "-extensions",
                "server",
                *dates,
            )
        else:
            self._openssl(
                "x509",
                "-req",
                "-days",
                days,
                "-CA",
                self.root,
                "-CAkey",
                self._folder / "root.key",
                "-in",
                self._folder / f"{name}.csr",
                "-out",
                self._folder / f"{name}.pem",
                "-extfile",
                self._folder / f"{name}.cnf",
                "-extensions",
                "server",
            )
        return self._context(name)

    def by_itself(self) -> ssl.SSLContext:
        self._config("lone", HOST)
        self._openssl(
            *["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "365"],
            *self._request("lone", HOST),
            "-extensions",
            "lone",
        )
        return self._context("lone")

    def _config(self, name: str, host: str) -> None:
        (self._folder / f"{name}.cnf").write_text(PLAIN.format(host=host))

    def _request(self, name: str, subject: str, kind: str = "pem") -> list[object]:
        return [
            "-config",
            self._folder / f"{name}.cnf",
            "-subj",
            f"/CN={subject}",
            "-keyout",
            self._folder / f"{name}.key",
            "-out",
            self._folder / f"{name}.{kind}",
        ]

    def _context(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        return context

    def _openssl(self, *words: object) -> None:
        command = ["openssl", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
