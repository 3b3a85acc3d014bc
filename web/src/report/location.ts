// What is filtered, shown and opened stands in the page's address: a link to it shows the same.
import { useEffect, useState } from "preact/hooks";

export type Place = Record<string, string>;

/** `#class=refund&q=late` is a place; `#cost` names a section and is left to the browser. */
const read = (): Place => (location.hash.includes("=") ? Object.fromEntries(new URLSearchParams(location.hash.slice(1))) : {});

export const linkTo = (place: Place): string => `#${new URLSearchParams(Object.entries(place).filter(([, v]) => v !== ""))}`;

let current = read();
const listeners = new Set<(place: Place) => void>();
const tell = (place: Place) => {
  current = place;
  listeners.forEach((listener) => listener(place));
};

window.addEventListener("hashchange", () => {
  if (location.hash.includes("=")) tell(read());
});

/** Sets members of the place, "" takes one away; neither moves the page nor adds to its history. */
export function go(patch: Place) {
  const place = Object.fromEntries(Object.entries({ ...current, ...patch }).filter(([, v]) => v !== ""));
  history.replaceState(null, "", Object.keys(place).length > 0 ? linkTo(place) : "#rows");
  tell(place);
}

/** Names that stand in a place under `open`; any text may be one. */
const openedIn = (place: Place): string[] => (place.open ?? "").split(" ").filter((n) => n !== "");
export const isOpened = (place: Place, name: string): boolean => openedIn(place).includes(encodeURIComponent(name));

export function setOpened(name: string, isOpen: boolean) {
  const others = openedIn(current).filter((n) => n !== encodeURIComponent(name));
  go({ open: (isOpen ? [...others, encodeURIComponent(name)] : others).join(" ") });
}

/** Looks at the address again, where something else than a link has changed it. */
export const refreshPlace = () => tell(read());

export function usePlace(): Place {
  const [place, setPlace] = useState(current);
  useEffect(() => {
    listeners.add(setPlace);
    return () => { listeners.delete(setPlace); };
  }, []);
  return place;
}

export const scrollToId = (id: string) => document.getElementById(id)?.scrollIntoView();
