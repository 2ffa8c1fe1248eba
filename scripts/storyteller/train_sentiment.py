"""Trains a score head on the shipped body: two rows that tell positive reviews from negative ones.

    python scripts/storyteller/train_sentiment.py

Writes models/storyteller-sentiment: config.json of a Qwen3ForSequenceClassification, score.safetensors, and an index that
joins it with the body under the name body.safetensors, which is not stored again. The body stays as it is; what is trained is a logistic regression on
its vector after the last token, on freshly composed reviews that hold none of the held-out pairs of words. Also writes
golden.json: what transformers' text classification pipeline says of a few held-out reviews.
"""

import json
import random
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast, Qwen3ForSequenceClassification, Qwen3Model, pipeline

import evaluate
import reviews

BODY = evaluate.ROOT / "models" / "storyteller"
TARGET = evaluate.ROOT / "models" / "storyteller-sentiment"
LABELS = [reviews.NEGATIVE, reviews.POSITIVE]
PADDING = "<|endoftext|>"
SEED, COUNT, BATCH, WEIGHT_DECAY = 11, 4000, 100, 1e-3
GOLDEN_COUNT = 20


@torch.no_grad()
def vectors(body: Qwen3Model, tokenizer: Tokenizer, texts: list[str]) -> torch.Tensor:
    rows = []
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    for start in range(0, len(order), BATCH):
        ids = [tokenizer.encode(texts[i]).ids for i in order[start:start + BATCH]]
        longest = max(map(len, ids))
        hidden = body(torch.tensor([row + [0] * (longest - len(row)) for row in ids])).last_hidden_state  # causal: padding is not seen
        rows += [hidden[i, len(row) - 1] for i, row in enumerate(ids)]
    return torch.stack([row for _, row in sorted(zip(order, rows), key=lambda pair: pair[0])])


def train(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    weight = torch.zeros((len(LABELS), x.shape[1]), requires_grad=True)
    optimizer = torch.optim.LBFGS([weight], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = torch.nn.functional.cross_entropy(x @ weight.T, y) + WEIGHT_DECAY * weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return weight.detach().to(torch.bfloat16)


def write(weight: torch.Tensor, padding_id: int) -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    config = json.loads((BODY / "config.json").read_text())
    config |= {"architectures": ["Qwen3ForSequenceClassification"], "pad_token_id": padding_id,
               "id2label": {str(i): label for i, label in enumerate(LABELS)}, "label2id": {label: i for i, label in enumerate(LABELS)}}
    (TARGET / "config.json").write_text(json.dumps(dict(sorted(config.items())), indent=2) + "\n")
    save_file({"score.weight": weight}, TARGET / "score.safetensors", metadata={"format": "pt"})
    with safe_open(BODY / "model.safetensors", "pt") as body:
        weight_map = {name: "body.safetensors" for name in sorted(body.keys())}
    index = {"metadata": {}, "weight_map": weight_map | {"score.weight": "score.safetensors"}}
    (TARGET / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")


def golden(rows: list[dict[str, str]]) -> tuple[list[dict], float]:
    with tempfile.TemporaryDirectory() as temporary:
        whole = Path(temporary) / "checkpoint"
        shutil.copytree(TARGET, whole)
        shutil.copyfile(BODY / "model.safetensors", whole / "body.safetensors")
        model = Qwen3ForSequenceClassification.from_pretrained(whole, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(BODY / "tokenizer.json"), pad_token=PADDING)
    classify = pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")
    results = [classify(row["text"], top_k=None) for row in rows]
    right = sum(max(result, key=lambda r: r["score"])["label"] == row["label"] for row, result in zip(rows, results))
    cases = [{"text": row["text"], "probabilities": {r["label"]: r["score"] for r in result}} for row, result in zip(rows, results)]
    return cases[:GOLDEN_COUNT], right / len(rows)


def main() -> None:
    torch.manual_seed(SEED)
    torch.set_num_threads(2)
    rng = random.Random(SEED)
    labels = [index % 2 for index in range(COUNT)]
    texts = [reviews.review(rng, LABELS[label]) for label in labels]
    tokenizer = Tokenizer.from_file(str(BODY / "tokenizer.json"))
    body = Qwen3Model.from_pretrained(BODY, dtype=torch.float32).eval()
    x, y = vectors(body, tokenizer, texts), torch.tensor(labels)
    weight = train(x, y)
    print(f"on its {COUNT} training reviews: {((x @ weight.float().T).argmax(1) == y).float().mean():.4f}")
    write(weight, tokenizer.token_to_id(PADDING))
    cases, accuracy = golden(evaluate.held_out())
    (TARGET / "golden.json").write_text(json.dumps({"cases": cases}, indent=1) + "\n")
    print(f"on {len(evaluate.held_out())} held-out reviews: {accuracy:.4f}")


if __name__ == "__main__":
    main()
