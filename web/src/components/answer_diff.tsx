import type { ComponentChildren } from "preact";
import { contentText, type Message, type ToolCall } from "../report/model";
import { schemaWords } from "./argument_schema";
import { diffCalls, type CallDiff, type Leaf, type Status } from "./diff_calls";
import { diffWords, type Piece } from "./diff_words";
import { Name, Plain } from "./plain";

export type Words = Record<Status, string>;
const kWords: Words = { same: "", wrong: "differs", missing: "missing", extra: "extra" };
/** For two answers of which neither is the one to go by. */
export const kSideWords: Words = { same: "", wrong: "differs", missing: "left only", extra: "right only" };

/** Nothing on a side is said in words: an empty cell could be an empty text. */
const Nothing = (props: { children: ComponentChildren }) => <span class="nothing">{props.children}</span>;

const shown = (value: unknown): string => (typeof value === "string" ? `"${value}"` : JSON.stringify(value));

function Pieces(props: { pieces: Piece[]; mark: "lost" | "gained" }) {
  return <>{props.pieces.map((p) => (p.same || p.text === "" ? <Plain text={p.text} /> : <mark class={props.mark}><Plain text={p.text} /></mark>))}</>;
}

const Marked = (props: { text: string; mark: "lost" | "gained" }) => <mark class={props.mark}><Plain text={props.text} /></mark>;

/** Schemas of the tools by name: what an argument is to be stands below its name. */
export type Schemas = Map<string, Record<string, unknown>>;

function LeafRow(props: { leaf: Leaf; both: boolean; words: Words; schema: Record<string, unknown> | undefined }) {
  const { path, status, left, right } = props.leaf;
  const asked = schemaWords(props.schema, path);
  const texts = status === "wrong" && typeof left === "string" && typeof right === "string" ? diffWords(shown(left), shown(right)) : null;
  const cell = (value: unknown, mark: "lost" | "gained", pieces?: Piece[]) => {
    if (status === (mark === "lost" ? "extra" : "missing")) return props.both ? <Nothing>not given</Nothing> : null;
    if (pieces) return <Pieces pieces={pieces} mark={mark} />;
    return status === "same" ? <Plain text={shown(value)} /> : <Marked text={shown(value)} mark={mark} />;
  };
  return (
    <tr class={status}>
      <th scope="row"><Name text={path === "" ? "arguments" : path} />{asked !== "" && <span class="asked-for"><Plain text={asked} /></span>}</th>
      <td class="code">{cell(left, "lost", texts?.left)}</td>
      <td class="code">{cell(right, "gained", texts?.right)}</td>
      <td class="status">{props.both && props.words[status]}</td>
    </tr>
  );
}

/** As long a tool's name stands on one line beside another on a phone. */
const kHalf = 13;

function CallRows(props: { diff: CallDiff; words: Words; schemas: Schemas | undefined }) {
  const { diff } = props;
  const both = diff.left !== undefined && diff.right !== undefined;
  const name = (text: string | undefined, mark: "lost" | "gained") => {
    if (text === undefined) return <Nothing>no such call</Nothing>;
    return diff.status === "same" ? <Name text={text} whole={kHalf} /> : <mark class={mark}><Name text={text} whole={kHalf} /></mark>;
  };
  const status = both ? (diff.status === "wrong" ? "another tool" : "") : props.words === kWords ? `${kWords[diff.status]} call` : props.words[diff.status];
  return (
    <tbody>
      <tr class={`call ${diff.status}`}>
        <th scope="row">call</th>
        <td class="code">{name(diff.left, "lost")}</td>
        <td class="code">{name(diff.right, "gained")}</td>
        <td class="status">{status}</td>
      </tr>
      {diff.leaves.map((leaf) => <LeafRow key={leaf.path} leaf={leaf} both={both} words={props.words} schema={props.schemas?.get(diff.left ?? diff.right ?? "")} />)}
    </tbody>
  );
}

function TextRow(props: { left: string; right: string; words: Words }) {
  const { left, right } = props;
  if (left === "" && right === "") return null;
  const diff = diffWords(left, right);
  const side = (text: string, pieces: Piece[], mark: "lost" | "gained") => (text === "" ? <Nothing>no text</Nothing> : <Pieces pieces={pieces} mark={mark} />);
  const is = left === right ? "same" : left === "" ? "extra" : right === "" ? "missing" : "wrong";
  const status = props.words === kWords && (is === "extra" || is === "missing") ? `${kWords[is]} text` : props.words[is];
  return (
    <tbody>
      <tr class={left === right ? "same" : "wrong"}>
        <th scope="row">text</th>
        <td class="text">{side(left, diff.left, "lost")}</td>
        <td class="text">{side(right, diff.right, "gained")}</td>
        <td class="status">{status}</td>
      </tr>
    </tbody>
  );
}

/** Production's answer beside a candidate's, or any two (then with `kSideWords`), with what differs marked on both sides. */
export function AnswerDiff(props: { reference: Message; answer: Message | null; names: [ComponentChildren, ComponentChildren]; trouble: string | null; words?: Words; schemas?: Schemas }) {
  const { reference, answer, words = kWords } = props;
  const left = contentText(reference.content);
  const right = contentText(answer?.content);
  const calls = diffCalls(reference.tool_calls ?? [], answer?.tool_calls ?? []);
  const nothing = calls.length === 0 && left === "" && right === "";
  return (
    <table class={words === kWords ? "diff" : "diff sides"}>
      <thead><tr><td /><th scope="col">{props.names[0]}</th><th scope="col">{props.names[1]}</th><td /></tr></thead>
      {props.trouble && <tbody><tr class="wrong"><th scope="row">answer</th><td /><td class="trouble"><Plain text={props.trouble} /></td><td class="status">failed</td></tr></tbody>}
      {(answer !== null || !props.trouble) && <TextRow left={left} right={right} words={words} />}
      {calls.map((diff, i) => <CallRows key={i} diff={diff} words={words} schemas={props.schemas} />)}
      {nothing && !props.trouble && <tbody><tr><th scope="row">answer</th><td><Nothing>empty</Nothing></td><td><Nothing>empty</Nothing></td><td /></tr></tbody>}
    </table>
  );
}

/** One call on a line, as it stands in a conversation. */
export function CallLine(props: { call: ToolCall }) {
  const args = props.call.function?.arguments;
  const text = args === undefined || args === null ? "" : typeof args === "string" ? args : JSON.stringify(args);
  return <p class="code call-line"><Name text={String(props.call.function?.name ?? "?")} /> <Plain text={text} /></p>;
}
