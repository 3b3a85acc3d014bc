import { contentText, type Message } from "../report/model";
import { CallLine } from "./answer_diff";
import { Plain } from "./plain";

/** The conversation that was put to the models. */
export function Conversation(props: { messages: Message[] }) {
  return (
    <ol class="conversation" tabIndex={0}>
      {props.messages.map((m, i) => (
        <li key={i} class={`turn ${m.role}`}>
          <span class="role"><Plain text={m.role ?? ""} /></span>
          <div>
            {contentText(m.content) !== "" && <p class="text"><Plain text={contentText(m.content)} /></p>}
            {(m.tool_calls ?? []).map((call, k) => <CallLine key={k} call={call} />)}
          </div>
        </li>
      ))}
    </ol>
  );
}
