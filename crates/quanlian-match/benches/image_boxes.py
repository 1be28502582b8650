#!/usr/bin/env python3
"""How well the areas of picture answers overlap the true ones.

In:  image_boxes.py MAKER DATA SEED MANIFEST BOXES
     MAKER    folder of make_queries.py, whose draws are repeated to learn where each copy lies
     BOXES    fourth file written by the example `image_answers`
Out: per kind of change, the share of right answers whose areas overlap both true ones by 0.8 or more (intersection
     over union), and the mean overlap.

Turned pictures are left out: their true area is no upright box.
"""
import ast, collections, csv, os, sys

sys.path.insert(0, sys.argv[1])
import make_queries
from PIL import Image

data, seed, manifest, boxes = sys.argv[2:6]
seen = {}
crop, paste = Image.Image.crop, Image.Image.paste


def crop_seen(self, box=None):
    seen["crop"] = box
    return crop(self, box)


def paste_seen(self, im, box=None, mask=None):
    if isinstance(im, Image.Image) and box is not None:
        seen["paste"] = tuple(box[:2]) + (box[0] + im.width, box[1] + im.height)
    return paste(self, im, box, mask)


Image.Image.crop, Image.Image.paste = crop_seen, paste_seen
pool = sorted(f for f in os.listdir(os.path.join(data, "images", "ref")) if f.endswith(".jpg"))


def true_boxes(row):
    r = make_queries.rng_for(seed, row["query"][:-4])
    name = pool[int(r.integers(len(pool)))]
    assert name == row["truth"]
    with Image.open(os.path.join(data, "images", "ref", name)) as work:
        work = work.convert("RGB")
        seen.clear()
        suspect, _ = make_queries.degrade_image(work, row["cell"], int(row["param"]), r)
    whole = (0, 0) + work.size
    if row["cell"] == "crop_pct":
        return (0, 0) + suspect.size, seen["crop"]
    if row["cell"] in ("border_pct", "screenshot"):
        return seen["paste"], whole
    return (0, 0) + suspect.size, whole


def overlap(a, b):
    area = lambda x0, y0, x1, y1: max(0, x1 - x0) * max(0, y1 - y0)
    both = area(max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
    return both / (area(*a) + area(*b) - both)


answers = {}
for line in open(boxes):
    query, answer, score, identity, areas = line.strip().split(",", 4)
    suspect, work = ast.literal_eval("(" + areas + ")")
    answers[query] = answer, suspect, work
cells = collections.OrderedDict()
for row in csv.DictReader(open(manifest)):
    known = answers.get(row["query"])
    if row["label"] != "member" or row["cell"] == "rotate_deg" and row["param"] != "90" or not known:
        continue
    if known[0] == row["truth"]:
        in_suspect, in_work = true_boxes(row)
        worse = min(overlap(known[1], in_suspect), overlap(known[2], in_work))
        cells.setdefault((row["cell"], row["param"]), []).append(worse)
every = [o for of in cells.values() for o in of]
for key, of in list(cells.items()) + [(("ALL", ""), every)]:
    print("%s,%s,%d,%.3f,%.3f" % (*key, len(of), sum(o >= 0.8 for o in of) / len(of), sum(of) / len(of)))
