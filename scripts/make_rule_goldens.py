#!/usr/bin/env python3
"""Golden data for the further filter rules: typical, epsilon, eta, n-grams from transformers; the others from formulas.

    python scripts/make_rule_goldens.py > sampling/src/test/resources/io/github/nextclass/sampling/rules.jsonl

The lines are those of make_sampling_goldens.py, and so is the way from settings to transformers' processors. What
transformers lacks is written out here in float64, after the source named at each function, and applied where
LogitsFilters says. XTC always strikes here; whether it does is a draw, which the tests of generations cover.

Lines with "steps" are generations instead: scores from a hash of the sequence, draws by SplitMix64, mirostat 2 in
between.

A case in which a class lies within rounding of the border is left out; their number is printed at the end. Needs torch
and transformers (made with 2.13.0 and 5.18.0).
"""
import json
import math
import random
import sys

import numpy as np
import torch

from make_sampling_goldens import GAMMA, chain, make_scores, mix

RULES = {"top_n_sigma", "xtc_threshold", "dry", "dynatemp"}


def softmax(scores):
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()


def top_n_sigma(scores, n):
    """llama.cpp src/llama-sampler.cpp, llama_sampler_top_n_sigma_apply."""
    finite = scores[np.isfinite(scores)]
    if len(finite) == 0:
        return scores
    return np.where(scores >= finite.max() - n * finite.std(), scores, -np.inf)


def xtc(scores, threshold):
    """llama.cpp, llama_sample_xtc_apply; of equal scores the one with the highest id counts as the last."""
    probs = softmax(scores)
    above = [i for i in range(len(scores)) if probs[i] >= threshold]
    above.sort(key=lambda i: (-scores[i], i))
    scores = scores.copy()
    scores[above[:-1]] = -np.inf
    return scores


def dynatemp(scores, temperature, spread, exponent):
    """llama.cpp, llama_sampler_temp_ext_apply; removed candidates do not count, and below 1e-5 is as 0."""
    left = np.isfinite(scores)
    if left.sum() < 2:
        return scores
    probs = softmax(scores[left])
    entropy = -(probs[probs > 0] * np.log(probs[probs > 0])).sum()
    low, high = max(0.0, temperature - spread), temperature + spread
    t = low + (high - low) * (entropy / math.log(left.sum())) ** exponent
    return scores / t if t >= 1e-5 else np.where(scores == scores.max(), scores, -np.inf)


def dry(scores, tokens, multiplier, base, allowed_length, last_n, breakers):
    """llama.cpp, llama_sampler_dry_apply, by comparing all ends with all places."""
    tokens = tokens if last_n == -1 else tokens[-last_n:]
    since_breaker = next((i for i, t in enumerate(reversed(tokens)) if t in breakers), len(tokens))
    longest = {}
    for at in range(1, len(tokens)):
        length = 0
        while length < at and tokens[at - 1 - length] == tokens[-1 - length]:
            length += 1
        length = min(length, since_breaker)
        if length >= allowed_length and tokens[at] not in breakers:
            longest[tokens[at]] = max(length, longest.get(tokens[at], 0))
    scores = scores.copy()
    for token, length in longest.items():
        limit = int(88.7228391 / math.log(base)) if base > 1.000001 else length
        scores[token] -= multiplier * base ** min(length - allowed_length, limit)
    return scores


def apply_chain(settings, case, scores):
    ids = torch.tensor([case["prompt"] + case["generated"]])
    with torch.no_grad():
        return chain(settings, len(case["prompt"]))(ids, torch.from_numpy(scores)[None])[0].numpy()


def outcome(case, shift=0.0):
    """The scores after all filters, in float64; shift moves every border a little."""
    settings = dict(case["settings"])
    tokens = case["prompt"] + case["generated"]
    scores = make_scores(case["kind"], case["seed"], case["classes"]).astype(np.float64)
    if "dry" in settings:
        scores = dry(scores, tokens, **settings.pop("dry"))
    if "no_repeat_ngram_size" in settings:
        scores = apply_chain({"no_repeat_ngram_size": settings.pop("no_repeat_ngram_size")}, case, scores)
    if "top_n_sigma" in settings:
        scores = top_n_sigma(scores, settings.pop("top_n_sigma") * (1 + shift))
    threshold, dyn = settings.pop("xtc_threshold", None), settings.pop("dynatemp", None)
    temperature = settings.pop("temperature") if dyn else 1.0
    for key in ("top_p", "typical_p", "epsilon_cutoff", "eta_cutoff", "min_p"):
        if key in settings:
            settings[key] *= 1 + shift
    scores = apply_chain(settings, case, scores)
    if threshold is not None:
        scores = xtc(scores, threshold * (1 + shift))
    return dynatemp(scores, temperature, **dyn) if dyn else scores


def golden(case):
    shifted = [outcome(case, shift) for shift in (-1e-5, 0.0, 1e-5)]
    kept = np.flatnonzero(np.isfinite(shifted[1]))
    if any(not np.array_equal(np.isfinite(shifted[1]), np.isfinite(other)) for other in shifted):
        return None
    if not RULES & set(case["settings"]):  # all of it is in transformers: float32 must agree too
        single = apply_chain(case["settings"], case, make_scores(case["kind"], case["seed"], case["classes"]))
        if not np.array_equal(np.isfinite(single), np.isfinite(shifted[1])):
            return None
    with np.errstate(over="ignore"):
        digest = mix(kept.astype(np.uint64) + np.uint64(1)).sum(dtype=np.uint64)
    shown = kept if len(kept) <= 16 else kept[:: -(-len(kept) // 16)]
    return {"kept": len(kept), "hash": f"{int(digest):016x}", "argmax": int(np.argmax(shifted[1])), "ids": shown.tolist(),
            "values": [float(v) for v in shifted[1][shown]]}


def cases():
    rng = random.Random(20261201)
    rules = [
        lambda: {"typical_p": rng.choice([0.05, 0.2, 0.5, 0.9, 0.95, 0.999])},
        lambda: {"epsilon_cutoff": rng.choice([3e-4, 9e-4, 0.01, 0.2, 0.9])},
        lambda: {"eta_cutoff": rng.choice([3e-4, 4e-3, 0.05, 0.5])},
        lambda: {"no_repeat_ngram_size": rng.randint(1, 4)},
        lambda: {"top_n_sigma": rng.choice([0.3, 1.0, 1.5, 3.0])},
        lambda: {"xtc_threshold": rng.choice([0.01, 0.05, 0.1, 0.3, 0.6])},
        lambda: {"dynatemp": {"spread": rng.choice([0.2, 0.5, 1.5]), "exponent": rng.choice([0.5, 1.0, 2.0])},
                 "temperature": rng.choice([0.6, 1.0, 1.3])},
        lambda: {"dry": {"multiplier": rng.choice([0.8, 2.5]), "base": rng.choice([1.0, 1.75, 3.0]),
                         "allowed_length": rng.randint(1, 3), "last_n": rng.choice([-1, -1, 5, 12]),
                         "breakers": rng.choice([[], [2], [0, 4]])}},
    ]
    for round in range(900):
        size = rng.choice([7, 64, 1000, 4096] + [151936] * (round % 15 == 0))
        settings = {"do_sample": True}
        for rule in rng.sample(rules, rng.choice([1, 1, 1, 2, 3])):
            settings.update(rule())
        if round % 3 == 0:
            settings.setdefault("temperature", rng.choice([0.6, 1.5]))
            settings.update(rng.choice([{"top_k": 20}, {"top_p": 0.95}, {"min_p": 0.05}, {"top_k": 40, "top_p": 0.8}]))
        few = rng.choice([3, 6])  # so that sequences repeat themselves
        yield {
            "classes": size, "kind": rng.choice(["bell", "flat", "peaked", "ties", "equal", "masked"]),
            "seed": rng.randrange(1 << 31), "prompt": [rng.randrange(few) for _ in range(rng.randint(1, 20))],
            "generated": [rng.randrange(few) for _ in range(rng.randint(0, 20))], "settings": settings,
        }


def java_hash(tokens):
    value = 1
    for token in tokens:
        value = (31 * value + token) & 0xFFFFFFFF
    return value - (1 << 32) if value >= 1 << 31 else value


def mirostat(prompt, classes, tau, eta, temperature, seed, steps):
    """llama.cpp, llama_sampler_mirostat_v2_apply after a fixed temperature; draws in the order of ids."""
    tokens, mu = list(prompt), 2 * tau
    for step in range(steps):
        scores = make_scores("bell", java_hash(tokens) & 0xFFFFFFFFFFFFFFFF, classes).astype(np.float64) / temperature
        surprise = -np.log2(softmax(scores))
        keep = surprise <= mu
        keep[np.argmax(scores)] |= not keep.any()
        probs = softmax(np.where(keep, scores, -np.inf))
        with np.errstate(over="ignore"):
            u = float(mix(np.uint64(seed) + np.uint64(step + 1) * GAMMA) >> np.uint64(11)) * 2.0**-53
        chosen = int(np.flatnonzero(np.cumsum(probs) > u * probs.sum())[0])
        mu -= eta * (-math.log2(probs[chosen]) - tau)
        tokens.append(chosen)
    return tokens[len(prompt) :]


def main():
    written = dropped = 0
    for case in cases():
        result = golden(case)
        if result is None:
            dropped += 1
        elif result["kept"] > 0:
            written += 1
            print(json.dumps({**case, **result}, separators=(",", ":")))
    for tau in (1.0, 3.0, 5.0):
        for eta in (0.1, 0.5, 1.0):
            for temperature in (1.0, 0.8):
                case = {"prompt": [1, 2, 3], "classes": 300, "tau": tau, "eta": eta, "temperature": temperature,
                        "seed": int(tau * 100 + eta * 10)}
                print(json.dumps({**case, "steps": mirostat(**case, steps=40)}, separators=(",", ":")))
    print(f"{written} cases written, {dropped} within rounding left out", file=sys.stderr)


if __name__ == "__main__":
    main()
