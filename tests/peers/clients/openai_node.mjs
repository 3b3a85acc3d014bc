// OpenAI's client for Node.js, as an application uses it: texts, streams, calls of tools, errors, a stream that is left, tries
// again. One line of JSON with what it saw.
//   node openai_node.mjs BASE_URL engine|mock
import OpenAI from "openai";

const [base, kind] = process.argv.slice(2);
const headers = (workload) => ({ "x-flywheel-workload": workload, "x-flywheel-client": "shop" });
const client = new OpenAI({ baseURL: base, apiKey: "sk-of-the-client", maxRetries: 0, defaultHeaders: headers("router") });
const seen = {};

async function outcome(call) {
  try {
    await call();
    return "ok";
  } catch (error) {
    return error instanceof OpenAI.APIError && error.status !== undefined ? `${error.constructor.name} ${error.status}` : "broken";
  }
}

if (kind === "engine") {
  const ask = (words, more = {}) => client.chat.completions.create({ model: "small", max_tokens: 12, temperature: 0, messages: words.map(([role, content]) => ({ role, content })), ...more });
  const said = await ask([["system", "Answer shortly."], ["user", "Say hello."]]);
  seen.said = said.choices[0].message.content;
  seen.text = "";
  for await (const chunk of await ask([["user", "Count to five. \u00e9\u4e16\ud83d\ude00"]], { stream: true, stream_options: { include_usage: true } })) {
    seen.text += chunk.choices[0]?.delta?.content ?? "";
    seen.finish = chunk.choices[0]?.finish_reason ?? seen.finish;
    seen.usage = chunk.usage?.completion_tokens ?? seen.usage;
  }
  seen.models = [];
  for await (const model of client.models.list()) seen.models.push(model.id);
} else {
  const ask = (mode, more = {}, options = {}) => client.chat.completions.create({ model: `bench-${mode}`, messages: [{ role: "user", content: "hi" }], ...more }, options);
  const calls = [];
  for await (const chunk of await ask("tools", { stream: true })) {
    for (const call of chunk.choices[0]?.delta?.tool_calls ?? []) {
      calls[call.index] = (calls[call.index] ?? "") + (call.function?.arguments ?? "");
    }
  }
  seen.arguments = calls.map((text) => JSON.parse(text));
  seen.limited = await outcome(() => ask("429"));
  seen.failed = await outcome(() => ask("500"));
  seen.died = await outcome(async () => { for await (const chunk of await ask("close", { stream: true })) void chunk; });
  const left = await ask("slow", { stream: true }, { headers: headers("left") });
  left.controller.abort();
  const stopped = new AbortController();
  const waiting = outcome(() => ask("slow", {}, { headers: headers("stopped"), signal: stopped.signal }));
  setTimeout(() => stopped.abort(), 300);
  seen.stopped = await waiting;
  const patient = new OpenAI({ baseURL: base, apiKey: "sk-of-the-client", maxRetries: 1, defaultHeaders: headers("patient") });
  seen.retried = await outcome(() => patient.chat.completions.create({ model: "bench-429", messages: [{ role: "user", content: "hi" }] }));
}
console.log(JSON.stringify(seen));
