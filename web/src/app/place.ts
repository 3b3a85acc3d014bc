// Where the reader is: the address says which page is shown and in which state, so that a link to it shows the same.
import { useEffect, useLayoutEffect, useState } from "preact/hooks";

export interface Place { path: string[]; query: URLSearchParams }

/** A browser takes `.` and `..` in a path for steps, however they are written: as names they have a `~` in front, and so do those that have one. */
const kDots = /^~*\.\.?$/;
const encoded = (name: string): string => encodeURIComponent(kDots.test(name) ? `~${name}` : name);

/** Segments of the path, decoded; one that is no UTF-8 stays as it is. */
const segment = (text: string): string => {
  try {
    const name = decodeURIComponent(text);
    return kDots.test(name) ? name.slice(1) : name;
  } catch {
    return text;
  }
};
const read = (): Place => ({ path: location.pathname.split("/").filter((s) => s !== "").map(segment), query: new URLSearchParams(location.search) });

let current = read();
const listeners = new Set<(place: Place) => void>();
const tell = () => {
  current = read();
  listeners.forEach((listener) => listener(current));
};
window.addEventListener("popstate", tell);

/** `/workloads/a%2Fb?x=1`: the address of a page; members that are empty are left out. */
export function address(path: string[], query: Record<string, string | undefined> = {}): string {
  const pairs = Object.entries(query).filter((e): e is [string, string] => e[1] !== undefined && e[1] !== "");
  return `/${path.map(encoded).join("/")}${pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : ""}`;
}

/** What was typed and does not stand in the address yet. */
const unwritten = new Set<() => void>();
const writeAll = () => [...unwritten].forEach((write) => write());

/** Has `write` put what was typed into the address when typing pauses, or before another page is gone to, since browsers bound how often it may change; null: nothing waits. */
export function useWriteLater(write: (() => void) | null, typed: unknown) {
  useLayoutEffect(() => {
    if (write === null) return;
    const forget = () => {
      clearTimeout(timer);
      unwritten.delete(now);
    };
    const now = () => {
      forget();
      write();
    };
    const timer = setTimeout(now, 250);
    unwritten.add(now);
    return forget;
  }, [typed]);
}

/** The query as it stands in the address, with what was typed last. */
export function writtenQuery(): URLSearchParams {
  writeAll();
  return current.query;
}

export function go(to: string) {
  writeAll();
  history.pushState(null, "", to);
  tell();
  // After the page that is left: it keeps where its reader was.
  setTimeout(() => window.scrollTo(0, 0));
}

/** Whether what has this name on the page is opened, and how to open and close it: `open` in the address has the names. */
export function useOpened(name: string): [boolean, (isOpen: boolean) => void] {
  const names = (query: URLSearchParams) => (query.get("open") ?? "").split(" ").filter((n) => n !== "");
  const set = (isOpen: boolean) => {
    const opened = names(current.query);
    if (opened.includes(name) === isOpen) return;
    setQuery({ open: (isOpen ? [...opened, name] : opened.filter((n) => n !== name)).join(" ") });
  };
  return [names(usePlace().query).includes(name), set];
}

/** Sets members of the query, "" takes one away; adds nothing to the history. */
export function setQuery(patch: Record<string, string>) {
  const query = { ...Object.fromEntries(current.query), ...patch };
  history.replaceState(history.state, "", address(current.path, query) + location.hash);
  tell();
}

export function usePlace(): Place {
  const [place, setPlace] = useState(current);
  useEffect(() => {
    listeners.add(setPlace);
    return () => { listeners.delete(setPlace); };
  }, []);
  return place;
}

/** Addresses that the service answers itself; all others of this origin are pages of the application. */
const isPage = (url: URL): boolean => url.origin === location.origin && !/^\/(api|assets|metrics|healthz|readyz|openapi\.json)(\/|$)/.test(url.pathname);

/** A click on a link to a page draws that page here. */
export function followLinks(root: HTMLElement) {
  root.addEventListener("click", (event) => {
    const link = (event.target as Element).closest("a");
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const url = new URL(link.href, location.href);
    if (link.target || link.hasAttribute("download") || !isPage(url)) return;
    if (url.pathname === location.pathname && url.hash !== "") return;
    event.preventDefault();
    // Pages below take the query along for the way back: what was typed last is part of it.
    const takesQuery = url.search === location.search && url.pathname.startsWith(`${location.pathname}/`);
    writeAll();
    go(url.pathname + (takesQuery ? location.search : url.search) + url.hash);
  });
}
