import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { count, moment, plural, words } from "../../components/format";
import { Name, Plain, visible } from "../../components/plain";
import { VirtualList } from "../../components/virtual_list";
import { getJson, useAgain, useOnChange, useResource, type ApiError } from "../api";
import { useLive } from "../live";
import { compact } from "../numbers";
import { Choice, PageTitle, TextChoice, Trouble } from "../parts";
import { address, setQuery } from "../place";
import type { InteractionSummary, TrafficPage, WorkloadName } from "../types";
import { drop, keep, keptOf, kNothing, timesGone, type Found } from "./found_traffic";
import { kFilterNames, searchOf } from "./traffic_filter";

const kEndings = ["finished", "client_gone", "upstream_died", "refused", "arguments_incomplete"];
const kOrigins = ["file", "upload", "gateway", "bulk", "otlp"];

/** Who has scrolled so far gets larger pages. */
const kDeep = 1000;

/** Searches that found nothing for so long ask whether to go on. */
const kMostScanned = 200_000;

function useSearch(search: string) {
  const [found, setFound] = useState<Found>(keptOf(search)?.found ?? kNothing);
  const state = useRef({ found, search, abort: new AbortController(), ids: new Set(found.items.map((i) => i.id)) });
  const put = (f: Found) => {
    state.current.found = f;
    setFound(f);
  };
  const more = useCallback(() => {
    const { found: f, abort, ids } = state.current;
    if (f.busy || f.ended || f.error) return;
    const since = f.items.length === 0 ? timesGone() : f.since;
    put({ ...f, busy: true });
    const cursor = f.next === null ? "" : `&cursor=${encodeURIComponent(f.next)}`;
    getJson<TrafficPage>(`/api/traffic?limit=${f.items.length < kDeep ? 100 : 500}&${state.current.search}${cursor}`, abort.signal).then((page) => {
      const items = f.items.concat(page.interactions.filter((i) => !ids.has(i.id)));
      page.interactions.forEach((i) => ids.add(i.id));
      put({ items, next: page.next_cursor, scanned: f.scanned + page.scanned, busy: false, error: null, ended: page.next_cursor === null, since });
    }, (error: ApiError) => {
      if (!abort.signal.aborted) put({ ...f, busy: false, error });
    });
  }, []);
  /** Goes on after an error where it left off. */
  const resume = useCallback(() => {
    put({ ...state.current.found, error: null });
    more();
  }, []);
  /** Asks anew for all up to a depth and shows it when all of it came: what has gone vanishes, and the reader stays at their place. */
  const fetchAgain = useCallback((depth: number) => {
    const { found: f } = state.current;
    state.current.abort.abort();
    const abort = state.current.abort = new AbortController();
    const since = timesGone();
    put({ ...f, busy: true });
    const next = async (known: Found): Promise<Found> => {
      const cursor = known.next === null ? "" : `&cursor=${encodeURIComponent(known.next)}`;
      const page = await getJson<TrafficPage>(`/api/traffic?limit=500&${state.current.search}${cursor}`, abort.signal);
      const ids = new Set(known.items.map((i) => i.id));
      const items = known.items.concat(page.interactions.filter((i) => !ids.has(i.id)));
      const now = { items, next: page.next_cursor, scanned: known.scanned + page.scanned, busy: false, error: null, ended: page.next_cursor === null, since };
      return now.ended || now.scanned >= depth ? now : next(now);
    };
    next(kNothing).then((now) => {
      state.current.ids = new Set(now.items.map((i) => i.id));
      put(now);
    }, (error: ApiError) => {
      // What cannot be asked for may be gone.
      if (!abort.signal.aborted) put({ ...kNothing, error });
    });
  }, []);
  const refresh = useCallback(() => {
    const { items, scanned } = state.current.found;
    if (items.length > 0) fetchAgain(scanned);
  }, []);
  const restart = useCallback((from: Found = kNothing) => {
    state.current.abort.abort();
    state.current.abort = new AbortController();
    state.current.ids = new Set(from.items.map((i) => i.id));
    put({ ...from, busy: false });
    more();
  }, []);
  useEffect(() => {
    state.current.search = search;
    const known = keptOf(search);
    if (known && known.found.items.length === 0) {
      put(kNothing);
      fetchAgain(known.depth);
    } else restart(known?.found);
    return () => state.current.abort.abort();
  }, [search]);
  return { found, more, resume, restart, refresh };
}

function Row(props: { item: InteractionSummary; query: URLSearchParams }) {
  const { item } = props;
  const kind = item.is_error ? <span class="tag bad">error</span> : item.called.length > 0 ? <span class="tag"><Name text={item.called[0]!} />{item.called.length > 1 && ` +${item.called.length - 1}`}</span> : <span class="tag">text</span>;
  return (
    <a class="interaction" href={address(["traffic", item.id], Object.fromEntries(props.query))}>
      <span class="when">{moment(item.timestamp).slice(5, 16)}</span>
      <span class="what" title={visible([item.workload_id, ...item.called].join(" \u2013 "))}><Name text={item.workload_id} />{kind}{item.ending !== "finished" && <span class="tag bad">{words(item.ending)}</span>}</span>
      <span class="said">{item.content_expired === null ? <Plain text={item.asked.replace(/\s+/g, " ") || "\u2013"} /> : <span class="muted">content expired</span>}</span>
      <span class="said answer"><Plain text={item.answered.replace(/\s+/g, " ")} /></span>
      <span class="size muted">{item.prompt_tokens === null ? "" : `${compact(item.prompt_tokens + (item.completion_tokens ?? 0))} tokens`}</span>
    </a>
  );
}

/** On a narrow screen these are folded until one of them is set. */
const kMore = ["tool", "model", "ending", "origin", "error", "from", "to"];

function Filters(props: { query: URLSearchParams }) {
  const { query } = props;
  const [wide] = useState(() => window.matchMedia("(min-width: 54rem)").matches);
  const workloads = useResource<{ workloads: WorkloadName[] }>("/api/workloads");
  const names = (of: (w: WorkloadName) => string): [string, string][] => [...new Set((workloads.data?.workloads ?? []).map(of))].map((n) => [n, n]);
  const value = (name: string) => query.get(name) ?? "";
  return (
    <form class="filters" role="search" aria-label="traffic" onSubmit={(e) => e.preventDefault()}>
      <TextChoice class="search" name="text" label="text" value={value("text")} placeholder="words of the conversation or the answer" />
      <Choice name="workload" label="workload" value={value("workload")} any="all" options={names((w) => w.workload_id)} />
      <Choice name="client" label="client" value={value("client")} any="all" options={names((w) => w.client_id)} />
      <TextChoice name="class" label="class" value={value("class")} placeholder="first tool, or no_tool" />
      <details class="more-filters" open={wide || kMore.some((name) => value(name) !== "")}>
        <summary>more filters</summary>
        <div class="filters">
          <TextChoice name="tool" label="tool called" value={value("tool")} />
          <TextChoice name="model" label="model" value={value("model")} />
          <Choice name="ending" label="end" value={value("ending")} any="all" options={kEndings.map((e) => [e, words(e)])} />
          <Choice name="origin" label="way in" value={value("origin")} any="all" options={kOrigins.map((o) => [o, o])} />
          <Choice name="error" label="errors" value={value("error")} any="with and without" options={[["1", "only errors"], ["0", "no errors"]]} />
          <TextChoice name="from" type="datetime-local" label="from (UTC)" value={value("from")} />
          <TextChoice name="to" type="datetime-local" label="until (UTC)" value={value("to")} />
        </div>
      </details>
    </form>
  );
}

function useRowHeight(): number {
  const narrow = useRef(window.matchMedia("(max-width: 54rem)"));
  const [height, setHeight] = useState(narrow.current.matches ? 96 : 44);
  useEffect(() => {
    const change = () => setHeight(narrow.current.matches ? 96 : 44);
    narrow.current.addEventListener("change", change);
    return () => narrow.current.removeEventListener("change", change);
  }, []);
  return height;
}

export function Traffic(props: { query: URLSearchParams }) {
  const { query } = props;
  const live = useLive();
  const search = searchOf(query);
  const { found, more, resume, restart, refresh } = useSearch(search);
  const [records, setRecords] = useState(found.items.length > 0 ? keptOf(search)?.records : undefined);
  const row = useRowHeight();
  const filtered = kFilterNames.some((f) => query.get(f));
  // Where the reader was, until what was there is. What is found changes after the search does.
  const place = useRef<number | null>(null);
  useEffect(() => {
    if (place.current === null || found.items.length === 0) return;
    window.scrollTo(0, place.current);
    place.current = null;
  }, [found]);
  useEffect(() => { place.current = keptOf(search)?.scroll ?? null; }, [search]);
  useEffect(() => setRecords((r) => r ?? live.traffic?.records), [live.traffic]);
  const remember = useRef(() => {});
  remember.current = () => keep(search, found, records);
  useEffect(() => () => remember.current(), []);
  const arrived = records === undefined || !live.traffic ? 0 : live.traffic.records - records;
  const again = () => {
    drop(search);
    setRecords(live.traffic?.records);
    restart();
  };
  useOnChange(live.gone, () => {
    setRecords(live.traffic?.records);
    refresh();
  });
  useAgain(found.error, resume);
  const tired = found.items.length === 0 && found.scanned > kMostScanned && !found.ended;
  const goOn = found.items.length < 100 && !found.ended && !found.busy && !found.error && !tired;
  useEffect(() => { if (goOn) more(); }, [goOn, found.scanned]);
  return (
    <>
      <PageTitle title="Traffic" />
      <Filters query={query} />
      <div class="found">
        <span role="status">
          {found.ended ? plural(found.items.length, "interaction") : `${count(found.items.length)} interactions so far${filtered ? `, ${count(found.scanned)} looked at` : ""}`}
          {found.busy && " \u2026"}
        </span>
        {filtered && <button type="button" class="quiet" onClick={() => setQuery(Object.fromEntries(kFilterNames.map((f) => [f, ""])))}>clear filters</button>}
        {arrived > 0 && <button type="button" class="quiet" onClick={again}>{plural(arrived, "new interaction")}: show</button>}
        {tired && <button type="button" class="quiet" onClick={more}>nothing yet; look further</button>}
      </div>
      <Trouble error={found.error} retry={again} />
      <VirtualList items={found.items} row={row} label="interactions, newest first" keyOf={(i) => i.id} more={more} draw={(item) => <Row item={item} query={query} />} />
      {found.ended && found.items.length === 0 && <p class="muted">{filtered ? "No interaction fits these filters." : <>No traffic yet. <a href="/">How to send some</a>.</>}</p>}
    </>
  );
}
