import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { contentText, type Message, type ToolCall } from "../report/model";
import { schemaWords } from "./argument_schema";
import { diffCalls, kMostCalls, type CallDiff, type Leaf, type Status } from "./diff_calls";
import { diffWords, type Piece } from "./diff_words";
import { count } from "./format";
import { jsonText } from "./json_text";
import { cut, kShown, PartShown, QuietButton } from "./long_text";
import { Name, Plain } from "./plain";

export type Words = Record<Status, string>;
const kWords: Words = { same: "", wrong: "differs", missing: "missing", extra: "extra" };
/** For two answers of which neither is the one to go by. */
export const kSideWords: Words = { same: "", wrong: "differs", missing: "left only", extra: "right only" };

/** Nothing on a side is said in words: an empty cell could be an empty text. */
const Nothing = (props: { children: ComponentChildren }) => <span class="nothing">{props.children}</span>;

/** As much of one argument is compared and drawn. */
const kOfALeaf = 2000;
/** Beyond these, arguments and calls are drawn when asked. */
const kArguments = 60;
const kCalls = 20;

const bounded = (text: string): string => (text.length <= kOfALeaf ? text : `${cut(text, kOfALeaf)} \u2026 (${count(text.length)} characters)`);
const shown = (value: unknown): string => bounded(typeof value === "string" ? `"${value}"` : jsonText(value));

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
      <th scope="row"><Name text={path === "" ? "arguments" : cut(path, kOfALeaf)} />{asked !== "" && <span class="asked-for"><Plain text={asked} /></span>}</th>
      <td class="code">{cell(left, "lost", texts?.left)}</td>
      <td class="code">{cell(right, "gained", texts?.right)}</td>
      <td class="status">{props.both && props.words[status]}</td>
    </tr>
  );
}

/** As long a tool's name stands on one line beside another on a phone. */
const kHalf = 13;

const isSame = (leaf: Leaf): number => Number(leaf.status === "same");
/** Of many arguments those that differ go before the others. */
const firstLeaves = (leaves: Leaf[]): Leaf[] => (leaves.length <= kArguments ? leaves : [...leaves].sort((a, b) => isSame(a) - isSame(b)).slice(0, kArguments));

/** A row below others: what is not drawn. */
const Note = (props: { children: ComponentChildren }) => <tbody><tr><td /><td colSpan={3} class="muted">{props.children}</td></tr></tbody>;
const More = (props: { n: number; of: string; show: () => void }) => <Note><QuietButton act={props.show}>show {count(props.n)} more {props.of}</QuietButton></Note>;

/** `all`: asks for all that is left out here and elsewhere; absent: it was. */
function CallRows(props: { diff: CallDiff; words: Words; schemas: Schemas | undefined; all: (() => void) | null }) {
  const { diff, all } = props;
  const leaves = !all ? diff.leaves : firstLeaves(diff.leaves);
  const both = diff.left !== undefined && diff.right !== undefined;
  const name = (whole: string | undefined, mark: "lost" | "gained") => {
    if (whole === undefined) return <Nothing>no such call</Nothing>;
    const text = bounded(whole);
    return diff.status === "same" ? <Name text={text} whole={kHalf} /> : <mark class={mark}><Name text={text} whole={kHalf} /></mark>;
  };
  const status = both ? (diff.status === "wrong" ? "another tool" : "") : props.words === kWords ? `${kWords[diff.status]} call` : props.words[diff.status];
  return (
    <>
      <tbody>
        <tr class={`call ${diff.status}`}>
          <th scope="row">call</th>
          <td class="code">{name(diff.left, "lost")}</td>
          <td class="code">{name(diff.right, "gained")}</td>
          <td class="status">{status}</td>
        </tr>
        {leaves.map((leaf) => <LeafRow key={leaf.path} leaf={leaf} both={both} words={props.words} schema={props.schemas?.get(diff.left ?? diff.right ?? "")} />)}
      </tbody>
      {all && leaves.length < diff.leaves.length && <More n={diff.leaves.length - leaves.length} of="arguments" show={all} />}
    </>
  );
}

/** Of texts of any length their first part is compared, and more when asked. */
function TextRow(props: { left: string; right: string; words: Words }) {
  const { left, right } = props;
  const [most, setMost] = useState(kShown);
  const diff = useMemo(() => diffWords(cut(left, most), cut(right, most)), [left, right, most]);
  if (left === "" && right === "") return null;
  const longer = Math.max(left.length, right.length);
  const side = (text: string, pieces: Piece[], mark: "lost" | "gained") => (text === "" ? <Nothing>no text</Nothing> : <Pieces pieces={pieces} mark={mark} />);
  const is = left === right ? "same" : left === "" ? "extra" : right === "" ? "missing" : "wrong";
  const status = props.words === kWords && (is === "extra" || is === "missing") ? `${kWords[is]} text` : props.words[is];
  return (
    <>
      <tbody>
        <tr class={left === right ? "same" : "wrong"}>
          <th scope="row">text</th>
          <td class="text">{side(left, diff.left, "lost")}</td>
          <td class="text">{side(right, diff.right, "gained")}</td>
          <td class="status">{status}</td>
        </tr>
      </tbody>
      {longer > most && <Note><PartShown shown={most} of={longer} more={() => setMost(2 * most)} /></Note>}
    </>
  );
}

/** Production's answer beside a candidate's, or any two (then with `kSideWords`), with what differs marked on both sides. */
export function AnswerDiff(props: { reference: Message; answer: Message | null; names: [ComponentChildren, ComponentChildren]; trouble: string | null; words?: Words; schemas?: Schemas }) {
  const { reference, answer, words = kWords } = props;
  const left = contentText(reference.content);
  const right = contentText(answer?.content);
  const [isWhole, setWhole] = useState(false);
  const all = isWhole ? null : () => setWhole(true);
  const [ours, theirs] = [reference.tool_calls ?? [], answer?.tool_calls ?? []];
  // A page that is typed on is drawn with every key.
  const calls = useMemo(() => diffCalls(ours, theirs), [reference, answer]);
  const drawn = all ? calls.slice(0, kCalls) : calls;
  const beyond = Math.max(ours.length, theirs.length) - kMostCalls;
  const nothing = calls.length === 0 && left === "" && right === "";
  return (
    <table class={words === kWords ? "diff" : "diff sides"}>
      <thead><tr><td /><th scope="col">{props.names[0]}</th><th scope="col">{props.names[1]}</th><td /></tr></thead>
      {props.trouble && <tbody><tr class="wrong"><th scope="row">answer</th><td /><td class="trouble"><Plain text={props.trouble} /></td><td class="status">failed</td></tr></tbody>}
      {(answer !== null || !props.trouble) && <TextRow left={left} right={right} words={words} />}
      {drawn.map((diff, i) => <CallRows key={i} diff={diff} words={words} schemas={props.schemas} all={all} />)}
      {all && drawn.length < calls.length ? <More n={calls.length - drawn.length} of="calls" show={all} /> : beyond > 0 && <Note>{count(beyond)} more calls</Note>}
      {nothing && !props.trouble && <tbody><tr><th scope="row">answer</th><td><Nothing>empty</Nothing></td><td><Nothing>empty</Nothing></td><td /></tr></tbody>}
    </table>
  );
}

/** One call on a line, as it stands in a conversation. */
export function CallLine(props: { call: ToolCall }) {
  const args = props.call.function?.arguments;
  const text = args === undefined || args === null ? "" : typeof args === "string" ? args : jsonText(args);
  return <p class="code call-line"><Name text={bounded(String(props.call.function?.name ?? "?"))} /> <Plain text={bounded(text)} /></p>;
}
