import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { AnswerDiff, kSideWords } from "../../components/answer_diff";
import { schemasOf } from "../../components/argument_schema";
import { Conversation } from "../../components/conversation";
import { LongText } from "../../components/long_text";
import { count, percent, plural, words } from "../../components/format";
import { Name, Plain } from "../../components/plain";
import { asMessage, contentText, type Message } from "../../report/model";
import { getJson, post, remove, useFailure, useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { PageTitle, Trouble, Waiting } from "../parts";
import { usePerson } from "../person";
import { PersonForm } from "../person_field";
import { address, go, setQuery } from "../place";
import { useMay } from "../session";
import type { CardSide, QueueItem, ReviewCard, WholeReview } from "../types";
import { draftAt, dropDraft, keepDraft, type Draft } from "./drafts";
import { kShadowTag, sourceOf } from "./review";

const kVerdicts: [string, string, string][] = [["1", "left_better", "Left is better"], ["2", "right_better", "Right is better"], ["3", "both_fine", "Both are fine"], ["4", "both_wrong", "Both are wrong"], ["5", "cannot_tell", "Cannot tell"]];

/** What was judged since the page was opened, the last at the end: what undo takes back. */
const judged: { review: string; person: string; record: string; rows: string[]; draft: Draft }[] = [];

const isTyping = (target: EventTarget | null): boolean => target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && target.type !== "checkbox");

/** What scrolls by the arrow keys while it has the focus. */
const isScrolled = (target: EventTarget | null): boolean => target instanceof Element && target !== document.body && /auto|scroll/.test(getComputedStyle(target).overflow);

/** A message out of what was typed: JSON of a message, or its text. */
function messageOf(text: string): unknown {
  if (text.trim() === "") return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch { /* a text */ }
  return { role: "assistant", content: text };
}

/** The conversation, its end in sight; the instructions, the same in most rows, apart. */
function Asked(props: { messages: Message[] }) {
  const box = useRef<HTMLDivElement>(null);
  const isInstruction = (m: Message) => m.role === "system" || m.role === "developer";
  const instructions = props.messages.filter(isInstruction);
  useEffect(() => {
    const list = box.current?.querySelector(".conversation");
    if (list) list.scrollTop = list.scrollHeight;
  }, []);
  return (
    <div class="asked-box" ref={box}>
      {instructions.length > 0 && <details><summary>Instructions</summary>{instructions.map((m, i) => <LongText key={i} text={contentText(m.content)} />)}</details>}
      <Conversation messages={props.messages.filter((m) => !isInstruction(m))} />
    </div>
  );
}

/** The beginning of a correction: text as text, calls as the JSON that they are. */
function editable(message: Message | null): string {
  if (message === null) return "";
  const calls = message.tool_calls ?? [];
  return calls.length === 0 ? contentText(message.content) : JSON.stringify({ role: "assistant", content: message.content ?? null, tool_calls: calls }, null, 1);
}

function Sides(props: { left: CardSide; right: CardSide; card: ReviewCard }) {
  const { left, right, card } = props;
  // As long as the log store has the request; without it the answers stand there without their schemas.
  const request = useResource<unknown>(`/api/traffic/${encodeURIComponent(card.record_id)}/request`);
  const schemas = useMemo(() => schemasOf(request.data), [request.data]);
  const [one, other] = useMemo((): [Message, Message | null] => [asMessage(left.message) ?? {}, asMessage(right.message)], [left.message, right.message]);
  const name = (side: "left" | "right") => <>{side}{card.revealed && <span class="tag">{card.revealed.candidate === side ? "candidate" : "production"}</span>}</>;
  return (
    <div class="answers">
      {left.failure && <p class="problem">The left one gave no answer: <Plain text={left.failure} /></p>}
      <AnswerDiff reference={one} answer={other} names={[name("left"), name("right")]} trouble={right.failure} words={kSideWords} schemas={schemas} />
    </div>
  );
}

function Revealed(props: { card: ReviewCard }) {
  const r = props.card.revealed;
  if (!r) return null;
  return (
    <p class="small muted">
      The {r.candidate} one is the candidate's. {r.class !== "" && <>Class <Name text={r.class} />. </>}Metric: {r.agreement === null ? "none" : percent(r.agreement)}
      {Object.entries(r.scores).map(([name, v]) => <span key={name}>, {words(name)} {v.toFixed(2)}</span>)}
      {r.mistakes.length > 0 && <>; <Plain text={r.mistakes.join(", ")} /></>}
    </p>
  );
}

function MoreToSay(props: { card: ReviewCard; draft: Draft; set: (d: Draft) => void; note: { current: HTMLTextAreaElement | null } }) {
  const { card, draft, set } = props;
  const take = (side: CardSide) => set({ ...draft, corrected: editable(asMessage(side.message)) });
  return (
    <details class="say" open={draft.note !== "" || draft.tags !== "" || draft.corrected !== ""}>
      <summary>Note, tags, corrected answer <kbd>n</kbd></summary>
      <div class="more-to-say">
        <label>note<textarea ref={props.note} value={draft.note} onInput={(e) => set({ ...draft, note: e.currentTarget.value })} /></label>
        <label>tags, with commas between<input value={draft.tags} onInput={(e) => set({ ...draft, tags: e.currentTarget.value })} /></label>
        <label>corrected answer: a text, or a message as JSON<textarea class="code" value={draft.corrected} onInput={(e) => set({ ...draft, corrected: e.currentTarget.value })} /></label>
        <p class="small">Begin with <button type="button" class="quiet" onClick={() => take(card.left)}>the left one</button> <button type="button" class="quiet" onClick={() => take(card.right)}>the right one</button></p>
      </div>
    </details>
  );
}

const draftOf = (card: ReviewCard): Draft => ({
  note: card.mine?.note ?? "", tags: (card.mine?.tags ?? []).join(", "), corrected: editable(asMessage(card.mine?.corrected ?? null)), alike: false,
});

/** The next row after `record` that this person has not judged; after the last comes the first. */
function nextOf(queue: QueueItem[], record: string): QueueItem | undefined {
  const at = queue.findIndex((i) => i.record_id === record);
  return [...queue.slice(at + 1), ...queue.slice(0, Math.max(at, 0))].find((i) => i.mine === null);
}

function useKeys(keys: Record<string, () => void>) {
  const latest = useRef(keys);
  latest.current = keys;
  useLayoutEffect(() => {
    const press = (e: KeyboardEvent) => {
      // A key that is held says nothing of the rows that come up meanwhile.
      if (e.ctrlKey || e.metaKey || e.altKey || e.repeat || (isTyping(e.target) && e.key !== "Escape")) return;
      const action = latest.current[e.key];
      if (!action || (e.key.startsWith("Arrow") && isScrolled(e.target))) return;
      e.preventDefault();
      action();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}

/** Where one is. It stands there before the row does, so that a screen reader says which row came. */
function CardBar(props: { review: WholeReview | null; card: ReviewCard | null }) {
  const { review, card } = props;
  const queue = review?.queue ?? [];
  return (
    <p class="card-bar">
      <span class="muted" role="status">{card && review && `${count(queue.findIndex((i) => i.record_id === card.record_id) + 1)} of ${count(queue.length)}; ${count(queue.filter((i) => i.mine !== null).length)} judged by you`}</span>
      {card?.source === "shadow" && <span class="tag">{kShadowTag}</span>}
      {card?.why.map((w) => <span key={w} class="tag">{w}</span>)}
      {card && card.judged_by_others > 0 && <span class="tag">judged by {card.judged_by_others === 1 ? "another person" : `${card.judged_by_others} others`} too</span>}
    </p>
  );
}

function Card(props: { review: WholeReview; card: ReviewCard; person: string; reload: () => void; revealed: boolean; from: string }) {
  const { review, card, person, from } = props;
  const [draft, setShown] = useState(() => draftAt(person, review.id, card.record_id) ?? draftOf(card));
  const setDraft = (d: Draft) => {
    keepDraft(person, review.id, card.record_id, d);
    setShown(d);
  };
  const [error, setError] = useFailure();
  const [busy, setBusy] = useState(false);
  const note = useRef<HTMLTextAreaElement>(null);
  const may = useMay("reviewer");
  const at = review.queue.findIndex((i) => i.record_id === card.record_id);
  const to = (item: QueueItem | undefined) => go(address(item ? ["review", review.id, item.record_id] : ["review", review.id], { from }));
  const labelsOf = (record: string) => `/api/reviews/${encodeURIComponent(review.id)}/items/${encodeURIComponent(record)}/labels`;
  const doing = async (what: () => Promise<void>) => {
    if (busy || !may) return;
    setBusy(true);
    try {
      await what();
    } catch (e) {
      setError(e);
    }
    setBusy(false);
  };
  /** The rows that a verdict for all that differ alike is given to: of the whole review, whichever of its rows are shown. */
  const rowsAlike = async () => {
    const { queue } = await getJson<WholeReview>(`/api/reviews/${encodeURIComponent(review.id)}?person=${encodeURIComponent(person)}`);
    const group = queue.find((i) => i.record_id === card.record_id)?.group;
    return [card.record_id, ...queue.filter((i) => i.group === group && i.mine === null && i.record_id !== card.record_id).map((i) => i.record_id)];
  };
  const say = (verdict: string) => doing(async () => {
    const tags = draft.tags.split(",").map((t) => t.trim()).filter((t) => t !== "");
    const rows = draft.alike ? await rowsAlike() : [card.record_id];
    await post(labelsOf(card.record_id), { person, verdict, note: draft.note, tags, corrected: messageOf(draft.corrected), alike: draft.alike });
    dropDraft(person, review.id, card.record_id);
    judged.push({ review: review.id, person, record: card.record_id, rows, draft });
    to(nextOf(review.queue.map((i) => (rows.includes(i.record_id) ? { ...i, mine: verdict } : i)), card.record_id));
  });
  const newest = judged[judged.length - 1];
  // Nobody takes back what another person said, nor what was said of another review.
  const last = newest?.review === review.id && newest.person === person ? newest : undefined;
  const undo = () => doing(async () => {
    if (!last) return;
    await remove(`${labelsOf(last.record)}?person=${encodeURIComponent(person)}${last.rows.length > 1 ? "&alike=true" : ""}`);
    judged.pop();
    // What was said with the verdict is taken back with it, and stands there to be said again.
    keepDraft(person, review.id, last.record, last.draft);
    if (last.record === card.record_id) props.reload();
    else go(address(["review", review.id, last.record], { from }));
  });
  const reveal = () => setQuery({ reveal: props.revealed ? "" : "1" });
  const toggleAlike = () => setDraft({ ...draft, alike: !draft.alike });
  useKeys({
    ...Object.fromEntries(kVerdicts.map(([key, verdict]) => [key, () => { void say(verdict); }])),
    ArrowLeft: () => { void say("left_better"); }, ArrowRight: () => { void say("right_better"); },
    u: () => { void undo(); }, r: reveal, j: () => to(review.queue[at + 1]), k: () => to(review.queue[at - 1]), a: () => { if (card.alike_left > 0) toggleAlike(); },
    n: () => { note.current?.closest("details")?.setAttribute("open", ""); note.current?.focus(); }, Escape: () => (document.activeElement as HTMLElement | null)?.blur(),
  });
  const messages = useMemo(() => (card.messages ?? []).flatMap((m) => asMessage(m) ?? []), [card.messages]);
  return (
    <div class="card-page">
      <Asked messages={messages} />
      <Sides left={card.left} right={card.right} card={card} />
      <Revealed card={card} />
      <Trouble error={error} />
      <div class="verdicts" role="group" aria-label="verdict">
        {kVerdicts.map(([key, verdict, title]) => <button key={verdict} type="button" disabled={busy || !may} aria-pressed={card.mine?.verdict === verdict} aria-keyshortcuts={key} onClick={() => { void say(verdict); }}>{title} <kbd>{key}</kbd></button>)}
      </div>
      {!may && <p class="muted">Judging takes the role reviewer.</p>}
      <p class="card-bar">
        {card.alike_left > 0 && <label><input type="checkbox" checked={draft.alike} onChange={toggleAlike} /> also the {plural(card.alike_left, "row")} that differ{card.alike_left === 1 ? "s" : ""} alike <kbd>a</kbd></label>}
        <button type="button" class="quiet" disabled={!last || busy} onClick={() => { void undo(); }}>undo{last && last.rows.length > 1 && ` all ${count(last.rows.length)}`} <kbd>u</kbd></button>
        <button type="button" class="quiet" aria-pressed={props.revealed} onClick={reveal}>{props.revealed ? "hide whose is whose" : "show whose is whose"} <kbd>r</kbd></button>
        <span class="muted small">next <kbd>j</kbd>, previous <kbd>k</kbd></span>
      </p>
      <MoreToSay card={card} draft={draft} set={setDraft} note={note} />
    </div>
  );
}

export function CardPage(props: { review: string; record: string; query: URLSearchParams }) {
  const [person, setPerson] = usePerson();
  const revealed = props.query.get("reveal") === "1";
  const from = sourceOf(props.query);
  const who = encodeURIComponent(person);
  const base = `/api/reviews/${encodeURIComponent(props.review)}`;
  const review = useResource<WholeReview>(`${base}?person=${who}&source=${from}`);
  const item = `${base}/items/${encodeURIComponent(props.record)}?person=${who}`;
  const card = useResource<ReviewCard>(person === "" ? null : item);
  useEffect(() => { if (card.error?.status === 404) dropDraft(person, props.review, props.record); }, [card.error]);
  // Asked for on its own, so that what was typed stays.
  const sides = useResource<ReviewCard>(person === "" || !revealed ? null : `${item}&reveal=1`);
  const at = review.data?.queue.findIndex((i) => i.record_id === props.record) ?? -1;
  // While the next row is on its way the one before stays in `card.data`: a key pressed then must not judge it again.
  const isShown = card.data?.record_id === props.record;
  const reload = useCallback(() => { review.reload(); card.reload(); }, [review.reload, card.reload]);
  useOnChange(useLive().reviews?.revision, reload);
  return (
    <>
      <PageTitle title={at >= 0 ? `Row ${at + 1}` : "Row"} eyebrow={<a href={address(["review", props.review], { from })}>Review</a>}><p class="small muted"><Name text={props.record} /></p></PageTitle>
      <Trouble error={review.error ?? card.error} retry={reload} />
      {person === "" && <PersonForm person={person} set={setPerson} />}
      {person !== "" && (!review.data || !isShown) && !review.error && !card.error && <Waiting what="the row" />}
      <CardBar review={review.data} card={review.data && isShown ? card.data : null} />
      {review.data && isShown && card.data && <Card key={`${card.data.record_id} ${card.data.mine?.at ?? ""}`} review={review.data} card={{ ...card.data, revealed: sides.data?.revealed ?? null }} person={person} reload={reload} revealed={revealed} from={from} />}
    </>
  );
}
