#!/usr/bin/env python3
"""Compares what the heads say of texts with Hugging Face transformers on random checkpoints.

usage: compare_heads.py [--count 60] [--seed 0] [--classpath PATH]

The checkpoints are those of compare_checkpoints.py, with the tokenizer of models/storyteller. A
Qwen3ForSequenceClassification gets labels, problem types and padding tokens of every kind and is asked through the text
classification pipeline, texts and all; the other checkpoints embed as Qwen3-Embedding's model card does (query and document,
full and cut to a dimension), score pairs as Qwen3-Reranker's, and tell the log-probability of each token. A probability, or a
component of a vector, may differ by 2e-5, a log-probability or a regression by 2e-4. A checkpoint that is refused is listed
with the reason. No text holds a special token: transformers makes a control token of it, the library does not, on purpose.
Exit status: 0 no difference, 1 some.

Needs torch, transformers 5 and safetensors; the module compiled with its tests (mvn -pl sampling -am test-compile).
"""
import argparse
import collections
import dataclasses
import glob
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from compare_checkpoints import draw, write
from compare_generation import default_classpath as sampling_classpath
from make_engine_goldens import ROOT
from safetensors.torch import load_file, save_file

MAIN = "io.github.nextclass.sampling.HeadLines"
TOLERANCE = 2e-5
STORYTELLER = ROOT / "models/storyteller"
WORDS = ["a", "the", " girl", " Once", "upon", " 12", "\n", "é", " 你好", "😀", ".", "?!", " soup", "was", "COLD", "\t", "'s", " e\u0301", "<|im", "_END|>"]
BEFORE = ("<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. Note that "
          'the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n')
BEHIND = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"


def text(rng):
    return "".join(rng.choice(WORDS) for _ in range(rng.choice([1, 1, 2, 5, 12])))


def labels(rng):
    """Keys of config.json, and how many rows the score head has."""
    count = rng.choice([1, 1, 2, 2, 3, 5, 17, 130])
    keys = {}
    match rng.randrange(6):
        case 0 if count == 2:
            pass  # nothing is said: two labels
        case 1:
            keys["num_labels"] = count
        case 2:
            names = {str(i): rng.choice(["x", "y", "é ü", "", f"l{i}"]) for i in range(count)}
            keys["id2label"] = dict(rng.sample(sorted(names.items()), count))  # in any order, names twice
        case 3:
            keys |= {"id2label": {str(i): f"name {i}" for i in range(count)}, "num_labels": count, "label2id": {f"name {i}": i for i in range(count)}}
        case 4:
            keys |= {"id2label": {str(i): f"name {i}" for i in range(count)}, "num_labels": rng.choice([1, 2, 4, count])}
        case _:
            keys["id2label"] = {str(i): f"LABEL_{i}" for i in range(count)}
    if rng.random() < 0.7:
        keys["problem_type"] = rng.choice([None, "regression", "single_label_classification", "multi_label_classification"])
    keys["pad_token_id"] = rng.choice([None, 0, 11, 13, 2520, 2522])
    if rng.random() < 0.2:
        del keys["pad_token_id"]
    return keys, count


def make(rng, folder, kind):
    while True:
        case, config = draw(rng, folder.name)
        if config.get("hidden_act", "silu") in ("silu", "swish") and not config.get("use_sliding_window") and "sliding_attention" not in config.get("layer_types", []):
            break
    vocab_size = rng.choice([2560, 2560, 2561, 2600])
    case = dataclasses.replace(case, vocab_size=vocab_size, redundant_lm_head="")
    config |= {"vocab_size": vocab_size, "max_position_embeddings": max(config["max_position_embeddings"], 400)}
    keys, count = {}, 0
    if kind == "labels":
        keys, count = labels(rng)
        config |= {"architectures": ["Qwen3ForSequenceClassification"]}
        config.pop("pad_token_id", None)
        config |= keys
    write(rng, case, config, folder)
    if kind == "labels":
        path = next(iter(sorted(folder.glob("*.safetensors"))))
        tensors = load_file(path)
        tensors["score.weight"] = torch.randn(count, case.hidden_size).to(rng.choice([torch.float32, torch.bfloat16, torch.float16]))
        save_file(tensors, path, {"format": "pt"})
        index = folder / "model.safetensors.index.json"
        if index.exists():
            content = json.loads(index.read_text())
            content["weight_map"]["score.weight"] = path.name
            index.write_text(json.dumps(content))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(STORYTELLER / name, folder / name)
    return case, config


@torch.no_grad()
def labels_of(folder, texts):
    model = transformers.Qwen3ForSequenceClassification.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    pipeline = transformers.TextClassificationPipeline(model=model, tokenizer=tokenizer, device="cpu")
    answers = []
    for t in texts:
        by_label = collections.defaultdict(list)
        for row in pipeline(t, top_k=None):
            by_label[row["label"]].append(row["score"])
        answers.append(by_label)
    return {"classify": answers}


@torch.no_grad()
def others_of(folder, question):
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    texts, dimension, task = question["texts"], question["dimension"], question["task"]

    def embed(t):
        ids = tokenizer(t)["input_ids"] + [tokenizer.convert_tokens_to_ids("<|endoftext|>")]
        vector = model.model(torch.tensor([ids]), use_cache=False).last_hidden_state[0, -1][:dimension]
        return torch.nn.functional.normalize(vector, dim=0).tolist()

    def score(t):
        ids = torch.tensor([tokenizer(t)["input_ids"]])
        log_probs = torch.log_softmax(model(ids, use_cache=False).logits[0].double(), -1)
        return [log_probs[i, ids[0, i + 1]].item() for i in range(ids.shape[1] - 1)]

    def rerank(query, document):
        middle = f"<Instruct>: {task}\n<Query>: {query}\n<Document>: {document}"
        ids = sum((tokenizer(part, add_special_tokens=False)["input_ids"] for part in (BEFORE, middle, BEHIND)), [])
        # In a small vocabulary a word may be several tokens: then its log-probability is the sum of theirs.
        sums = []
        for word in ("no", "yes"):
            tokens = tokenizer(word, add_special_tokens=False)["input_ids"]
            log_probs = torch.log_softmax(model(torch.tensor([ids + tokens]), use_cache=False).logits[0].double(), -1)
            sums.append(sum(log_probs[len(ids) - 1 + i, token].item() for i, token in enumerate(tokens)))
        return torch.softmax(torch.tensor(sums), 0)[1].item()

    return {"embed": [embed(t) for t in texts], "query": [embed(f"Instruct: {task}\nQuery:{t}") for t in texts],
            "score": [score(t) for t in texts], "rerank": [rerank(texts[0], t) for t in texts]}


def difference(expected, found):
    """The largest; infinite where the two have not the same form."""
    if isinstance(expected, dict):
        if expected.keys() != found.keys():
            return float("inf")
        return max((difference(value, found[key]) for key, value in expected.items()), default=0.0)
    if isinstance(expected, list):
        return max(map(difference, expected, found), default=0.0) if len(expected) == len(found) else float("inf")
    return abs(expected - found) if isinstance(found, (int, float)) else float("inf")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--classpath", default=None)
    args = parser.parse_args()
    repository = os.path.expanduser("~/.m2/repository")
    jars = [sorted(glob.glob(f"{repository}/{pattern}"))[-1] for pattern in
            ("tools/jackson/core/jackson-databind/3.*/jackson-databind-3.*[0-9].jar",
             "com/fasterxml/jackson/core/jackson-annotations/2.*/jackson-annotations-2.*[0-9].jar")]
    classpath = args.classpath or os.pathsep.join([sampling_classpath(), *jars])
    rng = random.Random(args.seed)
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    java = os.path.join(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java"
    counts, refused, worst = collections.Counter(), collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory() as temporary:
        cases = []
        for i in range(args.count):
            kind = rng.choice(["labels", "others"])
            folder = Path(temporary) / str(i)
            case, config = make(rng, folder, kind)
            texts = [text(rng) for _ in range(rng.choice([1, 2, 5]))]
            ask = ["classify"] if kind == "labels" else ["embed", "query", "rerank", "score"]
            question = {"checkpoint": str(folder), "texts": [t + " end" if kind == "others" else t for t in texts], "ask": ask, "task": text(rng),
                        "dimension": rng.randint(1, case.hidden_size)}
            cases.append((folder, kind, config, question))
        lines = "".join(json.dumps(question) + "\n" for *_, question in cases)
        done = subprocess.run([java, "--add-modules", "jdk.incubator.vector", "-cp", classpath, MAIN], input=lines, capture_output=True,
                              text=True, encoding="utf-8")
        answers = [json.loads(line) for line in done.stdout.split("\n")[:-1]]
        if done.returncode != 0 or len(answers) != len(cases):
            print(done.stderr[-3000:])
            return 1
        for (folder, kind, config, question), answer in zip(cases, answers):
            try:
                expected = labels_of(folder, question["texts"]) if kind == "labels" else others_of(folder, question)
            except Exception as e:  # whatever it is: the reference does not run this
                counts["transformers fails"] += 1
                refused[f"transformers fails: {type(e).__name__}: {(str(e).strip().splitlines() or [''])[0][:150]} | ours: {str(answer)[:150].replace(str(folder), 'FOLDER')}"] += 1
                continue
            if "failed" in answer:
                counts["refused"] += 1
                refused[answer["failed"].replace(str(folder), "FOLDER")[:200]] += 1
                continue
            for ask, value in expected.items():
                error = difference(value, answer[ask])
                worst[ask] = max(worst[ask], error)
                good = error <= (TOLERANCE * 10 if ask == "score" or config.get("problem_type") == "regression" else TOLERANCE)
                counts["equal" if good else "differences"] += 1
                if not good:
                    print(f"{folder.name}: {ask} differs by {error}: {config}\n  {question}\n  expected {str(value)[:600]}\n  found    {str(answer[ask])[:600]}")
    for reason, count in refused.most_common():
        print(f"{count}: {reason}")
    print(f"{args.count} checkpoints: {dict(counts)}, worst differences { {k: float(f'{v:.1e}') for k, v in worst.items()} }")
    return 1 if counts["differences"] else 0


if __name__ == "__main__":
    sys.exit(main())
