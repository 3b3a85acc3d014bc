// Small things that every page is made of.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { plural } from "../components/format";
import { Plain, visible } from "../components/plain";
import type { ApiError } from "./api";
import { setQuery, useWriteLater } from "./place";
import type { WaitingRecords } from "./types";

/** A page's heading: names the window too, and takes the focus when the page is entered, so that a screen reader begins there. */
export function PageTitle(props: { title: string; eyebrow?: ComponentChildren; children?: ComponentChildren; tools?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${visible(props.title)} \u2013 Flywheel`;
  }, [props.title]);
  useEffect(() => {
    if (entered) heading.current?.focus({ preventScroll: true });
    entered = true;
  }, []);
  return (
    <header class="page-title">
      {props.eyebrow && <p class="eyebrow">{props.eyebrow}</p>}
      <div class="head"><h1 ref={heading} tabIndex={-1}><Plain text={props.title} /></h1>{props.tools}</div>
      {props.children}
    </header>
  );
}
/** The first page is where the browser put the reader. */
let entered = false;

export const Trouble = (props: { error: ApiError | null; retry?: () => void }) => props.error && (
  <p class="problem" role="alert"><Plain text={props.error.message} />{props.retry && <> <button type="button" class="quiet" onClick={props.retry}>try again</button></>}</p>
);

/** Said when the answer takes longer than a glance. */
export function Waiting(props: { what: string }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return <p class="muted waiting" role="status">{late && `Reading ${props.what} \u2026`}</p>;
}

/** From then on records that are on their way are worth a word. */
const kSlowSeconds = 2;

/** What figures of the traffic lack while a log store elsewhere does not take it. */
export function NotYetStored(props: { waiting: WaitingRecords | undefined }) {
  const w = props.waiting;
  if (!w || (w.reason === null && (w.oldest_seconds ?? 0) < kSlowSeconds)) return null;
  return <p class="problem" role="status">{plural(w.records, "interaction")} {w.records === 1 ? "is" : "are"} acknowledged and not yet in the log store; these figures lack {w.records === 1 ? "it" : "them"}{w.reason !== null && <>: <Plain text={w.reason} /></>}.</p>;
}

const kTones: Record<string, string> = { completed: "yes", failed: "no", cancelled: "quiet", running: "busy", pending: "quiet", ready: "yes", delivered: "yes" };
export const Badge = (props: { text: string; tone?: string }) => <span class={`badge ${props.tone ?? kTones[props.text] ?? ""}`}>{props.text}</span>;

/** One figure of a page with its name. */
export const Figure = (props: { name: string; value: ComponentChildren; children?: ComponentChildren }) => (
  <div class="figure-box"><dt>{props.name}</dt><dd><strong>{props.value}</strong><span>{props.children}</span></dd></div>
);

/** A choice that stands in the address under `name`. */
export function Choice(props: { name: string; label: string; value: string; any: string; options: [string, string][]; also?: Record<string, string> }) {
  const options = props.value !== "" && !props.options.some(([v]) => v === props.value) ? [...props.options, [props.value, props.value] as [string, string]] : props.options;
  return (
    <label>
      {props.label}
      <select value={props.value} onChange={(e) => setQuery({ [props.name]: e.currentTarget.value, ...props.also })}>
        <option value="">{props.any}</option>
        {options.map(([value, text]) => <option key={value} value={value}>{visible(text)}</option>)}
      </select>
    </label>
  );
}

/** Text that stands in the address. */
export function TextChoice(props: { name: string; label: string; value: string; placeholder?: string; type?: string; class?: string; most?: number }) {
  const [text, setText] = useState(props.value);
  const own = useRef(props.value);
  useEffect(() => {
    // What comes back from here is older than what was typed since.
    if (props.value !== own.current) setText(props.value);
    own.current = props.value;
  }, [props.value]);
  const write = () => {
    own.current = text;
    setQuery({ [props.name]: text });
  };
  useWriteLater(text === props.value ? null : write, text);
  return <label class={props.class}>{props.label}<input type={props.type ?? "search"} value={text} placeholder={props.placeholder} maxLength={props.most} autocomplete={props.type === "text" ? "off" : undefined} onInput={(e) => setText(e.currentTarget.value)} /></label>;
}

/** A bar with how far something has come. */
export const Progress = (props: { done: number; total: number; label: string }) => (
  <progress class="progress" max={Math.max(1, props.total)} value={props.done} aria-label={props.label} title={props.label} />
);
