import { linear, logarithmic, scoreFloor } from "./axis";
import { dollars, range, score, shortScore, type Kind } from "./format";
import { crowds, placeLabels, shorten, type Box } from "./labels";
import { ForBoth, Plot, type Frame } from "./plot";

export interface QualityPoint {
  name: string; variant: string; rank: number | null; cost: number; mean: number; low: number; high: number;
  mark: "production" | "full" | "square" | "hollow";
}

/** A mark per kind of evaluation, so that the plot can be read without colour. */
function Mark(props: { x: number; y: number; mark: QualityPoint["mark"] }) {
  const { x, y } = props;
  switch (props.mark) {
    case "production": return <path d={`M${x - 7},${y}L${x},${y - 7}L${x + 7},${y}L${x},${y + 7}Z`} />;
    case "hollow": return <circle cx={x} cy={y} r={5} class="hollow" />;
    case "square": return <rect x={x - 5} y={y - 5} width={10} height={10} class="hollow" />;
    case "full": return <circle cx={x} cy={y} r={6} />;
  }
}

type Located = QualityPoint & { x: number; y: number };

/** One label a crowd: the name of its best where it has one to be named, and the ranks of all. */
function labelsOf(marks: Located[], f: Frame, taken: Box[]) {
  const groups = crowds(marks, 13).map((c) => c.map((i) => marks[i]!));
  const wanted = groups.map((group) => {
    const first = group[0]!;
    const ranks = group.flatMap((m) => m.rank ?? []);
    const numbers = ranks.length > 3 ? `${ranks[0]} to ${ranks[ranks.length - 1]}` : ranks.join(", ");
    const name = first.mark === "full" || first.mark === "production" ? shorten(first.name, f.width / 20) : "";
    return { x: first.x, y: first.y, text: [numbers, name].filter((t) => t !== "").join("  "), short: numbers };
  });
  return placeLabels(wanted, taken, { x: f.left + 2, y: 0, width: f.width - f.left - 2, height: f.bottom - 2 });
}

/** Quality against cost (positive), one point an evaluation, with its 95 % interval. Better is up and to the left. */
export function QualityCost(props: { points: QualityPoint[]; title: string; threshold: number; kind: Kind }) {
  const { points, kind } = props;
  const costs = points.map((p) => p.cost);
  const draw = (f: Frame) => {
    const x = logarithmic(Math.min(...costs) / 1.35, Math.max(...costs) * 1.35, f.left, f.right, f.width / 90);
    const y = linear(scoreFloor([...points.map((p) => p.low), props.threshold]), 1, f.bottom, f.top);
    const marks = points.map((p) => ({ ...p, x: x.at(p.cost), y: y.at(p.mean) }));
    const limit = y.at(props.threshold);
    const taken = marks.map((m) => ({ x: m.x - 7, y: m.y - 7, width: 14, height: 14 }));
    return (
      <Plot frame={f} x={x} y={y} xText={dollars} yText={(t) => shortScore(t, kind)} xTitle="cost of 1,000 requests, logarithmic"
        label={`${props.title} against the cost of 1,000 requests; the tables have the same figures`}>
        <line class="limit" x1={f.left} x2={f.right} y1={limit} y2={limit} />
        {marks.map((m, i) => (
          <g key={i} class={`point ${m.mark}`}>
            <title>{`${m.name}${m.variant === "" ? "" : `, ${m.variant}`}: ${score(m.mean, kind)} (${range(m, kind)}), ${dollars(m.cost)}`}</title>
            <line class="whisker" x1={m.x} x2={m.x} y1={y.at(m.low)} y2={y.at(m.high)} />
            <Mark x={m.x} y={m.y} mark={m.mark} />
          </g>
        ))}
        {labelsOf(marks, f, taken).map((l, i) => l && <text key={i} class="point-label" x={l.x} y={l.y} text-anchor={l.anchor}>{l.text}</text>)}
      </Plot>
    );
  };
  return <ForBoth draw={draw} height={360} />;
}
