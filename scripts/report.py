#!/usr/bin/env python3
"""Measures, and writes the figures of docs/performance.md: docs/data/performance.json, from it the tables between the
markers and the charts in docs/img. Needs Python 3.9 or newer and nothing else, and a machine on which nothing else runs.

    scripts/report.py --quick                    some ten minutes
    scripts/report.py --full                     the better part of an hour: more rounds, five forks
    scripts/report.py --quick --only start,model    parts of it; the others stay as they were
    scripts/report.py --render                   measures nothing, only writes tables and charts again

--model DIR       a checkpoint of the 0.6B shape; without it random weights are made in a temporary folder (1.2 GB).
                  For the start a folder with a tokenizer tells more.
--peer FILE       JSON lines of another engine on the same weights, such as
                  {"engine": "llama.cpp", "prompt_tokens": 256, "prompt_tps": 163.7, "decode_tps": 25.7}
                  Several lines are rounds, other lines are passed over. Optional: context_decode_tps (after 4,096 tokens) and
                  start_to_first_token_ms. Lines without prompt_tokens are about 256, or about N with --peer N=FILE. May be
                  given several times.
"""
import argparse
import glob
import json
import math
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DATA = os.path.join(HOME, "docs", "data", "performance.json")
PAGE = os.path.join(HOME, "docs", "performance.md")
IMAGES = os.path.join(HOME, "docs", "img")
PARTS = ["model", "scalar", "start", "linear", "attention", "small", "sampling", "tokenizer"]
ROOFLINE = "How near decode, a batch and a prompt are to what the machine can do"
LONG = ["-p", "1024", "-n", "24", "--context", "4096"]
SCALAR = ["-p", "256", "-n", "12", "--primitives", "scalar"]
LAUNCHER = os.path.join(HOME, "nextclass")

# 0.6B: what the LM head is not part of goes through the matrix kernels for every token of a prompt.
FLOP_PER_PROMPT_TOKEN = 2 * 28 * 1024 * (2048 + 2 * 1024 + 2048 + 3 * 3072)


def say(text):
    print(text, file=sys.stderr, flush=True)


# ---------------------------------------------------------------- measuring

def run(command, **options):
    say("  " + " ".join(os.path.relpath(c, HOME) if c.startswith(HOME + os.sep) else c for c in command))
    return subprocess.run(command, cwd=HOME, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def bench(model, *options):
    lines = run([LAUNCHER, "bench", "--json", *model, *options], stderr=subprocess.DEVNULL).splitlines()
    return json.loads([line for line in lines if line.startswith("{")][-1])


def first_token(model):
    """Milliseconds from before the process exists to the first byte of its answer to 8 tokens."""
    started = time.perf_counter()
    command = [LAUNCHER, "generate", *model, "--greedy", "--max-new-tokens", "1", "--tokens", "785,6722,315,9625,374,264,1602,2244"]
    with subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.stdout.read(1)
        took = (time.perf_counter() - started) * 1000
        process.stdout.read()
    if process.returncode != 0:
        raise SystemExit("failed: " + " ".join(command))
    return took


def class_path():
    jdk = run([LAUNCHER, "--find-jdk"]).strip()
    jars = glob.glob(os.path.join(HOME, "benchmarks", "target", "nextclass-benchmarks-*.jar"))
    names = os.path.join(HOME, "benchmarks", "target", "class-path.txt")
    if not jars or not os.path.exists(names):
        say("building the benchmarks ...")
        subprocess.run(["mvn", "-q", "-B", "-Dmaven.test.skip=true", "-P", "!format", "-pl", "benchmarks", "-am", "package"],
                       cwd=HOME, check=True, stdout=sys.stderr, env={**os.environ, "JAVA_HOME": jdk})
        jars = glob.glob(os.path.join(HOME, "benchmarks", "target", "nextclass-benchmarks-*.jar"))
    with open(names) as file:
        return os.path.join(jdk, "bin", "java"), jars[0] + os.pathsep + file.read().strip()


def jmh(full, pattern, forks, **parameters):
    java, jars = class_path()
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "result.json")
        options = ["-f", str(forks if full else 1), "-w", "1s", "-r", "1s", "-wi", "3" if full else "2", "-i", "3" if full else "2"]
        for name, values in parameters.items():
            options += ["-p", name + "=" + ",".join(map(str, values))]
        say("  jmh " + pattern + " " + " ".join(options))
        subprocess.run([java, "-cp", jars, "org.openjdk.jmh.Main", pattern, "-foe", "true", "-rf", "json", "-rff", result, *options],
                       cwd=HOME, check=True, stdout=subprocess.DEVNULL)
        with open(result) as file:
            return [compact(entry) for entry in json.load(file)]


def compact(entry):
    metric = entry["primaryMetric"]
    forks = [statistics.median(fork) for fork in metric["rawData"]]
    return {
        "benchmark": entry["benchmark"].split(".")[-2] + "." + entry["benchmark"].split(".")[-1],
        **entry.get("params", {}),
        "score": round(statistics.median(forks), 4), "low": round(min(forks), 4), "high": round(max(forks), 4),
        "unit": metric["scoreUnit"], "forks": len(forks),
        # a counter is a rate: each iteration's value is one, and JMH hands on their sum
        **{name: round(statistics.median(v for fork in other["rawData"] for v in fork), 3)
           for name, other in entry["secondaryMetrics"].items()},
    }


def measure(part, model, full):
    rounds = 5 if full else 3
    both = [1, os.cpu_count()] if os.cpu_count() > 1 else [1]
    if part == "model":
        return {"rounds": [bench(model, "-p", "256", "-n", "48", "--batch", "8") for _ in range(rounds)],
                "long": [bench(model, *LONG) for _ in range(rounds if full else 1)],
                "long16": [bench(model, *LONG, "--kv-cache", "bf16") for _ in range(rounds if full else 1)]}
    if part == "scalar":
        return [bench(model, *SCALAR)]
    if part == "start":
        first_token(model)  # builds what is stale, and reads the weights into the page cache
        return [round(first_token(model)) for _ in range(9 if full else 5)]
    if part == "linear":
        decode = jmh(full, "LinearBenchmark", 5, layer=["qkv", "o", "gateUp", "down"], tokens=[1], threads=both,
                     weights=["BF16", "F16", "F32", "Q8", "Q4"] if full else ["BF16", "Q8", "Q4"])
        head = jmh(full, "LinearBenchmark", 5, layer=["lmHead"], tokens=[1], threads=both[-1:], weights=["BF16"])
        prefill = jmh(full, "LinearBenchmark", 5, layer=["qkv", "o", "gateUp", "down"], tokens=[8, 256] if full else [256],
                      threads=both, weights=["BF16", "F16", "F32", "Q8", "Q4"] if full else ["BF16", "Q8", "Q4"])
        scalar = jmh(full, "LinearBenchmark", 1, layer=["down"], tokens=[1, 256], threads=both[-1:], weights=["BF16"], primitives=["scalar"])
        return decode + head + prefill + scalar
    if part == "attention":
        return jmh(full, "AttentionBenchmark", 5, positions=[256, 1024, 4096], tokens=[1, 256], threads=both[-1:], kvCache=["F32", "BF16", "Q8"])
    if part == "small":
        return jmh(full, "SmallOperationsBenchmark", 5, tokens=[1, 256] if full else [1], threads=both[-1:])
    if part == "sampling":
        return jmh(full, "SamplingBenchmark.decide", 3, filter=["greedy", "none", "topK", "topP", "qwen3", "chain"])
    if part == "tokenizer":
        return jmh(full, "TokenizerBenchmark", 3)
    raise SystemExit("no part " + part)


def machine():
    cpu = platform.processor()
    try:
        with open("/proc/cpuinfo") as file:
            cpu = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    java = subprocess.run([os.path.join(run([LAUNCHER, "--find-jdk"]).strip(), "bin", "java"), "-version"],
                          capture_output=True, text=True).stderr.splitlines()
    git = lambda *words: subprocess.run(["git", *words], cwd=HOME, capture_output=True, text=True).stdout.strip()
    commit = git("rev-parse", "--short", "HEAD") + (" and changes" if git("status", "--porcelain", "--", ".", ":!docs") else "")
    build = re.search(r"\S*25\.\S*", java[1]) if len(java) > 1 else None
    return {"cpu": cpu, "processors": os.cpu_count(), "system": platform.system() + " " + platform.machine(),
            "java": build.group() if build else "", "commit": commit, "date": date.today().isoformat()}


# ---------------------------------------------------------------- tables

def median(rows, key):
    values = [row[key] for row in rows if key in row]
    return statistics.median(values) if values else None


def spread(rows, key, digits=1):
    values = [row[key] for row in rows if key in row]
    return f"{min(values):,.{digits}f}-{max(values):,.{digits}f}" if len(values) > 1 else ""


def number(value, digits=1):
    return "" if value is None else f"{value:,.{digits}f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def picture(name, description):
    return f"\n\n![{description}](img/{name})"


def goals(data):
    model, peers = data.get("model"), data.get("peer", {}).get("rows", [])
    if not model:
        return "Not measured yet: `scripts/report.py --full`."
    rounds, long = model["rounds"], model["long"]
    name = peers[0]["engine"] if peers else "llama.cpp"
    bench_command = "`./nextclass bench -p 256 -n 48 --batch 8`"
    long_command = f"`./nextclass bench {' '.join(LONG)}`"
    long16_command = f"`./nextclass bench {' '.join(LONG)} --kv-cache bf16`"

    def peer(key, prompt=None):
        return [row for row in peers if key in row and (prompt is None or row.get("prompt_tokens", prompt) == prompt)]

    def rate(what, ours, key, theirs, theirs_key, goal, command, unit=""):
        mine, other = median(ours, key), median(theirs, theirs_key)
        return [what, number(mine) + unit, spread(ours, key), number(other), number(mine / other, 2) if mine and other else "", goal, command]

    rows = [
        rate("decode, tokens/s", rounds, "decode_tps", peer("decode_tps"), "decode_tps", "1.1", bench_command),
        rate("prompt of 256, tokens/s", rounds, "prompt_tps", peer("prompt_tps", 256), "prompt_tps", "1.5", bench_command),
        rate("prompt of 1,024, tokens/s", long, "prompt_tps", [r for r in peers if r.get("prompt_tokens") == 1024], "prompt_tps", "1.5", long_command),
        rate("decode after 4,096, tokens/s", long, "context_decode_tps", peer("context_decode_tps"), "context_decode_tps", "1.1", long_command),
        rate("the same, keys and values in 16 bits as theirs", model.get("long16", []), "context_decode_tps", peer("context_decode_tps"), "context_decode_tps", "1.1", long16_command),
    ]
    if data.get("start"):
        start = [{"ms": ms} for ms in data["start"]]
        other = median(peers, "start_to_first_token_ms")
        rows.append(["process start to first token of 8, ms", number(median(start, "ms"), 0), spread(start, "ms", 0), number(other, 0),
                     number(median(start, "ms") / other, 2) if other else "", "at most 1,200 ms", "`./nextclass generate --tokens ...`"])
    of_read = [100 * row["decode_gbps"] / row["read_gbps"] for row in rounds]
    of_fma = [100 * row["prompt_tps"] * FLOP_PER_PROMPT_TOKEN / 1e9 / row["fma_gflops"] for row in rounds]
    batch = [row["batch_decode_tps"] / row["decode_tps"] for row in rounds if "batch_decode_tps" in row]
    rows.append(["decode, of the plain read rate", f"{statistics.median(of_read):.0f} %", f"{min(of_read):.0f}-{max(of_read):.0f}", "", "", "93 %", bench_command])
    rows.append(["prompt of 256, of the multiply-add rate", f"{statistics.median(of_fma):.0f} %", f"{min(of_fma):.0f}-{max(of_fma):.0f}", "", "", "85 % in the matmuls", bench_command])
    if batch:
        rows.append(["8 sequences together, of the rate of one", number(statistics.median(batch)), f"{min(batch):.1f}-{max(batch):.1f}", "", "", "5", bench_command])
    if data.get("scalar"):
        for what, key in [("decode", "decode_tps"), ("prompt of 256", "prompt_tps")]:
            part = 100 * median(data["scalar"], key) / median(rounds, key)
            rows.append([f"without the Vector API, {what}, of the rate with it", f"{part:.0f} %", "", "", "", "25 %", f"`./nextclass bench {' '.join(SCALAR)}`"])
    other = [row["other_bytes"] / 1e6 for row in rounds if "other_bytes" in row]
    heap = [row["heap_bytes"] / 1e6 for row in rounds if "heap_bytes" in row]
    if other:
        rows.append(["memory beside weights and KV cache, MB", number(statistics.median(other), 0), f"{min(other):.0f}-{max(other):.0f}", "", "", "at most 200", bench_command])
        rows.append(["of that the heap at its largest, MB", number(statistics.median(heap), 0), f"{min(heap):.0f}-{max(heap):.0f}", "", "", "at most 128", bench_command])
    pictures = picture("rates.svg", f"Tokens per second beside {name}") + picture("roofline.svg", ROOFLINE)
    return table(["what", "NextClass", "spread", name, "ratio", "goal", "command"], rows) + pictures


def operations(data):
    rows = []
    for entry in data.get("linear", []):
        decode = entry["tokens"] == "1"
        rate = f"{entry['gigabytesPerSecond']:.1f} GB/s" if decode else f"{entry['gigaflops']:.0f} GFLOP/s"
        what = f"{entry['layer']}, {entry['weights']}, {entry['tokens']} token{'' if decode else 's'}"
        rows.append([what, entry["primitives"], entry["threads"], *times(entry), rate])
    for entry in data.get("attention", []):
        decode = entry["tokens"] == "1"
        rate = f"{entry['gigabytesPerSecond']:.1f} GB/s" if decode else f"{entry['gigaflops']:.0f} GFLOP/s"
        what = f"attention, {entry['tokens']} token{'' if decode else 's'} over {int(entry['positions']):,} positions, KV in {entry.get('kvCache', 'F32')}"
        rows.append([what, entry["primitives"], entry["threads"], *times(entry), rate])
    for entry in data.get("small", []):
        rows.append([f"{entry['operation']}, {entry['tokens']} token{'' if entry['tokens'] == '1' else 's'}", entry["primitives"], entry["threads"], *times(entry), ""])
    if not rows:
        return ""
    chart = picture("attention.svg", "Attention of one new token over the length of the context") if data.get("attention") else ""
    return table(["one layer of 0.6B", "loops", "threads", "time, µs", "forks from-to", "rate"], rows) + chart


def times(entry):
    return [number(entry["score"]), f"{entry['low']:,.1f}-{entry['high']:,.1f}" if entry["forks"] > 1 else ""]


def text_and_choice(data):
    names = {"greedy": "greedy", "none": "a draw from all classes", "topK": "top-k 20", "topP": "top-p 0.95",
             "qwen3": "temperature 0.6, top-k 20, top-p 0.95", "chain": "repetition penalty, DRY, top-n-sigma, temperature, top-k, top-p, min-p"}
    rows = [["choice of one of 151,936: " + names[entry["filter"]], number(entry["score"] / 1000, 3) + " ms", ""] for entry in data.get("sampling", [])]
    for entry in data.get("tokenizer", []):
        what = entry["benchmark"].split(".")[1]
        rate = entry.get("megatokensPerSecond")
        if what == "load" and entry["text"] != "english":
            continue
        subject = "a tokenizer, loaded in warm code" if what == "load" else f"100,000 characters, {entry['text']}: {what}"
        rows.append([subject, number(entry["score"], 2) + " ms", f"{rate:.1f} million tokens/s" if rate else ""])
    return table(["one thread", "time", "rate"], rows) if rows else ""


def where(data, parts):
    """What a table was measured on; parts of it may have been measured at different times."""
    seen = list(dict.fromkeys(f"{at['cpu']}, {at['processors']} processors, {at['java']}, {at['date']}, commit {at['commit']}"
                              for part, at in data.get("machines", {}).items() if part in parts))
    return "Made by `scripts/report.py`; medians. " + "; ".join(seen) + "."


def write_tables(data):
    parts = {"goals": (goals(data), ["model", "scalar", "start"]),
             "operations": (operations(data), ["linear", "attention", "small"]),
             "text": (text_and_choice(data), ["sampling", "tokenizer"])}
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    for name, (content, sources) in parts.items():
        begin, end = f"<!-- report:{name} -->", "<!-- /report -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.S)
        if not pattern.search(page):
            raise SystemExit(f"{PAGE}: the marker {begin} ... {end} is missing")
        text = f"{begin}\n{where(data, sources)}\n\n{content}\n{end}" if content else f"{begin}\n{end}"
        page = pattern.sub(lambda _: text, page)
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(page)


# ---------------------------------------------------------------- charts

STYLE = """<style>
  .ink { fill: #24292f } .dim { fill: #57606a } .grid { stroke: #d0d7de } .ours { fill: #0969da } .theirs { fill: #9a6700 }
  .roof { stroke: #24292f; fill: none } .back { fill: #ffffff } .goal { stroke: #cf222e }
  text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 14px }
  .title { font-size: 17px; font-weight: 600 } .small { font-size: 12px }
  @media (prefers-color-scheme: dark) {
    .ink { fill: #e6edf3 } .dim { fill: #9198a1 } .grid { stroke: #3d444d } .ours { fill: #58a6ff } .theirs { fill: #e3b341 }
    .roof { stroke: #e6edf3 } .back { fill: #0d1117 } .goal { stroke: #ff7b72 }
  }
</style>"""


def escape(text):
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def svg(name, width, height, title, body):
    os.makedirs(IMAGES, exist_ok=True)
    text = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
            f'aria-label="{escape(title)}">\n{STYLE}\n<rect class="back" width="{width}" height="{height}" rx="6"/>\n'
            f'<text class="ink title" x="24" y="34">{escape(title)}</text>\n' + "\n".join(body) + "\n</svg>\n")
    with open(os.path.join(IMAGES, name), "w", encoding="utf-8") as file:
        file.write(text)


def text(x, y, content, style="ink", anchor="start"):
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(content)}</text>'


def line(x1, y1, x2, y2, style="grid", width=1, dash=""):
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke-width="{width}"{dashes}/>'


def rates_chart(data):
    """Bars in pairs, ours above the peer's, each pair to its own scale: prompts are ten times faster than decoding."""
    model, peers = data.get("model"), data.get("peer", {}).get("rows", [])
    if not model:
        return
    name = peers[0]["engine"] if peers else None
    pairs = [("decode", median(model["rounds"], "decode_tps"), median(peers, "decode_tps")),
             ("decode after 4,096", median(model.get("long16") or model["long"], "context_decode_tps"), median(peers, "context_decode_tps")),
             ("prompt of 256", median(model["rounds"], "prompt_tps"), median([r for r in peers if r.get("prompt_tokens", 256) == 256], "prompt_tps")),
             ("prompt of 1,024", median(model["long"], "prompt_tps"), median([r for r in peers if r.get("prompt_tokens") == 1024], "prompt_tps"))]
    pairs = [pair for pair in pairs if pair[1] is not None]
    body, y, left, room = [], 60, 180, 360
    if name:
        body += [f'<rect class="ours" x="{left}" y="46" width="12" height="12" rx="2"/>', text(left + 18, 57, "NextClass", "ink"),
                 f'<rect class="theirs" x="{left + 120}" y="46" width="12" height="12" rx="2"/>', text(left + 138, 57, name, "ink")]
        y = 80
    for what, ours, theirs in pairs:
        longest = max(ours, theirs or 0)
        body.append(text(left - 14, y + (25 if theirs else 14), what, "ink", "end"))
        for value, style, at in ((ours, "ours", y), (theirs, "theirs", y + 20)):
            if value is not None:
                body.append(f'<rect class="{style}" x="{left}" y="{at}" width="{room * value / longest:.1f}" height="17" rx="3"/>')
                body.append(text(left + room * value / longest + 8, at + 13, f"{value:.1f}", "ink small"))
        if theirs:
            body.append(text(left + room + 130, y + 25, f"{ours / theirs:.2f} ×", "ink", "end"))
        y += 56
    svg("rates.svg", 700, y + 20, "Tokens per second, 0.6B in BF16", body + [text(24, y + 4, "each pair to its own scale", "dim small")])


def roofline_chart(data):
    """Log-log: operations a byte of weights across, GFLOP/s upwards."""
    model, peers = data.get("model"), data.get("peer", {}).get("rows", [])
    if not model:
        return
    rounds = model["rounds"]
    read, fma = median(rounds, "read_gbps"), median(rounds, "fma_gflops")
    flop_per_token = 2 * rounds[0]["decode_gbps"] * 1e9 / rounds[0]["decode_tps"] / 2  # BF16: a multiply-add for every two bytes
    points = [("decode", 1.0, median(rounds, "decode_tps") * flop_per_token / 1e9, "ours")]
    batch = median(rounds, "batch_decode_tps")
    if batch:
        points.append(("8 sequences", 8.0, batch * flop_per_token / 1e9, "ours"))
    prompt = median(rounds, "prompt_tps") * FLOP_PER_PROMPT_TOKEN / 1e9
    points.append(("prompt of 256", 256.0, prompt, "ours"))
    if peers:
        other = median(peers, "decode_tps")
        points.append((peers[0]["engine"], 1.0, other * flop_per_token / 1e9, "theirs"))
        other = median([r for r in peers if r.get("prompt_tokens", 256) == 256], "prompt_tps")
        points.append((peers[0]["engine"], 256.0, other * FLOP_PER_PROMPT_TOKEN / 1e9, "theirs"))
    x0, x1, low, high = 0.5, 1024.0, 10.0, 10 ** math.ceil(math.log10(fma * 1.3))
    left, right, top, bottom = 80, 660, 66, 380
    px = lambda v: left + (right - left) * math.log(v / x0) / math.log(x1 / x0)
    py = lambda v: bottom - (bottom - top) * math.log(v / low) / math.log(high / low)
    body = []
    value = low
    while value <= high:
        body += [line(left, py(value), right, py(value)), text(left - 10, py(value) + 5, f"{value:,.0f}", "dim small", "end")]
        value *= 10
    for value in (1, 4, 16, 64, 256, 1024):
        body += [line(px(value), top, px(value), bottom), text(px(value), bottom + 18, f"{value}", "dim small", "middle")]
    knee = fma / read
    start = max(x0, low / read)
    body.append(f'<polyline class="roof" stroke-width="2.5" points="{px(start):.1f},{py(start * read):.1f} {px(knee):.1f},{py(fma):.1f} {px(x1):.1f},{py(fma):.1f}"/>')
    body.append(text(px(x1), py(fma) - 10, f"multiply-adds: {fma:.0f} GFLOP/s", "ink small", "end"))
    slope = math.degrees(math.atan2(py(fma) - py(start * read), px(knee) - px(start)))
    middle = math.sqrt(start * knee)
    x, y = px(middle) - 8, py(middle * read) - 10
    body.append(f'<text class="ink small" x="{x:.1f}" y="{y:.1f}" text-anchor="middle" transform="rotate({slope:.1f} {x:.1f} {y:.1f})">'
                f"reading: {read:.0f} GB/s</text>")
    for what, x, y, style in points:
        body.append(f'<circle class="{style}" cx="{px(x):.1f}" cy="{py(y):.1f}" r="6"/>')
        below = style == "theirs"
        to_the_left = x > 64
        body.append(text(px(x) + (-12 if to_the_left else 12), py(y) + (18 if below else 4), f"{what}, {y:.0f}", style + " small",
                         "end" if to_the_left else "start"))
    body.append(text((left + right) / 2, bottom + 40, "operations for each byte of weights that is read", "dim small", "middle"))
    body.append(text(left, top - 12, "GFLOP/s", "dim small"))
    svg("roofline.svg", 700, 440, "What limits the 0.6B model, and how near it is", body)


def attention_chart(data):
    """Time over positions: a straight line from the origin is what it should be."""
    entries = [e for e in data.get("attention", []) if e["tokens"] == "1" and e.get("kvCache", "F32") == "F32"]
    if not entries:
        return
    left, right, top, bottom = 80, 660, 60, 300
    longest = max(int(e["positions"]) for e in entries)
    highest = max(e["score"] for e in entries) * 1.15
    body = []
    for i in range(5):
        value = highest * i / 4
        y = bottom - (bottom - top) * i / 4
        body += [line(left, y, right, y), text(left - 10, y + 5, f"{value:,.0f}", "dim small", "end")]
    points = [(left + (right - left) * int(e["positions"]) / (longest * 1.1), bottom - (bottom - top) * e["score"] / highest, e) for e in entries]
    for x, y, entry in points:
        body += [f'<circle class="ours" cx="{x:.1f}" cy="{y:.1f}" r="6"/>',
                 text(x, y - 12, f"{entry['score']:,.0f} µs, {entry['gigabytesPerSecond']:.0f} GB/s", "ink small", "middle"),
                 text(x, bottom + 18, f"{int(entry['positions']):,}", "dim small", "middle")]
    body += [text((left + right) / 2, bottom + 40, "positions in the KV cache", "dim small", "middle"), text(left, top - 10, "µs for one layer", "dim small")]
    svg("attention.svg", 700, 356, "Attention of one new token", body)


# ---------------------------------------------------------------- main

def read_peer(arguments):
    rows = []
    for argument in arguments:
        tokens, path = re.fullmatch(r"(?:(\d+)=)?(.*)", argument).groups()
        with open(path) as file:
            rows += [{"prompt_tokens": int(tokens or 256), **json.loads(row)} for row in file if row.startswith("{")]
    kept = ("engine", "prompt_tokens", "prompt_tps", "decode_tps", "first_token_ms", "load_ms", "context", "context_decode_tps", "start_to_first_token_ms", "threads")
    return {"rows": [{key: row[key] for key in kept if key in row} for row in rows if row.get("engine") != "ours"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--quick", action="store_true")
    how.add_argument("--full", action="store_true")
    how.add_argument("--render", action="store_true")
    parser.add_argument("--only", default=",".join(PARTS), help="of " + ",".join(PARTS))
    parser.add_argument("--model", help="a checkpoint folder of the 0.6B shape")
    parser.add_argument("--peer", action="append", metavar="[N=]FILE", help="JSON lines of another engine")
    options = parser.parse_args()

    data = {}
    if os.path.exists(DATA):
        with open(DATA) as file:
            data = json.load(file)
    if options.peer:
        data["peer"] = read_peer(options.peer)
    if not options.render:
        unknown = set(options.only.split(",")) - set(PARTS)
        if unknown:
            parser.error("--only: unknown " + ", ".join(sorted(unknown)) + "; expected some of " + ",".join(PARTS))
        made = None
        model = ["--model", options.model]
        if not options.model:
            made = tempfile.mkdtemp(prefix="nextclass-report-")
            java, jars = class_path()
            subprocess.run([java, "-cp", jars, "io.github.nextclass.benchmarks.MakeCheckpoint", made], check=True)
            model = ["--model", made]
        try:
            for part in options.only.split(","):
                say(part + " ...")
                data.setdefault("machines", {})[part] = machine()
                data[part] = measure(part, model, options.full)
                save(data)
        finally:
            if made:
                shutil.rmtree(made)
    save(data)
    write_tables(data)
    rates_chart(data)
    roofline_chart(data)
    attention_chart(data)


def save(data):
    rows = [row for some in data.get("model", {}).values() for row in some] + data.get("scalar", [])
    for row in rows:
        row.pop("model", None)  # a path of this machine
    os.makedirs(os.path.dirname(DATA), exist_ok=True)
    with open(DATA, "w") as file:
        json.dump(data, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
