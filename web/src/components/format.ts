// Numbers and times as people read them. A figure that was not measured is a dash, never a zero.

const kNone = "\u2013";

export const percent = (x: number | null | undefined, digits = 1): string =>
  x === null || x === undefined ? kNone : `${(100 * x).toFixed(digits)}\u2009%`;

export const points = (x: number): string => `${x >= 0 ? "+" : "\u2212"}${(100 * Math.abs(x)).toFixed(1)}`;

export const seconds = (x: number | null | undefined): string => {
  if (x === null || x === undefined) return kNone;
  if (x < 1) return `${Math.round(1000 * x)}\u2009ms`;
  if (x < 90) return `${x.toFixed(1)}\u2009s`;
  if (x < 5400) return `${Math.floor(x / 60)}\u2009min ${Math.round(x % 60)}\u2009s`;
  return `${(x / 3600).toFixed(1)}\u2009h`;
};

export const dollars = (x: number | null | undefined): string => {
  if (x === null || x === undefined) return kNone;
  if (x === 0) return "$0";
  if (x >= 100) return `$${x.toFixed(0)}`;
  if (x >= 1) return `$${x.toFixed(2)}`;
  return `$${Number(x.toPrecision(2))}`;
};

export const count = (x: number | null | undefined): string =>
  x === null || x === undefined ? kNone : x.toLocaleString("en-US", { maximumFractionDigits: 1 });

export const pValue = (p: number | null): string => {
  if (p === null) return kNone;
  return p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`;
};

/** A statistical test as people name it; one that is not known here as the report writes it. */
export const testName = (test: string): string => ({ "mcnemar exact": "exact McNemar test" })[test] ?? test;

/** A clause as a sentence of its own. */
export const sentence = (clause: string): string =>
  clause === "" ? "" : clause[0]!.toUpperCase() + clause.slice(1) + (/[.!?]$/.test(clause) ? "" : ".");

export const plural = (n: number, thing: string): string => `${count(n)} ${thing}${n === 1 ? "" : "s"}`;

export const times = (ratio: number): string =>
  ratio >= 10 ? `${Math.round(ratio)} times` : `${ratio.toFixed(1)} times`;

/** `2026-11-24 15:04 UTC` out of an ISO-8601 time without zone. */
export const moment = (iso: string | null): string => (iso === null ? kNone : `${iso.slice(0, 16).replace("T", " ")} UTC`);
