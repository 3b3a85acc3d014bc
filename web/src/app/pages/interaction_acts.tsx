// What a person can do with one interaction: take it along, say that its answer is wrong, erase it.
import { useState } from "preact/hooks";
import { moment, plural } from "../../components/format";
import { Plain } from "../../components/plain";
import { asciiText, shellQuoted } from "../../report/row_export";
import { getText, post, useFailure, useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { Trouble } from "../parts";
import { usePerson } from "../person";
import { PersonInput } from "../person_field";
import { address } from "../place";
import { useSession } from "../session";

const curl = (request: string): string =>
  `curl -sS "\${BASE_URL:-http://127.0.0.1:8080/v1}/chat/completions" -H 'content-type: application/json' --data-raw ${shellQuoted(asciiText(request))}`;

function CopyAsCurl(props: { id: string }) {
  const [said, say] = useState("");
  const copy = async () => {
    await navigator.clipboard.writeText(curl(await getText(`/api/traffic/${encodeURIComponent(props.id)}/request`)));
    say("copied");
  };
  return <><button type="button" onClick={() => copy().catch(() => say("copying is not allowed here"))}>copy as curl</button> <span role="status" class="small muted">{said}</span></>;
}

interface Rating { record_id: string; at: string; score: number; comment: string; by: string }

/** A bad rating of the answer, as an application may give it: an answer is rated once. */
function MarkAsWrong(props: { id: string }) {
  const ratings = useResource<{ feedback: Rating[] }>("/api/feedback");
  const [comment, setComment] = useState("");
  const [asked, ask] = useState(false);
  const [error, setError] = useFailure();
  useOnChange(useLive().feedback?.revision, ratings.reload);
  const rating = ratings.data?.feedback.find((f) => f.record_id === props.id);
  if (rating) {
    return (
      <p role="status">
        <span class={`badge ${rating.score < 0.5 ? "no" : "yes"}`}>{rating.score === 0 ? "marked as wrong" : `rated ${rating.score}`}</span>{" "}
        <span class="muted">{moment(rating.at)}{rating.by !== "" && <> by <Plain text={rating.by} /></>}</span>{rating.comment !== "" && <>: <Plain text={rating.comment} /></>}
      </p>
    );
  }
  const mark = (event: Event) => {
    event.preventDefault();
    post("/api/feedback", { id: props.id, outcome: "bad", ...(comment !== "" && { comment }) }).then(() => { setError(null); ratings.reload(); }, setError);
  };
  if (!asked) return <p><button type="button" onClick={() => ask(true)}>mark as wrong</button></p>;
  return (
    <form class="filters" aria-label="mark as wrong" onSubmit={mark}>
      <label class="search">what is wrong<input value={comment} maxLength={1000} autocomplete="off" placeholder="may be empty" onInput={(e) => setComment(e.currentTarget.value)} /></label>
      <button type="submit" class="danger">mark as wrong</button> <button type="button" onClick={() => ask(false)}>no</button>
      <Trouble error={error} />
    </form>
  );
}

interface Erasure { records: number; erased: number; traces: { review_rows: number; ratings: number }; jobs: { id: string }[]; audit_entry?: number }

/** What an erasure takes along, and what it leaves where it is. */
function Consequences(props: { found: Erasure }) {
  const { traces, jobs } = props.found;
  return (
    <p>
      With it go {plural(traces.review_rows, "row")} of reviews and {plural(traces.ratings, "rating")}.{" "}
      {jobs.length > 0 && <>Rows of it stay in {plural(jobs.length, "run")} until that is deleted: {jobs.map((j) => <span key={j.id}><a class="code" href={address(["runs", j.id])}>{j.id.slice(0, 8)}</a> </span>)}</>}
    </p>
  );
}

function Erase(props: { id: string; done: (erasure: Erasure) => void }) {
  const [person, setPerson] = usePerson();
  const [found, setFound] = useState<Erasure | null>(null);
  const [reason, setReason] = useState("");
  const [error, setError] = useFailure();
  const erasure = (more: object) => post<Erasure>("/api/log/erasures", { records: [props.id], ...more });
  const look = () => erasure({}).then(setFound, setError);
  const erase = (event: Event) => {
    event.preventDefault();
    erasure({ dry_run: false, person, reason }).then(props.done, setError);
  };
  if (!found) return <p><button type="button" class="danger" onClick={() => void look()}>erase</button><Trouble error={error} /></p>;
  return (
    <form class="form" aria-label="erase" onSubmit={erase}>
      <p><strong>Erase this interaction for good?</strong></p>
      <Consequences found={found} />
      <div class="filters">
        <PersonInput person={person} set={setPerson} />
        <label class="search">why<input value={reason} maxLength={1000} autocomplete="off" onInput={(e) => setReason(e.currentTarget.value)} /></label>
        <button type="submit" class="danger" disabled={person === ""}>yes, erase it</button> <button type="button" onClick={() => setFound(null)}>no</button>
      </div>
      {person === "" && <p class="small muted">Give your name first: it goes into the audit log.</p>}
      <Trouble error={error} />
    </form>
  );
}

/** In the place of what was there. */
export function Erased(props: { erasure: Erasure }) {
  return <p class="notice" role="status">Erased: nothing of it is left in the log store. The audit log has who erased it and why{props.erasure.audit_entry !== undefined && `, entry ${props.erasure.audit_entry}`}.</p>;
}

/** `erased` is told what went. Marking takes the role reviewer, erasing admin; while no key was made, whoever is there may. */
export function InteractionActs(props: { id: string; hasContent: boolean; erased: (erasure: Erasure) => void }) {
  const role = useSession()?.role ?? null;
  return (
    <div class="interaction-acts">
      {props.hasContent && <p><CopyAsCurl id={props.id} /></p>}
      {role !== "viewer" && <MarkAsWrong id={props.id} />}
      {(role === null || role === "admin") && <Erase id={props.id} done={props.erased} />}
    </div>
  );
}

export type { Erasure };
