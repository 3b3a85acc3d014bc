# Shared by the scripts beside it: where things live, how a step is announced. Sourced, never run.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# What is fetched or built once and reused by every clone of this machine.
CACHE=${FLYWHEEL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/flywheel}

TORCH_VERSION=2.15.0
# For the trainer on a GPU: the newest torch whose wheel has CUDA 13 and flash attention in one library.
TORCH_CUDA_VERSION=2.11.0
CUDA_VERSION=13.0
LLAMA_PACKAGE_VERSION=0.3.36
MODEL_PACKAGE_VERSION=0.1.2

# llama.cpp is compiled for this very processor, so a cache that moves to another machine must not be reused there.
cpu_id() { grep -m1 -E '^(flags|Features)' /proc/cpuinfo | sha256sum | cut -c1-12; }

TORCH_DIR=$CACHE/libtorch-$TORCH_VERSION
TORCH_CUDA_DIR=$CACHE/libtorch-cuda-$TORCH_CUDA_VERSION
CUDA_DIR=$CACHE/cuda-$CUDA_VERSION
LLAMA_DIR=$CACHE/llama.cpp-$LLAMA_PACKAGE_VERSION-$(cpu_id)
LLAMA_CUDA_DIR=$CACHE/llama.cpp-cuda-$LLAMA_PACKAGE_VERSION-$(cpu_id)
MODEL_FILE=$CACHE/models/SmolLM2-135M-Instruct.Q4_1.gguf

say() { printf '\n== %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# One setup at a time for a cache folder; a second one waits for the first.
with_cache_lock() { mkdir -p "$CACHE"; (flock 9; "$@") 9>"$CACHE/.lock"; }
