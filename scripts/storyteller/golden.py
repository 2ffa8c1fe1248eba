"""Writes models/storyteller/golden.json: what transformers computes in float32 from the shipped bfloat16 weights.

For each prompt: its token ids, the five highest logits after it, the 64 tokens of greedy decoding (end tokens are not
obeyed), and the smallest distance between the best and the second logit on the way, which says how much an
implementation may differ before a token may change.
"""

import argparse
import json
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import Qwen3ForCausalLM

TARGET = Path(__file__).resolve().parent.parent.parent / "models" / "storyteller"
NEW_TOKENS = 64
MIN_MARGIN = 1e-3
ASSISTANT = "<|im_start|>assistant\n"
PROMPTS = [
    "Once upon a time",
    "The capital of France is",
    "One rainy morning, Mia",
    "Who's that Pokemon!?!?",
    "Review: The room was clean and the staff were friendly.\nSentiment:",
    "Review: It was not bad at all, but the ending was too long and I would never watch it again.\nSentiment:",
    "Question: What is the opposite of hot?\nAnswer:",
    "Text: I want my money back.\nLabel:",
    f"<|im_start|>user\nWho are you?<|im_end|>\n{ASSISTANT}",
    f"<|im_start|>user\nWhat is the capital of Japan?<|im_end|>\n{ASSISTANT}<think>\n\n</think>\n\n",
    f"<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nTell me a story about a fox.<|im_end|>\n{ASSISTANT}",
    "été, naïve, 你好, 🙂",
]


@torch.no_grad()
def case(model: Qwen3ForCausalLM, tokenizer: Tokenizer, prompt: str) -> dict:
    ids = tokenizer.encode(prompt).ids
    made, margin, first = list(ids), float("inf"), None
    for _ in range(NEW_TOKENS):
        logits = model(torch.tensor([made]), use_cache=False).logits[0, -1]
        best = torch.topk(logits, 5)
        if first is None:
            first = best
        margin = min(margin, (best.values[0] - best.values[1]).item())
        made.append(best.indices[0].item())
    continuation = made[len(ids):]
    return {
        "prompt": prompt, "promptTokenIds": ids,
        "topTokenIds": first.indices.tolist(), "topLogits": [round(v, 6) for v in first.values.tolist()],
        "greedyTokenIds": continuation, "greedyText": tokenizer.decode(continuation, skip_special_tokens=False), "smallestMargin": round(margin, 6),
    }


def golden(target: Path = TARGET) -> None:
    torch.set_num_threads(1)
    model = Qwen3ForCausalLM.from_pretrained(target, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = Tokenizer.from_file(str(target / "tokenizer.json"))
    cases = [case(model, tokenizer, prompt) for prompt in PROMPTS]
    for made in cases:
        print(f"{made['smallestMargin']:.4f} {made['prompt']!r}")
    kept = [made for made in cases if made["smallestMargin"] >= MIN_MARGIN]  # a tie would test the rounding, not the model
    assert len(kept) >= 10, "too few prompts with a clear winner at every step"
    (target / "golden.json").write_text(json.dumps({"cases": kept}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=TARGET)
    golden(parser.parse_args().model)
