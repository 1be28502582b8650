#!/usr/bin/env python3
"""Kill `quanlian serve` again and again while four writers open matters and act in them; nothing acknowledged may be lost. Standard library only.

    platform_kills.py QUANLIAN OUT [--kills 100] [--postgres]

In:  the program, a folder that is made anew. With `--postgres` the database is a server of its own, and every second kill is that of
     this server, which is then started again while the program stays.
Out: one line of JSON on stdout; exit 1 when a promise was broken.

Every request carries an Idempotency-Key. A writer whose answer is lost sends the same request again, after the server is
back, until it has an answer. At the end:
- every acknowledged matter is there, under the number that was told, and each has all events that were acknowledged;
- each key made one matter, and numbers have no gap;
- every chain of digests is read whole;
- every file whose end was acknowledged is there with its bytes and gets its receipt;
- every job that was acknowledged comes to its end, with one result.
"""
import argparse
import hashlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import servers

PASSWORD = "gravel-tidy-moth-9"
# What the administrator gives; it opens nothing but its own change.
FIRST_PASSWORD = "timber-oval-crane-3"
GIVEN = {"facts": {"subject": {"text": "copyright"}}, "papers": {"complaint_letter": "T-1"}}


# So long files and jobs may take to come to their end after the last kill: leases of the dead run out first.
WORK_S = 300


class Server:
    def __init__(self, program, out, database):
        self.command = [program, "--lang", "en", "serve", "--plain-http", "--data", out + "/platform", "--listen", "127.0.0.1:0"]
        if database:
            self.command += ["--database", database]
        self.process, self.port, self.log = None, None, out + "/server.log"

    def start(self):
        # A file, so that nothing that it says ever holds it up.
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(self.command, stderr=log)
        self.port = int(self.said(r"listens on http://127.0.0.1:(\d+)/"))

    def said(self, pattern):
        until = time.time() + 60
        while time.time() < until:
            with open(self.log) as log:
                found = re.search(pattern, log.read())
            if found:
                return found.group(1)
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise SystemExit("the server did not start: " + open(self.log).read()[-2000:])

    def first_code(self):
        return self.said(r"used once\): (\S+)")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def send(port, method, path, body=None, cookie=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        sent = {"Content-Type": "application/json", "Origin": "http://127.0.0.1:%d" % port, **(headers or {})}
        if cookie:
            sent["Cookie"] = cookie
        data = body if body is None or isinstance(body, bytes) else json.dumps(body)
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), json.loads(text) if text else None
    finally:
        connection.close()


class Writer(threading.Thread):
    """Opens a matter, then supplies papers to it, one request after the other."""

    def __init__(self, server, cookie, name, stop):
        super().__init__()
        self.server, self.cookie, self.who, self.stop = server, cookie, name, stop
        self.matters, self.files, self.jobs, self.lost, self.broken = {}, {}, {}, 0, []

    def until_answered(self, *request):
        while True:
            try:
                status, headers, body = send(self.server.port, *request)
            except (OSError, http.client.HTTPException, ValueError):
                self.lost += 1
                time.sleep(0.05)
                continue
            if status == 503 or status == 429:
                time.sleep(0.05)
                continue
            return status, headers, body

    def run(self):
        turn = 0
        while not self.stop.is_set():
            turn += 1
            key = {"Idempotency-Key": "%s-%d" % (self.who, turn)}
            body = {"procedure": "complaint-intake", "title": "办件 %s-%d" % (self.who, turn), "given": GIVEN}
            status, headers, made = self.until_answered("POST", "/api/v1/matters", body, self.cookie, key)
            if status != 201:
                self.broken.append(("open", status, made))
                continue
            events = 2
            for paper in ("identity_proof", "right_proof", "evidence_material"):
                key = {"Idempotency-Key": "%s-%d-%s" % (self.who, turn, paper), "If-Match": headers["etag"]}
                body = {"command": {"do": "supply", "papers": {paper: "T-2"}}}
                path = "/api/v1/matters/%s/commands" % made["id"]
                status, headers, answer = self.until_answered("POST", path, body, self.cookie, key)
                if status != 200:
                    self.broken.append((paper, status, answer))
                    break
                events += 1
            self.matters[made["id"]] = (made["number"], events)
            if turn % 4 == 1:
                self.send_file(made["id"], "%s-%d" % (self.who, turn))
            if turn % 16 == 1:
                self.ask_work(made["id"], "%s-%d" % (self.who, turn))

    def send_file(self, matter, name):
        """In two pieces; after a lost answer it asks how far it came."""
        data = (name * 3000).encode()
        body = {"kind": "evidence", "name": name, "size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        status, _, upload = self.until_answered("POST", "/api/v1/matters/%s/uploads" % matter, body, self.cookie)
        if status != 201:
            self.broken.append(("upload", status, upload))
            return
        path = "/api/v1/uploads/" + upload["id"]
        while True:
            status, _, seen = self.until_answered("GET", path, None, self.cookie)
            if status != 200:
                self.broken.append(("look", status, seen))
                return
            if seen["file"]:
                self.files[seen["file"]] = (matter, body["sha256"])
                return
            offset = seen["offset"]
            piece = data[offset:] if offset else data[:len(data) // 2]
            headers = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
            status, _, answer = self.until_answered("PATCH", path, piece, self.cookie, headers)
            if status not in (204, 400, 409, 423):
                self.broken.append(("piece", status, answer))
                return

    def ask_work(self, matter, name):
        task = {"task": {"kind": "paper", "paper": "acceptance_notice", "text": name}}
        key = {"Idempotency-Key": name + "-paper"}
        status, _, job = self.until_answered("POST", "/api/v1/matters/%s/jobs" % matter, task, self.cookie, key)
        if status != 202:
            self.broken.append(("job", status, job))
            return
        self.jobs[job["id"]] = matter


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("program")
    ap.add_argument("out")
    ap.add_argument("--kills", type=int, default=100)
    ap.add_argument("--postgres", action="store_true")
    ap.add_argument("--seed", type=int, default=1)
    a = ap.parse_args()
    shutil.rmtree(a.out, ignore_errors=True)
    os.makedirs(a.out)
    # All writers come from one address, as fast as they can.
    os.environ.update({"QUANLIAN_LIMITS_ADDRESS_PER_S": "0", "QUANLIAN_LIMITS_ACCOUNT_PER_S": "0", "QUANLIAN_LIMITS_SIGN_IN_PER_S": "0"})
    database = servers.Postgres() if a.postgres else None
    try:
        return run(a, database)
    finally:
        if database:
            database.close()


def run(a, database):
    server = Server(a.program, a.out, database.address if database else None)
    server.start()
    first = {"code": server.first_code(), "agency": "culture", "agency_names": {"zh": "文旅局", "en": "Culture bureau"},
             "login": "root", "name": "管理员", "password": PASSWORD}
    assert send(server.port, "POST", "/api/v1/first-start", first)[0] == 201

    def cookie_of(login, password=PASSWORD):
        status, headers, _ = send(server.port, "POST", "/api/v1/session", {"login": login, "password": password})
        assert status == 200
        return headers["set-cookie"].split(";")[0]

    root = cookie_of("root")
    clerk = {"login": "zhou", "agency": "culture", "user": "zhou", "name": "周", "roles": ["intake_clerk"], "password": FIRST_PASSWORD}
    assert send(server.port, "POST", "/api/v1/accounts", clerk, root)[0] == 201
    cookie = cookie_of("zhou", FIRST_PASSWORD)
    assert send(server.port, "PUT", "/api/v1/account/password", {"password": PASSWORD}, cookie)[0] == 204

    stop, draw, began = threading.Event(), random.Random(a.seed), time.time()
    writers = [Writer(server, cookie, "w%d" % n, stop) for n in range(4)]
    for writer in writers:
        writer.start()
    for turn in range(a.kills):
        time.sleep(draw.uniform(0.05, 0.6))
        if database and turn % 2:
            database.kill()
            database.start()
            continue
        server.kill()
        server.start()
    stop.set()
    for writer in writers:
        writer.join()

    acknowledged = {}
    for writer in writers:
        acknowledged.update(writer.matters)
    broken = [b for writer in writers for b in writer.broken]
    there, after = {}, ""
    while True:
        _, _, page = send(server.port, "GET", "/api/v1/matters?limit=200&sort=opened" + after, None, cookie)
        there.update((m["id"], m["number"]) for m in page["matters"])
        if not page["next"]:
            break
        after = "&after=" + page["next"]
    lost = [id for id, (number, _) in acknowledged.items() if there.get(id) != number]
    twice = len(there) - len(acknowledged)
    ordinals = sorted(int(number.rsplit("-", 1)[1]) for number in there.values())
    half = 0
    for id in there:
        status, _, body = send(server.port, "GET", "/api/v1/matters/%s/events" % id, None, cookie)
        if status != 200 or len(body["events"]) != acknowledged.get(id, (None, -1))[1]:
            half += 1
    files, jobs = {}, {}
    for writer in writers:
        files.update(writer.files)
        jobs.update(writer.jobs)
    lost_files, undeposited = 0, 0
    until = time.time() + WORK_S
    for file, (matter, sha256) in files.items():
        while True:
            status, _, seen = send(server.port, "GET", "/api/v1/matters/%s/files/%s" % (matter, file), None, cookie)
            if status != 200 or seen["sha256"] != sha256 or seen["receipt"] or time.time() > until:
                break
            time.sleep(0.1)
        lost_files += status != 200 or seen["sha256"] != sha256
        undeposited += status == 200 and not seen["receipt"]
    ended = {}
    for job, matter in jobs.items():
        while True:
            _, _, seen = send(server.port, "GET", "/api/v1/matters/%s/jobs/%s" % (matter, job), None, cookie)
            if seen["state"] not in ("waiting", "running") or time.time() > until:
                break
            time.sleep(0.2)
        ended[seen["state"]] = ended.get(seen["state"], 0) + 1
    again = sum(send(server.port, "GET", "/api/v1/matters/%s/jobs/%s" % (matter, job), None, cookie)[2]["attempts"] > 1 for job, matter in jobs.items())
    server.kill()
    report = {
        "kills": a.kills, "seconds": round(time.time() - began, 1), "matters": len(there),
        "acknowledged_writes": sum(events - 1 for _, events in acknowledged.values()),
        "answers_lost_and_asked_again": sum(writer.lost for writer in writers),
        "lost": len(lost), "made_twice": twice, "half_made": half, "gaps": ordinals != list(range(1, len(ordinals) + 1)),
        "files": len(files), "files_lost": lost_files, "files_without_receipt": undeposited, "jobs": ended, "jobs_begun_again": again,
        "refused": broken[:3],
    }
    print(json.dumps(report, ensure_ascii=False))
    is_kept = not (lost or twice or half or report["gaps"] or broken or lost_files or undeposited) and set(ended) <= {"done"}
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
