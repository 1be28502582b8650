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
import socket
import subprocess
import sys
import tempfile

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


@contextlib.contextmanager
def postgres():
    """Gives the address; the password stands in the environment."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not found:
        raise SystemExit("PostgreSQL is not installed: apt-get install postgresql")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="quanlian-pg-"))
    as_owner = ["runuser", "-u", "postgres", "--"] if getpass.getuser() == "root" else []
    if as_owner:
        shutil.chown(folder, "postgres")
    word = folder / "word"
    word.write_text(PASSWORD)
    word.chmod(0o644)
    port, data = free_port(), str(folder / "data")
    tool = lambda name, *args: subprocess.run(as_owner + [found[-1] + "/" + name, *args], check=True, stdout=subprocess.DEVNULL, cwd="/")
    tool("initdb", "-D", data, "-U", "quanlian", "-A", "scram-sha-256", "--pwfile", str(word), "-E", "UTF8")
    options = "-p %d -k %s -c listen_addresses=127.0.0.1" % (port, folder)
    tool("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        os.environ["QUANLIAN_DATABASE_PASSWORD"] = PASSWORD
        yield "postgres://quanlian@127.0.0.1:%d/postgres" % port
    finally:
        tool("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


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
