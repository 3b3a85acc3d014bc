// What changes in the service while the page is open. One connection for the whole page; the browser takes it up again.
import { useEffect, useState } from "preact/hooks";
import { markUse } from "./api";

export interface Live {
  connected: boolean | null;
  traffic: { records: number; workloads: number; newest: string | null } | null;
  jobs: { jobs: number; unfinished: number; revision: string } | null;
  promotions: { revision: string } | null;
  reviews: { revision: string } | null;
  audit: { entries: number } | null;
}

let state: Live = { connected: null, traffic: null, jobs: null, promotions: null, reviews: null, audit: null };
const listeners = new Set<(live: Live) => void>();
const tell = (patch: Partial<Live>) => {
  state = { ...state, ...patch };
  listeners.forEach((listener) => listener(state));
};

/** A browser gives up on a stream whose answer is no event stream; it is asked again then. */
const kAgain = 5000;

function connect() {
  const source = new EventSource("/api/events");
  source.onopen = () => {
    markUse();
    tell({ connected: true });
  };
  source.onerror = () => {
    tell({ connected: false });
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, kAgain);
  };
  for (const kind of ["traffic", "jobs", "promotions", "reviews", "audit"] as const)
    source.addEventListener(kind, (e) => tell({ [kind]: JSON.parse((e as MessageEvent<string>).data) }));
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
