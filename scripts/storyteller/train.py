"""Trains the model and leaves the weights, in float32, in the work folder.

Two phases: rows of 512 tokens, then rows of 1024, so that longer chats are in reach. A checkpoint is written every few
hundred steps; the next run with the same work folder goes on from it.
"""

import argparse
import os
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import Qwen3Config, Qwen3ForCausalLM

import corpus
import vocabulary

SEED = 20250
STEPS = 2000
MATRIX_RATE = 4.5e-3
OTHER_RATE = 4e-3
WARMUP = 40
DECAY_SHARE = 0.4  # of the steps, at the end
CHECKPOINT_EVERY = 50
TOKENS_PER_STEP = 4096
LONG_SHARE = 0.1  # of the steps, at the end, with rows of 1024


def config() -> Qwen3Config:
    return Qwen3Config(
        vocab_size=vocabulary.PADDED_SIZE, hidden_size=192, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, head_dim=64,
        intermediate_size=576, max_position_embeddings=1024, rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        tie_word_embeddings=True, rms_norm_eps=1e-6, attention_bias=False, initializer_range=0.02, use_cache=False,
    )


def rate(step: int, steps: int) -> float:
    """Share of the peak rate: a short warm-up, a plateau, then down in a straight line.

    The steps before the decay do not depend on their total, so a run can be made longer or shorter from a checkpoint.
    """
    decay_steps = int(steps * DECAY_SHARE)
    return min(1.0, (step + 1) / WARMUP, (steps - step) / decay_steps)


def loss_of(logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    targets = torch.where(ids[:, 1:] < 0, torch.full_like(ids[:, 1:], -100), ids[:, 1:])
    return functional.cross_entropy(logits[:, :-1].flatten(0, 1).float(), targets.flatten(), ignore_index=-100)


def train(work: Path, steps: int, threads: int, compiled: bool = True) -> Path:
    torch.manual_seed(SEED)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    work.mkdir(parents=True, exist_ok=True)
    tokenizer_file = work / "tokenizer.json"
    if not tokenizer_file.exists():
        vocabulary.save(vocabulary.build(), tokenizer_file)
    tokenizer = Tokenizer.from_file(str(tokenizer_file))

    long_steps = int(steps * LONG_SHARE)
    short_steps = steps - long_steps
    short = corpus.cached_rows(work, "train", tokenizer, short_steps * TOKENS_PER_STEP // 512, 512, SEED)
    long = corpus.cached_rows(work, "train", tokenizer, long_steps * TOKENS_PER_STEP // 1024, 1024, SEED + 1)
    check = torch.from_numpy(corpus.cached_rows(work, "check", tokenizer, 64, 512, SEED + 2).astype("int64"))

    model = Qwen3ForCausalLM(config())
    # Muon for the matrices, AdamW for the embedding and the norms.
    matrices = [p for name, p in model.named_parameters() if p.dim() == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.dim() != 2 or "embed" in name]
    optimizers = [
        torch.optim.Muon(matrices, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, weight_decay=0.01, betas=(0.9, 0.95), fused=True),
    ]
    checkpoint, first, spent = work / "checkpoint.pt", 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        first, spent = state["step"], state["seconds"]
        assert first <= steps, f"{checkpoint} is from a longer run"
        print(f"goes on from step {first}", flush=True)
    run = torch.compile(model, dynamic=False) if compiled else model

    def batch(step: int) -> torch.Tensor:
        if step < short_steps:
            size = TOKENS_PER_STEP // 512
            ids = short[step * size : (step + 1) * size]
        else:
            size = TOKENS_PER_STEP // 1024
            ids = long[(step - short_steps) * size : (step - short_steps + 1) * size]
        return torch.from_numpy(ids.astype("int64"))

    def forward(ids: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return run(input_ids=torch.where(ids < 0, -1 - ids, ids)).logits

    @torch.no_grad()
    def check_loss() -> float:
        return sum(loss_of(forward(part), part).item() for part in check.split(8)) / 8

    started, mean = time.time(), None
    for step in range(first, steps):
        ids = batch(step)
        for optimizer, peak in zip(optimizers, (MATRIX_RATE, OTHER_RATE), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = peak * rate(step, steps)
        loss = loss_of(forward(ids), ids)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if (step + 1) % 20 == 0:
            print(f"step {step + 1}/{steps} loss {mean:.4f} {spent + time.time() - started:.0f} s", flush=True)
        if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == steps:
            state = {"model": model.state_dict(), "optimizers": [optimizer.state_dict() for optimizer in optimizers], "step": step + 1, "seconds": spent + time.time() - started}
            torch.save(state, checkpoint.with_suffix(".part"))
            os.replace(checkpoint.with_suffix(".part"), checkpoint)
    final = check_loss()
    print(f"check loss {final:.4f}", flush=True)
    weights = work / f"weights-{steps}.pt"
    torch.save({"model": model.state_dict(), "train_loss": mean, "check_loss": final, "seconds": spent + time.time() - started, "steps": steps}, weights)
    return weights


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("/tmp/storyteller"))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    os.nice(19)
    print(train(arguments.work, arguments.steps, arguments.threads))
