// What the list of traffic found, kept while another page is shown. What was erased is not among it.
import { onGone } from "../live";
import type { ApiError } from "../api";
import type { InteractionSummary } from "../types";

/** `since`: how often records had gone when the first of it was asked for. */
export interface Found { items: InteractionSummary[]; next: string | null; scanned: number; busy: boolean; error: ApiError | null; ended: boolean; since: number }
export const kNothing: Found = { items: [], next: null, scanned: 0, busy: false, error: null, ended: false, since: 0 };

/**
 * What was found and where the reader was, by search: the way back from an interaction leads to the same place. `depth`: how many interactions
 * had been looked at, for what was dropped since and has to be asked for again.
 */
interface Kept { found: Found; scroll: number; records: number | undefined; depth: number }
const kept = new Map<string, Kept>();
let gone = 0;

export const timesGone = () => gone;
export const keptOf = (search: string) => kept.get(search);
export const drop = (search: string) => { kept.delete(search); };

/** Nothing is kept that was asked for before records went, but the place: they may be among it. */
export function keep(search: string, found: Found, records: number | undefined) {
  if (found.items.length === 0) return;
  kept.set(search, { found: found.since === gone ? found : kNothing, scroll: window.scrollY, records, depth: found.scanned });
}

export function dropAll() {
  ++gone;
  kept.forEach((k) => { k.found = kNothing; });
}
onGone(dropAll);
