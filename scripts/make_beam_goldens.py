#!/usr/bin/env python3
"""Golden data for beam search: what transformers' generate() makes of the engine's tiny golden checkpoints.

    python scripts/make_beam_goldens.py > sampling/src/test/resources/io/github/nextclass/sampling/beams.jsonl

Each line: checkpoint, prompt, settings under transformers' names, the returned sequences without the prompt, and their
scores. A search that comes out otherwise in float64 is left out, because rounding decided it; their number is printed at
the end.

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
    beams = rng.choice([2, 3, 4, 5, 8])
    chosen = {
        "num_beams": beams,
        "num_return_sequences": rng.randint(1, beams),
        "length_penalty": rng.choice([1.0, 1.0, 0.0, 0.5, 2.0, -1.0]),
        "early_stopping": rng.choice([False, True, "never"]),
        "max_new_tokens": rng.choice([1, 2, 6, 15, 30]),
        "eos_token_id": sorted(rng.sample(range(classes), rng.choice([1, 2, 3, 6]))),
    }
    if rng.random() < 0.3:
        chosen["repetition_penalty"] = rng.choice([0.8, 1.3])
    if rng.random() < 0.3:
        chosen["no_repeat_ngram_size"] = rng.choice([1, 2, 3])
    if rng.random() < 0.3:
        chosen["min_new_tokens"] = rng.randint(1, chosen["max_new_tokens"])
    return chosen


def search(model, prompt, chosen):
    ids = torch.tensor([prompt])
    out = model.generate(
        ids, attention_mask=torch.ones_like(ids), do_sample=False, pad_token_id=0, output_scores=True,
        return_dict_in_generate=True, **chosen,
    )
    sequences = []
    for row in out.sequences[:, len(prompt) :].tolist():
        end = next((i + 1 for i, token in enumerate(row) if token in chosen["eos_token_id"]), len(row))
        sequences.append(row[:end])
    return sequences, [round(float(score), 5) for score in out.sequences_scores]


def main():
    rng = random.Random(20261124)
    written = dropped = 0
    for name in CHECKPOINTS:
        load = lambda dtype: Qwen3ForCausalLM.from_pretrained(GOLDEN / name, dtype=dtype, attn_implementation="eager").eval()
        single, double = load(torch.float32), load(torch.float64)
        classes = single.config.vocab_size
        for _ in range(30):
            prompt = [rng.randrange(classes) for _ in range(rng.randint(1, 12))]
            chosen = settings(rng, classes)
            sequences, scores = search(single, prompt, chosen)
            if sequences != search(double, prompt, chosen)[0]:
                dropped += 1
                continue
            written += 1
            line = {"checkpoint": name, "prompt": prompt, "settings": chosen, "sequences": sequences, "scores": scores}
            print(json.dumps(line, separators=(",", ":")))
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}"
    print(f"{written} searches written, {dropped} within rounding left out ({versions})", file=sys.stderr)


if __name__ == "__main__":
    main()
