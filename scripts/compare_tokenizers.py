#!/usr/bin/env python3
"""Compares the Java tokenizer and chat template with Hugging Face on random input; ends with status 1 on any difference.

Ids, offsets, decoded and streamed text of 10,000 strings from each generator; 2,000 random conversations.

Usage: python3 scripts/compare_tokenizers.py [--tokenizer FILE_OR_FOLDER] [--count 10000] [--seed 0] [--classpath PATH]
Needs: tokenizers, transformers, jinja2; the module compiled with its tests (mvn -pl tokenizer test-compile).
"""

import argparse
import glob
import json
import os
import pathlib
import random
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAIN = "io.github.nextclass.tokenizer.TokenizeLines"
SPACES = [chr(c) for c in (9, 10, 11, 12, 13, 32, 0x85, 0xA0, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)]
NOT_SPACES = [chr(c) for c in (0x1C, 0x1F, 0x180E, 0x200B, 0x2060, 0xFEFF)]
SCRIPTS = [
    (0x41, 0x7A), (0xC0, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF), (0x530, 0x58F), (0x5D0, 0x5EA), (0x600, 0x6FF),
    (0x900, 0x97F), (0x980, 0x9FF), (0xB80, 0xBFF), (0xE00, 0xE7F), (0xF00, 0xFFF), (0x1100, 0x11FF), (0x1E00, 0x1FFF),
    (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0x1F300, 0x1FAFF), (0x1D400, 0x1D7FF),
]


def code_point(rng, low=0, high=0x10FFFF):
    while True:
        c = rng.randint(low, high)
        if not 0xD800 <= c < 0xE000:
            return chr(c)


def generators(hf, rng):
    words = [w for w in (hf.decode([i], skip_special_tokens=False) for i in range(hf.get_vocab_size())) if "\ufffd" not in w]
    added = [t.content for t in hf.get_added_tokens_decoder().values()]
    marks = [chr(c) for c in range(0x110000) if c < 0xD800 and is_mark(c)] + [
        chr(c) for c in range(0x10000, 0x20000) if is_mark(c)
    ]
    bases = list("aeiouAEIOUyncsz") + [chr(c) for c in (0xE9, 0x1EA1, 0x1100, 0x1161, 0x11A8, 0xAC00, 0xAC01, 0x915, 0x9C7,
             0xBC6, 0x1025, 0x3046, 0x304B, 0x212B, 0x2126, 0x344, 0x958, 0xFB2A, 0x2ADC, 0x1D15E, 0x11099, 0x105D2, 0x16121)]

    def some(low, high, make):
        return "".join(make() for _ in range(rng.randint(low, high)))

    def lookalike():
        token = rng.choice(added) if added else "<|im_end|>"
        cut = rng.randrange(len(token) + 1)
        return rng.choice([token, token[:cut], token[cut:], token.upper(), token[:cut] + " " + token[cut:], "<" + token,
                           token + token[cut:], rng.choice(["<|", "|>", "</", "<", ">", " ", "\n", "é", "e\u0301", "user", "x"])])

    def script_word():
        low, high = rng.choice(SCRIPTS)
        return some(1, 6, lambda: code_point(rng, low, high))

    return {
        "all code points": lambda: some(1, 20, lambda: code_point(rng)),
        "basic plane": lambda: some(1, 20, lambda: code_point(rng, 0, 0xFFFF)),
        "vocabulary words": lambda: some(1, 12, lambda: rng.choice(words)),
        "white space": lambda: some(1, 16, lambda: rng.choice(SPACES + SPACES + NOT_SPACES + ["\r\n", "  ", "a", "1", ".", "é"])),
        "added-token look-alikes": lambda: some(1, 8, lookalike),
        "apostrophes": lambda: some(1, 10, lambda: rng.choice(list("'''sSttTdDmMlLvVrReE") + ["'", "’", "ſ", "İ", "ı", "K", " ", "x",
                                                             "'re", "'LL", "'vE", "ll", "\n", "1"])),
        "random ASCII": lambda: some(1, 60, lambda: chr(rng.randrange(0, 128))),
        "mixed scripts": lambda: some(1, 8, lambda: script_word() + rng.choice(["", "", " ", ", ", "\n", "1", "'s", "\u200d"])),
        "combining marks": lambda: some(1, 14, lambda: rng.choice([rng.choice(bases), rng.choice(marks), rng.choice(marks)])),
        "long words": lambda: some(1, 3, lambda: rng.choice(["", " "]) + some(20, 300, lambda: rng.choice("ab aceio01_-".replace(" ", "")))
                                   + rng.choice(words) * rng.randint(1, 60)),
    }


def is_mark(c):
    import unicodedata

    return unicodedata.combining(chr(c)) != 0 or unicodedata.category(chr(c)).startswith("M")


def default_classpath():
    jars = sorted(glob.glob(os.path.expanduser("~/.m2/repository/tools/jackson/core/jackson-core/3.*/jackson-core-3.*[0-9].jar")))
    jars += sorted(glob.glob(os.path.expanduser("~/.m2/repository/org/assertj/assertj-core/3.*/assertj-core-3.*[0-9].jar")))
    target = ROOT / "tokenizer/target"
    return os.pathsep.join([f"{target}/classes", f"{target}/test-classes", *jars])


def java(arguments, lines, options):
    executable = os.path.join(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java"
    process = subprocess.run([executable, "-cp", options.classpath, MAIN, *arguments], input="\n".join(lines) + "\n",
                             capture_output=True, text=True, encoding="utf-8")
    if process.returncode != 0:
        sys.exit(process.stderr)
    # Not splitlines: JSON strings may hold U+2028 and its like.
    return [json.loads(line) for line in process.stdout.split("\n")[:-1]]


def utf16_offsets(text, offsets):
    index = [0]
    for c in text:
        index.append(index[-1] + (2 if ord(c) > 0xFFFF else 1))
    return [index[o] for pair in offsets for o in pair]


def compare_strings(options, rng):
    from tokenizers import Tokenizer

    path = pathlib.Path(options.tokenizer)
    hf = Tokenizer.from_file(str(path / "tokenizer.json" if path.is_dir() else path))
    differences = 0
    for name, make in generators(hf, rng).items():
        texts = [make() for _ in range(options.count)]
        results = java([str(path)], [json.dumps({"text": t}) for t in texts], options)
        assert len(results) == len(texts)
        wrong = {"ids": 0, "offsets": 0, "decode": 0}
        for text, ours in zip(texts, results):
            theirs = hf.encode(text)
            expected = {
                "ids": theirs.ids,
                "offsets": utf16_offsets(text, theirs.offsets),
                "decode": hf.decode(theirs.ids, skip_special_tokens=False),
            }
            for key, value in expected.items():
                if ours[key] != value:
                    wrong[key] += 1
                    if sum(wrong.values()) <= 3:
                        print(f"  {key} of {text!a}: expected {value!a}, found {ours[key]!a}")
        print(f"{name}: {len(texts)} strings, differences: {wrong}")
        differences += sum(wrong.values())
    return differences


# ---- chat template ----


def text(rng):
    parts = ["hi", "\n", "\n\n", " ", "<think>", "</think>", "<tool_response>", "</tool_response>", "é", "你好", "<|im_end|>", "{}",
             "\u2028", "\x0b", "\r\n", "<think>\nr\n</think>\n\n"]
    if rng.random() < 0.1:
        return "<tool_response>\n" + rng.choice(parts) + "\n</tool_response>"
    return "".join(rng.choice(parts) for _ in range(rng.randint(0, 6)))


def json_value(rng, depth=0):
    kinds = 6 if depth > 2 else 8
    match rng.randrange(kinds):
        case 0: return rng.choice([True, False, None])
        case 1: return rng.randint(-(10**20), 10**20)
        case 2: return rng.choice([rng.uniform(-1, 1), rng.uniform(-1e30, 1e30), 1e16, 1e15, 123456.0, 1e-4, 1e-5, -0.0, 5e-324, 1.5e300])
        case 3 | 4 | 5: return text(rng) + rng.choice(["", '"', "\\", "\x01", "\x7f", "<b>&'", "\t\b\f"])
        case 6: return [json_value(rng, depth + 1) for _ in range(rng.randint(0, 3))]
        case _: return {rng.choice("abcdefé\n") + str(i): json_value(rng, depth + 1) for i in range(rng.randint(0, 3))}


def conversation(rng):
    messages = []
    for i in range(rng.randint(1, 7)):
        role = rng.choice(["user", "user", "assistant", "assistant", "tool", "system" if i == 0 or rng.random() < 0.2 else "user",
                           "developer" if rng.random() < 0.1 else "tool"])
        message = {"role": role, "content": text(rng)}
        if rng.random() < 0.05:
            message["content"] = rng.choice([None, [{"type": "text", "text": "x"}]])
        if role == "assistant":
            if rng.random() < 0.4:
                message["reasoning_content"] = rng.choice([text(rng), "", None])
            if rng.random() < 0.4:
                calls = []
                for _ in range(rng.randint(0, 3)):
                    call = {"name": rng.choice(["f", "get_é"]), "arguments": rng.choice([{"a": json_value(rng)}, '{"raw": 1}', {}])}
                    calls.append(rng.choice([call, {"type": "function", "function": call}]))
                message["tool_calls"] = calls
        messages.append(message)
    arguments = {"add_generation_prompt": rng.random() < 0.7}
    if rng.random() < 0.5:
        arguments["enable_thinking"] = rng.random() < 0.5
    if rng.random() < 0.3:
        arguments["tools"] = [{"type": "function", "function": {"name": "f", "parameters": json_value(rng)}} for _ in range(rng.randint(0, 2))]
    return {"messages": messages, "kwargs": arguments}


def compare_conversations(options, rng):
    from transformers.utils.chat_template_utils import _compile_jinja_template

    folder = pathlib.Path(options.tokenizer)
    template_file = folder / "chat_template.jinja"
    if not template_file.exists():
        print("no chat_template.jinja: conversations not compared")
        return 0
    template = _compile_jinja_template(template_file.read_text(encoding="utf-8"))
    cases = [conversation(rng) for _ in range(options.conversations)]
    results = java([str(folder), "--render"], [json.dumps(c) for c in cases], options)
    wrong = failing = 0
    for case, ours in zip(cases, results):
        try:
            expected = template.render(messages=case["messages"], **case["kwargs"])
        except Exception:  # the template's own failure, whatever its kind
            expected = None
            failing += 1
        if ours["rendered"] != expected:
            wrong += 1
            if wrong <= 3:
                print(f"  {json.dumps(case)}:\n    expected {expected!a}\n    found    {ours['rendered']!a}")
    print(f"conversations: {len(cases)}, of which the template fails on {failing}; differences: {wrong}")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokenizer", default=str(ROOT.parent / "shared/qwen3/Qwen3-0.6B"))
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--conversations", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--classpath", default=default_classpath())
    options = parser.parse_args()
    rng = random.Random(options.seed)
    differences = compare_strings(options, rng) + (
        compare_conversations(options, rng) if pathlib.Path(options.tokenizer).is_dir() else 0
    )
    print(f"{differences} differences")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
