import { linear, logarithmic } from "./axis";
import { dollars, percent } from "./format";

export interface QualityPoint {
  label: string; detail: string; rank: number | null; cost: number; mean: number; low: number; high: number;
  kind: "production" | "base-eval" | "icl-eval" | "customized-eval";
}

interface Size { width: number; height: number }
const kWide: Size = { width: 720, height: 380 };
const kNarrow: Size = { width: 360, height: 340 };
const kBox = { left: 58, right: 24, top: 18, bottom: 48 };

/** A mark per kind of evaluation, so that the plot can be read without colour. */
function Mark(props: { x: number; y: number; kind: QualityPoint["kind"] }) {
  const { x, y } = props;
  switch (props.kind) {
    case "production": return <path d={`M${x - 7},${y}L${x},${y - 7}L${x + 7},${y}L${x},${y + 7}Z`} />;
    case "base-eval": return <circle cx={x} cy={y} r={5.5} class="hollow" />;
    case "icl-eval": return <rect x={x - 5} y={y - 5} width={10} height={10} class="hollow" />;
    case "customized-eval": return <circle cx={x} cy={y} r={6.5} />;
  }
}

/** Untrained models crowd at the bottom: they get their rank in the table as a label, the others their name. */
const isNamed = (point: QualityPoint): boolean => point.kind === "production" || point.kind === "customized-eval";

/** Keeps labels of near points apart: pushes each below the one above it when they would overlap. */
function placeLabels(points: { x: number; y: number }[]): number[] {
  const order = points.map((_, i) => i).sort((a, b) => points[a]!.y - points[b]!.y);
  const placed: number[] = points.map((p) => p.y);
  order.forEach((i, k) => {
    for (const j of order.slice(0, k)) {
      if (Math.abs(points[i]!.x - points[j]!.x) < 150 && placed[i]! - placed[j]! < 26) placed[i] = placed[j]! + 26;
    }
  });
  return placed;
}

/** Ranks beside the points that get no name. Points that crowd share one text, beside the rightmost of them. */
function rankLabels(points: { x: number; y: number; rank: number | null; named: boolean }[]): string[] {
  const labels = points.map(() => "");
  const order = points.map((_, i) => i).filter((i) => !points[i]!.named).sort((a, b) => points[a]!.x - points[b]!.x);
  const crowds: number[][] = [];
  for (const i of order) {
    const last = crowds[crowds.length - 1]?.slice(-1)[0];
    const joins = last !== undefined && points[i]!.x - points[last]!.x < 36 && Math.abs(points[i]!.y - points[last]!.y) < 14;
    if (joins) crowds[crowds.length - 1]!.push(i);
    else crowds.push([i]);
  }
  for (const crowd of crowds) labels[crowd[crowd.length - 1]!] = crowd.map((i) => points[i]!.rank ?? 0).sort((a, b) => a - b).join(", ");
  return labels;
}

/** Quality against cost, one point an evaluation, with its 95 % interval. Better is up and to the left. */
export function QualityCost(props: { points: QualityPoint[]; score: string }) {
  return (
    <>
      <div class="on-wide"><Plot {...props} size={kWide} /></div>
      <div class="on-narrow"><Plot {...props} size={kNarrow} /></div>
    </>
  );
}

function Plot(props: { points: QualityPoint[]; score: string; size: Size }) {
  const { width, height } = props.size;
  const costs = props.points.map((p) => p.cost).filter((c) => c > 0);
  if (costs.length === 0) return null;
  const x = logarithmic(Math.min(...costs), Math.max(...costs), kBox.left, width - kBox.right);
  const y = linear(0, 1, height - kBox.bottom, kBox.top);
  const marks = props.points.filter((p) => p.cost > 0).map((p) => ({ ...p, x: x.at(p.cost), y: y.at(p.mean) }));
  const labels = placeLabels(marks);
  const ranks = rankLabels(marks.map((m) => ({ ...m, named: isNamed(m) })));
  return (
    <svg class="plot" viewBox={`0 0 ${width} ${height}`} role="img"
      aria-label={`${props.score} against cost per 1,000 requests for ${marks.length} models`}>
      {y.ticks.map((t) => (
        <g key={t}>
          <line class="grid" x1={kBox.left} x2={width - kBox.right} y1={y.at(t)} y2={y.at(t)} />
          <text class="tick-label" x={kBox.left - 8} y={y.at(t) + 4} text-anchor="end">{percent(t, 0)}</text>
        </g>
      ))}
      {x.ticks.map((t) => (
        <g key={t}>
          <line class="grid" x1={x.at(t)} x2={x.at(t)} y1={kBox.top} y2={height - kBox.bottom} />
          <text class="tick-label" x={x.at(t)} y={height - kBox.bottom + 18} text-anchor="middle">{dollars(t)}</text>
        </g>
      ))}
      <text class="axis-label" x={(kBox.left + width - kBox.right) / 2} y={height - 8} text-anchor="middle">
        cost per 1,000 requests (logarithmic)
      </text>
      <text class="axis-label" x={-(height - kBox.bottom + kBox.top) / 2} y={14} text-anchor="middle" transform="rotate(-90)">
        {props.score}
      </text>
      {marks.map((m, i) => {
        const right = m.x < width - 190 || m.x < width / 2;
        return (
          <g key={i} class={`point ${m.kind}`}>
            <title>{`${m.label}, ${m.detail}: ${percent(m.mean)} (${percent(m.low)} to ${percent(m.high)}), ${dollars(m.cost)}`}</title>
            <line class="whisker" x1={m.x} x2={m.x} y1={y.at(m.low)} y2={y.at(m.high)} />
            <Mark x={m.x} y={m.y} kind={m.kind} />
            {isNamed(m) ? (
              <text class="point-label" x={m.x + (right ? 12 : -12)} y={labels[i]! - 1} text-anchor={right ? "start" : "end"}>
                {m.label}
                {(m.kind !== "production" || props.size === kWide) && (
                  <tspan class="point-detail" x={m.x + (right ? 12 : -12)} dy="13">{m.detail}</tspan>
                )}
              </text>
            ) : <text class="point-detail" x={m.x + 10} y={m.y - 8}>{ranks[i]}</text>}
          </g>
        );
      })}
    </svg>
  );
}
