#!/usr/bin/env python3
"""Golden data for whole generations: what transformers' generate() makes of the engine's tiny golden checkpoints.

    python scripts/make_generate_goldens.py > sampling/src/test/resources/io/github/nextclass/sampling/generate.jsonl

Greedy, in float32, with everything that changes single scores or ends a generation. Each line: checkpoint, prompt,
settings under transformers' names, and the new tokens. A generation in which the best two scores of a step are closer
than 1e-3 is left out, because rounding could swap them; their number is printed at the end.

Needs torch and transformers (made with 2.13.0 and 5.18.0).
"""
import json
import pathlib
import random
import sys

import torch
import transformers
from transformers import Qwen3ForCausalLM

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "engine/src/test/resources/golden"
CHECKPOINTS = ["gqa-tied-bf16", "mha-untied-f32", "mqa-f16", "yarn", "bias"]


def settings(rng, classes):
    chosen = {"max_new_tokens": rng.choice([1, 12, 40]), "eos_token_id": sorted(rng.sample(range(classes), rng.randint(1, 3)))}
    if rng.random() < 0.6:
        chosen["repetition_penalty"] = rng.choice([0.7, 1.1, 1.5, 3.0])
    if rng.random() < 0.4:
        chosen["logit_bias"] = {str(rng.randrange(classes)): rng.choice([-5.0, 0.8, 2.5]) for _ in range(3)}
    if rng.random() < 0.4:
        chosen["banned_token_ids"] = sorted(rng.sample(range(classes), 3))
    if rng.random() < 0.5:
        chosen["min_new_tokens"] = rng.randint(1, chosen["max_new_tokens"])
    return chosen


def generate(model, prompt, chosen):
    known = dict(chosen)
    if "logit_bias" in known:
        known["sequence_bias"] = [[[int(i)], b] for i, b in known.pop("logit_bias").items()]
    if "banned_token_ids" in known:
        known["suppress_tokens"] = known.pop("banned_token_ids")
    ids = torch.tensor([prompt])
    out = model.generate(
        ids, attention_mask=torch.ones_like(ids), do_sample=False, pad_token_id=0, output_scores=True,
        return_dict_in_generate=True, **known,
    )
    margin = min(float(torch.topk(s[0], 2).values.diff().abs()) for s in out.scores)
    return out.sequences[0, len(prompt) :].tolist(), margin


def main():
    rng = random.Random(20261124)
    written = dropped = 0
    for name in CHECKPOINTS:
        model = Qwen3ForCausalLM.from_pretrained(GOLDEN / name, dtype=torch.float32, attn_implementation="eager").eval()
        classes = model.config.vocab_size
        for _ in range(24):
            prompt = [rng.randrange(classes) for _ in range(rng.randint(1, 20))]
            chosen = settings(rng, classes)
            tokens, margin = generate(model, prompt, chosen)
            if margin < 1e-3:
                dropped += 1
                continue
            written += 1
            print(json.dumps({"checkpoint": name, "prompt": prompt, "settings": chosen, "tokens": tokens}, separators=(",", ":")))
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}"
    print(f"{written} generations written, {dropped} too close to call left out ({versions})", file=sys.stderr)


if __name__ == "__main__":
    main()
