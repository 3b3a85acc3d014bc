// What the list of traffic found, kept while another page is shown. What was erased is not among it.
import { onGone } from "../live";
import type { ApiError } from "../api";
import type { InteractionSummary } from "../types";

/** `since`: how often records had gone when the first of it was asked for. */
export interface Found { items: InteractionSummary[]; next: string | null; scanned: number; busy: boolean; error: ApiError | null; ended: boolean; since: number }
export const kNothing: Found = { items: [], next: null, scanned: 0, busy: false, error: null, ended: false, since: 0 };

/** What was found and where the reader was, by search: the way back from an interaction leads to the same place. */
const kept = new Map<string, { found: Found; scroll: number; records: number | undefined }>();
let gone = 0;

export const timesGone = () => gone;
export const keptOf = (search: string) => kept.get(search);
export const drop = (search: string) => { kept.delete(search); };

/** Nothing is kept that was asked for before records went: they may be among it. */
export function keep(search: string, found: Found, records: number | undefined) {
  if (found.items.length > 0 && found.since === gone) kept.set(search, { found, scroll: window.scrollY, records });
}

export function dropAll() {
  ++gone;
  kept.clear();
}
onGone(dropAll);
