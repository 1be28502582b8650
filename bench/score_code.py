#!/usr/bin/env python3
"""Score matches of source code against the truth. Standard library only.

    score_code.py code   TRUTH.jsonl REFS.tsv MATCHES.jsonl
    score_code.py leak   TRUTH.jsonl REFS.tsv MATCHES.jsonl
    score_code.py fold    IRPLAG OUT (0|1)      lays out OUT/works and OUT/suspects
    score_code.py irplag  OUT MATCHES.jsonl     of OUT/suspects against OUT/works
    score_code.py cheers2 VARIANTS MATCHES.jsonl

MATCHES.jsonl holds the lines of `quanlian match --all --jsonl`, one a (suspect, work) pair. A pair without a line
scores minus infinity. TRUTH.jsonl and REFS.tsv come from the maker of the queries.

Rules (the protocol of the queries):
- code: the pair (query, `ref`) is positive; a pair of the query with a file of the same family of languages from another
  repository is negative; other files of the same repository are left out. Recall at zero false positives is the share
  of positives above the highest negative of the same language. Top-1 is the share of queries whose best work within the
  right repository is `ref`; `top1_all` allows every other repository as well.
- leak: a case is right when among all pairs of its suspect files with works of the owner's repository the best is
  (`file`, `ref`); it is tied when another pair scores the same, as where a repository holds a file twice. The overlap is that of line sets: lines of the work inside any segment against the lines that were taken.
- irplag: (original, plagiarised) is positive, (original, independent) negative, within a task. Half of the independent
  solutions lie in the index as what everybody writes; the other half are the negatives; then the halves change places.
- cheers2: a variant against its own program is positive, against the other program negative.

Recall is given by operation with the threshold of each language. AUC counts ties as half.
"""
import bisect
import collections
import json
import os
import shutil
import sys

FAMILY = {"systemverilog": "verilog"}
NOTHING = float("-inf")


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def refs_of(path):
    """work -> (family, repository)"""
    refs = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            name, lang, repo = line.rstrip("\n").split("\t")
            refs[name] = (FAMILY.get(lang, lang), repo)
    return refs


def named(refs, work):
    """The name in REFS.tsv of a work, which the index may know below another folder."""
    if work in refs:
        return work
    for prefix in ("code/", "data/code/"):
        if prefix + work in refs:
            return prefix + work
    return None


def auc(positives, negatives):
    if not positives or not negatives:
        return None
    ordered = sorted(negatives)
    wins = sum(bisect.bisect_left(ordered, p) + bisect.bisect_right(ordered, p) for p in positives)
    return wins / 2 / len(positives) / len(negatives)


def show(value):
    return "-" if value is None else f"{value:.4f}"


def share(flags):
    flags = list(flags)
    return sum(flags) / len(flags) if flags else None


def code(truth_path, refs_path, matches_path):
    refs = refs_of(refs_path)
    truth = {row["q"]: row for row in lines_of(truth_path)}
    scores = collections.defaultdict(dict)
    for line in lines_of(matches_path):
        query, work = os.path.basename(line["suspect"]), named(refs, line["work"])
        if query in truth and work:
            scores[query][work] = max(line["score_bits"], scores[query].get(work, NOTHING))
    by_family = collections.defaultdict(list)
    for work, (family, repo) in refs.items():
        by_family[family].append((work, repo))
    positives, negatives, worst = collections.defaultdict(list), collections.defaultdict(list), {}
    top1, top1_all = [], []
    for query, row in truth.items():
        found, lang = scores[query], row["lang"]
        own = found.get(row["ref"], NOTHING)
        positives[lang].append((own, row["op"], query))
        rivals = []
        for work, repo in by_family[refs[row["ref"]][0]]:
            score = found.get(work, NOTHING)
            if repo == row["repo"]:
                if work != row["ref"]:
                    rivals.append(score)
            else:
                negatives[lang].append(score)
                if score > worst.get(lang, (NOTHING,))[0]:
                    worst[lang] = (score, query, work)
        top1.append(own > max(rivals, default=NOTHING))
        others = [s for work, s in found.items() if work != row["ref"]]
        top1_all.append(own > max(others, default=NOTHING))
    print("lang\tn\tthreshold\trecall0\tauc\tworst negative")
    hits, ops, langs = [], collections.defaultdict(list), {}
    for lang in sorted(positives):
        threshold = max(negatives[lang], default=NOTHING)
        flags = [(own > threshold, op, query, own) for own, op, query in positives[lang]]
        for flag, op, query, own in flags:
            hits.append(flag)
            ops[op].append(flag)
            if not flag and os.environ.get("MISSED"):
                print("missed", lang, op, query, round(own, 1), "of", round(threshold, 1), truth[query]["ref"])
        area = auc([own for own, _, _ in positives[lang]], negatives[lang])
        langs[lang] = area
        print(lang, len(flags), f"{threshold:.1f}", show(share(f[0] for f in flags)), show(area), worst.get(lang), sep="\t")
    print("op\tn\trecall0")
    for op, flags in ops.items():
        print(op, len(flags), show(share(flags)), sep="\t")
    print("ALL", len(hits), "recall0", show(share(hits)), "top1", show(share(top1)), "top1_all", show(share(top1_all)))


def line_set(ranges):
    lines = set()
    for start, end in ranges:
        lines.update(range(start, end))
    return lines


def leak(truth_path, refs_path, matches_path):
    refs = refs_of(refs_path)
    truth = list(lines_of(truth_path))
    found = collections.defaultdict(list)
    for line in lines_of(matches_path):
        parts = line["suspect"].split("/")
        work = named(refs, line["work"])
        if work:
            found[parts[-2]].append((line["score_bits"], parts[-1], work, line["segments"]))
    right, first, overlaps, by_op = [], [], [], collections.defaultdict(list)
    for row in truth:
        of_owner = [f for f in found[row["case"]] if refs[f[2]][1] == row["ref_repo"]]
        best = max(of_owner, key=lambda f: f[0], default=None)
        own = [f for f in of_owner if f[1] == row["file"] and f[2] == row["ref"]]
        # A passage that several works of the owner hold word for word names each of them with the same right.
        is_right = bool(own) and own[0][0] >= best[0]
        is_first = is_right and best[1] == row["file"] and sum(f[0] == best[0] for f in of_owner) == 1
        right.append(is_right)
        first.append(is_first)
        overlap = 0.0
        if own:
            said = line_set(s["work"] for s in own[0][3])
            true = set(range(row["ref_line_start"], row["ref_line_end"] + 1))
            overlap = len(said & true) / len(said | true)
        overlaps.append(overlap)
        by_op[row["op"]].append((is_right, overlap))
        score = own[0][0] if own else NOTHING
        rival = max((f[0] for f in of_owner if (f[1], f[2]) != (row["file"], row["ref"])), default=NOTHING)
        print(row["case"], row["lang"], row["op"], "part" if row["part"] else "file", "right" if is_first else "tied" if is_right else "WRONG",
              f"bits {score:.0f} rival {rival:.0f} iou {overlap:.3f}", "" if is_right else best[:3] if best else None)
    for op, rows in sorted(by_op.items()):
        print(op, len(rows), "first", show(share(r for r, _ in rows)), "iou", show(sum(o for _, o in rows) / len(rows)))
    print("ALL", len(right), "right file first", show(share(first)), "or tied", show(share(right)), "line IoU mean", show(sum(overlaps) / len(overlaps)),
          "median", show(sorted(overlaps)[len(overlaps) // 2]))


def java_below(folder):
    for top, _, files in sorted(os.walk(folder)):
        for name in sorted(files):
            if name.endswith(".java"):
                yield os.path.relpath(os.path.join(top, name), folder)


def fold(folder, out, half):
    """Lays out works (originals, and half of the independent solutions as background) and suspects (the rest)."""
    independent = 0
    for path in java_below(folder):
        side = "suspects"
        if path.split(os.sep)[1] == "original":
            side = "works"
        elif path.split(os.sep)[1] == "non-plagiarized":
            independent += 1
            side = "works" if independent % 2 == int(half) else "suspects"
        target = os.path.join(out, side, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(os.path.join(folder, path), target)


def irplag(out, matches_path):
    suspects = os.path.join(out, "suspects")
    score = {}
    for line in lines_of(matches_path):
        work = line["work"].split("/")
        if "original" in work:
            score[os.path.relpath(line["suspect"], suspects), work[0]] = line["score_bits"]
    cases = collections.defaultdict(lambda: ([], []))
    for path in java_below(suspects):
        case = path.split(os.sep)[0]
        is_copy = path.split(os.sep)[1] == "plagiarized"
        cases[case][0 if is_copy else 1].append(score.get((path, case), NOTHING))
    for case, own in sorted(cases.items()):
        print(case, len(own[0]), len(own[1]), "auc", show(auc(*own)))
    pooled = [sum((own[i] for own in cases.values()), []) for i in (0, 1)]
    print("ALL", len(pooled[0]), len(pooled[1]), "auc", show(auc(*pooled)))


def cheers2(folder, matches_path):
    """A variant is a folder of files; its score against a program is the sum of what each file has at best."""
    best, totals = {}, collections.Counter()
    for line in lines_of(matches_path):
        parts = os.path.relpath(line["suspect"], folder).split(os.sep)
        key = (parts[0], parts[1], os.sep.join(parts[2:]), line["work"].split("/")[0])
        best[key] = max(line["score_bits"], best.get(key, 0.0))
    for (kind, number, _, program), bits in best.items():
        totals[kind, number, program] += bits
    positives, negatives = collections.defaultdict(list), []
    for kind in sorted(os.listdir(folder)):
        own, level = kind.split("-")
        for number in sorted(os.listdir(os.path.join(folder, kind))):
            positives[level].append(totals[kind, number, own])
            other = "2" if own == "1" else "1"
            negatives.append(totals[kind, number, other])
    limit = max(negatives)
    for level, bits in sorted(positives.items()):
        print("level", level, len(bits), "recall0", show(share(b > limit for b in bits)), "auc", show(auc(bits, negatives)))


def main():
    arguments = sys.argv[1:]
    tracks = {"code": (code, 3), "leak": (leak, 3), "fold": (fold, 3), "irplag": (irplag, 2), "cheers2": (cheers2, 2)}
    if not arguments or arguments[0] not in tracks or len(arguments) - 1 != tracks[arguments[0]][1]:
        sys.exit(__doc__)
    tracks[arguments[0]][0](*arguments[1:])


main()
