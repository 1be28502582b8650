#!/usr/bin/env python3
"""Films of a fixed camera in which little happens, staged from photographs.

    film_stage.py OUT SEED COUNT PHOTO...

Before a photograph things (pieces of other photographs), in every third film only their shadows, come along a path,
stand for a while and leave by it, again and again: in seven cases of ten some pixels beside their old path, in three
exactly on it, each time up to a tenth faster or slower. Grain and a slow drift of the light lie over all. Harder than
what a real camera sees, where nothing happens exactly twice:

    film_moments.py MOMENTS SEED 10 OUT/*.mp4

searches other moments of them. Needs ffmpeg on PATH, numpy and Pillow.
"""
import hashlib
import os
import subprocess
import sys

import numpy as np
from PIL import Image

WIDTH, HEIGHT, FPS, SECONDS = 480, 320, 24, 48
GRAINS = 17


def main(out, seed, count, photos):
    os.makedirs(out, exist_ok=True)
    for number in range(count):
        digest = hashlib.sha256(f"{seed}|{number}".encode()).digest()
        film(os.path.join(out, f"staged{number:02d}.mp4"), number % 3, np.random.default_rng(list(digest)), photos)


def film(path, kind, draw, photos):
    """Kind 1 shows shadows only; things of kind 2 swing where they stand."""
    room = 128 + (photo((WIDTH, HEIGHT), draw, photos) - 128) * draw.uniform(0.4, 1.0) + draw.uniform(-20, 20)
    things = [thing(draw, photos) for _ in range(3)]
    paths = [(draw.uniform(-0.1, 1.1), -0.3, draw.uniform(0.1, 0.9), draw.uniform(0.3, 0.8)) for _ in things]
    visits = list(visits_of(draw, len(things)))
    drift, phase = draw.uniform(-6, 6), draw.uniform(0, 6.28)
    grain = [draw.normal(0, draw.uniform(1, 4), size=(HEIGHT, WIDTH, 1)).astype(np.float32) for _ in range(GRAINS)]
    encoder = subprocess.Popen(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}",
         "-r", str(FPS), "-i", "-", "-c:v", "libx264", "-preset", "veryfast", "-crf", "24", "-pix_fmt", "yuv420p", path],
        stdin=subprocess.PIPE)
    for frame in range(FPS * SECONDS):
        at = frame / FPS
        picture = room + drift * np.sin(at * 0.13 + phase)
        for come, coming, leave, leaving, which, beside in visits:
            if come <= at <= leave + leaving:
                share = ease(min(1, (at - come) / coming)) if at < leave else 1 - ease((at - leave) / leaving)
                x0, y0, x1, y1 = paths[which]
                if kind == 2:
                    x1 += 0.08 * np.sin(6 * (at - come)) * np.exp(-0.6 * (at - come))
                centre = ((x0 + (x1 - x0) * share) * WIDTH + beside[0], (y0 + (y1 - y0) * share) * HEIGHT + beside[1])
                lay(picture, *things[which], *centre, kind == 1)
        picture = np.clip(picture + grain[int(draw.integers(GRAINS))], 0, 255)
        encoder.stdin.write(picture.astype(np.uint8).tobytes())
    encoder.stdin.close()
    if encoder.wait() != 0:
        sys.exit("ffmpeg failed")


def photo(size, draw, photos):
    image = Image.open(photos[int(draw.integers(len(photos)))]).convert("RGB")
    scale = max(size[0] / image.width, size[1] / image.height)
    image = image.resize([max(s, int(i * scale) + 1) for s, i in zip(size, image.size)])
    return np.asarray(image.crop((0, 0, *size)), dtype=np.float32)


def thing(draw, photos):
    """A piece of a photograph, and the oval that it is cut out by."""
    width, height = int(draw.integers(30, 90)), int(draw.integers(50, 130))
    y, x = np.mgrid[0:height, 0:width]
    inside = 1 - ((x - width / 2) / (width / 2)) ** 2 - ((y - height / 2) / (height / 2)) ** 2
    return photo((width, height), draw, photos), np.clip(inside * 6, 0, 1).astype(np.float32)[..., None]


def visits_of(draw, things):
    at = draw.uniform(1, 4)
    while at < SECONDS - 3:
        lasts, stays = draw.uniform(0.6, 1.6), draw.uniform(1, 6)
        beside = draw.uniform(-6, 6, size=2) if draw.random() < 0.7 else np.zeros(2)
        yield (at, lasts * draw.uniform(0.9, 1.1), at + lasts + stays, lasts * draw.uniform(0.9, 1.1),
               int(draw.integers(things)), beside)
        at += lasts + draw.uniform(1.5, 7)


def ease(share):
    return share * share * (3 - 2 * share)


def lay(picture, piece, oval, x, y, is_shadow):
    """Lays a piece over the picture, its centre between pixels."""
    height, width = oval.shape[:2]
    left, above = int(np.floor(x - width / 2)), int(np.floor(y - height / 2))
    right, below = x - width / 2 - left, y - height / 2 - above
    oval = np.pad(oval, ((0, 1), (0, 1), (0, 0)))
    shifted = np.roll(oval, 1, 1) * right + oval * (1 - right)
    oval = np.roll(shifted, 1, 0) * below + shifted * (1 - below)
    piece = np.pad(piece, ((0, 1), (0, 1), (0, 0)), mode="edge")
    y0, y1, x0, x1 = max(0, above), min(HEIGHT, above + height + 1), max(0, left), min(WIDTH, left + width + 1)
    if y0 < y1 and x0 < x1:
        cut = slice(y0 - above, y1 - above), slice(x0 - left, x1 - left)
        under = picture[y0:y1, x0:x1]
        shade = under * (1 - 0.35 * oval[cut])
        picture[y0:y1, x0:x1] = shade if is_shadow else under * (1 - oval[cut]) + piece[cut] * oval[cut]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:])
