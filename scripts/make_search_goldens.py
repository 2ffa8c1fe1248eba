#!/usr/bin/env python3
"""Golden data for contrastive search, sampled beams and attention, on the engine's tiny golden checkpoints.

    python scripts/make_search_goldens.py sampling/src/test/resources/io/github/nextclass/sampling

DIR/contrastive.jsonl: checkpoint, prompt, settings under transformers' names, tokens. transformers 5 has no contrastive
search any more; what it defined (GenerationMixin._contrastive_search and _ranking_fast, 4.x, after Su et al. 2022) is
written down here as plainly as it can be: no cache, each candidate a forward pass over the whole sequence.

DIR/sampled_beams.jsonl: checkpoint, prompt, settings, seed, sequences, scores. transformers' own beam search, in which
torch.multinomial, whose random numbers nobody can repeat, is replaced by draws without replacement that use ours:
number + Gumbel noise, of which the highest are taken.

DIR/attention.jsonl: checkpoint, prompt, layer, head, probs: transformers' output_attentions.

A search that comes out otherwise in float64 is left out, because rounding decided it; their number is printed at the end.

Needs torch, numpy and transformers (made with 2.13.0 and 5.18.0).
"""
import json
import pathlib
import random
import sys

import numpy
import torch
import transformers
from transformers import LogitsProcessorList, NoRepeatNGramLogitsProcessor, Qwen3ForCausalLM, RepetitionPenaltyLogitsProcessor

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "engine/src/test/resources/golden"
CHECKPOINTS = ["gqa-tied-bf16", "mha-untied-f32", "mqa-f16", "yarn", "bias"]
MASK = (1 << 64) - 1
STREAM = 0x3AC5D8F3B1E97024


def load(name, dtype):
    return Qwen3ForCausalLM.from_pretrained(GOLDEN / name, dtype=dtype, attn_implementation="eager").eval()


# ---- contrastive search


@torch.no_grad()
def contrastive(model, prompt, chosen):
    processors = LogitsProcessorList()
    if "repetition_penalty" in chosen:
        processors.append(RepetitionPenaltyLogitsProcessor(chosen["repetition_penalty"]))
    if "no_repeat_ngram_size" in chosen:
        processors.append(NoRepeatNGramLogitsProcessor(chosen["no_repeat_ngram_size"]))
    alpha = chosen["penalty_alpha"]
    ids = list(prompt)
    for _ in range(chosen["max_new_tokens"]):
        sequence = torch.tensor([ids])
        out = model(sequence, output_hidden_states=True)
        context = torch.nn.functional.normalize(out.hidden_states[-1][0], dim=-1)
        probs = processors(sequence, out.logits[:, -1]).softmax(-1)[0]
        top_probs, top_ids = torch.topk(probs, chosen["top_k"])
        best, best_score = None, -float("inf")
        for p, candidate in zip(top_probs.tolist(), top_ids.tolist()):
            ahead = model(torch.tensor([ids + [candidate]]), output_hidden_states=True)
            hidden = torch.nn.functional.normalize(ahead.hidden_states[-1][0, -1], dim=-1)
            score = (1 - alpha) * p - alpha * float((context @ hidden).max())
            if score > best_score:
                best, best_score = candidate, score
        ids.append(best)
        if best in chosen["eos_token_id"]:
            break
    return ids[len(prompt) :]


def contrastive_settings(rng, classes):
    chosen = {
        "penalty_alpha": rng.choice([0.1, 0.3, 0.6, 0.9, 1.0]),
        "top_k": rng.choice([2, 4, 8]),
        "max_new_tokens": rng.choice([1, 8, 24]),
        "eos_token_id": sorted(rng.sample(range(classes), rng.choice([1, 2]))),
    }
    if rng.random() < 0.3:
        chosen["repetition_penalty"] = rng.choice([0.8, 1.3])
    if rng.random() < 0.2:
        chosen["no_repeat_ngram_size"] = rng.choice([2, 3])
    return chosen


# ---- sampled beams


def uniform(seed, number):
    """SplitMix64, as in SplitMix64.java."""
    z = (seed + (number + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return ((z ^ (z >> 31)) >> 11) * 2.0**-53


class Draws:
    """Puts the draws of one search in the place of torch.multinomial."""

    def __init__(self, model, seed):
        self.seed, self.step, self.scores = seed ^ STREAM, 0, None
        original = model._get_top_k_continuations

        def continuations(accumulated_log_probs, **others):
            self.scores = accumulated_log_probs[0]
            return original(accumulated_log_probs=accumulated_log_probs, **others)

        model._get_top_k_continuations = continuations

    def multinomial(self, probs, num_samples):
        scores = self.scores.to(torch.float64).numpy()
        first = self.step * len(scores)  # numBeams * classes numbers a step
        noise = -numpy.log(-numpy.log([uniform(self.seed, first + i) for i in range(len(scores))]))
        self.step += 1
        keys = (scores + noise).astype(numpy.float32)
        return torch.tensor(numpy.argsort(-keys, kind="stable")[:num_samples].copy())[None]


def sampled(model, prompt, chosen, seed):
    ids = torch.tensor([prompt])
    draws, original = Draws(model, seed), torch.multinomial
    torch.multinomial = draws.multinomial
    try:
        out = model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=True, pad_token_id=0, output_scores=True,
            return_dict_in_generate=True, **chosen,
        )
    finally:
        torch.multinomial = original
        del model._get_top_k_continuations
    sequences = []
    for row in out.sequences[:, len(prompt) :].tolist():
        end = next((i + 1 for i, token in enumerate(row) if token in chosen["eos_token_id"]), len(row))
        sequences.append(row[:end])
    return sequences, [round(float(score), 5) for score in out.sequences_scores]


def sampled_settings(rng, classes):
    beams = rng.choice([2, 3, 4, 6])
    chosen = {
        "num_beams": beams,
        "num_return_sequences": rng.randint(1, beams),
        "length_penalty": rng.choice([1.0, 1.0, 0.0, 2.0, -1.0]),
        "early_stopping": rng.choice([False, True, "never"]),
        "max_new_tokens": rng.choice([1, 2, 6, 20]),
        "eos_token_id": sorted(rng.sample(range(classes), rng.choice([1, 2, 3]))),
        "temperature": rng.choice([0.5, 1.0, 1.7]),
        "top_k": rng.choice([0, 0, 30, 50]),
    }
    name, values = rng.choice([("top_p", [0.3, 0.9, 0.999]), ("min_p", [0.02, 0.5]), ("typical_p", [0.3, 0.9]),
                               ("epsilon_cutoff", [0.01, 0.2]), ("eta_cutoff", [0.01, 0.3]), ("repetition_penalty", [1.3])])
    chosen[name] = rng.choice(values)
    return chosen


# ---- attention


@torch.no_grad()
def attention(model, prompt, layer, head):
    probs = model(torch.tensor([prompt]), output_attentions=True).attentions[layer][0, head]
    return [[float(f"{p:.7g}") for p in row[: i + 1].tolist()] for i, row in enumerate(probs)]


def main():
    out = pathlib.Path(sys.argv[1])
    rng = random.Random(20261125)
    lines = {"contrastive": [], "sampled_beams": [], "attention": []}
    dropped = 0
    for name in CHECKPOINTS:
        single, double = load(name, torch.float32), load(name, torch.float64)
        classes = single.config.vocab_size
        for _ in range(16):
            prompt = [rng.randrange(classes) for _ in range(rng.randint(1, 20))]
            chosen = contrastive_settings(rng, classes)
            tokens = contrastive(single, prompt, chosen)
            if tokens != contrastive(double, prompt, chosen):
                dropped += 1
                continue
            lines["contrastive"].append({"checkpoint": name, "prompt": prompt, "settings": chosen, "tokens": tokens})
        for _ in range(30):
            prompt = [rng.randrange(classes) for _ in range(rng.randint(1, 12))]
            chosen, seed = sampled_settings(rng, classes), rng.randrange(1 << 62)
            sequences, scores = sampled(single, prompt, chosen, seed)
            if sequences != sampled(double, prompt, chosen, seed)[0]:
                dropped += 1
                continue
            lines["sampled_beams"].append(
                {"checkpoint": name, "prompt": prompt, "settings": chosen, "seed": seed, "sequences": sequences, "scores": scores})
        prompt = [rng.randrange(classes) for _ in range(14)]
        layer, head = rng.randrange(single.config.num_hidden_layers), rng.randrange(single.config.num_attention_heads)
        lines["attention"].append(
            {"checkpoint": name, "prompt": prompt, "layer": layer, "head": head, "probs": attention(single, prompt, layer, head)})
    for file, some in lines.items():
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in some)
        (out / f"{file}.jsonl").write_text(text)
    counts = ", ".join(f"{len(some)} {file}" for file, some in lines.items())
    print(f"{counts} written, {dropped} within rounding left out (torch {torch.__version__}, transformers {transformers.__version__})")


if __name__ == "__main__":
    main()
