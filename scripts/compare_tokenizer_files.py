#!/usr/bin/env python3
"""Compares the Java tokenizer with Hugging Face on random tokenizer files; ends with status 1 on any difference.

Each file is a small byte-level BPE with Qwen's split pattern and random choices of what the format allows: which bytes have a
token, ids of special tokens first or last, every flag of added tokens and odd contents of them, normalizer, post-processor with
several ids and trimmed offsets, merges as pairs or strings, ignore_merges, unused options. A file that Java refuses is listed
with the reason; a file that it reads must give the same ids, offsets, decoded text (special tokens kept and left out) and
ids of token names for every string.

Usage: python3 scripts/compare_tokenizer_files.py [--files 60] [--strings 150] [--seed 0] [--keep FOLDER]
Needs: tokenizers; the module compiled with its tests (mvn -pl tokenizer test-compile).
"""

import argparse
import collections
import json
import pathlib
import random
import sys
import tempfile

from compare_tokenizers import code_point, default_classpath, java, utf16_offsets
from make_small_tokenizers import PATTERN, WORDS
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ODD = ["e\u0301", "é", "\u0301x", "ﬁ", "Ω", "\u2126", "가", "\u1100\u1161", "नमस्", "😀", "👩‍🔧", "Ġthe", "Ċ", "\u00a0", "\u3000", "ſ", "İ", "\ufffd"]
PIECES = WORDS + ODD + [" ", "  ", "\n", "\r\n", "\t", "'s", "'LL", "\u0323", "0", "12", "?!", "_", "-", "\u200d", "\u0000"]


def some(rng, pool, low, high, joiner=""):
    return joiner.join(rng.choice(pool) for _ in range(rng.randint(low, high)))


def train(rng):
    full = sorted(pre_tokenizers.ByteLevel.alphabet())
    alphabet = full if rng.random() < 0.7 else sorted(rng.sample(full, rng.randint(20, 250)))
    first = rng.sample(["<pad>", "<|endoftext|>", "<unk>", "the", "é"], rng.randint(0, 3)) if rng.random() < 0.4 else []
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
         pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=rng.random() < 0.5, use_regex=False)])
    tokenizer.normalizer = rng.choice([normalizers.NFC(), normalizers.NFC(), None, normalizers.Sequence([normalizers.NFC()]), normalizers.Sequence([])])
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=rng.random() < 0.5, trim_offsets=rng.random() < 0.5, use_regex=rng.random() < 0.5)
    trainer = trainers.BpeTrainer(vocab_size=rng.choice([0, 300, 400, 900]), special_tokens=first, initial_alphabet=alphabet,
                                  limit_alphabet=len(alphabet), show_progress=False)
    tokenizer.train_from_iterator([some(rng, WORDS + ODD, 1, 12, " ") for _ in range(400)], trainer)
    return tokenizer


def added_content(rng, vocab):
    match rng.randrange(8):
        case 0: return rng.choice(ODD)
        case 1: return rng.choice(WORDS)
        case 2: return rng.choice(list(vocab)) if vocab else "x"
        case 3: return some(rng, ODD + ["a", " "], 1, 3)
        case 4: return rng.choice([" ", "\n", "\n\n", "  ", " x ", "x ", " x", "the fox", "'s", "."])
        case _: return f"<{some(rng, ['a', 'b', '|', '/', ' ', 'é'], 1, 3)}>"


def template(rng, ids):
    names = rng.sample(sorted(ids), min(len(ids), rng.randint(1, 3)))
    special = {n: {"id": n, "ids": [ids[n]] if rng.random() < 0.8 else [ids[n], ids[names[0]]], "tokens": [n]} for n in names}
    for value in special.values():
        value["tokens"] = value["tokens"] * len(value["ids"])

    def piece(name):
        return {"SpecialToken": {"id": name, "type_id": rng.randrange(2)}}

    def side():
        return [piece(rng.choice(names)) for _ in range(rng.randint(0, 2))]

    single = side() + [{"Sequence": {"id": "A", "type_id": rng.randrange(2)}}] + side()
    pair = side() + [{"Sequence": {"id": "A", "type_id": 0}}] + side() + [{"Sequence": {"id": "B", "type_id": 1}}] + side()
    return {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": special}


def byte_level(rng):
    return {"type": "ByteLevel", "add_prefix_space": rng.random() < 0.5, "trim_offsets": rng.random() < 0.5, "use_regex": rng.random() < 0.5}


def tokenizer_file(rng):
    tokenizer = train(rng)
    vocab = tokenizer.get_vocab()
    for _ in range(rng.randint(0, 9)):
        token = AddedToken(added_content(rng, vocab), single_word=rng.random() < 0.2, lstrip=rng.random() < 0.25, rstrip=rng.random() < 0.25,
                           normalized=rng.random() < 0.3)
        if rng.random() < 0.3:
            tokenizer.add_special_tokens([token])
        else:
            tokenizer.add_tokens([token])
    data = json.loads(tokenizer.to_str())
    model = data["model"]
    if rng.random() < 0.3 and not any(" " in part for pair in model["merges"] for part in pair):
        model["merges"] = [" ".join(pair) for pair in model["merges"]]
    model["ignore_merges"] = rng.random() < 0.2
    if rng.random() < 0.1:
        del model["ignore_merges"]
    if rng.random() < 0.2:
        model["byte_fallback"] = True
    if rng.random() < 0.2:
        model["fuse_unk"] = True
    if rng.random() < 0.1 and vocab:
        model["unk_token"] = rng.choice(sorted(vocab))
    if rng.random() < 0.2:
        model["dropout"] = rng.choice([0.0, None])
    if rng.random() < 0.2:
        model["continuing_subword_prefix"] = model["end_of_word_suffix"] = rng.choice(["", None])
    ids = {t["content"]: t["id"] for t in data["added_tokens"]}
    data["post_processor"] = None
    if ids and rng.random() < 0.5:
        data["post_processor"] = template(rng, ids)
    if rng.random() < 0.5:
        inner = [p for p in (byte_level(rng), data["post_processor"]) if p]
        data["post_processor"] = {"type": "Sequence", "processors": inner} if rng.random() < 0.7 else inner[0]
    if rng.random() < 0.2:
        data["truncation"] = {"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0}
    return data


def strings(rng, data, count):
    contents = [t["content"] for t in data["added_tokens"]]
    names = [n for n in data["model"]["vocab"]]
    around = [" ", "  ", "\n", "\t", "\u3000", "x", "é", "_", "1", "\u0301", "'", "\u200d", "\u00b2", "①", ""]
    for _ in range(count):
        match rng.randrange(5):
            case 0: yield some(rng, PIECES, 0, 10)
            case 1: yield some(rng, PIECES + contents * 3, 1, 8, rng.choice(["", " "]))
            case 2: yield "".join(rng.choice(around) + rng.choice(contents or ["a"]) + rng.choice(around) for _ in range(rng.randint(1, 4)))
            case 3: yield "".join(code_point(rng, 0, rng.choice([0x7F, 0x6FF, 0xFFFF, 0x10FFFF])) for _ in range(rng.randint(0, 12)))
            case _: yield some(rng, contents + names, 1, 5, rng.choice(["", " "])) if names or contents else ""


def compare(data, hf, texts, results, panics, say):
    bytes_known = all(c in data["model"]["vocab"] for c in pre_tokenizers.ByteLevel.alphabet())
    wrong = 0
    for text, ours in zip(texts, results):
        try:
            theirs = hf.encode(text)
            plain = hf.encode(text, add_special_tokens=False)
        except BaseException as e:  # PanicException: matches that overlap once white space is taken along
            if "bad split" not in str(e):
                raise
            panics[0] += 1
            continue
        expected = {
            "ids": theirs.ids,
            "plain": plain.ids,
            "decode": hf.decode(theirs.ids, skip_special_tokens=False),
            "decode_skip": hf.decode(theirs.ids, skip_special_tokens=True),
        }
        if bytes_known:  # behind a byte without a token the reference counts short
            expected["offsets"] = utf16_offsets(text, theirs.offsets)
        for key, value in expected.items():
            if ours[key] != value:
                wrong += 1
                say(f"  {key} of {text!a}: expected {value!a}, found {ours[key]!a}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--strings", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--classpath", default=default_classpath())
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        cases, lines = [], []
        for i in range(options.files):
            data = tokenizer_file(rng)
            path = folder / f"{options.seed}-{i}.json"
            path.write_text(json.dumps(data, ensure_ascii=rng.random() < 0.5), encoding="utf-8")
            texts = list(strings(rng, data, options.strings))
            cases.append((path, data, texts))
            lines += [json.dumps({"tokenizer": str(path)})] + [json.dumps({"text": t}) for t in texts]
        results = iter(java([], lines, options))
        refused, wrong, compared, panics = collections.Counter(), 0, 0, [0]
        for path, data, texts in cases:
            loaded = next(results)
            answers = [next(results) for _ in texts]
            data["truncation"] = None  # belongs to a call: transformers switches it off as well
            hf = Tokenizer.from_str(json.dumps(data))
            if "error" in loaded:
                refused[loaded["error"].replace(str(path), "FILE")] += 1
                continue
            shown = [0]

            def say(line):
                shown[0] += 1
                if shown[0] <= 3:
                    print(f"{path.name}: {line}" if shown[0] == 1 else line)

            wrong += compare(data, hf, texts, answers, panics, say)
            compared += len(texts)
        for reason, count in refused.most_common():
            print(f"refused {count}: {reason}")
        print(f"{options.files} files, {sum(refused.values())} refused, {compared} strings, of which the reference panics on {panics[0]}; {wrong} differences")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
