import type { Message, ToolCall } from "../report/model";

const asText = (value: unknown): string => {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map((part) => (typeof part === "object" && part && "text" in part ? String(part.text) : JSON.stringify(part))).join("\n");
  return JSON.stringify(value, null, 1);
};

/** Arguments as an object, whether they came as one or as its JSON text. */
const asArguments = (value: unknown): Record<string, unknown> | string => {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  try {
    const parsed: unknown = JSON.parse(String(value));
    if (typeof parsed === "object" && parsed !== null) return parsed as Record<string, unknown>;
  } catch { /* shown as it is */ }
  return asText(value);
};

function Call(props: { call: ToolCall; other?: ToolCall }) {
  const args = asArguments(props.call.function?.arguments);
  const otherArgs = props.other ? asArguments(props.other.function?.arguments) : undefined;
  const differs = (key: string, value: unknown) =>
    otherArgs !== undefined && (typeof otherArgs === "string" || JSON.stringify(otherArgs[key]) !== JSON.stringify(value));
  const nameDiffers = props.other !== undefined && props.other.function?.name !== props.call.function?.name;
  return (
    <div class="call">
      <span class={nameDiffers ? "differs" : ""}>{props.call.function?.name ?? "?"}</span>
      {typeof args === "string" ? <pre>{args}</pre> : (
        <dl>
          {Object.entries(args).map(([key, value]) => (
            <div key={key} class={differs(key, value) ? "differs" : ""}><dt>{key}</dt><dd>{JSON.stringify(value)}</dd></div>
          ))}
        </dl>
      )}
    </div>
  );
}

/** An answer: its text and its tool calls; what differs from `reference` is marked. */
export function Answer(props: { message: Message | null; reference?: Message }) {
  const { message, reference } = props;
  if (message === null) return <p class="muted">no answer</p>;
  const calls = message.tool_calls ?? [];
  const otherCalls = reference?.tool_calls ?? [];
  const text = asText(message.content);
  return (
    <div class="answer">
      {text !== "" && <p class="text">{text}</p>}
      {calls.map((call, i) => <Call key={i} call={call} other={reference ? otherCalls[i] ?? {} : undefined} />)}
      {text === "" && calls.length === 0 && <p class="muted">empty answer</p>}
    </div>
  );
}

/** The conversation that was put to the models, without its system message. */
export function Conversation(props: { messages: Message[] }) {
  const shown = props.messages.filter((m) => m.role !== "system");
  return (
    <div class="conversation">
      {shown.map((m, i) => (
        <div key={i} class={`turn ${m.role ?? ""}`}>
          <span class="role">{m.role}</span>
          <div>
            {asText(m.content) !== "" && <p class="text">{asText(m.content)}</p>}
            {(m.tool_calls ?? []).map((call, k) => <Call key={k} call={call} />)}
          </div>
        </div>
      ))}
    </div>
  );
}
