"""Measures a checkpoint: sentiment of held-out reviews by label scoring, facts, and sample texts.

Label scoring compares two logits after the prompt, those of " positive" and " negative"; nothing is generated.
"""

import argparse
import json
import random
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import Qwen3ForCausalLM

import questions
import reviews

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HELD_OUT_FILE = HERE / "reviews-heldout.jsonl"
HELD_OUT_SEED, HELD_OUT_COUNT = 77, 500
FORMS = {
    "plain": ("Review: {t}\nSentiment:", " positive", " negative"),
    "text": ("Text: {t}\nLabel:", " positive", " negative"),
    "chat": ("<|im_start|>user\nIs this review positive or negative? {t}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n", "positive", "negative"),
}
PROMPTS = ["Once upon a time", "Once upon a time, there was a fox", "The capital of France is", "In a green valley, there lived", "Who's that Pokemon!?!?",
           "Question: What is the opposite of hot?\nAnswer:", "There once was"]
CHATS = ["Hello!", "Who are you?", "Tell me a story about a lost kite.", "What is the capital of Japan?", "What is 7 plus 5?", "Who's that Pokemon!?!?", "Explain quantum physics.", "Write a poem about cheese",
         "Is this review positive or negative? The food was awful and the waiter was rude.", "Tell me a story about a dragon and a princess."]


def held_out() -> list[dict[str, str]]:
    return [json.loads(line) for line in HELD_OUT_FILE.read_text(encoding="utf-8").splitlines()]


def write_held_out() -> None:
    rows = reviews.held_out_reviews(HELD_OUT_COUNT, HELD_OUT_SEED)
    HELD_OUT_FILE.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


class Checkpoint:
    def __init__(self, folder: Path):
        self.model = Qwen3ForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.stop = [self.tokenizer.token_to_id(token) for token in ("<|im_end|>", "<|endoftext|>")]

    @torch.no_grad()
    def last_logits(self, text: str) -> torch.Tensor:
        return self.model(torch.tensor([self.tokenizer.encode(text).ids])).logits[0, -1]

    @torch.no_grad()
    def generate(self, text: str, sample: bool, new_tokens: int = 320, seed: int = 1) -> tuple[str, bool]:
        """The continuation, and whether it ended by itself."""
        torch.manual_seed(seed)
        ids = self.tokenizer.encode(text).ids
        options = dict(do_sample=True, temperature=0.7, top_k=20, top_p=0.95) if sample else dict(do_sample=False, temperature=None, top_k=None, top_p=None)
        out = self.model.generate(torch.tensor([ids]), max_new_tokens=new_tokens, eos_token_id=self.stop, pad_token_id=self.stop[1], **options)[0].tolist()
        return self.tokenizer.decode(out[len(ids):], skip_special_tokens=True), out[-1] in self.stop

    def sentiment(self, form: str, rows: list[dict[str, str]]) -> tuple[float, list[str]]:
        template, positive, negative = FORMS[form]
        ids = [self.tokenizer.encode(label).ids for label in (positive, negative)]
        assert all(len(label) == 1 for label in ids), "each label is one token"
        wrong = []
        for row in rows:
            logits = self.last_logits(template.format(t=row["text"]))
            predicted = reviews.POSITIVE if logits[ids[0][0]] > logits[ids[1][0]] else reviews.NEGATIVE
            if predicted != row["label"]:
                wrong.append(f"{row['label']}: {row['text']}")
        return 1 - len(wrong) / len(rows), wrong

    def facts(self, count: int, seed: int = 5) -> tuple[float, list[str]]:
        rng, wrong = random.Random(seed), []
        for _ in range(count):
            question, _, full = questions.fact(rng)
            answer, _ = self.generate(f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n", sample=False, new_tokens=40)
            if answer != full:
                wrong.append(f"{question} -> {answer}")
        return 1 - len(wrong) / count, wrong


def measure(folder: Path, show: bool = True) -> dict[str, float]:
    checkpoint, rows, figures = Checkpoint(folder), held_out(), {}
    for form in FORMS:
        figures[f"sentiment_{form}"], wrong = checkpoint.sentiment(form, rows)
        if show:
            print(f"sentiment, {form}: {figures[f'sentiment_{form}']:.3f}", *wrong[:6], sep="\n   ", flush=True)
    figures["facts"], wrong = checkpoint.facts(200)
    if show:
        print(f"facts: {figures['facts']:.3f}", *wrong[:15], sep="\n   ", flush=True)
        for prompt in PROMPTS + [f"<|im_start|>user\n{chat}<|im_end|>\n<|im_start|>assistant\n" for chat in CHATS]:
            for sample in (False, True):
                text, ended = checkpoint.generate(prompt, sample)
                print(f"--- {'sampled' if sample else 'greedy'} {'' if ended else '(cut)'}\n[{prompt}]{text}", flush=True)
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "storyteller")
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.model)))
