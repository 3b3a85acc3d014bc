// Where the reader is: the address says which page is shown and in which state, so that a link to it shows the same.
import { useEffect, useState } from "preact/hooks";

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

export function go(to: string) {
  history.pushState(null, "", to);
  tell();
  // After the page that is left: it keeps where its reader was.
  setTimeout(() => window.scrollTo(0, 0));
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
    go(url.pathname + url.search + url.hash);
  });
}
