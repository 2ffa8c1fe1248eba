#!/usr/bin/env python3
"""Writes chat-golden.jsonl of the tokenizer module: random conversations and what the checkpoint's Jinja template makes of them.

Usage: python3 scripts/make_chat_golden.py CHECKPOINT_FOLDER      (needs: transformers, jinja2; deterministic)
"""

import json
import pathlib
import random
import sys

import compare_tokenizers as compare
from transformers.utils.chat_template_utils import _compile_jinja_template

TARGET = compare.ROOT / "tokenizer/src/test/resources/io/github/nextclass/tokenizer/chat-golden.jsonl"


def main():
    source = (pathlib.Path(sys.argv[1]) / "chat_template.jinja").read_text(encoding="utf-8")
    template = _compile_jinja_template(source)
    rng = random.Random(5)
    with open(TARGET, "w", encoding="utf-8") as out:
        for _ in range(60):
            case = compare.conversation(rng)
            try:
                case["rendered"] = template.render(messages=case["messages"], **case["kwargs"])
            except Exception:  # the template's own failure, whatever its kind
                case["rendered"] = None
            out.write(json.dumps(case, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
