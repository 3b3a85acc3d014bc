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

/** Logarithmic over exactly low to high, both positive, with at most about `wanted` ticks on 1, 2, 5 or on powers of ten. */
export function logarithmic(low: number, high: number, from: number, to: number, wanted = 6): Scale {
  const [first, last] = [Math.log10(low), Math.log10(high)];
  const within = (steps: number[]) => {
    const ticks: number[] = [];
    for (let e = Math.floor(first); e <= Math.ceil(last); e++) {
      for (const m of steps) ticks.push(Number((m * 10 ** e).toPrecision(3)));
    }
    return ticks.filter((t) => t >= low * 0.999 && t <= high * 1.001);
  };
  const decades = within([1]);
  const ticks = [within([1, 2, 5]), within([1, 3]), decades, decades.filter((_, i) => i % 2 === 0)].find((t) => t.length <= wanted);
  return { at: (v) => from + ((Math.log10(v) - first) / (last - first || 1)) * (to - from), ticks: ticks ?? decades };
}

/** The part of [0, 1] that figures of scores show: from a round number below the lowest up to 1. */
export const scoreFloor = (lows: number[]): number => Math.max(0, Math.floor(10 * Math.min(...lows, 0.9) - 1e-9) / 10);
