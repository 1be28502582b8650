#!/usr/bin/env python3
"""The chip-code story on real code: picorv32 is the secret, and a cloud drive holds a disguised copy among 50 other files.

    chip_story.py QUANLIAN CHIP OUT [SEED]

CHIP holds cores one folder each, as `get_code_corpus.py` lays them out (`picorv32`, `serv`, `vexriscv`, `microwatt`). The copy
has every name of its own changed, its modules and the blocks of the large one in another order, and about a seventh of its
blocks replaced by blocks of another core. The script registers three points (the file, its multiplier, its divider), records
a measure and an access, compares, deposits the drive's file, proves the register and verifies, opens the report in headless
Chromium without a network, and weighs the licence value. It prints what each step gave and stops at the first that does not hold.
"""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import zipfile

quanlian, chip, out = sys.argv[1:4]
seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
rng = random.Random(seed)
shutil.rmtree(out, ignore_errors=True)
os.makedirs(os.path.join(out, "drive"))
os.makedirs(os.path.join(out, "works"))
at = lambda *names: os.path.join(out, *names)

KEYWORDS = set(
    "always and assign automatic begin buf case casex casez default defparam disable edge else end endcase endfunction endgenerate "
    "endmodule endtask event for force forever fork function generate genvar if initial inout input integer join localparam macromodule "
    "module nand negedge nor not or output parameter posedge real reg release repeat signed supply0 supply1 task time tri unsigned "
    "wait wand while wire wor xnor xor logic".split()
)


def must(holds, what):
    print("ok  " if holds else "FAIL", what, flush=True)
    if not holds:
        sys.exit(1)


def run(*arguments, want=0):
    done = subprocess.run([quanlian, "--quiet", *arguments], capture_output=True, text=True)
    if done.returncode != want:
        sys.exit(f"{arguments}: {done.returncode} {done.stdout}{done.stderr}")
    return done.stdout


def verilog(repository):
    for top, _, files in sorted(os.walk(os.path.join(chip, repository))):
        for name in sorted(files):
            if name.endswith((".v", ".sv", ".vhdl", ".vhd", ".c", ".h", ".py")):
                yield os.path.join(top, name)


source = next(path for path in verilog("picorv32") if os.path.basename(path) == "picorv32.v")
text = open(source, encoding="utf-8").read()
shutil.copy(source, at("works", "picorv32.v"))
lines = text.splitlines()


def module_lines(name):
    start = next(i for i, line in enumerate(lines) if re.match(rf"module {name}\b", line))
    end = next(i for i in range(start, len(lines)) if lines[i].startswith("endmodule"))
    return start + 1, end + 1


# The copy: modules shuffled, blocks of the core shuffled, some of them of another core, own names for everything.
others = [open(p, encoding="utf-8", errors="replace").read() for p in verilog("serv") if p.endswith(".v")]
foreign = [b for t in others for b in re.findall(r"(?ms)^\s*always @.*?^\s*end\b[^\n]*\n", t) if 3 <= b.count("\n") <= 40]
modules = re.findall(r"(?ms)^module .*?^endmodule[^\n]*\n", text)
changed = []
for module in modules:
    parts = re.split(r"(?m)^(?=\t(?:always|generate|task|function)\b)", module)
    head, blocks = parts[0], parts[1:]
    if len(blocks) > 2:
        tail = blocks.pop()
        for place in range(len(blocks)):
            if rng.random() < 1 / 7:
                blocks[place] = rng.choice(foreign)
        rng.shuffle(blocks)
        blocks.append(tail)
    changed.append(head + "".join(blocks))
rng.shuffle(changed)
copy = "\n".join(changed)
names = sorted(set(re.findall(r"(?<![`$'\w])[A-Za-z_]\w*", copy)) - KEYWORDS)
own = {name: f"x{number}_{rng.randrange(1000)}" for number, name in enumerate(rng.sample(names, len(names)))}
copy = re.sub(r"(?<![`$'\w])[A-Za-z_]\w*", lambda m: own.get(m.group(), m.group()), copy)
open(at("drive", "accelerator_final.v"), "w", encoding="utf-8").write("// my own accelerator\n" + copy)
pool = [p for repository in ("serv", "vexriscv", "microwatt") for p in verilog(repository) if os.path.getsize(p) > 500]
for number, path in enumerate(rng.sample(pool, 50)):
    shutil.copy(path, at("drive", f"{number:02}_{os.path.basename(path)}"))
print(f"{len(lines)} lines of picorv32.v, {len(copy.splitlines())} of the copy, 50 other files")

data, work = at("data"), at("works", "picorv32.v")
points = {"MD-1": (None, "core"), "MD-2": (module_lines("picorv32_pcpi_mul"), "multiplier"), "MD-3": (module_lines("picorv32_pcpi_div"), "divider")}
for point, (place, title) in points.items():
    content = work if place is None else f"{work}#L{place[0]}-L{place[1]}"
    run("secret", "add", content, "--id", point, "--title", title, "--owner", "芯片公司", "--created", "2021-03-01", "--level", "核心", "--by", "法务", "--data", data)
open(at("nda.txt"), "w").write("保密协议")
run("secret", "measure", "--id", "M-1", "--item", "confidentiality-agreement", "--title", "保密协议", "--person", "李某", "--from", "2021-04-01", "--evidence", at("nda.txt"), "--data", data)
run("secret", "access", "--id", "A-1", "--person", "李某", "--role", "设计工程师", *[a for p in points for a in ("--point", p)], "--basis", "劳动合同", "--from", "2021-04-01", "--left", "2022-03-31", "--data", data)

report, appendix, sarif = at("report.html"), at("appendix.pdf"), at("found.sarif")
found = json.loads(run("compare", at("works"), at("drive"), "--secrets", data, "--report", report, "--appendix", appendix, "--sarif", sarif, "--json"))
suspects = sorted({os.path.basename(match["suspect"]) for match in found["matches"]})
must(suspects == ["accelerator_final.v"], f"the copy is found among 51 files, and nothing else: {suspects}")
told = set()
for match in found["matches"]:
    for segment in match["segments"]:
        told |= set(range(*segment["work"]))
inside = [i for i, line in enumerate(lines, 1) if line.strip() and not line.strip().startswith(("//", "/*", "*"))]
must(len(told & set(inside)) / len(inside) > 0.8, f"lines of the work inside matches: {len(told & set(inside)) / len(inside):.3f} of those with code")
shares = {touch["point"]: touch["share"] for touch in found["secrets"]["touches"]}
must(set(shares) == set(points) and min(shares.values()) > 0.7, f"points named, with their share: {shares}")
for point, (place, _) in points.items():
    if place:
        spans = [p["of_point"] for t in found["secrets"]["touches"] if t["point"] == point for p in t["places"]]
        must(all(place[0] <= a and b <= place[1] + 1 for a, b in spans), f"{point}: its places lie in lines {place[0]} to {place[1]}")

bundle, register = at("case.qne.zip"), at("register.qne.zip")
run("deposit", at("drive", "accelerator_final.v"), report, appendix, "--data", data, "--bundle", bundle)
run("secret", "prove", "--out", register, "--data", data)
for path in (bundle, register):
    must(json.loads(run("verify", path, "--json"))["ok"], f"{os.path.basename(path)} verifies")
with zipfile.ZipFile(register) as archive:
    must(not any(b"picorv32_pcpi_mul" in archive.read(name) for name in archive.namelist()), "the bundle of the register shows nothing of the secret")

chromium = shutil.which("chromium")
if chromium:
    page = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--no-first-run", f"--user-data-dir={os.path.abspath(at('profile'))}", f"--screenshot={os.path.abspath(at('report.png'))}",
         "--window-size=1200,1600", "--dump-dom", "file://" + os.path.abspath(report)],
        capture_output=True, text=True, timeout=300,
    ).stdout
    must("accelerator_final.v" in page and "MD-2" in page and "<table" in page, f"the report opens offline ({len(page)} characters of page)")
else:
    print("SKIPPED: no chromium")

case = {"offence": "cn/criminal/219", "person": "natural", "conduct": {"from": "2022-01-01", "to": "2022-06-01"}, "judged_on": "2026-06-01",
        "facts": [{"name": "reasonable_licence_fee", "fen": 230_000_100}, {"name": "secret_improperly_acquired", "value": True}]}
json.dump(case, open(at("facts.json"), "w"))
answer = json.loads(run("law", "assess", at("facts.json"), "--json"))
print("    licence value 2,300,001 yuan:", answer["outcome"], "| could reach", answer["could_reach"])
must(answer["outcome"] == "serious", "the licence value reaches the entry tier")
