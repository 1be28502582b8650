#!/usr/bin/env python3
"""Try every route of `quanlian serve` with generated requests, as several roles. Standard library and schemathesis (PyPI, 4.x).

    platform_schema.py QUANLIAN OUT [--schemathesis schemathesis] [--examples 60] [--roles administrator,intake_clerk,approver,police_receiver]

In:  the program, a folder that is made anew.
Out: a line for each role; exit 1 when an answer was a 5xx or not as `/openapi.json` says.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import platform_kills as kills

# Pieces of files are bytes of a media type that schemathesis does not know.
HOOKS = """
import schemathesis


@schemathesis.serializer("application/offset+octet-stream")
def piece(context, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
"""
GIVEN = {"facts": {"subject": {"text": "copyright"}}, "papers": {"complaint_letter": "T-1"}}


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("program")
    ap.add_argument("out")
    ap.add_argument("--schemathesis", default="schemathesis")
    ap.add_argument("--examples", type=int, default=60)
    ap.add_argument("--roles", default="administrator,intake_clerk,approver,police_receiver")
    a = ap.parse_args()
    shutil.rmtree(a.out, ignore_errors=True)
    os.makedirs(a.out)
    server = kills.Server(os.path.abspath(a.program), a.out, None)
    server.start()
    send = lambda *request: kills.send(server.port, *request)
    first = {"code": server.first_code(), "agency": "culture", "agency_names": {"zh": "文旅局", "en": "Culture bureau"},
             "login": "root", "name": "管理员", "password": kills.PASSWORD}
    assert send("POST", "/api/v1/first-start", first)[0] == 201

    def cookie_of(login, password=kills.PASSWORD):
        status, headers, _ = send("POST", "/api/v1/session", {"login": login, "password": password})
        assert status == 200
        return headers["set-cookie"].split(";")[0]

    root, keys = cookie_of("root"), {}
    for role in a.roles.split(","):
        if role == "administrator":
            cookie = root
        else:
            account = {"login": role, "agency": "culture", "user": role, "name": role, "roles": [role], "password": kills.FIRST_PASSWORD}
            assert send("POST", "/api/v1/accounts", account, root)[0] == 201
            cookie = cookie_of(role, kills.FIRST_PASSWORD)
            assert send("PUT", "/api/v1/account/password", {"password": kills.PASSWORD}, cookie)[0] == 204
        _, _, refused = send("POST", "/api/v1/account/tokens", {"name": "t", "scopes": ["?"], "days": 1}, cookie)
        status, _, token = send("POST", "/api/v1/account/tokens", {"name": "t", "scopes": refused["known"], "days": 2}, cookie)
        assert status == 201, token
        keys[role] = token["token"]
        if role == "intake_clerk":
            for n in range(5):
                send("POST", "/api/v1/matters", {"procedure": "complaint-intake", "title": "办件 %d" % n, "given": GIVEN}, cookie)
    pathlib.Path(a.out, "platform_hooks.py").write_text(HOOKS)
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "platform_hooks", "PYTHONPATH": os.path.abspath(a.out)}
    failed = 0
    try:
        for role, token in keys.items():
            run = [a.schemathesis, "run", "http://127.0.0.1:%d/openapi.json" % server.port, "-H", "Authorization: Bearer " + token,
                   "-n", str(a.examples), "--phases", "examples,coverage,fuzzing", "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
                   "--seed", "1", "--request-timeout", "35"]
            done = subprocess.run(run, capture_output=True, text=True, check=False, env=environment)
            pathlib.Path(a.out, role + ".log").write_text(done.stdout + done.stderr)
            told = re.findall(r"(\d+) generated, (\d+) (?:found|passed)|Test cases:\s*\n\s*(.+)", done.stdout)
            print(json.dumps({"role": role, "exit": done.returncode, "told": [part for one in told for part in one if part]}))
            failed |= done.returncode
    finally:
        server.kill()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
