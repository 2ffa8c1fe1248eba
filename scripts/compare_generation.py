#!/usr/bin/env python3
"""Compares generation by random settings with Hugging Face transformers.

usage: compare_generation.py [--count 150] [--seed 0] [--classpath PATH]

Each case is a tiny random checkpoint, a prompt, and a generation_config.json with random keys: end tokens, penalties, n-grams,
forbidden tokens and words, biases of sequences, lengths, beams. Both sides load the folder and generate by its settings without
sampling; the new tokens must be the same, beams in the same order. Where the filters leave no token, transformers goes on with
one that they forbid, and the library reports it, or returns the beams that there are; such cases are counted. Exit status: 0 no
difference, 1 some.

Needs torch, transformers 5 and safetensors; the module compiled with its tests (mvn -pl sampling -am test-compile).
"""
import argparse
import collections
import glob
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from make_engine_goldens import ROOT, Case, config_of, weights_of
from safetensors.torch import save_file

MAIN = "io.github.nextclass.sampling.GenerateLines"


def settings(rng, vocab_size):
    config = {"do_sample": False, "max_new_tokens": rng.choice([1, 2, 5, 17, 30]), "pad_token_id": 0,
              "eos_token_id": rng.choice([1, [1], [2, 1], [0, 1, 2, 3], [vocab_size - 1]])}

    def maybe(key, chance, *values):
        if rng.random() < chance:
            config[key] = rng.choice(values)

    maybe("repetition_penalty", 0.4, 1.0, 1.3, 0.7, 5.0, 1e-3, 100.0)
    maybe("no_repeat_ngram_size", 0.25, 0, 1, 2, 3)
    maybe("min_new_tokens", 0.3, *(n for n in (0, 1, 4, config["max_new_tokens"]) if n <= config["max_new_tokens"]))
    maybe("suppress_tokens", 0.25, [], [0], [1, 2], list(range(vocab_size - 2)))
    maybe("bad_words_ids", 0.35, [[1]], [[0], [2]], [[0, 1], [2, 2], [3, 4, 1]], [[4, 4], [0, 0], [1], [3, 3, 3]])
    maybe("sequence_bias", 0.35, [[[1], 2.5]], [[[0, 1], -3.0], [[2], 1.25], [[1, 1], -100.0]], [[[4, 4], 5.0], [[0, 4, 4], -7.5], [[3], 0.1]])
    maybe("temperature", 0.2, 0.7)
    maybe("top_k", 0.2, 20)
    maybe("top_p", 0.2, 0.5)
    if rng.random() < 0.45:
        config["num_beams"] = rng.choice([1, 2, 3, 4])
        maybe("length_penalty", 0.6, 0.0, 1.0, 2.0, -1.0, 0.5)
        maybe("early_stopping", 0.6, True, False, "never")
        maybe("num_return_sequences", 0.4, *range(1, config["num_beams"] + 1))
    return config


def write(rng, folder):
    case = Case(folder.name, dtype="F32", vocab_size=rng.choice([5, 12, 40, 64]), hidden_size=rng.choice([16, 64]), intermediate_size=32,
                num_hidden_layers=rng.choice([1, 2]), head_dim=16, gain=rng.choice([1.0, 1.5]))
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config_of(case)))
    save_file(weights_of(case, rng.randrange(1 << 30)), folder / "model.safetensors", {"format": "pt"})
    config = settings(rng, case.vocab_size)
    (folder / "generation_config.json").write_text(json.dumps(config))
    return config, [rng.randrange(case.vocab_size) for _ in range(rng.choice([1, 2, 5, 20]))]


@torch.no_grad()
def reference(folder, prompt):
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    ids = torch.tensor([prompt])
    return [row[len(prompt):] for row in model.generate(ids, attention_mask=torch.ones_like(ids)).tolist()]


def without_end(tokens, ends):
    """Up to the first end token: transformers pads behind it where there are several sequences, and both keep it in the ids."""
    return next((tokens[:i] for i, token in enumerate(tokens) if token in ends), tokens)


def default_classpath():
    jars = sorted(glob.glob(os.path.expanduser("~/.m2/repository/tools/jackson/core/jackson-core/3.*/jackson-core-3.*[0-9].jar")))
    modules = [str(ROOT / f"{m}/target/classes") for m in ("sampling", "engine", "tokenizer", "safetensors")]
    return os.pathsep.join([str(ROOT / "sampling/target/test-classes"), *modules, *jars])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--classpath", default=default_classpath())
    args = parser.parse_args()
    rng = random.Random(args.seed)
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    java = os.path.join(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java"
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as temporary:
        cases = [(Path(temporary) / str(i), *write(rng, Path(temporary) / str(i))) for i in range(args.count)]
        lines = [f"{folder}\t{','.join(map(str, prompt))}\n" for folder, _, prompt in cases]
        done = subprocess.run([java, "--add-modules", "jdk.incubator.vector", "-cp", args.classpath, MAIN], input="".join(lines),
                              capture_output=True, text=True, encoding="utf-8")
        answers = done.stdout.splitlines()
        if done.returncode != 0 or len(answers) != len(cases):
            print(done.stderr[-3000:])
            return 1
        for (folder, config, prompt), answer in zip(cases, answers):
            if "no class is left" in answer:
                counts["nothing left"] += 1
                continue
            eos = config["eos_token_id"]
            ends = set(eos if isinstance(eos, list) else [eos])
            expected = reference(folder, prompt)
            found = None if answer.startswith("failed") else json.loads(answer)
            same = found and [without_end(t, ends) for t in found] == [without_end(t, ends) for t in expected[: len(found)]]
            if same and len(found) == len(expected):
                counts["equal"] += 1
            elif same and config.get("num_beams", 1) > 1:
                counts["fewer beams"] += 1
            else:
                counts["differences"] += 1
                print(f"{config}, prompt {prompt}:\n  expected {expected}\n  found    {answer}")
    print(f"{args.count} generations: {counts['equal']} equal, {counts['nothing left']} without a token left, {counts['fewer beams']} with fewer beams than asked for, {counts['differences']} differences")
    return 1 if counts["differences"] else 0


if __name__ == "__main__":
    sys.exit(main())
