"""A PostgreSQL server and an S3 server for the scripts beside this file, each in a folder that is gone afterwards.

PostgreSQL from Debian's package (`postgresql`); as root it runs as `postgres`, which it asks for. S3 by moto (`pip install 'moto[s3,server]'`).
"""
import contextlib
import getpass
import glob
import http.client
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

MOTO = """
from werkzeug.serving import make_server
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
server = make_server('127.0.0.1', 0, DomainDispatcherApplication(create_backend_app), threaded=False)
print(server.port, flush=True)
server.serve_forever()
"""
PASSWORD = "a-word-for-this-run"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Postgres:
    """A server of its own. The password of its address stands in the environment."""

    def __init__(self):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not found:
            raise SystemExit("PostgreSQL is not installed: apt-get install postgresql")
        self.bin, self.folder, self.port = found[-1], pathlib.Path(tempfile.mkdtemp(prefix="quanlian-pg-")), free_port()
        self.as_owner = ["runuser", "-u", "postgres", "--"] if getpass.getuser() == "root" else []
        if self.as_owner:
            shutil.chown(self.folder, "postgres")
        word = self.folder / "word"
        word.write_text(PASSWORD)
        word.chmod(0o644)
        self.data = str(self.folder / "data")
        self.tool("initdb", "-D", self.data, "-U", "quanlian", "-A", "scram-sha-256", "--pwfile", str(word), "-E", "UTF8")
        self.address = "postgres://quanlian@127.0.0.1:%d/postgres" % self.port
        os.environ["QUANLIAN_DATABASE_PASSWORD"] = PASSWORD
        self.start()

    def tool(self, name, *args, check=True):
        return subprocess.run(self.as_owner + [self.bin + "/" + name, *args], check=check, stdout=subprocess.DEVNULL, cwd="/").returncode

    def start(self):
        options = "-p %d -k %s -c listen_addresses=127.0.0.1" % (self.port, self.folder)
        # What was killed leaves its port and its memory a moment longer.
        for _ in range(10):
            if self.tool("pg_ctl", "-D", self.data, "-w", "-l", str(self.folder / "log"), "-o", options, "start", check=False) == 0:
                return
            time.sleep(0.5)
        raise SystemExit("PostgreSQL does not start again: %s" % (self.folder / "log").read_text()[-2000:])

    def kill(self):
        """As if the machine had lost it: no goodbye to anybody."""
        first = (self.folder / "data" / "postmaster.pid").read_text().split()[0]
        os.kill(int(first), signal.SIGKILL)
        for _ in range(100):
            if subprocess.run(["pgrep", "-P", first], stdout=subprocess.DEVNULL, check=False).returncode:
                break
            time.sleep(0.1)

    def close(self):
        self.tool("pg_ctl", "-D", self.data, "-m", "immediate", "stop", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def postgres():
    """Gives the address of a server that is gone afterwards."""
    server = Postgres()
    try:
        yield server.address
    finally:
        server.close()


@contextlib.contextmanager
def s3():
    """Gives the address of a bucket; its key stands in the environment."""
    server = subprocess.Popen([sys.executable, "-c", MOTO], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    line = server.stdout.readline()
    if not line.strip():
        raise SystemExit("moto is not installed: pip install 'moto[s3,server]'")
    port = int(line)
    try:
        os.environ.update(AWS_ACCESS_KEY_ID="writer", AWS_SECRET_ACCESS_KEY="a word that nobody guesses")
        made = http.client.HTTPConnection("127.0.0.1", port)
        word = "AWS4-HMAC-SHA256 Credential=writer/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
        made.request("PUT", "/originals", headers={"Authorization": word, "Content-Length": "0"})
        if made.getresponse().status != 200:
            raise SystemExit("the S3 server made no bucket")
        yield "s3://originals/files?endpoint=http://127.0.0.1:%d" % port
    finally:
        server.kill()
        server.wait()
