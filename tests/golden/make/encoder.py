"""Writes encoders/bert: a tiny BERT encoder as sentence-transformers keeps one, and the vectors of texts.

    python encoder.py ..

The forward pass is written out here in double precision (Devlin et al. 2018; GELU with the error function), the ids are those of Hugging Face's
tokenizers. Checked: on recorded weights of transformers' BertModel the last hidden states agree to 1e-6 (forward() on its safetensors).
"""
import json
import math
import pathlib
import string
import sys

import numpy
import safetensors.numpy
import tokenizers

HIDDEN, HEADS, LAYERS, INNER, POSITIONS = 48, 4, 2, 96, 64
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = ["the", "where", "is", "my", "order", "refund", "invoice", "month", "hello", "world", "##s", "##ing", "##ed", "un", "##able", "ship", "##ment", "par",
          "##cel", "cafe", "ü", "über", "##ß", "я", "##зык", "東", "京"]
TEXTS = ["Where is my order?", "where is my ORDER", "The invoice of the month, please!", "Hello, world!", "unshippable parcels", "Café au lait — 12.50 €", "東京 hello",
         "  spaces\tand\nlines ", "refund refund refund", "über große straße", "[SEP] within a text", "emoji 🙂 here", "язык", "x" * 40,
         "a long text that goes on " * 30]


def vocabulary():
    letters = list(string.ascii_lowercase + string.digits)
    pieces = SPECIAL + letters + ["##" + c for c in letters] + list(string.punctuation) + PIECES
    return {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}


def tokenizer_of(vocab):
    out = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocab, unk_token="[UNK]"))
    out.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
    out.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    out.add_special_tokens(SPECIAL)
    out.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", vocab["[CLS]"]), ("[SEP]", vocab["[SEP]"])])
    return out


def weights(vocab, random):
    out = {}

    def matrix(name, rows, columns, scale):
        out[name + ".weight"] = random.normal(0, scale, (rows, columns)).astype(numpy.float32)

    def dense(name, rows, columns):
        matrix(name, rows, columns, 1.5 / math.sqrt(columns))
        out[name + ".bias"] = random.normal(0, 0.1, rows).astype(numpy.float32)

    def norm(name):
        out[name + ".weight"] = random.normal(1, 0.1, HIDDEN).astype(numpy.float32)
        out[name + ".bias"] = random.normal(0, 0.1, HIDDEN).astype(numpy.float32)

    matrix("embeddings.word_embeddings", len(vocab), HIDDEN, 1)
    matrix("embeddings.position_embeddings", POSITIONS, HIDDEN, 0.3)
    matrix("embeddings.token_type_embeddings", 2, HIDDEN, 0.3)
    norm("embeddings.LayerNorm")
    for layer in range(LAYERS):
        stem = f"encoder.layer.{layer}."
        for part in ("query", "key", "value"):
            dense(stem + "attention.self." + part, HIDDEN, HIDDEN)
        dense(stem + "attention.output.dense", HIDDEN, HIDDEN)
        norm(stem + "attention.output.LayerNorm")
        dense(stem + "intermediate.dense", INNER, HIDDEN)
        dense(stem + "output.dense", HIDDEN, INNER)
        norm(stem + "output.LayerNorm")
    dense("pooler.dense", HIDDEN, HIDDEN)
    return out


def forward(w, ids, heads, layers, epsilon=1e-12):
    """The last hidden states of one text."""
    w = {name: value.astype(numpy.float64) for name, value in w.items()}

    def dense(name, x):
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    def norm(name, x):
        centred = x - x.mean(-1, keepdims=True)
        return centred / numpy.sqrt((centred ** 2).mean(-1, keepdims=True) + epsilon) * w[name + ".weight"] + w[name + ".bias"]

    def gelu(x):
        return x * 0.5 * (1 + numpy.vectorize(math.erf)(x / math.sqrt(2)))

    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:len(ids)] + w["embeddings.token_type_embeddings.weight"][0]
    x = norm("embeddings.LayerNorm", x)
    for layer in range(layers):
        stem = f"encoder.layer.{layer}."
        query, key, value = (dense(stem + "attention.self." + part, x).reshape(len(ids), heads, -1).transpose(1, 0, 2) for part in ("query", "key", "value"))
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
        scores = numpy.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True) @ value).transpose(1, 0, 2).reshape(len(ids), -1)
        x = norm(stem + "attention.output.LayerNorm", x + dense(stem + "attention.output.dense", mixed))
        x = norm(stem + "output.LayerNorm", x + dense(stem + "output.dense", gelu(dense(stem + "intermediate.dense", x))))
    return x


def vector(w, ids, heads, layers):
    mean = forward(w, ids, heads, layers).mean(0)
    return mean / numpy.linalg.norm(mean)


def fitted(ids, most):
    """What a model of so many positions takes of a text: its beginning, and the token that ends every text."""
    return ids if len(ids) <= most else ids[:most - 1] + ids[-1:]


def main():
    folder = pathlib.Path(sys.argv[1]) / "encoders" / "bert"
    (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
    vocab = vocabulary()
    tokenizer = tokenizer_of(vocab)
    made = weights(vocab, numpy.random.default_rng(17))
    safetensors.numpy.save_file(made, folder / "model.safetensors")
    (folder / "tokenizer.json").write_text(tokenizer.to_str())
    config = {"architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "hidden_size": HIDDEN, "intermediate_size": INNER, "layer_norm_eps": 1e-12,
              "max_position_embeddings": POSITIONS, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS, "type_vocab_size": 2, "vocab_size": len(vocab)}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": HIDDEN, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}) + "\n")
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    modules = [{"idx": i, "name": str(i), "path": path, "type": "sentence_transformers.models." + kind} for i, (path, kind) in enumerate(kinds)]
    (folder / "modules.json").write_text(json.dumps(modules) + "\n")
    cases = []
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        # One less than it has: what the engine takes of a text.
        of_ids = vector(made, fitted(ids, POSITIONS - 1), HEADS, LAYERS)
        cases.append({"text": text, "ids": ids, "vector": [round(float(x), 7) for x in of_ids]})
    (folder / "cases.json").write_text(json.dumps(cases, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
