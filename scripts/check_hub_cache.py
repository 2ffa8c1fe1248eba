"""Checks that huggingface_hub and NextClass read each other's cache.

Starts the hub of the tests on the loopback interface, which serves models/storyteller as local/served; build first with
  mvn -pl hub,cli -am test-compile && ./nextclass --version
Needs huggingface_hub; with transformers the model is loaded as well.
"""

import glob
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME = "local/served"
MODEL = ROOT / "models/storyteller"
FILES = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "model.safetensors"]


def java():
    home = subprocess.run([ROOT / "nextclass", "--find-jdk"], capture_output=True, text=True, check=True).stdout.strip()
    return os.path.join(home, "bin/java")


def run(environment, *command):
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"failed: {command}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


PYTHON_PULL = f"""
from huggingface_hub import snapshot_download
print(snapshot_download({NAME!r}, allow_patterns={FILES!r}))
"""
PYTHON_READ = f"""
from huggingface_hub import hf_hub_download, scan_cache_dir
for name in {FILES!r}:
    print(hf_hub_download({NAME!r}, name, local_files_only=True))
repo, = scan_cache_dir().repos
assert not scan_cache_dir().warnings, scan_cache_dir().warnings
assert repo.repo_id == {NAME!r} and repo.refs["main"]
try:
    import transformers
except ImportError:
    print("transformers is not here")
else:
    tokenizer = transformers.AutoTokenizer.from_pretrained({NAME!r})
    model = transformers.AutoModelForCausalLM.from_pretrained({NAME!r})
    print("loaded", model.num_parameters(), "parameters,", len(tokenizer), "tokens")
"""


def main():
    jackson = glob.glob(os.path.expanduser("~/.m2/repository/tools/jackson/core/jackson-core/3*/jackson-core-*[0-9].jar"))
    class_path = os.pathsep.join([str(ROOT / "hub/target/classes"), str(ROOT / "hub/target/test-classes"), *jackson])
    server = subprocess.Popen(
        [java(), "-cp", class_path, "io.github.nextclass.hub.FakeHub", MODEL],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        endpoint = server.stdout.readline().strip()
        with tempfile.TemporaryDirectory() as folder:
            online = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_XET": "1", "no_proxy": "127.0.0.1,localhost"}
            offline = {**online, "HF_HUB_OFFLINE": "1"}
            generate = [ROOT / "nextclass", "generate", "--greedy", "--max-new-tokens", "12", "--json", "-m", NAME, "Once"]

            theirs = {"HF_HOME": folder + "/python"}
            snapshot = run({**online, **theirs}, sys.executable, "-c", PYTHON_PULL).splitlines()[-1]
            text = json.loads(run({**offline, **theirs}, *generate))["text"]
            assert NAME in run({**offline, **theirs}, ROOT / "nextclass", "models")
            pulled = run({**online, **theirs}, ROOT / "nextclass", "pull", NAME)
            assert os.path.realpath(pulled) == os.path.realpath(snapshot), (pulled, snapshot)
            print("written by huggingface_hub, read by NextClass:", repr(text))

            ours = {"HF_HOME": folder + "/nextclass"}
            pulled = run({**online, **ours}, ROOT / "nextclass", "pull", NAME)
            print("written by NextClass, read by huggingface_hub:")
            print(run({**offline, **ours}, sys.executable, "-c", PYTHON_READ).replace(folder, "..."))
            blobs = [sorted(os.listdir(folder + f"/{who}/hub/models--local--served/blobs")) for who in ("python", "nextclass")]
            assert set(blobs[1]) == set(blobs[0]), blobs
            print("the same", len(blobs[0]), "blobs")
    finally:
        server.stdin.close()
        server.wait(10)


if __name__ == "__main__":
    main()
