import { useState } from "preact/hooks";
import { contentText, type Message } from "../report/model";
import { CallLine } from "./answer_diff";
import { count } from "./format";
import { LongText, QuietButton } from "./long_text";
import { Plain } from "./plain";

/** Beyond these, earlier messages are drawn when asked, and calls not at all. */
const kMessages = 100;
const kCalls = 50;

function Turn(props: { message: Message }) {
  const { message: m } = props;
  const text = contentText(m.content);
  const calls = m.tool_calls ?? [];
  const role = (m.role ?? "").slice(0, 40);
  return (
    <li class={`turn ${role}`}>
      <span class="role"><Plain text={role} /></span>
      <div>
        {text !== "" && <LongText text={text} />}
        {calls.slice(0, kCalls).map((call, k) => <CallLine key={k} call={call} />)}
        {calls.length > kCalls && <p class="muted">{count(calls.length)} calls</p>}
      </div>
    </li>
  );
}

/** The conversation that was put to the models; its end is what the answers are about. */
export function Conversation(props: { messages: Message[] }) {
  const [shown, setShown] = useState(kMessages);
  const from = Math.max(0, props.messages.length - shown);
  return (
    <>
      {from > 0 && <QuietButton act={() => setShown(shown + 200)}>show earlier messages ({count(from)})</QuietButton>}
      <ol class="conversation" tabIndex={0} aria-label="conversation">{props.messages.slice(from).map((m, i) => <Turn key={from + i} message={m} />)}</ol>
    </>
  );
}
