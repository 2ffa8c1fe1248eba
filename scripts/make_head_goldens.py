#!/usr/bin/env python3
"""Write the golden data of the heads: what Hugging Face transformers makes of the vectors of tiny random Qwen3 bodies.

usage: make_head_goldens.py [--out DIR]

The bodies are those of make_engine_goldens.py and are not stored again. DIR is engine/src/test/resources/golden/heads.

DIR/score-NAME: a Qwen3ForSequenceClassification whose body is ../../gqa-tied-bf16/model.safetensors. The index calls that
file body.safetensors; whoever loads the folder puts a copy there.
    score.safetensors     score.weight
    expected.safetensors  token_ids I64 [sequences, longest], padded on either side with the padding token where there is one;
                          logits F32 [sequences, labels]; probabilities F32, as the text classification pipeline gives them
DIR/expected.safetensors, for each of two bodies:
    NAME.token_ids        I64 [positions]
    NAME.log_probs        F32 [positions - 1], of each token after the first
    NAME.embedding        F32 [hiddenSize], of the last token, length 1; NAME.embedding_20 of the first 20 dimensions
    NAME.two_classes      I64 [2]; NAME.two_scores F32 [2]: the softmax of these two logits after the last token

Needs torch, transformers 5 and safetensors. Seeded; the reference runs in float32, on one thread, with eager attention.
"""
import argparse
import json
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import Qwen3ForSequenceClassification, TextClassificationPipeline

from make_engine_goldens import DEFAULT_OUT, Reference

BODY = "gqa-tied-bf16"
PAD = 7
SCORE_CASES = {  # keys of config.json beside those of the body
    "softmax": {"id2label": {"0": "bad", "1": "so-so", "2": "good"}, "pad_token_id": PAD},
    "two": {"pad_token_id": PAD},  # transformers' default: LABEL_0 and LABEL_1
    "sigmoid": {"id2label": {"0": "long", "1": "loud", "2": "late", "3": "lost"}, "pad_token_id": PAD,
                "problem_type": "multi_label_classification"},
    "one": {"id2label": {"0": "spam"}, "pad_token_id": PAD},
    "regression": {"id2label": {"0": "stars"}, "problem_type": "regression"},
}
SEQUENCES = [  # of length 9; with the padding token on the right, on the left, in the middle, as a real last token, and nothing else
    [3, 14, 15, 9, 26, 53, 58, 37, 9], [3, 14, 15, 9, PAD, PAD, PAD, PAD, PAD], [PAD, PAD, PAD, 3, 14, 15, 9, 26, 5],
    [3, 14, PAD, 9, 26, 53, 58, 9, 1], [3, 14, 15, 9, 26, 53, 58, 37, PAD], [PAD] * 9, [1] + [PAD] * 8,
]
MADE_WITH = {"made_with": f"transformers {transformers.__version__}, torch {torch.__version__}"}


def save(tensors: dict[str, torch.Tensor], path: Path, metadata: dict[str, str]) -> None:
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata)


@torch.no_grad()
def make_score(name: str, extra: dict, seed: int, out: Path) -> None:
    folder = out / f"score-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    body = out.parent / BODY
    config = json.loads((body / "config.json").read_text()) | {"architectures": ["Qwen3ForSequenceClassification"]} | extra
    (folder / "config.json").write_text(json.dumps(dict(sorted(config.items())), indent=2) + "\n")
    labels = len(extra.get("id2label", "ab"))
    generator = torch.Generator().manual_seed(seed)
    weight = (torch.randn((labels, config["hidden_size"]), generator=generator) / config["hidden_size"] ** 0.5).to(torch.bfloat16)
    save({"score.weight": weight}, folder / "score.safetensors", {"format": "pt"})
    names = sorted(load_file(body / "model.safetensors"))
    weight_map = {name: "body.safetensors" for name in names} | {"score.weight": "score.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}, indent=1) + "\n")

    with tempfile.TemporaryDirectory() as temporary:
        whole = Path(temporary) / "checkpoint"
        shutil.copytree(folder, whole)
        shutil.copyfile(body / "model.safetensors", whole / "body.safetensors")
        model = Qwen3ForSequenceClassification.from_pretrained(whole, dtype=torch.float32, attn_implementation="eager").eval()
    if "pad_token_id" in extra:
        sequences = SEQUENCES
    else:
        sequences = SEQUENCES[:1] + SEQUENCES[4:5]
    logits, probabilities = [], []
    for ids in sequences:
        # One at a time and with a mask of ones: what is before the real text on the left is read, as we read what we are given.
        logits.append(model(torch.tensor([ids])).logits[0])
        rows = TextClassificationPipeline.postprocess(SimpleNamespace(model=model), {"logits": logits[-1][None]}, top_k=None, _legacy=False)
        by_label = {row["label"]: row["score"] for row in rows}
        probabilities.append(torch.tensor([by_label[model.config.id2label[i]] for i in range(labels)]))
    save({"token_ids": torch.tensor(sequences), "logits": torch.stack(logits), "probabilities": torch.stack(probabilities)},
         folder / "expected.safetensors", MADE_WITH)

    if "pad_token_id" in extra:  # a batch padded on the right gives each text what it gets alone
        short = [ids[:4] if index == 1 else ids for index, ids in enumerate(SEQUENCES[:2])]
        batch = torch.tensor([ids + [PAD] * (9 - len(ids)) for ids in short])
        together = model(batch, attention_mask=(batch != PAD).long()).logits
        assert (together - torch.stack(logits[:2])).abs().max() < 1e-5


@torch.no_grad()
def heads_of(name: str, out: Path) -> dict[str, torch.Tensor]:
    reference = Reference(out.parent / name)
    token_ids = load_file(out.parent / name / "expected.safetensors")["token_ids"]
    hidden = reference.body(token_ids[None], use_cache=False).last_hidden_state[0]
    logits = reference.logits(token_ids.tolist())
    log_probs = torch.log_softmax(logits[:-1], dim=-1).gather(1, token_ids[1:, None])[:, 0]
    two = torch.tensor([31, 4])
    normalize = torch.nn.functional.normalize
    values = {"token_ids": token_ids, "log_probs": log_probs, "embedding": normalize(hidden[-1], dim=0),
              "embedding_20": normalize(hidden[-1, :20], dim=0), "two_classes": two, "two_scores": logits[-1, two].softmax(0)}
    return {f"{name}.{key}": value for key, value in values.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT / "heads")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for seed, (name, extra) in enumerate(SCORE_CASES.items()):
        make_score(name, extra, seed, args.out)
    save(heads_of(BODY, args.out) | heads_of("noprefix", args.out), args.out / "expected.safetensors", MADE_WITH)
    print(f"{sum(path.stat().st_size for path in args.out.rglob('*') if path.is_file()):,} bytes")


if __name__ == "__main__":
    main()
