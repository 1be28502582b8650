#!/usr/bin/env python3
"""Sealed against open comparison on the leak track.

    sealed_leak.py QUANLIAN QUERIES/leak WORKS OUT

QUERIES/leak comes from the maker of the queries (truth.jsonl and a folder of suspect files for each case), WORKS holds the
owners' repositories below `chip/` and `soft/`. For each case both sides are sealed with a new case key, compared, opened and
compared again; the same is done with `compare --grams` in the open. It prints whether both gave the same matches figure by
figure, whether the right file came first, and how far its lines overlap with those that were taken.
"""
import json
import os
import subprocess
import sys

quanlian, leak, works, out = sys.argv[1:]


def run(*arguments):
    done = subprocess.run([quanlian, "--quiet", *arguments], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"{arguments}: {done.stderr}")
    return done.stdout


same = first = cases = 0
overlaps = []
with open(os.path.join(leak, "truth.jsonl"), encoding="utf-8") as lines:
    for row in map(json.loads, lines):
        cases += 1
        here = os.path.join(out, row["case"])
        os.makedirs(here, exist_ok=True)
        at = lambda name: os.path.join(here, name)
        owner = os.path.join(works, row["ref_repo"])
        suspects = os.path.join(leak, row["case"])
        run("seal", "key", "--out", at("case.key"))
        for side, tree in (("ours", owner), ("theirs", suspects)):
            run("seal", "--key", at("case.key"), tree, "--out", at(side))
        run("compare", "--sealed", at("ours"), at("theirs"), "--shared", at("shared"))
        for side in ("ours", "theirs"):
            run("seal", "open", at(side), "--shared", at("shared"), "--owner-key", at(side + ".owner-key"), "--out", at(side + ".opening"))
        sealed = json.loads(run("compare", "--sealed", at("ours"), at("theirs"), "--openings", at("ours.opening"), at("theirs.opening"), "--all", "--json"))
        opened = json.loads(run("compare", "--grams", owner, suspects, "--all", "--json"))
        is_same = sealed["matches"] == opened["matches"]
        same += is_same
        ref = row["ref"].split(row["ref_repo"] + "/", 1)[1]
        best = opened["matches"][0] if opened["matches"] else None
        own = next((m for m in opened["matches"] if m["suspect"] == row["file"] and m["work"] == ref), None)
        is_first = own is not None and own["score_bits"] >= best["score_bits"]
        first += is_first
        said = {line for s in (own or {"segments": []})["segments"] for line in range(*s["work"])}
        true = set(range(row["ref_line_start"], row["ref_line_end"] + 1))
        overlaps.append(len(said & true) / len(said | true))
        print(row["case"], row["lang"], row["op"], "same" if is_same else "DIFFERENT", "first" if is_first else "NOT FIRST", f"{overlaps[-1]:.2f}",
              "sealed bytes", os.path.getsize(at("ours")), os.path.getsize(at("theirs")), flush=True)
        for name in os.listdir(here):
            os.remove(at(name))
print(f"{cases} cases: the same {same}, right file first {first}, overlap of lines mean {sum(overlaps) / max(cases, 1):.3f}")
