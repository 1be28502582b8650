#!/usr/bin/env python3
"""Hard negatives of film: other moments of the same films.

    film_moments.py OUT SEED PER_FILM FILM...

Cuts every film in the middle. OUT/a/ref holds first halves and OUT/a/q changed stretches of second halves; OUT/b the
other way round. The same camera sees the same room in both, and nothing in q is a copy of anything in ref:

    film_answers OUT/a/ref OUT/a/q answers.csv

must answer nothing above the threshold. Films that repeat their frames exactly (test pictures, turning gradients) are
no use here: a repetition is a copy. Needs ffmpeg and ffprobe on PATH.
"""
import hashlib
import os
import random
import subprocess
import sys

CHANGES = {
    "recode": "null",
    "crop": "crop=trunc(iw*0.45)*2:trunc(ih*0.45)*2",
    "faster": "setpts=PTS/1.05",
    "mirror": "hflip",
    "fps12": "fps=12",
    "dark": "eq=brightness=-0.2",
}
END_S = 0.2  # from the middle and from the end, so that no frame is in both


def cut(film, start, seconds, change, crf, out):
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-ss", "%.3f" % start, "-i", film, "-t", "%.3f" % seconds,
         "-vf", change, "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", crf, "-pix_fmt", "yuv420p", out],
        check=True)


def main(out, seed, per_film, films):
    for half in "ab":
        for kind in ("ref", "q"):
            os.makedirs(os.path.join(out, half, kind), exist_ok=True)
    for film in films:
        name = os.path.splitext(os.path.basename(film))[0]
        length = float(subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", film],
            capture_output=True, text=True, check=True).stdout)
        middle = length / 2
        halves = {"a": (0, middle, middle + END_S, length - END_S), "b": (middle, length, 0, middle - END_S)}
        for half, (ref_from, ref_to, from_s, to_s) in halves.items():
            cut(film, ref_from, ref_to - ref_from, "null", "23", os.path.join(out, half, "ref", name + ".mp4"))
            for i in range(per_film):
                draw = random.Random(hashlib.sha256(f"{seed}|{name}|{half}|{i}".encode()).digest())
                seconds = min(5 if i % 2 else 10, to_s - from_s)
                start = draw.uniform(from_s, max(from_s, to_s - seconds))
                change = draw.choice(sorted(CHANGES))
                query = os.path.join(out, half, "q", f"{name}_{i}_{change}.mp4")
                cut(film, start, seconds, CHANGES[change], "28", query)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:])
