#!/usr/bin/env python3
"""Answers of the peers to the picture queries of a benchmark, for its scorer.

In:  image_peers.py WORKS QUERIES OUT, two folders of pictures and a folder to write to;
     needs `pip install pdqhash imagehash opencv-python-headless`.
Out: OUT/{pdq,pdq8,phash,dhash}.csv with `query,answer,score` (score = bits that agree), and CPU times on stderr.

Not here: scoring. The answer is the nearest work by Hamming distance, over all works, as exactly as the hash allows.
"""
import glob, os, sys, time
import cv2, imagehash, numpy, pdqhash
from PIL import Image


def pdq(path):
    return pdqhash.compute(cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB))[0]


def pdq8(path):
    return pdqhash.compute_dihedral(cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB))[0]


def of(method):
    return lambda path: method(Image.open(path).convert("RGB")).hash.flatten()


METHODS = {
    "pdq": (pdq, lambda path: [pdq(path)]),
    "pdq8": (pdq, pdq8),
    "phash": (of(imagehash.phash), lambda path: [of(imagehash.phash)(path)]),
    "dhash": (of(imagehash.dhash), lambda path: [of(imagehash.dhash)(path)]),
}


def main(works, queries, out):
    works, queries = sorted(glob.glob(works + "/*.jpg")), sorted(glob.glob(queries + "/*.jpg"))
    for name, (index, ask) in METHODS.items():
        start = time.process_time()
        known = numpy.array([index(w) for w in works]).astype(bool)
        indexed = time.process_time()
        with open(os.path.join(out, name + ".csv"), "w") as file:
            file.write("query,answer,score\n")
            for query in queries:
                agree = numpy.max([(known == numpy.array(h).astype(bool)).sum(1) for h in ask(query)], axis=0)
                best = int(agree.argmax())
                file.write("%s,%s,%d\n" % (os.path.basename(query), os.path.basename(works[best]), agree[best]))
        asked = time.process_time()
        print("%s: %.1f ms of CPU a work, %.1f ms a query" % (
            name, 1e3 * (indexed - start) / len(works), 1e3 * (asked - indexed) / len(queries)), file=sys.stderr)


main(*sys.argv[1:4])
