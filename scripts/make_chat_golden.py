#!/usr/bin/env python3
"""Writes the chat goldens of the tokenizer module: random conversations and what Qwen3's Jinja templates make of them.

The template of the hybrid models is that of the folder; those of the 2507 releases, which either never think or always do, are
the same text with fewer statements, and are derived from it: instruct-2507.jinja and thinking-2507.jinja (Apache-2.0, Qwen).

Usage: python3 scripts/make_chat_golden.py CHECKPOINT_FOLDER      (needs: transformers, jinja2; deterministic)
"""

import json
import pathlib
import random
import sys

import compare_tokenizers as compare
from transformers.utils.chat_template_utils import _compile_jinja_template

TARGET = compare.ROOT / "tokenizer/src/test/resources/io/github/nextclass/tokenizer"
PROMPT = "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n"


def without(text, start, end):
    """The text without what lies from one piece up to the next occurrence of another."""
    at = text.index(start)
    return text[:at] + text[text.index(end, at):]


def thinking(hybrid):
    return hybrid[:hybrid.index(PROMPT)] + PROMPT + "<think>\\n' }}\n{%- endif %}"


def instruct(hybrid):
    text = without(hybrid, "{%- set ns = namespace", "{%- for message in messages %}")
    start, end = "        {%- set reasoning_content = '' %}", "        {%- if message.tool_calls %}"
    text = without(text, start, end).replace(end, "        {{- '<|im_start|>' + message.role + '\\n' + content }}\n" + end)
    return text[:text.index(PROMPT)] + PROMPT + "' }}\n{%- endif %}"


def write(name, source, seed, count):
    template = _compile_jinja_template(source)
    rng = random.Random(seed)
    with open(TARGET / name, "w", encoding="utf-8") as out:
        for _ in range(count):
            case = compare.conversation(rng)
            try:
                case["rendered"] = template.render(messages=case["messages"], **case["kwargs"])
            except Exception:  # the template's own failure, whatever its kind
                case["rendered"] = None
            out.write(json.dumps(case, separators=(",", ":")) + "\n")


def main():
    hybrid = (pathlib.Path(sys.argv[1]) / "chat_template.jinja").read_text(encoding="utf-8").rstrip("\n")
    write("chat-golden.jsonl", hybrid, 5, 60)
    for name, derive, seed in ("instruct-2507", instruct, 6), ("thinking-2507", thinking, 7):
        (TARGET / f"{name}.jinja").write_text(derive(hybrid), encoding="utf-8")
        write(f"chat-golden-{name}.jsonl", derive(hybrid), seed, 40)


if __name__ == "__main__":
    main()
