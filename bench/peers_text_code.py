#!/usr/bin/env python3
"""Peers of text and code matching in one run with ours: datasketch and rensa (MinHash), Dolos.

    pip install datasketch rensa            # in a virtual environment
    npm i @dodona/dolos-lib && npm rebuild  # its parsers are built on the machine
    peers_text_code.py text   QUANLIAN FOLDER
    peers_text_code.py irplag QUANLIAN IRPLAG NODE_MODULES

- text: MB of text a CPU-second; the peers make one sketch a document (128 permutations of runs of five words) and keep no
  text, ours makes a whole index on disk.
- irplag: area under the curve, pooled and by task: original against plagiarised is positive, against independent
  negative. Ours has half of the independent solutions as `compare --background` and is judged on the other half, then the
  halves change places; Dolos and MinHash see all of a task, and are judged on the same halves.
"""
import bisect
import collections
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import shutil


def files_below(folder, ends):
    for top, _, files in sorted(os.walk(folder)):
        for name in sorted(files):
            if name.endswith(ends):
                yield os.path.join(top, name)


def words(text):
    return re.findall(r"\w+", text.lower())


def shingles(text):
    found = words(text)
    return [" ".join(found[i : i + 5]) for i in range(max(1, len(found) - 4))]


def datasketch_of(text):
    from datasketch import MinHash

    sketch = MinHash(num_perm=128)
    sketch.update_batch([s.encode() for s in shingles(text)])
    return sketch


def rensa_of(text):
    from rensa import RMinHash

    sketch = RMinHash(num_perm=128, seed=42)
    sketch.update(shingles(text))
    return sketch


PEERS = {"datasketch": datasketch_of, "rensa": rensa_of}


def child_cpu(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        sys.exit(f"{command}: {done.stderr.decode()}")
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def text(quanlian, folder):
    paths = list(files_below(folder, (".txt", ".md")))
    texts = [open(path, encoding="utf-8", errors="replace").read() for path in paths]
    megabytes = sum(os.path.getsize(path) for path in paths) / 1e6
    print(f"{len(paths)} documents, {megabytes:.1f} MB")
    for name, sketch in PEERS.items():
        start = time.process_time()
        for one in texts:
            sketch(one)
        print(f"{name}\t{megabytes / (time.process_time() - start):.2f} MB a CPU-second")
    with tempfile.TemporaryDirectory() as out:
        works = os.path.join(out, "works")
        for path in paths:
            target = os.path.join(works, os.path.relpath(path, folder))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(path, target)
        _, spent = child_cpu([quanlian, "index", "build", "--works", works, "--index", os.path.join(out, "index")])
        print(f"quanlian\t{megabytes / spent:.2f} MB a CPU-second (index on disk)")


def auc(positives, negatives):
    if not positives or not negatives:
        return float("nan")
    ordered = sorted(negatives)
    wins = sum(bisect.bisect_left(ordered, p) + bisect.bisect_right(ordered, p) for p in positives)
    return wins / 2 / len(positives) / len(negatives)


def irplag(quanlian, folder, modules):
    folder = os.path.abspath(folder)
    paths = [os.path.relpath(p, folder) for p in files_below(folder, ".java")]
    kinds = {p: p.split(os.sep)[1] for p in paths}
    tasks = sorted({p.split(os.sep)[0] for p in paths})
    halves = {p: i % 2 for i, p in enumerate(p for p in paths if kinds[p] == "non-plagiarized")}
    sources = {p: open(os.path.join(folder, p), encoding="utf-8", errors="replace").read() for p in paths}
    scores = collections.defaultdict(dict)
    for name, sketch in PEERS.items():
        sketches = {p: sketch(s) for p, s in sources.items()}
        for task in tasks:
            of_task = [p for p in paths if p.startswith(task + os.sep)]
            original = next(p for p in of_task if kinds[p] == "original")
            for p in of_task:
                scores[name][p] = sketches[original].jaccard(sketches[p])
    here = os.path.dirname(os.path.abspath(__file__))
    said, spent = child_cpu(["node", os.path.join(here, "peers_dolos.mjs"), folder, modules])
    for line in said.decode().splitlines():
        row = json.loads(line)
        p = os.path.relpath(row["path"], folder)
        scores["dolos"][p] = max(row["score"], scores["dolos"].get(p, 0.0))
    megabytes = sum(os.path.getsize(os.path.join(folder, p)) for p in paths) / 1e6
    print(f"dolos\t{megabytes / spent:.2f} MB a CPU-second")
    spent_by_us = 0.0
    folds = []
    for half in (0, 1):
        with tempfile.TemporaryDirectory() as out:
            for p in paths:
                side = "works" if kinds[p] == "original" else "suspects"
                if halves.get(p) == half:
                    side = "background"
                target = os.path.join(out, side, p)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copyfile(os.path.join(folder, p), target)
            at = lambda side: os.path.join(out, side)
            command = [quanlian, "compare", at("works"), at("suspects"), "--all", "--jsonl"]
            folds.append({})
            for label, more in (("quanlian", []), ("quanlian --background", ["--background", at("background")])):
                said, spent = child_cpu(command + more)
                spent_by_us += spent
                found = folds[half].setdefault(label, {})
                for line in said.decode().splitlines():
                    row = json.loads(line)
                    if "work" not in row:
                        continue
                    p = os.path.relpath(row["suspect"], at("suspects"))
                    if row["work"].split("/")[0] == p.split(os.sep)[0]:
                        found[p] = row["score_bits"]
    print(f"quanlian\t{4 * megabytes / spent_by_us:.2f} MB a CPU-second")
    for name in [*scores, *folds[0]]:
        pooled, by_task = ([], []), {t: ([], []) for t in tasks}
        for half in (0, 1):
            found = folds[half].get(name, scores.get(name))
            for p in paths:
                if kinds[p] == "original" or halves.get(p) == half:
                    continue
                which = 0 if kinds[p] == "plagiarized" else 1
                score = found.get(p, float("-inf"))
                pooled[which].append(score)
                by_task[p.split(os.sep)[0]][which].append(score)
        each = " ".join(f"{auc(*by_task[t]):.3f}" for t in tasks)
        print(f"{name}\tpooled {auc(*pooled):.3f}\tby task {each}")


TRACKS = {"text": (text, 2), "irplag": (irplag, 3)}
arguments = sys.argv[1:]
if not arguments or arguments[0] not in TRACKS or len(arguments) - 1 != TRACKS[arguments[0]][1]:
    sys.exit(__doc__)
TRACKS[arguments[0]][0](*arguments[1:])
