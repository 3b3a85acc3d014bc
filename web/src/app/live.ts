// What changes in the service while the page is open. One connection for the whole page; the browser takes it up again.
import { useEffect, useState } from "preact/hooks";
import { doubtSession, markUse, tellBack } from "./api";

export interface Live {
  connected: boolean | null;
  traffic: { records: number; workloads: number; newest: string | null } | null;
  jobs: { jobs: number; unfinished: number; revision: string } | null;
  promotions: { revision: string } | null;
  reviews: { revision: string } | null;
  feedback: { revision: string } | null;
  discovery: { revision: string } | null;
  keys: { revision: string } | null;
  audit: { entries: number } | null;
  /** Another number whenever records may have gone: there are fewer, or somebody decided something, as an erasure is. */
  gone: number;
}

let state: Live = { connected: null, traffic: null, jobs: null, promotions: null, reviews: null, feedback: null, discovery: null, keys: null, audit: null, gone: 0 };
const listeners = new Set<(live: Live) => void>();
const tell = (patch: Partial<Live>) => {
  state = { ...state, ...patch };
  listeners.forEach((listener) => listener(state));
};

const whenGone = new Set<() => void>();
/** What a page keeps of records for later has to go with them, whichever page is shown then. */
export const onGone = (drop: () => void) => { whenGone.add(drop); };

/** An erasure is in the audit log before its records go, and others may come meanwhile: it is looked at again when it must be done. */
const kErased = 10_000;
function tellGone() {
  whenGone.forEach((drop) => drop());
  tell({ gone: state.gone + 1 });
}

const kKinds = ["traffic", "jobs", "promotions", "reviews", "feedback", "discovery", "keys", "audit"] as const;

function follow(kind: (typeof kKinds)[number], data: string) {
  const last = state;
  tell({ [kind]: JSON.parse(data) });
  const isFewer = last.traffic !== null && state.traffic !== null && state.traffic.records < last.traffic.records;
  const isDecided = last.audit !== null && state.audit !== null && state.audit.entries !== last.audit.entries;
  if (isFewer || isDecided) tellGone();
  if (isDecided) setTimeout(tellGone, kErased);
}

/** A browser gives up on a stream whose answer is no event stream; it is asked again then. */
const kAgain = 5000;

function connect() {
  const source = new EventSource("/api/events");
  source.onopen = () => {
    markUse();
    const isBack = state.connected === false;
    tell({ connected: true });
    if (isBack) tellBack();
  };
  source.onerror = () => {
    tell({ connected: false });
    if (source.readyState !== EventSource.CLOSED) return;
    // As where who is signed in is so no longer.
    doubtSession();
    setTimeout(connect, kAgain);
  };
  for (const kind of kKinds)
    source.addEventListener(kind, (e) => follow(kind, (e as MessageEvent<string>).data));
}

let started = false;
export function useLive(): Live {
  const [live, setLive] = useState(state);
  useEffect(() => {
    if (!started) connect();
    started = true;
    listeners.add(setLive);
    setLive(state);
    return () => { listeners.delete(setLive); };
  }, []);
  return live;
}
