#!/usr/bin/env python3
"""Clips of recordings that were changed in two ways at once, with a manifest of what they are.

In:  a folder with `ref/` (works) and `neg/` (no works) of sound files; ffmpeg with librubberband; numpy.
Out: OUT/*.wav and OUT/manifest.csv (query, label, truth, cell, param, seconds, offset_s, factor_time, factor_pitch).

    combined_queries.py AUDIO OUT SEED [CLIPS_PER_CELL]

Every draw comes from the seed and the name of the clip, so the same seed gives the same clips.
Not here: changes of one kind, which `make_queries.py` makes.
"""
import csv
import hashlib
import pathlib
import subprocess
import sys
import wave

import numpy as np

RATE_HZ = 44_100
# Cell: seconds, tempo, semitones, noise in dB below the sound or None, through a telephone.
CELLS = {
    "speed+noise": (10, 1.04, 12 * np.log2(1.04), 8, False),
    "pitch+tempo": (10, 0.95, 1.0, None, False),
    "phone+tempo": (10, 1.06, 0.0, 20, True),
    "clip_3s": (3, 1.0, 0.0, None, False),
    "clip_3s_noise": (3, 1.0, 0.0, 10, False),
}


def ffmpeg(arguments):
    command = ["ffmpeg", "-v", "fatal", *arguments, "-f", "f32le", "-ac", "1", "-ar", str(RATE_HZ), "-"]
    return np.frombuffer(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout, "<f4")


def clip(file, cell, start_s, draw):
    seconds, tempo, semitones, noise_db, phone = CELLS[cell]
    filters = []
    if tempo != 1.0 or semitones != 0.0:
        filters.append(f"rubberband=tempo={tempo}:pitch={2 ** (semitones / 12):.6f}")
    if phone:
        filters.append("highpass=f=300:p=2,highpass=f=300:p=2,lowpass=f=3400:p=2,aecho=0.8:0.7:23|41:0.35|0.25")
    arguments = ["-ss", f"{start_s:.3f}", "-t", f"{seconds * tempo + 0.5:.3f}", "-i", str(file)]
    sound = ffmpeg([*arguments, "-af", ",".join(filters) or "anull"])[: seconds * RATE_HZ].astype(float)
    if noise_db is not None:
        noise = draw.standard_normal(len(sound))
        level = np.sqrt(np.mean(sound**2)) / np.sqrt(np.mean(noise**2))
        sound = sound + noise * level * 10 ** (-noise_db / 20)
    return sound / max(1.0, np.max(np.abs(sound)) / 0.9)


def main(audio, out, seed, per_cell):
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for label, folder in (("member", "ref"), ("negative", "neg")):
        files = sorted((audio / folder).glob("*.ogg"))
        lengths = [len(ffmpeg(["-i", str(file)])) / RATE_HZ for file in files]
        for cell, (seconds, tempo, semitones, _, _) in CELLS.items():
            for number in range(per_cell):
                name = f"{label[:3]}_{cell}_{number:03}.wav"
                digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
                draw = np.random.default_rng(int.from_bytes(digest[:8], "big"))
                long_enough = [i for i, length in enumerate(lengths) if length > seconds * tempo + 3]
                chosen = long_enough[int(draw.integers(len(long_enough)))]
                start_s = float(draw.uniform(1, lengths[chosen] - seconds * tempo - 1.5))
                sound = clip(files[chosen], cell, start_s, draw)
                with wave.open(str(out / name), "wb") as file:
                    file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
                    file.writeframes((sound * 32_767).astype("<i2").tobytes())
                truth = files[chosen].name if label == "member" else ""
                factors = [f"{tempo:.4f}", f"{2 ** (semitones / 12):.4f}"]
                rows.append([name, label, truth, cell, 0, seconds, f"{start_s:.3f}", *factors])
    with open(out / "manifest.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow("query label truth cell param seconds offset_s factor_time factor_pitch".split())
        table.writerows(rows)


if __name__ == "__main__":
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 20
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], count)
