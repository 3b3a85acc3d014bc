// Times and amounts as these pages tell them.
import type { Price, Sums } from "./types";

const kUnits: [number, string][] = [[86400 * 365, "year"], [86400 * 30, "month"], [86400, "day"], [3600, "hour"], [60, "minute"]];

/** The API's times are UTC without a zone. */
export const parseTime = (iso: string): number => Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(iso) ? iso : `${iso}Z`);

/** `3 hours ago`, `just now`. */
export function ago(iso: string, now = Date.now()): string {
  const seconds = (now - parseTime(iso)) / 1000;
  for (const [size, name] of kUnits) {
    const n = Math.floor(seconds / size);
    if (n >= 1) return `${n} ${name}${n === 1 ? "" : "s"} ago`;
  }
  return "just now";
}

/** `1.2 M`, `340 k`. */
export function compact(n: number): string {
  if (n < 10_000) return n.toLocaleString("en-US");
  for (const [size, name] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]] as const) {
    if (n >= size) return `${(n / size).toFixed(n / size < 100 ? 1 : 0)}\u202f${name}`;
  }
  return String(n);
}

export const bytes = (n: number): string => (n < 1000 ? `${n}\u202fB` : n < 1e6 ? `${(n / 1e3).toFixed(1)}\u202fkB` : `${(n / 1e6).toFixed(1)}\u202fMB`);

/** US dollars for what was asked and answered. */
export function cost(sums: Sums, price: Price): number {
  const cached = Math.min(sums.cached_tokens, sums.prompt_tokens);
  const cachedPrice = price.cached_input_per_million ?? price.input_per_million;
  return ((sums.prompt_tokens - cached) * price.input_per_million + cached * cachedPrice + sums.completion_tokens * price.output_per_million) / 1e6;
}

/** None of the interactions says how many tokens it took: then nobody knows what they cost. */
export const isUsageUnknown = (sums: Sums): boolean => sums.records > 0 && sums.without_usage >= sums.records;
export const kNotKnown = "not known";

const kWidths: [number, string][] = [[86400 * 7, "week"], [86400, "day"], [3600, "hour"], [60, "minute"]];
/** `6 hours`, `day`: a stretch of time. */
export function stretch(seconds: number): string {
  for (const [size, name] of kWidths) {
    if (seconds % size === 0) return seconds === size ? name : `${seconds / size} ${name}s`;
  }
  return `${seconds} s`;
}
