#!/usr/bin/env python3
"""What a comparison without a key in two hands costs.

    sealed_oblivious.py QUANLIAN WORKS SUSPECTS OUT

Runs every step on two trees, prints processor time, wall time and size of what it wrote, and whether the matches are those of
`compare --grams` in the open. Processor time for a gram is that of the step over the elements it worked on, those that mean
nothing among them.
"""
import json
import os
import resource
import subprocess
import sys
import time

quanlian, works, suspects, out = sys.argv[1:]
os.makedirs(out, exist_ok=True)
at = lambda name: os.path.join(out, name)


def run(name, *arguments, elements=None, wrote=None):
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([quanlian, "--quiet", *arguments, "--json"], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        sys.exit(f"{arguments}: {done.stderr}")
    answer = json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else None
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    count = elements(answer) if elements else None
    line = f"{name:28} CPU {cpu:8.2f} s, wall {time.monotonic() - begun:8.2f} s"
    if count:
        line += f", {count} elements, {1e6 * cpu / count:.1f} µs each"
    if wrote:
        line += f", {os.path.getsize(at(wrote))} bytes"
    print(line, flush=True)
    return answer


subprocess.run([quanlian, "seal", "key", "--oblivious", "--out", at("ours.key")], check=True, capture_output=True)
subprocess.run([quanlian, "seal", "key", "--out", at("case.key")], check=True, capture_output=True)
run("seal, case key", "seal", "--key", at("case.key"), works, "--out", at("plain.qns"), elements=lambda a: a["grams"], wrote="plain.qns")
run("seal, oblivious", "seal", "--key", at("ours.key"), works, "--out", at("ours.qns"), elements=lambda a: a["grams"], wrote="ours.qns")
run("seal blind", "seal", "blind", suspects, "--for", at("ours.qns.root.json"), "--out", at("request"), elements=lambda a: a["elements"], wrote="request")
run("seal evaluate", "seal", "evaluate", at("request"), "--key", at("ours.key"), "--out", at("answer"), "--at-most", str(1 << 24), elements=lambda a: a["elements"], wrote="answer")
run("seal finish", "seal", "finish", at("request"), suspects, "--answer", at("answer"), "--out", at("theirs.qns"), elements=lambda a: a["entries"], wrote="theirs.qns")
run("compare, counts", "compare", "--sealed", at("ours.qns"), at("theirs.qns"), "--shared", at("shared"))
for side, key in (("ours", "ours.qns"), ("theirs", "request")):
    run(f"seal open, {side}", "seal", "open", at(side + ".qns"), "--shared", at("shared"), "--owner-key", at(key + ".owner-key"), "--out", at(side + ".opening"), wrote=side + ".opening")
blind = run("compare, opened", "compare", "--sealed", at("ours.qns"), at("theirs.qns"), "--openings", at("ours.opening"), at("theirs.opening"), "--all")
opened = run("compare --grams", "compare", "--grams", works, suspects, "--all")
print("the same matches" if blind["matches"] == opened["matches"] else "DIFFERENT matches", len(opened["matches"]))
