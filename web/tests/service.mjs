// A real service for the tests of the application's pages: `flywheel serve` over a folder of its own, the sample's traffic, and a candidate whose
// answers are known (tests/traffic/echo_model.py).
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const bin = path.join(process.env.FLYWHEEL_BIN_DIR ?? path.join(root, "build/release/bin"), "flywheel");

/** Why there is no service to test with; null where there is. */
export const lacksService = () => (existsSync(bin) ? null : `${bin} is not built`);

const run = promisify(execFile);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(claim, what, ms = 60000) {
  for (const end = Date.now() + ms; Date.now() < end; await pause(50)) {
    const value = await claim();
    if (value) return value;
  }
  throw new Error(`not within ${ms / 1000} s: ${what}`);
}

/** Log documents of the sample, its defective lines left out. */
export async function sample(count, workload = "router") {
  const { stdout } = await run(bin, ["sample", "--workload", workload, "--count", String(count)], { maxBuffer: 1 << 28 });
  return stdout.split("\n").flatMap((line) => {
    try {
      const document = JSON.parse(line);
      return document.request.messages && document.response.choices[0].message && typeof document.timestamp === "number" ? [document] : [];
    } catch {
      return [];
    }
  });
}

const asLines = (documents) => documents.map((d) => `${JSON.stringify(d)}\n`).join("");

export class Service {
  async start({ config = "", port = 0 } = {}) {
    this.folder ??= await mkdtemp(path.join(os.tmpdir(), "flywheel-app-"));
    if (config) await writeFile(path.join(this.folder, "config.yaml"), config);
    const data = path.join(this.folder, "data");
    const named = path.join(this.folder, "config.yaml");
    await rm(path.join(data, "service.url"), { force: true });
    const options = existsSync(named) ? ["--config", named] : [];
    this.process = spawn(bin, ["serve", "--data", data, "--port", String(port), ...options], { stdio: "ignore" });
    this.url = await until(async () => existsSync(path.join(data, "service.url")) && (await readFile(path.join(data, "service.url"), "utf8")).trim(), "the service listens");
    return this;
  }
  async stop() {
    if (!this.process || this.process.exitCode !== null) return;
    const gone = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGTERM");
    await gone;
  }
  async close() {
    await this.stop();
    this.echo?.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
  async call(method, where, body) {
    const response = await fetch(this.url + where, { method, body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body), headers: { "content-type": "application/json", ...(this.key && { authorization: `Bearer ${this.key}` }) } });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${where}: ${response.status} ${text.slice(0, 300)}`);
    return JSON.parse(text);
  }
  load(documents) {
    return this.call("POST", "/api/records", asLines(documents));
  }
  /** What `flywheel` prints when it is told to work with this service. */
  async command(...words) {
    return (await run(bin, [...words, "--server", this.url], { env: { ...process.env, NO_COLOR: "1" } })).stdout;
  }
  /** An endpoint that answers as production did; its address. */
  async echoOf(documents) {
    this.folder ??= await mkdtemp(path.join(os.tmpdir(), "flywheel-app-"));
    const file = path.join(this.folder, "traffic.jsonl");
    await writeFile(file, asLines(documents));
    this.echo = spawn("python3", [path.join(root, "tests/traffic/echo_model.py"), file], { stdio: ["ignore", "pipe", "ignore"] });
    return new Promise((resolve) => this.echo.stdout.once("data", (line) => resolve(String(line).trim())));
  }
  async ended(job) {
    return until(async () => {
      const { status } = await this.call("GET", `/api/jobs/${job}`);
      return status === "completed" || status === "failed" || status === "cancelled" ? status : null;
    }, `job ${job} ends`, 300000);
  }
}
