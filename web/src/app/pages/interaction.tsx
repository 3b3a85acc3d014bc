import { useState } from "preact/hooks";
import { CopyButton } from "../../components/copy";
import { count, moment, plural, seconds, words } from "../../components/format";
import { indentJson } from "../../components/indent_json";
import { jsonText } from "../../components/json_text";
import { LongText } from "../../components/long_text";
import { Name, Plain } from "../../components/plain";
import { asMessage, contentText, type Message, type ToolCall } from "../../report/model";
import { getText, useKept, useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { bytes } from "../numbers";
import { PageTitle, Trouble, Waiting } from "../parts";
import { address, useOpened } from "../place";
import type { Interaction } from "../types";
import { dropAll } from "./found_traffic";
import { Erased, InteractionActs, type Erasure } from "./interaction_acts";
import { ToolList, toolsOf } from "./tool_list";
import { kFilterNames } from "./traffic_filter";

/** Beyond these, messages are drawn when asked. */
const kMessages = 60;

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);

/** Arguments as their fields where they are JSON, as text where not. */
function Arguments(props: { value: unknown }) {
  let value = props.value;
  try {
    if (typeof value === "string") value = JSON.parse(value);
  } catch { /* shown as it came */ }
  if (!isObject(value)) return <LongText class="code" text={typeof value === "string" ? value : jsonText(value)} />;
  const fields = Object.entries(value);
  if (fields.length === 0) return <p class="small muted">no arguments</p>;
  return (
    <table class="arguments">
      <tbody>
        {fields.slice(0, 200).map(([name, v]) => <tr key={name}><th scope="row"><Name text={name} /></th><td><LongText class="code" text={typeof v === "string" ? v : jsonText(v)} /></td></tr>)}
        {fields.length > 200 && <tr><td colSpan={2} class="small muted">and {count(fields.length - 200)} more: see the raw JSON</td></tr>}
      </tbody>
    </table>
  );
}

function Call(props: { call: ToolCall }) {
  const { call } = props;
  return <div class="call-box"><p class="call-name"><span class="muted small">calls</span> <strong class="code"><Name text={String(call.function?.name ?? "?")} /></strong></p><Arguments value={call.function?.arguments} /></div>;
}

/** Instructions are the same in most interactions. */
const kInstructions = 400;
const isInstruction = (m: Message): boolean => m.role === "system" || m.role === "developer";

function Turn(props: { message: Message }) {
  const { message } = props;
  const text = contentText(message.content);
  const calls = message.tool_calls ?? [];
  return (
    <li class={`turn ${/^[a-z]+$/.test(message.role ?? "") ? message.role : ""}`}>
      <span class="role"><Plain text={(message.role ?? "").slice(0, 40)} /></span>
      <div>
        {text !== "" && <LongText text={text} first={isInstruction(message) ? kInstructions : undefined} />}
        {calls.slice(0, 100).map((call, i) => <Call key={i} call={call} />)}
        {calls.length > 100 && <p class="small muted">and {plural(calls.length - 100, "more call")}</p>}
      </div>
    </li>
  );
}

/** The last messages are what the answer is about; earlier ones come when asked. */
function Conversation(props: { messages: Message[] }) {
  const [shown, setShown] = useState(kMessages);
  const from = Math.max(0, props.messages.length - shown);
  return (
    <>
      {from > 0 && <button type="button" class="more" onClick={() => setShown(shown + 200)}>show earlier messages ({count(from)})</button>}
      <ol class="turns" start={from + 1}>{props.messages.slice(from).map((m, i) => <Turn key={from + i} message={m} />)}</ol>
    </>
  );
}

function Raw(props: { id: string; part: "request" | "response"; size: number }) {
  const [open, setOpen] = useOpened(props.part);
  const url = `/api/traffic/${encodeURIComponent(props.id)}/${props.part}`;
  const { data, error } = useResource<string>(open ? url : null, getText);
  return (
    <details open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{props.part}</summary>
      <Trouble error={error} />
      {open && !data && !error && <Waiting what={props.part} />}
      {data !== null && (
        <>
          <p class="small"><CopyButton label="copy" text={() => data} /> <a class="small" href={url} download={`${props.id}-${props.part}.json`}>download</a> <span class="muted">{bytes(data.length)}, as it was captured</span></p>
          <div class="raw" tabIndex={0} role="region" aria-label={`raw ${props.part}`}><LongText class="code pre" text={indentJson(data, 2_000_000)} /></div>
        </>
      )}
    </details>
  );
}

function Facts(props: { interaction: Interaction }) {
  const i = props.interaction;
  const p = i.provenance;
  const tags = p.tags.map((t) => (t.value === "" ? t.name : `${t.name}=${t.value}`)).join(", ");
  const facts: [string, string | null][] = [
    ["time", moment(i.timestamp)], ["model asked", i.model_asked], ["model that answered", i.model_answered], ["class", i.class], ["finish reason", i.finish_reason],
    ["end", words(i.ending)], ["way in", i.origin], ["status", p.http_status === null ? null : String(p.http_status)], ["first token after", p.first_token_seconds === null ? null : seconds(p.first_token_seconds)],
    ["whole answer after", i.seconds === null ? null : seconds(i.seconds)],
    ["tokens", i.prompt_tokens === null ? null : `${count(i.prompt_tokens)} asked, ${count(i.completion_tokens)} answered`], ["size", bytes(i.bytes)], ["content expired", i.content_expired === null ? null : moment(i.content_expired)],
    ["route", p.route], ["answered by", p.variant], ["conversation", p.conversation], ["key", p.key], ["tags", tags === "" ? null : tags],
  ];
  return <dl class="facts-grid">{facts.flatMap(([name, value]) => (value === null ? [] : [<div key={name}><dt>{name}</dt><dd><Plain text={value} /></dd></div>]))}</dl>;
}

function Shown(props: { interaction: Interaction; erased: (erasure: Erasure) => void }) {
  const i = props.interaction;
  return (
    <>
      <Facts interaction={i} />
      <InteractionActs id={i.id} hasContent={i.content_expired === null} erased={props.erased} />
      {i.content_expired === null ? <Content interaction={i} /> : <Expired interaction={i} />}
      <section><h2>Lineage</h2><Lineage id={i.id} /></section>
    </>
  );
}

/** What the configuration says is not to stay; the figures above are still counted. */
function Expired(props: { interaction: Interaction }) {
  const i = props.interaction;
  return (
    <section>
      <h2>Conversation <span class="muted small">{plural(i.messages, "message")}</span></h2>
      <p>The content of this interaction was removed on {moment(i.content_expired!)}, as log_store.retention.content_days says. What figures are made of stays; datasets leave it out, and no search for text finds it.</p>
      {i.called.length > 0 && <p class="small">The answer called {i.called.map((name, k) => <span key={k}>{k > 0 && ", "}<Name text={name} /></span>)}.</p>}
    </section>
  );
}

function Content(props: { interaction: Interaction }) {
  const i = props.interaction;
  const request = isObject(i.request) ? i.request : {};
  const response = isObject(i.response) ? i.response : {};
  const messages = (Array.isArray(request.messages) ? request.messages : []).flatMap((m) => asMessage(m) ?? []);
  const choices = (Array.isArray(response.choices) ? response.choices : []).slice(0, 20);
  const answers = choices.flatMap((c) => asMessage(isObject(c) ? c.message : null) ?? []);
  const tools = toolsOf(request);
  return (
    <>
      <section><h2>Conversation <span class="muted small">{plural(messages.length, "message")}</span></h2><Conversation messages={messages} /></section>
      <section>
        <h2>Answer</h2>
        {answers.length > 0 ? <ol class="turns">{answers.map((m, k) => <Turn key={k} message={m} />)}</ol> : <p class={i.is_error ? "problem" : "muted"}>{i.answered === "" ? "There is none." : <Plain text={i.answered} />}</p>}
      </section>
      {tools.length > 0 && <ToolList tools={tools} called={i.called} />}
      <section><h2>Raw JSON</h2><Raw id={i.id} part="request" size={i.bytes} /><Raw id={i.id} part="response" size={i.bytes} /></section>
    </>
  );
}

interface MadeOfIt { id: string; workload_id: string; training_rows: number; validation_rows: number; evaluation_rows: number; adapters: string[]; promotions: { id: string; stage: string }[] }

/** The runs whose datasets have rows of it, the models that were trained on these, and where they are promoted. */
function Lineage(props: { id: string }) {
  const [open, setOpen] = useOpened("lineage");
  const { data, error } = useResource<{ jobs: MadeOfIt[] }>(open ? `/api/traffic/${encodeURIComponent(props.id)}/lineage` : null);
  return (
    <details class="lineage" open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>what was made of it</summary>
      <Trouble error={error} />
      {open && !data && !error && <Waiting what="runs" />}
      {data?.jobs.length === 0 && <p class="muted">No run has a row of it in its datasets.</p>}
      {data && data.jobs.length > 0 && (
        <ul class="facts-list">
          {data.jobs.map((job) => (
            <li key={job.id}>
              <a href={address(["runs", job.id])}><span class="code">{job.id}</span></a> of <Name text={job.workload_id} />:{" "}
              {[[job.training_rows, "training row"], [job.validation_rows, "validation row"], [job.evaluation_rows, "evaluation row"]].filter(([n]) => n !== 0).map(([n, what]) => plural(Number(n), String(what))).join(", ")}
              {job.adapters.map((name) => <span key={name}>; trained <Name text={name} /></span>)}
              {job.promotions.map((p) => <span key={p.id}>; <a href={address(["promotions", p.id])}>promotion {p.id}</a> is {words(p.stage)}</span>)}
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}

export function InteractionPage(props: { id: string; query: URLSearchParams }) {
  const { data, error, reload } = useResource<Interaction>(`/api/traffic/${encodeURIComponent(props.id)}`);
  const [erasure, setErasure] = useState<Erasure | null>(null);
  useOnChange(useLive().gone, () => { if (!erasure) reload(); });
  const erased = (done: Erasure) => {
    dropAll();
    setErasure(done);
  };
  const isGone = useKept(data) !== null && error?.status === 404;
  const back = address(["traffic"], Object.fromEntries(kFilterNames.map((name) => [name, props.query.get(name) ?? ""])));
  return (
    <>
      <PageTitle title={props.id} eyebrow={<a href={back}>Traffic</a>}>
        {data && <p class="muted"><a href={address(["workloads", data.workload_id], { client: data.client_id })}><Name text={data.workload_id} /></a> of <Plain text={data.client_id} /></p>}
      </PageTitle>
      {isGone && !erasure && <p class="notice" role="status">It is no longer in the log store: somebody erased it, or its time was over.</p>}
      <Trouble error={erasure || isGone ? null : error} retry={reload} />
      {!data && !error && <Waiting what="the interaction" />}
      {erasure ? <Erased erasure={erasure} /> : data && <Shown interaction={data} erased={erased} />}
    </>
  );
}
