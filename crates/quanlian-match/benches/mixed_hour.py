#!/usr/bin/env python3
"""One hour of talk with twelve works in it, as a stream would have them, and how well they were found.

In:  a folder with `ref/` (works) and `speech/` of sound files; ffmpeg with librubberband; numpy.
Out: OUT/mix.mp3 and OUT/truth.csv (work, start_s, end_s, work_start_s, work_end_s, speed, change); a table of figures.

    mixed_hour.py make AUDIO OUT SEED [--changed]
    quanlian index build --works AUDIO/ref --index INDEX
    quanlian match --index INDEX OUT/mix.mp3 --jsonl > OUT/matches.jsonl
    mixed_hour.py check OUT

Each work runs for 30 to 80 s somewhere inside itself, silence at its ends left out, with talk before, between and after. With `--changed` every work
but three is changed, each in its own way: speed, pitch, tempo, noise, talk over it. Every draw comes from the seed.
`check` ends with 1 when a work is missing, a work is found that is not there, or an end is off by more than a second.
Not here: single clips, which `make_queries.py` makes.
"""
import csv
import hashlib
import json
import pathlib
import subprocess
import sys

import numpy as np

RATE_HZ = 44_100
LENGTH_S = 3_600
WORKS = 12
MOST_OFF_S = 1.0
# 50 dB below the stretch as a whole.
SILENCE = 10 ** (-50 / 20)
# Change: tempo, semitones, noise in dB below the sound, talk in dB below the sound.
CHANGES = {
    "none": (1.0, 0.0, None, None),
    "2 % fast": (1.02, 12 * np.log2(1.02), None, None),
    "5 % slow": (0.95, 12 * np.log2(0.95), None, None),
    "a semitone up": (1.0, 1.0, None, None),
    "tempo 5 % up": (1.05, 0.0, None, None),
    "tempo 10 % down": (0.9, 0.0, None, None),
    "noise 10 dB": (1.0, 0.0, 10, None),
    "noise 5 dB": (1.0, 0.0, 5, None),
    "talk 6 dB below": (1.0, 0.0, None, 6),
    "talk as loud": (1.0, 0.0, None, 0),
}


def decoded(arguments):
    command = ["ffmpeg", "-v", "fatal", *arguments, "-f", "f32le", "-ac", "1", "-ar", str(RATE_HZ), "-"]
    return np.frombuffer(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout, "<f4").astype(float)


def level(sound):
    return np.sqrt(np.mean(sound**2) + 1e-12)


def talk_of(speech, length, draw):
    """Talk of `length` samples, from a place of its own."""
    shift = int(draw.integers(len(speech)))
    return np.resize(np.roll(speech, shift), length)


def audible(file, start_s, length_s):
    """The stretch without silence at its ends: where nothing can be heard nobody can say where a copy ends."""
    sound = decoded(["-i", str(file), "-af", f"atrim=start={start_s:.3f}:end={start_s + length_s:.3f}"])
    block = RATE_HZ // 20
    loud = [level(sound[at : at + block]) > SILENCE * level(sound) for at in range(0, len(sound), block)]
    before, after = loud.index(True) * 0.05, loud[::-1].index(True) * 0.05
    return start_s + before, length_s - before - after


def part(file, start_s, length_s, change, speech, draw):
    tempo, semitones, noise_db, talk_db = CHANGES[change]
    # The cut stands before the change, so that the ends of the work are known exactly.
    cut = f"atrim=start={start_s:.3f}:end={start_s + length_s:.3f},asetpts=PTS-STARTPTS"
    bend = f",rubberband=tempo={tempo:.6f}:pitch={2 ** (semitones / 12):.6f}" if tempo != 1 or semitones else ""
    sound = decoded(["-i", str(file), "-af", cut + bend])
    sound = sound[: int(length_s / tempo * RATE_HZ)]
    for other, below_db in ((draw.standard_normal(len(sound)), noise_db), (talk_of(speech, len(sound), draw), talk_db)):
        if below_db is not None:
            sound = sound + other / level(other) * level(sound) * 10 ** (-below_db / 20)
    return 0.12 * sound / level(sound)


def make(audio, out, seed, changed):
    out.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big"))
    speech = np.concatenate([decoded(["-i", str(file)]) for file in sorted((audio / "speech").iterdir())])
    speech = 0.12 * speech / level(speech)
    files = sorted((audio / "ref").iterdir())
    seconds = {file: len(decoded(["-i", str(file)])) / RATE_HZ for file in files}
    long_enough = [file for file in files if seconds[file] > 34]
    chosen = [long_enough[number] for number in draw.permutation(len(long_enough))[:WORKS]]
    names = list(CHANGES)[1:]
    pieces, rows = [], []
    for number, file in enumerate(chosen):
        change = names[number] if changed and number < len(names) else "none"
        length_s = float(draw.uniform(30, min(80, seconds[file] - 3)))
        start_s = float(draw.uniform(1, seconds[file] - length_s - 1))
        start_s, length_s = audible(file, start_s, length_s)
        pieces.append(part(file, start_s, length_s, change, speech, draw))
        rows.append([file.name, start_s, start_s + length_s, CHANGES[change][0], change])
    rest = LENGTH_S * RATE_HZ - sum(map(len, pieces))
    shares = draw.uniform(0.5, 1.5, WORKS + 1)
    gaps = (rest * shares / shares.sum()).astype(int)
    sounds, at = [], 0
    with open(out / "truth.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow("work start_s end_s work_start_s work_end_s speed change".split())
        for gap, piece, (name, start_s, end_s, tempo, change) in zip(gaps, pieces, rows):
            sounds += [talk_of(speech, gap, draw), piece]
            begin = (at + gap) / RATE_HZ
            at += gap + len(piece)
            times = [f"{value:.3f}" for value in (begin, at / RATE_HZ, start_s, end_s)]
            table.writerow([name, *times, f"{tempo:.4f}", change])
    mix = np.concatenate([*sounds, talk_of(speech, gaps[-1], draw)]).clip(-1, 1)
    encode = ["ffmpeg", "-v", "error", "-y", "-f", "f32le", "-ar", str(RATE_HZ), "-ac", "1", "-i", "-"]
    encode += ["-c:a", "libmp3lame", "-b:a", "96k", str(out / "mix.mp3")]
    subprocess.run(encode, input=mix.astype("<f4").tobytes(), check=True)
    print(f"{out / 'mix.mp3'}: {len(mix) / RATE_HZ:.1f} s, {WORKS} works of {sum(map(len, pieces)) / RATE_HZ:.0f} s")


def check(out):
    truth = list(csv.DictReader(open(out / "truth.csv")))
    matches = {m["work"]: m for m in map(json.loads, open(out / "matches.jsonl"))}
    good = True
    print("| work | change | bits | segments | start off, s | end off, s | start off in the work, s | end off in the work, s |")
    print("|---|---|---|---|---|---|---|---|")
    for row in truth:
        found = matches.pop(row["work"], None)
        if found is None:
            good = False
            print(f"| {row['work']} | {row['change']} | missing | | | | | |")
            continue
        segments = found["segments"]
        off = []
        for side, first, last in (("suspect", "start_s", "end_s"), ("work", "work_start_s", "work_end_s")):
            # What lies apart from the true place is no part of it, and makes the ends wrong here.
            off.append(min(s[side][0] for s in segments) / 1000 - float(row[first]))
            off.append(max(s[side][1] for s in segments) / 1000 - float(row[last]))
        good &= len(segments) == 1 and all(abs(value) <= MOST_OFF_S for value in off)
        figures = " | ".join(f"{value:+.2f}" for value in off)
        print(f"| {row['work']} | {row['change']} | {found['score_bits']:.0f} | {len(segments)} | {figures} |")
    for work, found in matches.items():
        good = False
        print(f"| {work} | not in the mix | {found['score_bits']:.0f} | {len(found['segments'])} | | | | |")
    return good


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"]:
        make(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4], "--changed" in sys.argv[5:])
    elif sys.argv[1:2] == ["check"]:
        sys.exit(0 if check(pathlib.Path(sys.argv[2])) else 1)
    else:
        sys.exit(__doc__)
