import { percent } from "./format";

/** A score in [0, 1] as a bar on a common scale: the interval as a band, the mean as a tick. */
export function IntervalBar(props: { mean: number; low: number; high: number; quiet?: boolean }) {
  const x = (v: number) => `${100 * Math.min(1, Math.max(0, v))}%`;
  const label = `${percent(props.mean)}, 95 % interval ${percent(props.low)} to ${percent(props.high)}`;
  return (
    <span class={props.quiet ? "interval quiet" : "interval"} role="img" aria-label={label} title={label}>
      <span class="band" style={{ left: x(props.low), width: `calc(${x(props.high)} - ${x(props.low)})` }} />
      <span class="tick" style={{ left: x(props.mean) }} />
    </span>
  );
}
