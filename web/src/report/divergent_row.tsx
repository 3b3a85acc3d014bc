import type { ComponentChildren } from "preact";
import { AnswerDiff } from "../components/answer_diff";
import { Conversation } from "../components/conversation";
import { CopyButton } from "../components/copy";
import { cut, kShown } from "../components/long_text";
import { count, plural, score } from "../components/format";
import { Name, Plain } from "../components/plain";
import { asMessage, contentText, leadingKind, messagesOf, type DivergentRow, type Message, type Report, type RowAnswer, type RowNote } from "./model";
import { isOpened, linkTo, setOpened, type Place } from "./location";
import { ModelName } from "./model_name";
import { asCurl } from "./row_export";
import { answerName, isDivergent, mistakesOf, shownAnswer, type Reading } from "./row_filter";

const troubleOf = (a: RowAnswer): string | null => a.failure ?? a.error;

function Tags(props: { row: DivergentRow; answer: RowAnswer | undefined; report: Report }) {
  const { row, answer } = props;
  return (
    <span class="tags">
      {mistakesOf(answer).map((m) => <span key={m} class="tag bad"><Plain text={m} /></span>)}
      {answer && answer.agreement !== null && leadingKind(props.report) === "graded" && <span class="tag">{props.report.scoring.leading.title} {score(answer.agreement, "graded")}</span>}
      {answer && (answer.asks ?? 1) > 1 && <span class="tag">differs in {count(answer.asks_divergent ?? 0)} of {count(answer.asks!)} asks</span>}
      {row.newest && <span class="tag">newest traffic</span>}
      {!row.template_in_training && <span class="tag">template not in training</span>}
      {row.turn > 1 && <span class="tag">turn {row.turn}</span>}
    </span>
  );
}

/** Which of a row's parts are opened stands in the address. */
function Opened(props: { name: string; place: Place; isLinked?: boolean; title: string; children: ComponentChildren }) {
  const isOpen = props.isLinked || isOpened(props.place, props.name);
  return (
    <details open={isOpen} onToggle={(e) => { if (e.currentTarget.open !== isOpen) setOpened(props.name, e.currentTarget.open); }}>
      <summary>{props.title}</summary>
      {props.children}
    </details>
  );
}

/** Answers that say the same are one block; those like production's are a line. */
function OtherAnswers(props: { row: DivergentRow; answer: RowAnswer | undefined; place: Place; reading: Reading }) {
  const { row, answer, reading } = props;
  const others = row.answers.filter((a) => a !== answer);
  const agreeing = others.filter((a) => !isDivergent(a, reading));
  const groups = new Map<string, RowAnswer[]>();
  for (const a of others.filter((x) => isDivergent(x, reading))) {
    const message = asMessage(a.message);
    const key = JSON.stringify([troubleOf(a), message?.content, message?.tool_calls?.map((c) => c.function)]);
    groups.set(key, [...(groups.get(key) ?? []), a]);
  }
  if (others.length === 0) return null;
  const names = (list: RowAnswer[]) => list.map((a, i) => <>{i > 0 && ", "}<ModelName {...a} /></>);
  return (
    <>
      {agreeing.length > 0 && <p class="small muted">As production: {names(agreeing)}.</p>}
      {groups.size > 0 && (
        <Opened name={`${row.record_id}/others`} place={props.place} title={`What ${plural([...groups.values()].flat().length, "other candidate")} answered`}>
          {[...groups.values()].map((list) => (
            <AnswerDiff key={answerName(list[0]!)} reference={asMessage(row.reference) ?? {}} answer={asMessage(list[0]!.message)} names={["production", names(list)]} trouble={troubleOf(list[0]!)} />
          ))}
        </Opened>
      )}
    </>
  );
}

const isSystem = (m: Message): boolean => m.role === "system" || m.role === "developer";

export function DivergentRowCard(props: { row: DivergentRow; report: Report; place: Place; reading: Reading; note: ReturnType<RowNote> }) {
  const { row, report, place, reading } = props;
  const opened = place.row === row.record_id;
  const answer = shownAnswer(row, place.model, reading);
  const messages = messagesOf(row);
  const last = messages.filter((m) => !isSystem(m)).at(-1);
  const all = `Whole conversation (${plural(messages.length, "message")})`;
  return (
    <article class={opened ? "row opened" : "row"} id={`row-${row.record_id}`} tabIndex={-1} aria-label={`row ${row.record_id}`}>
      <header>
        <h3>{row.label === "" ? "row" : <Name text={row.label} />}</h3>
        <Tags row={row} answer={answer} report={report} />
        <span class="row-tools">
          <a href={linkTo({ row: row.record_id })} title="a link to this row"><Name text={row.record_id} /></a>
          {answer && <CopyButton label="curl" title="copy the request as a curl command (its tools are not in the report)" text={() => asCurl(row, answer.model_name)} />}
        </span>
      </header>
      {props.note}
      {last && (
        <div class="asked">
          <span class="role"><Plain text={last.role ?? ""} /></span>
          <p class="text clamp"><Plain text={cut(contentText(last.content), kShown)} /></p>
        </div>
      )}
      {messages.length > 0 && <Opened name={row.record_id} place={place} isLinked={opened} title={all}><Conversation messages={messages} /></Opened>}
      {answer
        ? <AnswerDiff reference={asMessage(row.reference) ?? {}} answer={asMessage(answer.message)} names={["production", <ModelName {...answer} />]} trouble={troubleOf(answer)} />
        : <p class="muted">This candidate has no answer to the row.</p>}
      <OtherAnswers row={row} answer={answer} place={place} reading={reading} />
    </article>
  );
}
