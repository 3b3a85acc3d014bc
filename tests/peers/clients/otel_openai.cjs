// An application with OpenAI's client for Node.js, instrumented, whose telemetry goes to our OTLP port. One line a call, with
// what it asked and what it got; with a COUNT so many questions instead, one after the other.
//   node otel_openai.cjs OTLP_URL MODEL_URL opentelemetry|openllmetry|openinference json|proto [COUNT]
const [otlp, model, kind, encoding, count] = process.argv.slice(2);
const { NodeTracerProvider, BatchSpanProcessor } = require("@opentelemetry/sdk-trace-node");
const { LoggerProvider, BatchLogRecordProcessor } = require("@opentelemetry/sdk-logs");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { registerInstrumentations } = require("@opentelemetry/instrumentation");
const { trace } = require("@opentelemetry/api");
const { logs } = require("@opentelemetry/api-logs");
const wire = encoding === "json" ? "http" : "proto";
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${wire}`);
const { OTLPLogExporter } = require(`@opentelemetry/exporter-logs-otlp-${wire}`);

const resource = resourceFromAttributes({ "service.name": "agent", workload_id: `node-${kind}` });
const tracerProvider = new NodeTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${otlp}/v1/traces` }))] });
tracerProvider.register();
const exporter = new OTLPLogExporter({ url: `${otlp}/v1/logs` });
const loggerProvider = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter })] });
logs.setGlobalLoggerProvider(loggerProvider);

const packages = {
  opentelemetry: ["@opentelemetry/instrumentation-openai", { captureMessageContent: true }],
  openllmetry: ["@traceloop/instrumentation-openai", {}],
  openinference: ["@arizeai/openinference-instrumentation-openai", {}],
};
const { OpenAIInstrumentation } = require(packages[kind][0]);
registerInstrumentations({ tracerProvider, loggerProvider, instrumentations: [new OpenAIInstrumentation(packages[kind][1])] });
const OpenAI = require("openai"); // after the instrumentation, which patches what is loaded
const client = new OpenAI({ baseURL: model, apiKey: "none", maxRetries: 0 });

const call = (id, name, args) => ({ id, type: "function", function: { name, arguments: args } });
const tools = ["weather", "time"].map((name) => ({
  type: "function",
  function: { name, description: `The ${name} of a city.`, parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } },
}));
const history = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Yes." },
  { role: "assistant", content: "Really? é世😀" },
  { role: "user", content: "Yes." },
];
const asked = [
  { model: "big", messages: history, temperature: 0.5, top_p: 0.9, max_tokens: 20, stop: ["END"], frequency_penalty: 0.25, presence_penalty: 0.5 },
  {
    model: "big", tools, temperature: 1, messages: [
      { role: "user", content: "weather and time in Rome" },
      { role: "assistant", tool_calls: [call("c1", "weather", '{"city":"Rome"}'), call("c2", "time", '{"city":"Rome"}')] },
      { role: "tool", tool_call_id: "c1", content: '{"sky":"clear"}' },
      { role: "tool", tool_call_id: "c2", content: "12:00" },
      { role: "user", content: "and in Oslo: call" },
    ],
  },
  { model: "big", messages: [{ role: "user", content: "stream" }], stream: true, stream_options: { include_usage: true } },
  { model: "big", tools, messages: [{ role: "user", content: "stream, call" }], stream: true },
  { model: "big", messages: [{ role: "user", content: "stream, cut" }], stream: true, max_tokens: 3 },
  { model: "big", messages: [{ role: "user", content: "two answers" }], n: 2 },
  { model: "big", messages: [{ role: "user", content: "fail" }] },
];

/** Question after question, slowly enough that what happens meanwhile happens in the middle. */
async function questions() {
  for (let i = 0; i < Number(count); i++) {
    await client.chat.completions.create({ model: "big", messages: [history[0], history[1], history[2], history[1], { role: "user", content: `question ${i}` }] });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What a client puts together from a stream. */
async function whole(stream) {
  const answer = { message: { role: "assistant", content: null }, finish_reason: null, usage: null };
  for await (const { choices, usage } of stream) {
    answer.usage = usage ?? answer.usage;
    for (const { delta, finish_reason } of choices) {
      answer.finish_reason = finish_reason ?? answer.finish_reason;
      if (delta.content) answer.message.content = (answer.message.content ?? "") + delta.content;
      for (const { index, ...part } of delta.tool_calls ?? []) {
        answer.message.tool_calls ??= [];
        if (part.id) answer.message.tool_calls[index] = structuredClone(part);
        else answer.message.tool_calls[index].function.arguments += part.function.arguments;
      }
    }
  }
  return { choices: [{ index: 0, message: answer.message, finish_reason: answer.finish_reason }], usage: answer.usage };
}

async function main() {
  if (count) await questions();
  else await trace.getTracer("app").startActiveSpan("handle a request", async (span) => {
    for (const request of asked) {
      let got;
      try {
        const answer = await client.chat.completions.create(structuredClone(request));
        got = request.stream ? await whole(answer) : answer;
      } catch (error) {
        got = { status: error.status };
      }
      console.log(JSON.stringify({ asked: request, got }));
    }
    span.end();
  });
  await tracerProvider.shutdown();
  await loggerProvider.shutdown();
}
main();
