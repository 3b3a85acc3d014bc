// Numbers and times as people read them. A figure that was not measured is a dash, never a zero.

export type Kind = "rate" | "graded";
type Maybe = number | null | undefined;

const kNone = "\u2013";
/** Narrow, and no place to break a line. */
const kThin = "\u202f";
const missing = (x: Maybe): x is null | undefined => x === null || x === undefined;

export const percent = (x: Maybe, digits = 1): string => (missing(x) ? kNone : `${(100 * x).toFixed(digits)}${kThin}%`);

/** A percentage without needless digits: `95 %`, `97.5 %`. */
export const shortPercent = (x: number): string => `${Number((100 * x).toFixed(1))}${kThin}%`;

/** A score: a rate is a share of rows and reads as percent, a grade is no share and reads as a number in [0, 1]. */
export const score = (x: Maybe, kind: Kind): string => (kind === "rate" || missing(x) ? percent(x) : x.toFixed(3));
export const shortScore = (x: number, kind: Kind): string => (kind === "rate" ? shortPercent(x) : String(Number(x.toFixed(3))));

export const range = (e: { low: number; high: number }, kind: Kind): string =>
  kind === "rate" ? `${(100 * e.low).toFixed(1)} to ${percent(e.high)}` : `${score(e.low, kind)} to ${score(e.high, kind)}`;

/** A difference of two scores: in points of a hundred for rates. */
export const difference = (x: number, kind: Kind): string =>
  `${x >= 0 ? "+" : "\u2212"}${kind === "rate" ? (100 * Math.abs(x)).toFixed(1) : Math.abs(x).toFixed(3)}`;

export const seconds = (x: Maybe): string => {
  if (missing(x)) return kNone;
  if (x < 1) return `${Math.round(1000 * x)}${kThin}ms`;
  if (x < 90) return `${x.toFixed(1)}${kThin}s`;
  const whole = Math.round(x);
  if (x < 5400) return `${Math.floor(whole / 60)}${kThin}min${whole % 60 ? ` ${whole % 60}${kThin}s` : ""}`;
  return `${(x / 3600).toFixed(1)}${kThin}h`;
};

export const dollars = (x: Maybe): string => {
  if (missing(x)) return kNone;
  const sign = x < 0 ? "\u2212" : "";
  const size = Math.abs(x);
  if (size === 0) return "$0";
  if (size >= 100) return `${sign}$${Math.round(size).toLocaleString("en-US")}`;
  if (size >= 0.1) return `${sign}$${size.toFixed(2)}`;
  return `${sign}$${Number(size.toPrecision(2))}`;
};

export const count = (x: Maybe): string => (missing(x) ? kNone : x.toLocaleString("en-US", { maximumFractionDigits: 1 }));

export const whole = (x: Maybe): string => (missing(x) ? kNone : Math.round(x).toLocaleString("en-US"));

export const pValue = (p: number | null): string => {
  if (p === null) return kNone;
  return p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`;
};

/** A clause as a sentence of its own; a percent sign stays beside its number, a first word that is a name such as `gpt-4o` or `get_order` keeps its letters. */
export const sentence = (clause: string): string =>
  clause === "" ? "" : clause.replace(/(\d) %/g, `$1${kThin}%`).replace(/^[a-z]+(?=[\s,;:.']|$)/, (word) => word[0]!.toUpperCase() + word.slice(1)) + (/[.!?]$/.test(clause) ? "" : ".");

export const plural = (n: number, thing: string): string => `${count(n)} ${thing}${n === 1 ? "" : "s"}`;

/** `in_training`, `conversationLength`: a key as words. */
export const words = (key: string): string => key.replace(/_/g, " ");

/** `2026-11-24 15:04 UTC` out of an ISO-8601 time without zone. */
export const moment = (iso: string | null): string => (iso === null ? kNone : `${iso.slice(0, 16).replace("T", " ")} UTC`);
