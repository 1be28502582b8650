#!/usr/bin/env python3
"""Kill `quanlian serve` again and again while four writers open matters and act in them; nothing acknowledged may be lost. Standard library only.

    platform_kills.py QUANLIAN OUT [--kills 100] [--database postgres://…] [--database-kill CMD --database-start CMD]

In:  the program, a folder that is made anew. With `--database` the platform is there, its password in the environment.
     With the two commands every second kill is one of the database server, which is then started again; the program stays.
Out: one line of JSON on stdout; exit 1 when a promise was broken.

Every request carries an Idempotency-Key. A writer whose answer is lost sends the same request again, after the server is
back, until it has an answer. At the end:
- every acknowledged matter is there, under the number that was told, and each has all events that were acknowledged;
- each key made one matter, and numbers have no gap;
- every chain of digests is read whole.
"""
import argparse
import http.client
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

PASSWORD = "gravel-tidy-moth-9"
GIVEN = {"facts": {"subject": {"text": "copyright"}}, "papers": {"complaint_letter": "T-1"}}


class Server:
    def __init__(self, program, out, database):
        self.command = [program, "--lang", "en", "serve", "--plain-http", "--data", out + "/platform", "--listen", "127.0.0.1:0"]
        if database:
            self.command += ["--database", database]
        self.process, self.port, self.code = None, None, None

    def start(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            found = re.search(r"listens on http://127.0.0.1:(\d+)/", line)
            if found:
                self.port = int(found.group(1))
                break
        else:
            raise SystemExit("the server did not start")

    def first_code(self):
        return self.process.stderr.readline().rsplit(" ", 1)[1].strip()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def send(port, method, path, body=None, cookie=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        sent = {"Content-Type": "application/json", "Origin": "http://127.0.0.1:%d" % port, **(headers or {})}
        if cookie:
            sent["Cookie"] = cookie
        connection.request(method, path, json.dumps(body) if body is not None else None, sent)
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
        self.matters, self.lost, self.broken = {}, 0, []

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


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("program")
    ap.add_argument("out")
    ap.add_argument("--kills", type=int, default=100)
    ap.add_argument("--database")
    ap.add_argument("--database-kill")
    ap.add_argument("--database-start")
    ap.add_argument("--seed", type=int, default=1)
    a = ap.parse_args()
    shutil.rmtree(a.out, ignore_errors=True)
    server = Server(a.program, a.out, a.database)
    server.start()
    first = {"code": server.first_code(), "agency": "culture", "agency_names": {"zh": "文旅局", "en": "Culture bureau"},
             "login": "root", "name": "管理员", "password": PASSWORD}
    assert send(server.port, "POST", "/api/v1/first-start", first)[0] == 201

    def cookie_of(login):
        status, headers, _ = send(server.port, "POST", "/api/v1/session", {"login": login, "password": PASSWORD})
        assert status == 200
        return headers["set-cookie"].split(";")[0]

    root = cookie_of("root")
    clerk = {"login": "zhou", "agency": "culture", "user": "zhou", "name": "周", "roles": ["intake_clerk"], "password": PASSWORD}
    assert send(server.port, "POST", "/api/v1/accounts", clerk, root)[0] == 201
    cookie = cookie_of("zhou")

    stop, draw, began = threading.Event(), random.Random(a.seed), time.time()
    writers = [Writer(server, cookie, "w%d" % n, stop) for n in range(4)]
    for writer in writers:
        writer.start()
    for turn in range(a.kills):
        time.sleep(draw.uniform(0.05, 0.6))
        if a.database_kill and turn % 2:
            subprocess.run(a.database_kill, shell=True, check=False)
            subprocess.run(a.database_start, shell=True, check=True, stdout=subprocess.DEVNULL)
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
    server.kill()
    report = {
        "kills": a.kills, "seconds": round(time.time() - began, 1), "matters": len(there),
        "acknowledged_writes": sum(events - 1 for _, events in acknowledged.values()),
        "answers_lost_and_asked_again": sum(writer.lost for writer in writers),
        "lost": len(lost), "made_twice": twice, "half_made": half, "gaps": ordinals != list(range(1, len(ordinals) + 1)),
        "refused": broken[:3],
    }
    print(json.dumps(report, ensure_ascii=False))
    sys.exit(1 if lost or twice or half or report["gaps"] or broken else 0)


if __name__ == "__main__":
    main()
