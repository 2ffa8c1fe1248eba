"""Makes models/storyteller from nothing: vocabulary, training, export, golden file, figures.

    python scripts/storyteller/make.py --work /tmp/storyteller

Interrupted, it goes on from the last checkpoint in the work folder. Delete the work folder to begin anew.
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # leaves the cores to others while a thread waits; read before torch starts

import evaluate
import export
import golden
import train

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("/tmp/storyteller"), help="folder for checkpoints, outside the repository")
    parser.add_argument("--steps", type=int, default=train.STEPS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--target", type=Path, default=export.TARGET)
    arguments = parser.parse_args()
    os.nice(19)
    weights = train.train(arguments.work, arguments.steps, arguments.threads)
    export.export(weights, arguments.work / "tokenizer.json", arguments.target)
    golden.golden(arguments.target)
    evaluate.write_held_out()
    print(json.dumps(evaluate.measure(arguments.target), indent=2))
