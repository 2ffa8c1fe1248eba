#!/usr/bin/env python3
"""Compares the engine with Hugging Face transformers on random checkpoints of odd but legal configs.

usage: compare_checkpoints.py [--count 60] [--seed 0] [--primitives auto] [--keep DIR] [--classpath PATH]

Each checkpoint is tiny, and everything that config.json and the format allow is drawn: sizes that are multiples of nothing,
heads of any width, groups of any size, biases, tied and stored heads, a type for each tensor, shards under odd names, tensors
that nobody needs, no "model." prefix, every spelling of RoPE, sliding windows in some layers, absent keys. The reference is
AutoModelForCausalLM on the folder, in float32, and sees all positions at once; the engine sees two thirds of them together and
the rest one by one, as in generation. A relative L2 error above 1e-5 is a difference. A checkpoint that the engine refuses is
listed with the reason; one that transformers cannot load is not compared, but must not crash the engine. Exit status: 0 no
difference, 1 some.

Needs torch, transformers 5 and safetensors; the module compiled with its tests (mvn -pl engine -am test-compile).
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
from make_engine_goldens import DTYPES, ROOT, Case, config_of, weights_of
from safetensors.torch import save_file

TOLERANCE = 1e-5
MAIN = "io.github.nextclass.engine.LogitsLines"


def rope(rng, maximum):
    """Keys of config.json for RoPE, in one of the spellings."""
    theta = rng.choice([10000, 10000.0, 1000000, 1e6, 5000000, 500000.0, 100, 1.5])
    original = rng.choice([8, 16, 24, maximum])
    kind = rng.choice(["default", "default", "default", "linear", "yarn", "yarn", "llama3", "dynamic", "longrope"])
    parameters = {"factor": rng.choice([1.0, 2, 4.0, 1.5, 40])}
    if kind == "yarn":
        parameters["original_max_position_embeddings"] = original
        for key, values in (("beta_fast", [32, 4.5, 64]), ("beta_slow", [1, 0.5, 2]), ("attention_factor", [1.0, 0.7]),
                            ("truncate", [True, False]), ("mscale", [1.0, 0.7]), ("mscale_all_dim", [1.0, 0.5])):
            if rng.random() < 0.25:
                parameters[key] = rng.choice(values)
    elif kind == "llama3":
        parameters |= {"original_max_position_embeddings": original, "low_freq_factor": rng.choice([1.0, 0.5, 2]),
                       "high_freq_factor": rng.choice([4.0, 3, 8])}
    elif kind == "default":
        parameters = {}
    match rng.randrange(5):
        case 0:
            return {"rope_parameters": {"rope_type": kind, "rope_theta": theta, **parameters}}
        case 1:
            return {"rope_theta": theta, "rope_scaling": {"type": kind, **parameters} if parameters else None}
        case 2:
            return {"rope_theta": theta, "rope_parameters": {"rope_type": kind, **parameters}}
        case 3 if not parameters:
            return rng.choice([{}, {"rope_theta": theta}, {"rope_parameters": None}, {"rope_parameters": {}, "rope_theta": theta}])
        case _:
            return {"rope_theta": theta, "rope_scaling": {"rope_type": kind, **parameters} if parameters else None}


def draw(rng, name):
    """A shape, and what its config.json says besides."""
    even = rng.random() < 0.35  # multiples of 64, which vector code takes
    kv_heads = rng.choice([1, 1, 2, 3, 5])
    heads = kv_heads * rng.choice([1, 2, 3, 4, 7])
    maximum = rng.choice([24, 32, 40, 64, 1000])
    head_dim = rng.choice([64, 128] if even else [2, 4, 6, 8, 10, 16, 20, 32, 48, 64, 80, 96, 128])
    case = Case(
        name,
        vocab_size=rng.choice([2, 7, 31, 64, 101, 257]),
        hidden_size=rng.choice([64, 128, 192] if even else [1, 3, 8, 24, 32, 48, 64, 65, 96, 100, 127]),
        intermediate_size=rng.choice([64, 128, 320] if even else [1, 5, 16, 33, 64, 90, 96, 200]),
        num_hidden_layers=rng.choice([1, 2, 2, 3, 5]),
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        head_dim=head_dim,
        tied=rng.random() < 0.5,
        attention_bias=rng.random() < 0.3,
        rms_norm_eps=rng.choice([1e-6, 1e-5, 1e-12, 1e-3, 0.1, 2.0]),
        max_position_embeddings=maximum,
        positions=rng.choice([rng.randint(2, 24), rng.randint(2, 24), rng.randint(2, 24), rng.randint(60, 300)]),
        gain=1.0,
        redundant_lm_head=rng.choice(["", "", "equal", "other"]),
        spelling={},
    )
    config = config_of(case)
    layers = case.num_hidden_layers
    config.pop("layer_types", None)
    config |= rope(rng, maximum)
    if rng.random() < 0.1:
        config["original_max_position_embeddings"] = rng.choice([8, 16])
    config[rng.choice(["dtype", "torch_dtype"])] = rng.choice(["float32", "bfloat16", "float16"])
    if rng.random() < 0.2:
        config |= {"use_sliding_window": rng.random() < 0.8, "sliding_window": rng.choice([1, 2, 3, 7, 100, None]),
                   "max_window_layers": rng.choice([0, 1, layers, 28])}
    if rng.random() < 0.2:
        kinds = ["full_attention"] if rng.random() < 0.6 else ["full_attention", "sliding_attention"]
        config["layer_types"] = [rng.choice(kinds) for _ in range(layers)]
    if rng.random() < 0.1:
        config["hidden_act"] = rng.choice(["silu", "swish", "gelu", "relu", "gelu_pytorch_tanh"])
    defaults = {"num_key_value_heads": 32, "head_dim": 128, "hidden_act": "silu", "rms_norm_eps": 1e-6, "attention_bias": False,
                "tie_word_embeddings": False, "use_sliding_window": False, "sliding_window": 4096, "max_window_layers": 28,
                "attention_dropout": 0.0, "initializer_range": 0.02, "use_cache": True}
    for key, value in defaults.items():
        if config.get(key) == value and rng.random() < 0.3:
            del config[key]
    if heads == kv_heads and rng.random() < 0.3:
        config["num_key_value_heads"] = None
    if rng.random() < 0.3:
        config |= {"eos_token_id": rng.choice([None, [0], [0, 1]]), "pad_token_id": 0, "unknown_key": {"a": [1, None]}, "attention_dropout": 0.1}
    return case, config


def write(rng, case, config, folder):
    weights = weights_of(case, rng.randrange(1 << 30))
    if case.redundant_lm_head and not case.tied:
        weights["lm_head.weight"] = torch.randn(case.vocab_size, case.hidden_size)
    kind = rng.choice(["BF16", "F16", "F32", "mixed"])
    for name in weights:
        weights[name] = weights[name].float().to(DTYPES[rng.choice(list(DTYPES)) if kind == "mixed" else kind])
    if case.redundant_lm_head == "equal" and case.tied:
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone()
    if case.tied and rng.random() < 0.2:
        weights.pop("lm_head.weight", None)
        weights = {name.removeprefix("model."): tensor for name, tensor in weights.items()}
    if rng.random() < 0.2:
        weights["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.zeros(3)
        weights["extra"] = torch.zeros(2, 2, dtype=torch.int64)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    names = list(weights)
    rng.shuffle(names)
    if rng.random() < 0.6:
        save_file({n: weights[n].contiguous() for n in names}, folder / "model.safetensors", {"format": "pt"} if rng.random() < 0.8 else None)
        return
    parts = rng.randint(1, 4)
    shards = {}
    for n in names:
        shards.setdefault(rng.choice(["model-00001-of-00004", "model-00002-of-00004", "a b", "weights.é"][:parts]) + ".safetensors", []).append(n)
    for shard, members in shards.items():
        save_file({n: weights[n].contiguous() for n in members}, folder / shard, {"format": "pt"})
    index = {"metadata": {"total_size": 1}, "weight_map": {n: s for s, members in shards.items() for n in members}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def default_classpath():
    jars = sorted(glob.glob(os.path.expanduser("~/.m2/repository/tools/jackson/core/jackson-core/3.*/jackson-core-3.*[0-9].jar")))
    return os.pathsep.join([*(str(ROOT / f"{m}/target/{c}") for m in ("engine", "safetensors") for c in ("classes", "test-classes")), *jars])


@torch.no_grad()
def reference(folder, token_ids):
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    return model(torch.tensor([token_ids]), use_cache=False).logits[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--primitives", default="auto")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--classpath", default=default_classpath())
    args = parser.parse_args()
    rng = random.Random(args.seed)
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    java = os.path.join(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java"
    with tempfile.TemporaryDirectory() as temporary:
        home = args.keep or Path(temporary)
        cases = []
        for i in range(args.count):
            case, config = draw(rng, f"{args.seed}-{i}")
            folder = home / case.name
            write(rng, case, config, folder)
            cases.append((folder, case, config, [rng.randrange(case.vocab_size) for _ in range(case.positions)]))
        lines = [f"{folder}\t{','.join(map(str, ids))}\t{folder / 'logits.bin'}\t{args.primitives}" for folder, _, _, ids in cases]
        done = subprocess.run([java, "--add-modules", "jdk.incubator.vector", "-cp", args.classpath, MAIN], input="\n".join(lines) + "\n",
                              capture_output=True, text=True, encoding="utf-8")
        answers = done.stdout.split("\n")[:-1]
        if done.returncode != 0 or len(answers) != len(cases):
            print(done.stderr[-3000:])
            return 1
        refused, unloadable, bad, worst, equal = collections.Counter(), collections.Counter(), 0, 0.0, 0
        for (folder, case, config, ids), answer in zip(cases, answers):
            try:
                expected = reference(folder, ids)
            except Exception as e:  # whatever it is: the reference does not run this
                unloadable[f"{type(e).__name__}: {str(e).strip().splitlines()[0][:150] if str(e).strip() else ''} | ours: {answer[:90].replace(str(folder), 'FOLDER')}"] += 1
                if answer.startswith("failed"):
                    bad += 1
                    print(f"{folder.name}: {answer[:600]}")
                continue
            if answer.startswith("refused"):
                refused[answer.replace(str(folder), "FOLDER")[:200]] += 1
                continue
            if answer != "ok":
                bad += 1
                print(f"{folder.name}: {answer[:800]}")
                continue
            logits = torch.frombuffer(bytearray((folder / "logits.bin").read_bytes()), dtype=torch.float32).view(expected.shape).double()
            scale = expected.double().norm().item()
            error = (logits - expected.double()).norm().item() / (scale or 1)
            worst = max(worst, error) if error <= TOLERANCE else worst
            equal += error <= TOLERANCE
            if not error <= TOLERANCE:
                bad += 1
                kept = {k: v for k, v in config.items() if k not in ("architectures", "model_type", "initializer_range")}
                print(f"{folder.name}: relative error {error:.2e}: {kept}, redundant head {case.redundant_lm_head!r}")
        for title, counter in (("refused", refused), ("transformers fails", unloadable)):
            for reason, count in counter.most_common():
                print(f"{title} {count}: {reason}")
        print(f"{args.count} checkpoints: {equal} equal (worst relative error {worst:.1e}), {sum(refused.values())} refused, "
              f"{sum(unloadable.values())} that transformers does not run, {bad} differences")
        return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
