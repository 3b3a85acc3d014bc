"""PEFT and flywheel-trainer on the same token ids, order, initial adapter and settings. Started by `run` beside it."""
import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import torch

LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("rows", "trainer", "model", "template"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--upper-layers", type=int)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="of both; adapters are fp32")
    return parser.parse_args()


def dtype_of(args):
    return torch.bfloat16 if args.precision == "bf16" else torch.float32


def matmul_rate(args):
    """GFLOP/s of a large product: what the machine can do at most."""
    a, b = torch.randn(1024, 1536, dtype=dtype_of(args)), torch.randn(1536, 1024, dtype=dtype_of(args))
    best = 0
    for _ in range(20):
        begun = time.perf_counter()
        a @ b
        best = max(best, 2 * 1024 * 1536 * 1024 / (time.perf_counter() - begun) / 1e9)
    return best


def token_rows(args, rows_file):
    output = subprocess.run([args.trainer, "tokens", "--model", args.model, "--chat-template-file", args.template,
                             "--rows", rows_file], check=True, capture_output=True, text=True).stdout
    return [event for event in map(json.loads, output.splitlines()) if event["event"] == "row"]


def load_model(args):
    import transformers
    path = pathlib.Path(args.model)
    return transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=dtype_of(args))


def add_adapter(model, args):
    from peft import LoraConfig, get_peft_model
    layers = model.config.num_hidden_layers
    upper = list(range(layers - args.upper_layers, layers)) if args.upper_layers else None
    torch.manual_seed(1)
    return get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=args.rank, lora_alpha=2 * args.rank, lora_dropout=0.0,
                                            target_modules=LINEAR, layers_to_transform=upper,
                                            layers_pattern="layers" if upper else None))


def padded(rows):
    width = max(len(row["tokens"]) for row in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
    for i, row in enumerate(rows):
        n = len(row["tokens"])
        ids[i, :n] = torch.tensor(row["tokens"])
        mask[i, :n] = 1
        labels[i, row["answer_begin"]:n] = ids[i, row["answer_begin"]:n]
    return ids, mask, labels


def run_peft(model, rows, args):
    model.train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    adam = torch.optim.AdamW(parameters, lr=args.learning_rate, weight_decay=0.0)
    losses, seconds = [], []
    for step in range(args.steps):
        ids, mask, labels = padded(rows[step * args.batch_size:(step + 1) * args.batch_size])
        begun = time.perf_counter()
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        adam.step()
        adam.zero_grad()
        losses.append(float(loss.detach()))
        seconds.append(time.perf_counter() - begun)
    return losses, seconds


def run_flywheel(args, rows_file, folder):
    begun = time.perf_counter()
    command = [args.trainer, "train", "--model", args.model, "--chat-template-file", args.template, "--train", rows_file,
               "--out", f"{folder}/out", "--initial-adapter", f"{folder}/initial", "--keep-order", "--epochs", "1",
               "--batch-size", str(args.batch_size), "--learning-rate", str(args.learning_rate), "--schedule", "constant",
               "--warmup-ratio", "0", "--threads", str(args.threads), "--precision", args.precision]
    losses, rates, prepared, started, tokens = [], [], 0.0, begun, 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for event in map(json.loads, process.stdout):
            if event["event"] == "error":
                raise SystemExit(event["message"])
            if event["event"] == "started":
                started, tokens = time.perf_counter(), event["row_tokens"]
            if event["event"] == "preparing":
                prepared = time.perf_counter() - started
            if event["event"] == "progress":
                losses.append(event["loss"])
                rates.append(event["tokens_per_second"])
    return losses, rates, prepared, tokens


def flops_of_step(config, rows, args):
    """Multiplications and additions of the linear layers and the head that a step cannot do without: tokens counted once
    where rows share their beginning, forward and the gradient of the inputs."""
    common = 0
    while all(len(r["tokens"]) > common + 1 and r["tokens"][common] == rows[0]["tokens"][common] for r in rows):
        common += 1
    tokens = common + sum(len(r["tokens"]) - 1 - common for r in rows)
    answers = sum(len(r["tokens"]) - r["answer_begin"] for r in rows)
    head_dim = config.hidden_size // config.num_attention_heads
    per_token = config.hidden_size * (2 * config.hidden_size + 2 * config.num_key_value_heads * head_dim
                                      + 3 * config.intermediate_size)
    layers = args.upper_layers or config.num_hidden_layers
    return 4 * (tokens * per_token * layers + answers * config.hidden_size * config.vocab_size)


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    count = args.steps * args.batch_size
    lines = pathlib.Path(args.rows).read_text().splitlines()[:count]
    if len(lines) < count:
        raise SystemExit(f"{args.rows} has {len(lines)} rows; {count} are needed for --steps and --batch-size")
    with tempfile.TemporaryDirectory() as folder:
        rows_file = f"{folder}/rows.jsonl"
        pathlib.Path(rows_file).write_text("\n".join(lines) + "\n")
        rows = token_rows(args, rows_file)
        peak = matmul_rate(args)
        model = add_adapter(load_model(args), args)
        config = model.config
        model.save_pretrained(f"{folder}/initial")
        peft_losses, peft_seconds = run_peft(model, rows, args)
        del model
        losses, rates, prepared, tokens = run_flywheel(args, rows_file, folder)
    # The first step of each warms caches and memory.
    size = args.batch_size
    ours = [sum(len(r["tokens"]) for r in rows[i * size:(i + 1) * size]) / rates[i] for i in range(args.steps)]
    best_peft, best_ours = sorted(peft_seconds[1:])[len(peft_seconds[1:]) // 2], sorted(ours[1:])[len(ours[1:]) // 2]
    flops = flops_of_step(config, rows[:size], args)
    print(f"machine: {peak:.0f} GFLOP/s {args.precision} matrix product, {args.threads} threads")
    print(f"PEFT:             {best_peft:7.2f} s a step (median), {size / best_peft:6.2f} rows/s")
    print(f"flywheel-trainer: {best_ours:7.2f} s a step (median), {size / best_ours:6.2f} rows/s, "
          f"{flops / best_ours / 1e9 / peak:.0%} of the machine's matrix product rate")
    if prepared:
        print(f"                  once, not counted above: {prepared:.1f} s for the frozen layers of {len(rows)} rows, for all epochs")
    print(f"ratio:            {best_peft / best_ours:.1f}")
    print("step   PEFT loss   flywheel loss")
    for step, (a, b) in enumerate(zip(peft_losses, losses)):
        print(f"{step + 1:4}   {a:9.5f}   {b:9.5f}")


if __name__ == "__main__":
    main()
