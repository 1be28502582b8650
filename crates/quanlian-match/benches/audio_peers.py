#!/usr/bin/env python3
"""Answers of fpcalc (Chromaprint) to the sound queries of a benchmark, for its scorer.

In:  audio_peers.py WORKS QUERIES OUT.csv, two folders of sound files; the program fpcalc; numpy.
Out: OUT.csv with `query,answer,score,offset_s`; score is the share of bits that agree at the best of all delays, CPU seconds on stderr.

Every query is laid over every work at every delay at which at least nine tenths of it lie within the work, which is more than the programs that use
Chromaprint do. Not here: scoring.
"""
import csv
import os
import pathlib
import subprocess
import sys
import time

import numpy as np

# Seconds of sound between two words of a raw fingerprint: 4096 / 3 samples at 11,025 Hz.
WORD_S = 4096 / 3 / 11_025
LEAST_WITHIN = 0.9


def fingerprint(path):
    command = ["fpcalc", "-raw", "-length", "0", str(path)]
    lines = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout.splitlines()
    words = [line[len("FINGERPRINT=") :] for line in lines if line.startswith("FINGERPRINT=")]
    return np.array([int(word) for word in words[0].split(",")], dtype=np.uint32) if words else np.zeros(0, np.uint32)


def best_delay(query, work):
    """Share of agreeing bits and the word of the work at the first word of the query."""
    spare = int(len(query) * (1 - LEAST_WITHIN))
    padded = np.concatenate([np.zeros(spare, np.uint32), work, np.zeros(spare, np.uint32)])
    if len(padded) < len(query) or not len(query):
        return 0.0, 0
    laid = np.lib.stride_tricks.sliding_window_view(padded, len(query))
    agreeing = 1 - np.bitwise_count(laid ^ query).mean(axis=1) / 32
    at = int(agreeing.argmax())
    return float(agreeing[at]), at - spare


def main(works, queries, out):
    works = {path.name: fingerprint(path) for path in sorted(works.iterdir())}
    indexed = time.process_time() + os.times().children_user
    with open(out, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["query", "answer", "score", "offset_s"])
        for path in sorted(queries.iterdir()):
            if path.suffix == ".csv":
                continue
            query = fingerprint(path)
            score, at, name = max((*best_delay(query, work), name) for name, work in works.items())
            table.writerow([path.name, name, f"{score:.5f}", f"{at * WORD_S:.3f}"])
    spent = time.process_time() + os.times().children_user - indexed
    print(f"works {indexed:.1f} s, queries {spent:.1f} s of processor time", file=sys.stderr)


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:4]))
