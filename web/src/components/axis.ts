// Scales for the plots: pure functions from data to pixels and ticks.

export interface Scale { at: (value: number) => number; ticks: number[] }

export function linear(low: number, high: number, from: number, to: number, wanted = 5): Scale {
  const span = high - low || 1;
  const raw = span / wanted;
  const magnitude = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((m) => m * magnitude >= raw) ?? 10) * magnitude;
  const ticks: number[] = [];
  for (let t = Math.ceil(low / step - 1e-9) * step; t <= high + step * 1e-9; t += step) ticks.push(Number(t.toPrecision(12)));
  return { at: (v) => from + ((v - low) / span) * (to - from), ticks };
}

/** Logarithmic; low and high are widened to whole decades. Both must be positive. */
export function logarithmic(low: number, high: number, from: number, to: number): Scale {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.max(first + 1, Math.ceil(Math.log10(high) - 1e-9));
  const ticks: number[] = [];
  for (let e = first; e <= last; e++) ticks.push(10 ** e);
  return { at: (v) => from + ((Math.log10(v) - first) / (last - first)) * (to - from), ticks };
}
