#!/usr/bin/env python3
"""Writes the tokenizer module's committed golden data: two small tokenizers and what Hugging Face tokenizers makes of texts.

small.json      byte-level BPE with Qwen's split pattern, NFC, literal added tokens: what a small Qwen3-type model ships with
variants.json   what Qwen does not use but the format allows: bytes without a token, ignore_merges, merges as strings, no
                normalizer, added tokens with every flag, TemplateProcessing, ids with special tokens first
stripping.json  added tokens that take white space along, some of them white space; offsets without white space; a special
                token that normalizes to something else; options for bytes without a token where every byte has one

Usage: python3 scripts/make_small_tokenizers.py      (needs: tokenizers 0.23.2; deterministic)
"""

import json
import pathlib
import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TARGET = pathlib.Path(__file__).parent.parent / "tokenizer/src/test/resources/io/github/nextclass/tokenizer"
WORDS = (
    "the a fox dog river house tree little old quick brown jumps over runs to and but is was said I'm you're we've they'll"
    " he'd don't naïve café Straße éclair 你好 世界 こんにちは Привет мир שלום नमस्ते 안녕 안녕하세요 tree's forest internationalization"
    " tokenization hello world Hello World function return import class public static void if (x == 0) { } // TODO"
).split(" ")


def pre_tokenizer():
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
        ]
    )


def corpus(rng):
    for _ in range(3000):
        yield " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 12))) + rng.choice([".", "!", "?\n", "\n\n", "  "])


def train(size, special, alphabet, rng):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizer()
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(list(corpus(rng)), trainer)
    return tokenizer


def small(rng):
    tokenizer = train(700, [], sorted(pre_tokenizers.ByteLevel.alphabet()), rng)
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.add_tokens(
        [AddedToken(t, normalized=False) for t in ("<tool_call>", "</tool_call>", "<think>", "</think>")]
    )
    return json.loads(tokenizer.to_str())


def variants(rng):
    tokenizer = train(400, ["<pad>", "<|endoftext|>"], list("abcdefgh ijklmnopqrstuvwxyz"), rng)
    tokenizer.add_tokens(
        [
            AddedToken("<left>", lstrip=True, normalized=False),
            AddedToken("<right>", rstrip=True, normalized=False),
            AddedToken("<both>", lstrip=True, rstrip=True, normalized=False),
            AddedToken("word", single_word=True, normalized=False),
            AddedToken("<two words>", normalized=True),
            AddedToken("fox", normalized=True),
            AddedToken("<both><left>", normalized=False),
        ]
    )
    data = json.loads(tokenizer.to_str())
    data["normalizer"] = None
    data["model"]["ignore_merges"] = True
    data["model"]["merges"] = [" ".join(pair) for pair in data["model"]["merges"]]
    vocab = data["model"]["vocab"]
    vocab["Ġriverfo"] = len(vocab) + 100  # no merge makes it, and a hole lies before
    next_id = len(vocab)
    for token in data["added_tokens"]:
        token["id"] = vocab.get(token["content"], next_id)
        next_id += token["id"] == next_id
    end = vocab["<|endoftext|>"]
    data["post_processor"] = {
        "type": "Sequence",
        "processors": [
            data["post_processor"],
            {
                "type": "TemplateProcessing",
                "single": [
                    {"SpecialToken": {"id": "<pad>", "type_id": 0}},
                    {"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}},
                ],
                "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
                "special_tokens": {
                    "<pad>": {"id": "<pad>", "ids": [vocab["<pad>"]], "tokens": ["<pad>"]},
                    "<|endoftext|>": {"id": "<|endoftext|>", "ids": [end], "tokens": ["<|endoftext|>"]},
                },
            },
        ],
    }
    return data


def stripping(rng):
    tokenizer = train(360, [], sorted(pre_tokenizers.ByteLevel.alphabet()), rng)
    tokenizer.add_tokens(
        [
            AddedToken(".", rstrip=True, normalized=False),
            AddedToken("\n", lstrip=True, normalized=False),
            AddedToken("  ", lstrip=True, rstrip=True, normalized=False),
            AddedToken("<left>", lstrip=True, normalized=False),
            AddedToken("<right>", rstrip=True, normalized=True),
            AddedToken("\u00a0\u0120x", normalized=False),
            AddedToken("\u1100\u1161", normalized=True, special=True),
        ]
    )
    data = json.loads(tokenizer.to_str())
    data["model"]["byte_fallback"] = True
    data["model"]["unk_token"] = "a"
    data["post_processor"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    return data


def texts(added, rng):
    fixed = ["", " ", "\n", " \n \n x", "a\r\nb", "\t\tx", "  hello", "it'S 'ſ I'LL", "1234 5", "e\u0301 \u0344 가\u11a8 \u1e9b\u0323"]
    fixed += ["x" * 40, "the " * 30, "\u200d\ufe0f👩‍🔧", "\u3000 \u00a0x", "a\u0323\u0301\u0302b", "\u0301\u0323", "नमस्ते\u093c"]
    fixed += [" ".join(added), "".join(added), " riverfo", "sword word words word", "a <two words>b", "firefox fox"]
    yield from fixed
    pool = WORDS + added + [" ", "  ", "\n", "'", "\u0301", "\u0323", "é", "0", "?!", "<|im_", "😀", "\u00a0", "\ud55c"]
    for _ in range(150):
        yield rng.choice(["", " "]).join(rng.choice(pool) for _ in range(rng.randint(1, 9)))
    for _ in range(60):
        yield "".join(chr(rng.choice([rng.randrange(32, 127), rng.randrange(0xA0, 0x600), rng.randrange(0x10000, 0x1F9FF)]))
                      for _ in range(rng.randint(1, 12)))


def all_bytes_known(text, tokenizer):
    words = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(text)
    return all(tokenizer.token_to_id(c) is not None for word, _ in words for c in word)


def write(name, data, seed):
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n"
    (TARGET / f"{name}.json").write_text(text, encoding="utf-8")
    tokenizer = Tokenizer.from_str(text)
    added = [t["content"] for t in data["added_tokens"]]
    with open(TARGET / f"{name}-golden.jsonl", "w", encoding="utf-8") as out:
        for text in texts(added, random.Random(seed)):
            try:
                plain = tokenizer.encode(text, add_special_tokens=False)
            except BaseException as e:  # PanicException: matches that overlap once white space is taken along
                if "bad split" not in str(e):
                    raise
                continue
            full = tokenizer.encode(text, add_special_tokens=True)
            line = {
                "text": text,
                "ids": plain.ids,
                # Counted in code points. Behind a byte that has no token the reference counts short: left out.
                "offsets": [o for pair in plain.offsets for o in pair] if all_bytes_known(text, tokenizer) else None,
                "with_special": full.ids,
                "decode": tokenizer.decode(plain.ids, skip_special_tokens=False),
                "decode_skip": tokenizer.decode(full.ids, skip_special_tokens=True),
            }
            out.write(json.dumps(line, ensure_ascii=True, separators=(",", ":")) + "\n")


def main():
    TARGET.mkdir(parents=True, exist_ok=True)
    write("small", small(random.Random(1)), 2)
    write("variants", variants(random.Random(3)), 4)
    write("stripping", stripping(random.Random(5)), 6)


if __name__ == "__main__":
    main()
