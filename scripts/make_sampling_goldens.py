#!/usr/bin/env python3
"""Golden data for the logits filters: what transformers' processors do to scores that both sides can compute.

    python scripts/make_sampling_goldens.py > sampling/src/test/resources/io/github/nextclass/sampling/filters.jsonl

Each line is a case: how the scores are made (a hash of the seed and the class, so that 151,936 of them need not be
stored), the sequence, the settings under transformers' names, and the outcome: the number of classes kept, a hash of
their set, and ids and values of up to 16 of them. The chain of processors is the one that transformers' own
generate() builds. frequency_penalty and presence_penalty, which transformers lacks, are put behind the repetition
penalty with the formula of vLLM (vllm/model_executor/layers/utils.py, apply_penalties).

A sum of float32 probabilities can fall on either side of top_p when it lies within its rounding. Such cases are
found by running the chain in float64 too, with top_p a millionth lower and higher, and left out; their number is
printed at the end.

Needs torch and transformers (made with 2.13.0 and 5.18.0).
"""
import functools
import itertools
import json
import random
import sys

import numpy as np
import torch
import transformers
from transformers import GenerationConfig, Qwen3Config, Qwen3ForCausalLM
from transformers.generation.logits_process import LogitsProcessor, LogitsProcessorList, RepetitionPenaltyLogitsProcessor

# Which of several equal scores top-p cuts depends on torch's sort, which is not stable above 16 elements and so leaves
# it open. A stable sort is one of its possible outcomes, and the one that can be specified.
torch.sort = functools.partial(torch.sort, stable=True)

GAMMA = np.uint64(0x9E3779B97F4A7C15)


def mix(z):
    with np.errstate(over="ignore"):
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def uniform(seed, count, stream):
    """count numbers in [0, 1), multiples of 2^-24."""
    with np.errstate(over="ignore"):
        index = np.arange(count, dtype=np.uint64) + np.uint64(stream << 32)
        return (mix(np.uint64(seed) + (index + np.uint64(1)) * GAMMA) >> np.uint64(40)).astype(np.float64) * 2.0**-24


def make_scores(kind, seed, count):
    """All arithmetic is exact in double, and rounded to float once."""
    u = uniform(seed, count, 0)
    bell = u + uniform(seed, count, 1) + uniform(seed, count, 2) + uniform(seed, count, 3) - 2.0  # [-2, 2)
    if kind == "bell":
        scores = bell * 8
    elif kind == "flat":
        scores = u * 0.5
    elif kind == "peaked":
        scores = bell * 8
        scores[seed % count] = 21.5
    elif kind == "ties":
        scores = np.floor(u * 12)
    elif kind == "equal":
        scores = np.zeros(count)
    elif kind == "large":
        scores = bell * 2.0**100
    elif kind == "tiny":
        scores = bell * 2.0**-120
    elif kind == "masked":
        scores = bell * 4
        scores[u < 0.4] = -np.inf
    else:
        raise ValueError(kind)
    return scores.astype(np.float32)


class Penalties(LogitsProcessor):
    def __init__(self, frequency, presence, prompt_length):
        self.frequency, self.presence, self.prompt_length = frequency, presence, prompt_length

    def __call__(self, input_ids, scores):
        counts = torch.bincount(input_ids[0, self.prompt_length :], minlength=scores.shape[-1]).to(scores.dtype)
        scores = scores - self.frequency * counts
        return scores - self.presence * (counts > 0).to(scores.dtype)


MODEL = Qwen3ForCausalLM(
    Qwen3Config(
        vocab_size=16, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1,
        num_key_value_heads=1, head_dim=8,
    )
)


def chain(settings, prompt_length):
    known = dict(settings)
    frequency, presence = known.pop("frequency_penalty", 0.0), known.pop("presence_penalty", 0.0)
    bias = known.pop("logit_bias", None)
    if bias:
        known["sequence_bias"] = [[[int(i)], b] for i, b in bias.items()]
    allowed = known.pop("allowed_token_ids", None)
    if "banned_token_ids" in known:
        known["suppress_tokens"] = known.pop("banned_token_ids")
    config = GenerationConfig(**{"top_k": 0, "top_p": 1.0, "num_beams": 1, "pad_token_id": 0, **known})
    MODEL._prepare_special_tokens(config, device="cpu")
    processors = MODEL._get_logits_processor(
        generation_config=config,
        input_ids_seq_length=prompt_length,
        prefix_allowed_tokens_fn=(lambda batch, ids: allowed) if allowed else None,
        device="cpu",
    )
    if frequency or presence:
        at = 1 + max(
            (i for i, p in enumerate(processors)
             if isinstance(p, RepetitionPenaltyLogitsProcessor) or type(p).__name__ == "SequenceBiasLogitsProcessor"),
            default=-1,
        )
        processors.insert(at, Penalties(frequency, presence, prompt_length))
    return processors


def run(case, dtype, top_p_shift=0.0):
    scores = torch.from_numpy(make_scores(case["kind"], case["seed"], case["classes"])).to(dtype)[None]
    ids = torch.tensor([case["prompt"] + case["generated"]])
    settings = dict(case["settings"])
    if "top_p" in settings:
        settings["top_p"] += top_p_shift
    return chain(settings, len(case["prompt"]))(ids, scores)[0]


def outcome(case):
    with torch.no_grad():
        result = run(case, torch.float32)
        exact = [run(case, torch.float64, shift) for shift in (-1e-6, 0.0, 1e-6)]
    kept = torch.isfinite(result).nonzero()[:, 0].numpy()
    if any(not torch.equal(torch.isfinite(result), torch.isfinite(other)) for other in exact):
        return None
    with np.errstate(over="ignore"):
        digest = mix(kept.astype(np.uint64) + np.uint64(1)).sum(dtype=np.uint64)
    shown = kept if len(kept) <= 16 else kept[:: -(-len(kept) // 16)]
    return {
        "kept": len(kept),
        "hash": f"{int(digest):016x}",
        "argmax": int(torch.argmax(result)),
        "ids": shown.tolist(),
        "values": [float(v) for v in result[shown]],
    }


def cases():
    rng = random.Random(20261123)
    kinds = ["bell", "flat", "peaked", "ties", "equal", "large", "tiny", "masked"]
    sizes = [1, 7, 64, 4096, 151936]
    single = [
        {}, {"temperature": 0.6}, {"temperature": 1.7}, {"temperature": 0.001},
        {"top_k": 1}, {"top_k": 5}, {"top_k": 20}, {"top_k": 5000},
        {"top_p": 0.05}, {"top_p": 0.5}, {"top_p": 0.9}, {"top_p": 0.95}, {"top_p": 0.999},
        {"min_p": 0.01}, {"min_p": 0.1}, {"min_p": 0.5}, {"min_p": 1.0},
        {"temperature": 0.6, "top_k": 20, "top_p": 0.95}, {"temperature": 0.7, "top_k": 20, "top_p": 0.8},
        {"temperature": 2.0, "top_k": 3, "top_p": 0.7, "min_p": 0.2},
    ]
    for size, kind, settings in itertools.product(sizes, kinds, single):
        if size == 151936 and rng.random() < 0.6:
            continue  # the large ones are slow, and many
        yield size, kind, {"do_sample": True, **settings}
    for _ in range(800):
        size = rng.choice([7, 64, 1000, 4096] + [151936] * (rng.random() < 0.05))
        settings = {"do_sample": rng.random() < 0.8}
        pick = lambda: rng.randrange(size)
        if rng.random() < 0.4:
            settings["repetition_penalty"] = rng.choice([0.5, 0.9, 1.05, 1.3, 4.0])
        if rng.random() < 0.3:
            settings["frequency_penalty"] = rng.choice([-2.0, -0.5, 0.25, 1.1, 2.0])
        if rng.random() < 0.3:
            settings["presence_penalty"] = rng.choice([-1.5, 0.3, 1.5])
        if rng.random() < 0.3:
            settings["logit_bias"] = {str(pick()): rng.choice([-100.0, -3.3, 0.7, 5.0]) for _ in range(rng.randint(1, 5))}
        if rng.random() < 0.25:
            settings["banned_token_ids"] = sorted({pick() for _ in range(rng.randint(1, 3))})
        if rng.random() < 0.25:
            settings["allowed_token_ids"] = sorted({pick() for _ in range(rng.randint(2, 40))})
        if rng.random() < 0.25:
            settings["eos_token_id"] = sorted({pick() for _ in range(rng.randint(1, 2))})
            settings["min_new_tokens"] = rng.choice([1, 3, 8])
        if settings["do_sample"]:
            if rng.random() < 0.6:
                settings["temperature"] = rng.choice([0.1, 0.6, 0.7, 1.5, 2.0])
            if rng.random() < 0.5:
                settings["top_k"] = rng.choice([1, 3, 20, 40])
            if rng.random() < 0.5:
                settings["top_p"] = rng.choice([0.1, 0.5, 0.8, 0.95])
            if rng.random() < 0.3:
                settings["min_p"] = rng.choice([0.02, 0.1, 0.4])
        yield size, rng.choice(kinds), settings


def main():
    rng = random.Random(7)
    dropped = written = 0
    for size, kind, settings in cases():
        case = {
            "classes": size,
            "kind": kind,
            "seed": rng.randrange(1 << 31),
            "prompt": [rng.randrange(size) for _ in range(rng.randint(1, 12))],
            "generated": [rng.randrange(min(size, 20)) for _ in range(rng.randint(0, 10))],
            "settings": settings,
        }
        result = outcome(case)
        if result is None:
            dropped += 1
        elif result["kept"] > 0:
            written += 1
            print(json.dumps({**case, **result}, separators=(",", ":")))
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}"
    print(f"{written} cases written, {dropped} within rounding left out ({versions})", file=sys.stderr)


if __name__ == "__main__":
    main()
