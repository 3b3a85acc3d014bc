"""Tiny random models of each family that is trained, as a Hugging Face folder and as the GGUF file that llama.cpp's own
converter makes of it, with the logits that transformers computes.

usage: families.py LLAMA_CPP_SOURCE OUT     (OUT/families is written)

Weights are rounded to bfloat16, in which both files keep them, and multiplied in fp32: a reader of either file has the
very numbers.
"""
import json
import pathlib
import sys

import torch
import transformers as tf
from safetensors.torch import save_file

SOURCE, OUT = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
sys.path[:0] = [str(SOURCE), str(SOURCE / "gguf-py")]
import conversion  # noqa: E402
import gguf  # noqa: E402
from conversion.base import ModelBase  # noqa: E402

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
V = 97


def shape(**k):
    d = dict(vocab_size=V, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=128, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2,
             pad_token_id=0, tie_word_embeddings=False)
    d.update(k)
    return d


def rope(kind="default", theta=10000.0, **k):
    return dict(rope_type=kind, rope_theta=theta, **k)


LONG = [1.0, 1.5, 2.5, 6.0]
SHORT = [1.0, 1.1, 1.2, 1.4]
FAMILIES = {
    "llama3": tf.LlamaConfig(**shape(tie_word_embeddings=True, rope_parameters=rope(
        "llama3", 500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=32))),
    "qwen2": tf.Qwen2Config(**shape(tie_word_embeddings=True, rope_parameters=rope(theta=1000000.0))),
    "qwen3": tf.Qwen3Config(**shape(head_dim=12)),
    "smollm3": tf.SmolLM3Config(**shape(num_hidden_layers=5, tie_word_embeddings=True,
                                        rope_parameters=rope(theta=5000000.0))),
    "gemma": tf.GemmaConfig(**shape(head_dim=8, tie_word_embeddings=True, hidden_act="gelu_pytorch_tanh")),
    "gemma2": tf.Gemma2Config(**shape(head_dim=8, num_hidden_layers=3, tie_word_embeddings=True, sliding_window=12,
                                      query_pre_attn_scalar=8, attn_logit_softcapping=3.0,
                                      final_logit_softcapping=4.0)),
    "gemma3": tf.Gemma3TextConfig(**shape(head_dim=8, num_hidden_layers=7, tie_word_embeddings=True, sliding_window=12,
                                          query_pre_attn_scalar=8)),
    "phi3": tf.Phi3Config(**shape(original_max_position_embeddings=128, sliding_window=None)),
    # Phi 4 mini's: three quarters of a head rotated, two sets of divisors.
    "phi3-longrope": tf.Phi3Config(**shape(
        hidden_size=40, max_position_embeddings=1024, original_max_position_embeddings=256, sliding_window=None,
        partial_rotary_factor=0.8,
        rope_parameters=rope("longrope", 10000.0, partial_rotary_factor=0.8, short_factor=SHORT, long_factor=LONG,
                             original_max_position_embeddings=256))),
}


def reset_weights(model, seed):
    """Weights with enough spread that a wrong sign, order or scale shows in the logits."""
    g = torch.Generator().manual_seed(seed)
    seen = set()
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if p.data_ptr() in seen:
                continue
            seen.add(p.data_ptr())
            r = torch.randn(p.shape, generator=g)
            if p.dim() >= 2:
                value = r * (0.5 if "embed" in name else 1.2 / p.shape[-1] ** 0.5)
            else:
                value = r * 0.2 + (1.0 if "norm" in name and not model.config.model_type.startswith("gemma") else 0.0)
            p.copy_(value.to(torch.bfloat16))


def convert(folder, file):
    """llama.cpp's converter, without a tokenizer: it knows those of published models by name only."""
    hparams = ModelBase.load_hparams(folder, False)
    kind = conversion.get_model_class(hparams["architectures"][0])
    kind.set_vocab = lambda self: self._set_vocab_none()
    stand_in = folder / "tokenizer.json"  # Gemma 3's counts its entries, and cuts the embedding to as many
    stand_in.write_text(json.dumps({"model": {"vocab": {str(i): i for i in range(V)}}, "added_tokens": []}))
    kind(folder, gguf.LlamaFileType.MOSTLY_BF16, file).write()
    stand_in.unlink()


def record(index, name, config):
    folder = OUT / "families" / name
    folder.mkdir(parents=True, exist_ok=True)
    config._attn_implementation = "eager"
    model = tf.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    reset_weights(model, 9000 + index)
    g = torch.Generator().manual_seed(9100 + index)
    out = {}
    with torch.no_grad():
        for key, length in (("short", 9), ("long", 70)):
            ids = torch.randint(3, V, (1, length), generator=g)
            out[key + ".ids"] = ids
            out[key + ".logits"] = model(input_ids=ids).logits[:, -12:].float()
    save_file({k: v.contiguous().clone() for k, v in out.items()}, str(folder / "vectors.safetensors"))
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    convert(folder, folder / "model.gguf")
    print(name, sum(p.numel() for p in model.parameters()), json.loads((folder / "config.json").read_text())["dtype"])


for i, (n, c) in enumerate(FAMILIES.items()):
    record(i, n, c)
