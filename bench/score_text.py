#!/usr/bin/env python3
"""Score answers of the text track against the truth written by make_text_code_queries.py.

    score_text.py TRUTH.jsonl REFS.tsv MATCHES.jsonl [--max-e 1e-6] [--worst N] [--data DATA]

In:  TRUTH.jsonl and REFS.tsv as the maker writes them; MATCHES.jsonl as `quanlian match --all --jsonl` writes it, one
     line a (suspect, work) match: {"suspect":…, "work":…, "score_bits":…, "e_value":…, "segments":[{"suspect":[a,b],
     "work":[a,b]}]}. A suspect is known by the last part of its path, a work by its path below the data folder.
Out: tables in Markdown on stdout.

The rules:
- A positive is the pair (query, `ref`). A negative is a query with any other work of its language; works listed under
  `also` share text by nature and are neither. A pair without an answer scores minus infinity.
- The threshold of a language is its highest negative; recall at zero false positives counts positives above it.
  So the program under test does not choose it. Recall at the program's own limit (`--max-e`) stands beside it.
- The maker fills `also` from the text of the query, so from the passage as it was changed: a second work that holds the
  same passage stands there only when the change left a run of 40 letters (12 Han characters). With `--data` such a run
  is looked for in the passage as it stood, and a work that holds it is under `also` as well.
- Overlap (IoU) takes all segments of the pair together, as sets of characters, against the planted stretch, on either side;
  over the positives above the threshold. A query of which nothing was found counts nowhere in it.
- top-1: the best-scoring work that is not under `also` is `ref`.
Not here: asking the program (`quanlian match`, or the example `text_answers`).
"""
import argparse
import collections
import json
import math
import os
import unicodedata


def merged(ranges):
    """Disjoint ranges, in order, that cover the same."""
    out = []
    for start, end in sorted(ranges):
        if out and start <= out[-1][1]:
            out[-1][1] = max(out[-1][1], end)
        else:
            out.append([start, end])
    return out


def overlap(ranges, start, end):
    """Intersection over union of some ranges with one."""
    ranges = merged(ranges)
    covered = sum(b - a for a, b in ranges)
    shared = sum(max(0, min(b, end) - max(a, start)) for a, b in ranges)
    union = covered + (end - start) - shared
    return shared / union if union else 0.0


def read_answers(path, language):
    """Best answer of each (query, work of a known language)."""
    answers = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if not line.strip():
                continue
            m = json.loads(line)
            if "work" not in m or "score_bits" not in m:
                continue
            query = m["suspect"].replace("\\", "/").rsplit("/", 1)[-1]
            work = m["work"].replace("\\", "/")
            while work not in language and "/" in work:
                work = work.split("/", 1)[1]
            if work not in language:
                raise SystemExit("%s: no work of this name in the references: %s" % (path, m["work"]))
            of_query = answers.setdefault(query, {})
            if work not in of_query or m["score_bits"] > of_query[work]["score_bits"]:
                of_query[work] = m
    return answers


NATURAL_RUN = {"en": 40, "zh": 12}


def read(path):
    """A text as the maker of the queries reads it, whose places are those of the truth."""
    with open(path, encoding="utf-8", errors="replace", newline="") as f:
        return f.read().replace("\r\n", "\n")


def letters(text):
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def add_holders(truth, answers, language, data):
    """Puts under `also` the answered works that hold a run of the planted passage as it stood."""
    texts = {}

    def text(work):
        if work not in texts:
            texts[work] = read(os.path.join(data, work))
        return texts[work]

    folded = {}
    for t in truth:
        if t["ref"] is None:
            continue
        passage = letters(text(t["ref"])[t["ref_start"]:t["ref_end"]])
        n = min(NATURAL_RUN[t["lang"]], len(passage))
        runs = {passage[i:i + n] for i in range(len(passage) - n + 1)}
        for work in answers.get(t["q"], {}):
            if work == t["ref"] or language[work] != t["lang"] or work in t["also"]:
                continue
            if work not in folded:
                folded[work] = letters(text(work))
            if any(run in folded[work] for run in runs):
                t["also"].append(work)


def mean(values):
    return sum(values) / len(values) if values else float("nan")


class Cell:
    """Figures of a set of positives."""

    def __init__(self):
        self.n = self.found = self.shown = self.first = 0
        self.query, self.work = [], []

    def row(self, name):
        both = [min(q, w) for q, w in zip(self.query, self.work)]
        share = sum(x >= 0.85 for x in both) / len(both) if both else float("nan")
        return "| %s | %d | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f |" % (
            name, self.n, self.found / self.n, self.shown / self.n, self.first / self.n,
            mean(self.query), mean(self.work), share)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("truth")
    ap.add_argument("refs")
    ap.add_argument("matches")
    ap.add_argument("--max-e", type=float, default=1e-6)
    ap.add_argument("--worst", type=int, default=0, help="list so many of the highest negatives and lost positives")
    ap.add_argument("--data", help="folder of the texts: works that hold the planted passage as it stood are not wrong")
    a = ap.parse_args()
    with open(a.refs, encoding="utf-8") as f:
        language = dict(line.rstrip("\n").split("\t")[:2] for line in f if line.strip())
    with open(a.truth, encoding="utf-8") as f:
        truth = [json.loads(line) for line in f if line.strip()]
    answers = read_answers(a.matches, language)
    unknown = set(answers) - {t["q"] for t in truth}
    if unknown:
        raise SystemExit("answers to queries that are not in the truth: %s" % sorted(unknown)[:3])
    if a.data:
        add_holders(truth, answers, language, a.data)

    print("| language | queries | threshold, bits | answers above E <= %g that are wrong: copies | clean documents |" % a.max_e)
    print("|---|---|---|---|---|")
    threshold, negatives = {}, collections.defaultdict(list)
    for t in truth:
        out = set(t.get("also", [])) | {t["ref"]}
        for work, m in answers.get(t["q"], {}).items():
            if language[work] == t["lang"] and work not in out:
                negatives[t["lang"]].append((m["score_bits"], m["e_value"] <= a.max_e, t["ref"] is None, t["q"], work))
    for lang in sorted({t["lang"] for t in truth}):
        worst = sorted(negatives[lang], reverse=True)
        threshold[lang] = worst[0][0] if worst else -math.inf
        shown = [n for n in worst if n[1]]
        of = [t for t in truth if t["lang"] == lang]
        clean = sum(t["ref"] is None for t in of)
        print("| %s | %d | %.1f | %d of %d | %d of %d |" % (
            lang, len(of), threshold[lang],
            len({n[3] for n in shown if not n[2]}), len(of) - clean,
            len({n[3] for n in shown if n[2]}), clean))

    cells, lost = collections.OrderedDict(), []
    for t in truth:
        if t["ref"] is None:
            continue
        of_query = answers.get(t["q"], {})
        m = of_query.get(t["ref"])
        ranked = sorted((w for w in of_query if w not in t.get("also", [])),
                        key=lambda w: (-of_query[w]["score_bits"], w))
        found = m is not None and m["score_bits"] > threshold[t["lang"]]
        if not found:
            lost.append((t["lang"], t["len"], t["op"], t["q"], m["score_bits"] if m else -math.inf))
        groups = [("all",), ("op", t["op"]), ("length", t["len"]), ("op and length", t["op"], t["len"])]
        for group in groups:
            cell = cells.setdefault((t["lang"],) + group, Cell())
            cell.n += 1
            cell.first += bool(ranked) and ranked[0] == t["ref"]
            cell.shown += m is not None and m["e_value"] <= a.max_e
            if found:
                cell.found += 1
                cell.query.append(overlap([s["suspect"] for s in m["segments"]], t["q_start"], t["q_end"]))
                cell.work.append(overlap([s["work"] for s in m["segments"]], t["ref_start"], t["ref_end"]))

    print("\n| copies | n | recall at zero false positives | at E <= %g | top-1 | IoU in the query | in the work | share with both >= 0.85 |" % a.max_e)
    print("|---|---|---|---|---|---|---|---|")
    order = {"all": 0, "op": 1, "length": 2, "op and length": 3}
    for key in sorted(cells, key=lambda k: (k[0], order[k[1]], tuple(str(x).zfill(5) for x in k[2:]))):
        print(cells[key].row(", ".join(str(k) for k in key if k not in order or k == "all")))

    if a.worst:
        for lang in sorted(negatives):
            print("\nhighest negatives, %s:" % lang)
            for bits, _, clean, query, work in sorted(negatives[lang], reverse=True)[:a.worst]:
                print("%8.1f  %s  %s%s" % (bits, query, work, "  (clean document)" if clean else ""))
        print("\nlost positives:")
        for lang, length, op, query, bits in lost[:a.worst]:
            print("%8.1f  %s %s %s %s" % (bits, lang, length, op, query))


if __name__ == "__main__":
    main()
