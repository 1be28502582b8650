#!/usr/bin/env python3
"""The music channel through the API: complaint, comparison, evidence, assessment, approval, transfer, police, judgment. Standard library only (`--servers`: moto).

    music_story.py QUANLIAN SAMPLE OUT [--servers | --database postgres://… --objects s3://…]

In:  the program; the folder that `quanlian demo` made (its `works` and `suspects` are used); a folder that is made anew. With
     `--servers` a PostgreSQL server and an S3 server are started for it; with `--database` an empty database is used, its
     password in the environment; with `--objects` a bucket, its key in the environment.
Out: one line of JSON on stdout with times, papers, clocks and figures; exit 1 at the first promise that is not kept.

Nine people of five agencies act, each with a session of their own; days are those of 2024, as somebody enters them who brings an
old case into the system (`happened`). Every paper that an act makes is set by the program and filed with the act; every clock is
compared with a day that was counted by hand, as beside it. What the police receive is fetched as the police, and verified by
`quanlian verify` without the platform.
"""
import argparse
import base64
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import servers

PASSWORD = "gravel-tidy-moth-9"
# What the administrator gives; it opens nothing but its own change.
FIRST_PASSWORD = "timber-oval-crane-3"
AGENCIES = {
    "ipo": ("市知识产权局", "City IP office"), "culture": ("市文化市场执法总队", "City culture enforcement"),
    "police": ("市公安局经侦总队", "City police"), "procuratorate": ("市人民检察院", "City procuratorate"),
    "court": ("市中级人民法院", "City court"),
}
PEOPLE = {
    "zhou": ("culture", ["intake_clerk", "second_handler"]), "li": ("culture", ["handler"]), "zhao": ("culture", ["reviewer"]),
    "head": ("culture", ["approver", "head"]), "p1": ("police", ["police_receiver"]), "p9": ("police", ["police_head"]),
    "pro": ("procuratorate", ["procurator"]), "clerk": ("court", ["court_clerk"]), "fan": ("ipo", ["analyst"]),
}


class Broken(Exception):
    pass


def check(is_so, what):
    if not is_so:
        raise Broken(what)


class Server:
    def __init__(self, program, out, database, objects):
        command = [program, "--lang", "en", "serve", "--plain-http", "--data", str(out / "platform"), "--listen", "127.0.0.1:0"]
        command += ["--database", database] if database else []
        command += ["--objects", objects] if objects else []
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.log = []
        for line in self.process.stderr:
            self.log.append(line)
            found = re.search(r"listens on http://127.0.0.1:(\d+)/", line)
            if found:
                self.port = int(found.group(1))
                break
        else:
            raise SystemExit("the server did not start: " + "".join(self.log))
        self.code = self.process.stderr.readline().rsplit(" ", 1)[1].strip()
        self.process.stderr.readline()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


class Person:
    """Somebody who is signed in."""

    def __init__(self, port, login, password=PASSWORD):
        self.port, self.connection, self.cookie = port, None, None
        status, headers, _ = self.send("POST", "/api/v1/session", {"login": login, "password": password})
        check(status == 200, (login, status))
        self.cookie = headers["set-cookie"].split(";")[0]

    def raw(self, method, path, body=None, headers=None):
        sent = {"Origin": "http://127.0.0.1:%d" % self.port, **(headers or {})}
        if self.cookie:
            sent["Cookie"] = self.cookie
        for again in (False, True):
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                self.connection.request(method, path, body, sent)
                answer = self.connection.getresponse()
                data = answer.read()
                return answer.status, {k.lower(): v for k, v in answer.getheaders()}, data
            except (http.client.HTTPException, OSError):
                self.connection = None
                if again:
                    raise
        return None

    def send(self, method, path, body=None, headers=None):
        data = None if body is None else json.dumps(body)
        status, heads, text = self.raw(method, path, data, {"Content-Type": "application/json", **(headers or {})})
        return status, heads, json.loads(text) if text else None

    def good(self, method, path, body=None, headers=None):
        status, heads, answer = self.send(method, path, body, headers)
        check(200 <= status < 300, "%s %s: %s %s" % (method, path, status, json.dumps(answer, ensure_ascii=False)))
        return heads, answer


class Story:
    def __init__(self):
        self.papers, self.clocks, self.jobs = 0, 0, 0


STORY = Story()


class Matter:
    """A matter, as whoever acts sees it."""

    def __init__(self, who, body):
        heads, answer = who.good("POST", "/api/v1/matters", body)
        self.id, self.number, self.etag, self.seen = answer["id"], answer["number"], heads["etag"], answer

    def path(self, more=""):
        return "/api/v1/matters/%s%s" % (self.id, more)

    def refresh(self, who):
        heads, self.seen = who.good("GET", self.path())
        self.etag = heads["etag"]
        return self.seen

    def tell(self, who, command, happened, present=()):
        self.refresh(who)
        body = {"command": command, "happened": happened, "with": list(present)}
        heads, self.seen = who.good("POST", self.path("/commands"), body, {"If-Match": self.etag})
        self.etag = heads["etag"]
        return self.seen

    def act(self, who, act, happened, present=(), makes=(), text="", **given):
        """Acts; the papers that it makes are set first and filed with it."""
        papers = dict(given.pop("papers", {}))
        for paper in makes:
            papers[paper] = "file:" + self.paper(who, paper, text)
        return self.tell(who, {"do": "act", "act": act, "given": {"papers": papers, **given}}, happened, present)

    def endorse(self, who, happened):
        proposals = self.refresh(who)["state"]["proposals"]
        check(len(proposals) == 1, proposals)
        return self.tell(who, {"do": "endorse", "proposal": int(next(iter(proposals)))}, happened)

    def assign(self, who, handlers, title):
        self.refresh(who)
        body = {"title": title, "unit": "team-1", "handlers": handlers}
        heads, self.seen = who.good("PUT", self.path("/assignment"), body, {"If-Match": self.etag})
        self.etag = heads["etag"]

    def job(self, who, task):
        _, job = who.good("POST", self.path("/jobs"), {"task": task})
        # As a screen would: the stream tells each change and ends with the job.
        status, _, text = who.raw("GET", self.path("/jobs/%s/events" % job["id"]))
        check(status == 200, text)
        told = [json.loads(line[6:]) for line in text.decode().splitlines() if line.startswith("data: ")]
        check(told and told[-1]["state"] == "done" and "refused" not in told[-1]["result"], told[-1:])
        STORY.jobs += 1
        return told[-1]["result"]

    def paper(self, who, paper, text):
        made = self.job(who, {"kind": "paper", "paper": paper, "text": text})
        STORY.papers += 1
        return made["files"]["paper"]

    def upload(self, who, path, kind):
        data = path.read_bytes()
        body = {"kind": kind, "name": path.name, "size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        heads, upload = who.good("POST", self.path("/uploads"), body)
        offset, half = 0, max(1, len(data) // 2)
        while True:
            piece = data[offset:offset + half]
            headers = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset), "Tus-Resumable": "1.0.0"}
            status, heads, answer = who.raw("PATCH", "/api/v1/uploads/" + upload["id"], piece, headers)
            check(status == 204, answer)
            offset = int(heads["upload-offset"])
            if "location" in heads:
                return heads["location"].rsplit("/", 1)[1]

    def note(self, who, name, text, out):
        """A paper that somebody else made, as its scan would come."""
        path = out / name
        path.write_text(text, encoding="utf-8")
        return "file:" + self.upload(who, path, "evidence")

    def take_over(self, who, other, file):
        return who.good("POST", self.path("/files"), {"matter": other.id, "file": file})[1]["id"]

    def enter(self, who, *steps):
        """Parties, goods and tasks: all of the steps or none."""
        self.refresh(who)
        heads, self.seen = who.good("POST", self.path("/ledger"), {"steps": list(steps)}, {"If-Match": self.etag})
        self.etag = heads["etag"]
        return who.good("GET", self.path("/ledger"))[1]

    def clock(self, who, clock, state, due):
        """Compares the last run of a clock."""
        runs = [run for run in self.refresh(who)["clocks"] if run["clock"] == clock]
        check(runs, (clock, self.seen["clocks"]))
        run = runs[-1]
        found = (run["state"], run.get("due_on"))
        check(found == (state, due), "%s of %s: %s, counted by hand %s" % (clock, self.number, found, (state, due)))
        STORY.clocks += 1


def office(server):
    root = Person.__new__(Person)
    root.port, root.connection, root.cookie = server.port, None, None
    first = {"code": server.code, "agency": "ipo", "agency_names": {"zh": AGENCIES["ipo"][0], "en": AGENCIES["ipo"][1]},
             "login": "root", "name": "管理员", "password": PASSWORD}
    root.good("POST", "/api/v1/first-start", first)
    root = Person(server.port, "root")
    for code, (zh, en) in AGENCIES.items():
        root.good("PUT", "/api/v1/agencies/" + code, {"zh": zh, "en": en})
        root.good("PUT", "/api/v1/agencies/%s/units/team-1" % code, {"zh": "一队", "en": "Team 1"})
    people = {}
    for user, (agency, roles) in PEOPLE.items():
        account = {"login": user, "agency": agency, "user": user, "unit": "team-1", "name": user, "roles": roles, "password": FIRST_PASSWORD}
        root.good("POST", "/api/v1/accounts", account)
        people[user] = Person(server.port, user, FIRST_PASSWORD)
        people[user].good("PUT", "/api/v1/account/password", {"password": PASSWORD})
    return people


def complaint(p, sample, out):
    zhou, li, zhao, head = p["zhou"], p["li"], p["zhao"], p["head"]
    given = {"facts": {"subject": {"text": "copyright"}}, "papers": {"complaint_letter": "来信〔2024〕第12号"}}
    matter = Matter(zhou, {"procedure": "complaint-intake", "title": "夜听电台转载歌曲", "given": given, "happened": "2024-04-01T10:00:00+08:00"})
    # Seven working days from Monday 1 April: 2, 3, (4-6 off), Sunday 7 worked, 8, 9, 10, 11.
    matter.clock(zhou, "accept", "overdue", "2024-04-11")
    for path in sorted((sample / "works").iterdir()):
        matter.upload(zhou, path, "work")
    for path in sorted((sample / "suspects").iterdir()):
        is_said = path.name.endswith((".info.json", ".csv"))
        matter.upload(zhou, path, "side_file" if is_said else "suspect")
    found = matter.job(zhou, {"kind": "match"})
    proofs = {
        "identity_proof": matter.note(zhou, "身份证明.txt", "晨江音乐文化有限公司", out),
        "right_proof": matter.note(zhou, "作品登记证书.txt", "国作登字", out),
        "evidence_material": "file:" + found["files"]["report"],
    }
    facts = {"jurisdiction_settled": {"flag": True}, "duplicate_checked": {"flag": True}, "place_of_act": {"text": "320505"}}
    matter.act(zhou, "accept", "2024-04-08T10:00:00+08:00", makes=["acceptance_notice"], papers=proofs, facts=facts)
    matter.clock(zhou, "accept", "met", "2024-04-11")
    # Fifteen working days from Monday 8 April: 9-12 are 4, 15-19 are 9, 22-26 are 14, Sunday 28 worked is 15.
    matter.clock(zhou, "check_clue", "overdue", "2024-04-28")
    matter.assign(zhou, ["zhou", "li"], "夜听电台转载歌曲")
    matter.act(li, "file", "2024-04-22T10:00:00+08:00", makes=["filing_form"], text="经核查，拟立案调查。")
    matter.endorse(zhao, "2024-04-22T15:00:00+08:00")
    matter.endorse(head, "2024-04-23T09:00:00+08:00")
    matter.clock(li, "check_clue", "met", "2024-04-28")
    # Five working days from Tuesday 23 April: 24, 25, 26, Sunday 28 worked, 29.
    matter.clock(li, "tell", "overdue", "2024-04-29")
    matter.act(li, "tell_filed", "2024-04-29T17:00:00+08:00", makes=["result_notice"])
    matter.clock(li, "tell", "met", "2024-04-29")
    check(matter.seen["status"] == "closed", matter.seen["status"])
    return matter, found, proofs


def investigation(p, parent, found, proofs, out):
    zhou, li, zhao, head = p["zhou"], p["li"], p["zhao"], p["head"]
    body = {"procedure": "copyright-investigation", "title": "夜听电台涉嫌侵犯著作权案", "parent": parent.id, "with": ["zhou"],
            "given": {"papers": {"filing_form": parent.number}}, "happened": "2024-04-23T16:00:00+08:00"}
    matter = Matter(li, body)
    matter.assign(li, ["li", "zhou"], body["title"])
    # Ninety calendar days from 23 April: 7 in April, 31, 30, 22 in July.
    matter.clock(li, "decide", "overdue", "2024-07-22")
    files = li.good("GET", parent.path("/files?limit=1000"))[1]["files"]
    taken = {file["id"]: matter.take_over(li, parent, file["id"]) for file in files if file["kind"] != "paper"}
    both = dict(present=["zhou"])
    matter.act(li, "inspect", "2024-04-25T09:00:00+08:00", makes=["inspection_record"], text="现场检查，固定账号后台数据。", **both)
    case = {"offence": "cn/criminal/217", "person": "natural", "judged_on": "2024-12-20", "conduct": {"from": "2022-05-01", "to": "2023-04-30"},
            "facts": [], "case": {"number": matter.number, "title": body["title"]}}
    assessed = matter.job(li, {"kind": "assess", "case": case})
    gain = [fact for fact in found["facts"] if fact["name"] == "illegal_gain"]
    clicks = [fact for fact in found["facts"] if fact["name"] == "actual_clicks"]
    check(gain and clicks, found["facts"])
    facts = {"infringement_found": {"flag": True}, "crime_suspected": {"flag": True}, "works_confirmed": {"flag": True},
             "illegal_gain_fen": {"fen": gain[0]["low"]}, "actual_clicks": {"count": clicks[0]["low"]}}
    papers = {"comparison_report": "file:" + taken[found["files"]["report"]],
              "right_proof": "file:" + taken[proofs["right_proof"].removeprefix("file:")]}
    matter.act(li, "conclude", "2024-05-17T16:00:00+08:00", makes=["investigation_report"], papers=papers, facts=facts,
               text="经调查，账号播放量与收益见比对报告。", **both)
    matter.act(li, "send_to_police", "2024-05-18T09:00:00+08:00", makes=["transfer_proposal"], counterparts={"police": "police"})
    matter.endorse(zhao, "2024-05-18T11:00:00+08:00")
    matter.endorse(head, "2024-05-20T08:30:00+08:00")
    check(matter.seen["stage"] == "at_police", matter.seen["stage"])
    return matter, assessed, facts


def transfer(p, parent, program, out):
    zhou, li, head, p1, p9, pro = (p[who] for who in ("zhou", "li", "head", "p1", "p9", "pro"))
    body = {"procedure": "criminal-transfer", "title": "夜听电台案移送", "parent": parent.id, "with": ["zhou"],
            "given": {"facts": {"crime_suspected": {"flag": True}}}, "happened": "2024-05-20T09:00:00+08:00"}
    matter = Matter(li, body)
    matter.assign(li, ["li", "zhou"], body["title"])
    both = dict(present=["zhou"])
    files = li.good("GET", parent.path("/files?limit=1000"))[1]["files"]
    taken = {file["name"]: matter.take_over(li, parent, file["id"]) for file in files if file["kind"] in ("report", "paper", "suspect")}
    report = "file:" + taken["调查终结报告.pdf"]
    matter.act(li, "report", "2024-05-21T10:00:00+08:00", makes=["transfer_report"], papers={"investigation_report": report}, **both)
    # Three calendar days from 21 May; 24 May is a Friday.
    matter.clock(li, "decide", "overdue", "2024-05-24")
    matter.act(head, "approve", "2024-05-24T15:00:00+08:00", makes=["transfer_letter"])
    matter.clock(li, "decide", "met", "2024-05-24")
    bundle = matter.job(li, {"kind": "bundle"})
    ledger = matter.enter(
        li,
        {"do": "add_party", "party": {"roles": ["suspect"], "kind": "unknown", "accounts": ["音乐平台: 夜听电台"]}},
        {"do": "add_party", "party": {"roles": ["right_holder"], "kind": "legal", "name": "某唱片公司"}},
        {"do": "add_goods", "goods": {"name": "手机", "kind": "tool", "model": "黑色，已封存", "quantity": 1, "unit": "部", "measure": "registered",
                                      "taken_on": "2024-05-20", "found_at": "当事人工作室", "from": "P1", "paper": "登保〔2024〕7 号", "holder": "李",
                                      "place": "执法总队物证室", "seal": "F-0007"}},
        {"do": "add_task", "task": {"title": "随案移交手机并取得清单", "assignee": "li", "due_on": "2024-06-03", "about": ["G1"]}},
    )
    check([finding["what"] for finding in ledger["findings"]] == ["party_unknown", "goods_no_price", "goods_no_picture", "task_overdue"], ledger["findings"])
    papers = {"goods_list": "file:" + matter.paper(li, "goods_list", ""), "expert_report": matter.note(li, "认定意见.txt", "系侵权复制品", out)}
    matter.act(li, "hand_over", "2024-05-25T14:59:00+08:00", papers=papers, counterparts={"police": "police"}, **both)
    # 24 hours from 24 May 15:00: the hour in which it begins is not counted.
    matter.clock(li, "hand_over", "met", "2024-05-25")
    matter.act(li, "copy", "2024-05-25T15:30:00+08:00", makes=["copy_to_procuratorate"], counterparts={"procuratorate": "procuratorate"})
    # The police fetch what proves it, and believe no platform.
    status, heads, data = p1.raw("GET", matter.path("/files/%s/content" % bundle["files"]["bundle"]))
    check(status == 200 and heads["content-type"] == "application/octet-stream", heads)
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    check(heads["repr-digest"] == "sha-256=:%s:" % digest, heads)
    (out / "matter.qne.zip").write_bytes(data)
    said = subprocess.run([program, "--lang", "en", "verify", str(out / "matter.qne.zip")], capture_output=True, text=True, check=False)
    check(said.returncode == 0, said.stdout + said.stderr)
    matter.act(p1, "accept", "2024-05-27T09:00:00+08:00", makes=["receipt"])
    # Three calendar days from Monday 27 May.
    matter.clock(p1, "police_decide", "overdue", "2024-05-30")
    matter.act(p1, "file", "2024-05-29T09:00:00+08:00", makes=["filing_notice"], facts={"police_case_number": {"text": "2024-77"}})
    matter.endorse(p9, "2024-05-30T17:00:00+08:00")
    matter.clock(p1, "police_decide", "met", "2024-05-30")
    matter.act(li, "receive_filing", "2024-05-31T09:00:00+08:00", facts={"filing_notice_received_on": {"day": "2024-05-31"}})
    # Three calendar days from Friday 31 May: Monday 3 June.
    matter.clock(li, "goods", "overdue", "2024-06-03")
    goods = {"kind": "handed_over", "on": "2024-06-03", "giver": "李", "receiver": "公安分局", "place": "公安分局物证室", "seal": "F-0007"}
    move = {"do": "move_goods", "id": "G1", "lot": 1, "movement": goods}
    # Without its paper the step is refused, and says so.
    matter.refresh(li)
    status, _, refused = li.send("POST", matter.path("/ledger"), {"steps": [move]}, {"If-Match": matter.etag})
    check(status == 422 and [one["code"] for one in refused["refusals"]] == ["goods_paper"], refused)
    goods["paper"] = "涉案物品交接清单"
    ledger = matter.enter(li, move, {"do": "end_task", "id": "T1", "how": "done"})
    check(ledger["is_custody_complete"] and ledger["goods"][0]["lots"][0]["holder"] == "公安分局", ledger)
    matter.act(li, "hand_over_goods", "2024-06-03T09:00:00+08:00", makes=["handover_record"], **both)
    check(p1.good("GET", matter.path("/ledger"))[1] == ledger, "the police see who holds the goods")
    check(p["fan"].send("GET", matter.path("/ledger"))[0] == 404, "others do not")
    check(li.good("GET", "/api/v1/tasks?state=done")[1]["tasks"][0]["number"] == matter.number, "it is done")
    matter.clock(li, "goods", "met", "2024-06-03")
    # The procuratorate watches; the court and the IP office have no part in it and see nothing.
    check(pro.good("GET", matter.path())[1]["stage"] == "handed_to_criminal", matter.seen)
    for stranger in ("clerk", "fan"):
        check(p[stranger].send("GET", matter.path())[0] == 404, stranger)
    parent.act(li, "police_filed", "2024-05-31T10:00:00+08:00", reason="公安机关已立案，2024-77")
    return matter


def judgment(p, parent, out):
    li, clerk = p["li"], p["clerk"]
    given = {"facts": {"court_case_number": {"text": "（2024）刑初1号"}, "offence": {"text": "cn/criminal/217"}},
             "papers": {"filing_record": "（2024）刑初1号立案登记表"}, "counterparts": {"court": "court"}}
    body = {"procedure": "court-outcome", "title": "夜听电台案判决", "parent": parent.id, "given": given, "happened": "2024-08-01T09:00:00+08:00"}
    matter = Matter(li, body)
    facts = {"outcome_for_holder": {"flag": True}, "judgment_served_on": {"day": "2024-12-20"}, "sentence_months": {"count": 33},
             "sentence_suspended": {"flag": True}, "fine_fen": {"fen": 2_000_000}, "illegal_gain_found_fen": {"fen": 7_200_000}}
    papers = {"judgment": matter.note(clerk, "判决书.txt", "（2024）刑初1号", out)}
    matter.act(clerk, "judge_criminal", "2024-12-20T16:00:00+08:00", papers=papers, facts=facts)
    # Ten days, the first on 21 December: Monday 30 December.
    matter.clock(clerk, "appeal_criminal", "expired", "2024-12-30")
    matter.act(li, "take_effect", "2024-12-31T09:00:00+08:00", makes=["effect_record"])
    matter.act(li, "conclude", "2025-01-02T09:00:00+08:00", makes=["feedback_sheet"])
    check(matter.seen["status"] == "closed", matter.seen["status"])
    return matter


def indicators(p, case):
    """What the four matters come to, in the figures of the agency that had them."""
    period = "from=2024-01-01&until=2025-02-01"
    wanted = {"matters-opened": 4, "matters-closed": 4, "transfers": 1, "transfers-filed-share": 1, "police-refusals": 0, "illegal-gain": 7_200_000,
              "court-months": 33, "court-fines": 2_000_000, "clocks-met-share": 1, "goods-custody-share": 1}
    found = {}
    for one in wanted:
        figure = p["head"].good("GET", "/api/v1/indicators/%s?%s" % (one, period))[1]
        check(figure["is_complete"], figure)
        found[one] = figure["value"]
    check(found == wanted, "figures %s, counted by hand %s" % (found, wanted))
    behind = p["head"].good("GET", "/api/v1/indicators/illegal-gain/matters?" + period)[1]
    check([row["matter"]["id"] for row in behind["rows"]] == [case.id], behind)
    # The police are a counterpart of investigation and transfer and read those two; another agency reads none.
    check(p["p9"].good("GET", "/api/v1/indicators/matters-opened?" + period)[1]["value"] == 2, "the police count what they may read")
    check(p["fan"].good("GET", "/api/v1/indicators/matters-opened?" + period)[1]["value"] == 0, "others count nothing")
    return found


def all_deposited(p, matters):
    """Every file has its receipt: nobody asked for it."""
    until = time.time() + 30
    while True:
        files = [file for who, matter in matters for file in p[who].good("GET", matter.path("/files?limit=1000"))[1]["files"]]
        waiting = [file["name"] for file in files if not file["receipt"]]
        if not waiting:
            return len(files)
        check(time.time() < until, "no receipt: %s" % waiting)
        time.sleep(0.2)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("program")
    ap.add_argument("sample", type=pathlib.Path)
    ap.add_argument("out", type=pathlib.Path)
    ap.add_argument("--database")
    ap.add_argument("--objects")
    ap.add_argument("--servers", action="store_true")
    a = ap.parse_args()
    with contextlib.ExitStack() as stack:
        if a.servers:
            a.database, a.objects = stack.enter_context(servers.postgres()), stack.enter_context(servers.s3())
        return run(a)


def run(a):
    shutil.rmtree(a.out, ignore_errors=True)
    a.out.mkdir(parents=True)
    server = Server(os.path.abspath(a.program), a.out, a.database, a.objects)
    try:
        people, began = office(server), time.time()
        first, found, proofs = complaint(people, a.sample, a.out)
        case, assessed, facts = investigation(people, first, found, proofs, a.out)
        sent = transfer(people, case, os.path.abspath(a.program), a.out)
        judged = judgment(people, sent, a.out)
        files = all_deposited(people, [("zhou", first), ("li", case), ("li", sent), ("li", judged)])
        took = time.time() - began
        figures = indicators(people, case)
    except Broken as broken:
        print(json.dumps({"broken": str(broken)}, ensure_ascii=False))
        return 1
    finally:
        ended = server.stop()
    print(json.dumps({
        "seconds": round(took, 1), "users": len(PEOPLE), "agencies": len(AGENCIES), "matters": 4, "files": files, "jobs": STORY.jobs,
        "papers": STORY.papers, "clocks": STORY.clocks, "copies": found["copies"],
        "facts": {fact["name"]: fact["low"] for fact in found["facts"]}, "outcome": assessed["outcome"],
        "summary": assessed["summary"]["en"], "indicators": figures, "server_ended": ended,
    }, ensure_ascii=False))
    return 0 if ended == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
