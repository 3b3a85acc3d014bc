import { range, score, shortScore, type Kind } from "./format";

/** What the bars of one figure share: their axis from `floor` to 1, and the threshold. */
export interface Axis { floor: number; threshold: number; kind: Kind }

export const place = (axis: Axis, v: number): string => `${(100 * (Math.min(1, Math.max(axis.floor, v)) - axis.floor)) / (1 - axis.floor)}%`;

/** A band from `low` to `high`, a tick at `mean` and a dashed line at `line`, all as CSS positions. */
export function Bar(props: { low: string; high: string; mean: string; line?: string; label: string; tone?: string }) {
  const { low, high, mean, line, label } = props;
  return (
    <span class={`interval ${props.tone ?? ""}`} role="img" aria-label={label} title={label}>
      {line && <i class="threshold" style={{ left: line }} />}
      <span class="band" style={{ left: low, width: `calc(${high} - ${low})` }} />
      <span class="tick" style={{ left: mean }} />
    </span>
  );
}

/** A score as a bar, with the threshold. */
export function IntervalBar(props: { axis: Axis; mean: number; low: number; high: number; tone?: string }) {
  const { axis, mean, low, high } = props;
  const at = (v: number) => place(axis, v);
  const label = `${score(mean, axis.kind)}, 95 % interval ${range(props, axis.kind)}, threshold ${shortScore(axis.threshold, axis.kind)}`;
  return <Bar low={at(low)} high={at(high)} mean={at(mean)} line={at(axis.threshold)} label={label} tone={props.tone} />;
}
