import { linear } from "./axis";

export interface LossPoint { step: number; loss: number | null; validation_loss: number | null }

const kWide = { width: 720, height: 220 };
const kNarrow = { width: 360, height: 200 };
const kBox = { left: 48, right: 16, top: 12, bottom: 40 };

/** Loss over steps: the training loss as a line, the validation loss as points. */
export function TrainingCurve(props: { points: LossPoint[] }) {
  return (
    <>
      <div class="on-wide"><Curve {...props} {...kWide} /></div>
      <div class="on-narrow"><Curve {...props} {...kNarrow} /></div>
    </>
  );
}

function Curve(props: { points: LossPoint[]; width: number; height: number }) {
  const { width, height } = props;
  const losses = props.points.filter((p) => p.loss !== null) as (LossPoint & { loss: number })[];
  const checks = props.points.filter((p) => p.validation_loss !== null) as (LossPoint & { validation_loss: number })[];
  if (losses.length === 0) return null;
  const highest = Math.max(...losses.map((p) => p.loss), ...checks.map((p) => p.validation_loss));
  const lastStep = Math.max(...props.points.map((p) => p.step));
  const x = linear(0, lastStep, kBox.left, width - kBox.right, 6);
  const y = linear(0, highest, height - kBox.bottom, kBox.top, 4);
  const line = losses.map((p, i) => `${i ? "L" : "M"}${x.at(p.step).toFixed(1)},${y.at(p.loss).toFixed(1)}`).join("");
  return (
    <figure>
      <svg class="plot" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`training loss over ${lastStep} steps`}>
        {y.ticks.map((t) => (
          <g key={t}>
            <line class="grid" x1={kBox.left} x2={width - kBox.right} y1={y.at(t)} y2={y.at(t)} />
            <text class="tick-label" x={kBox.left - 8} y={y.at(t) + 4} text-anchor="end">{t}</text>
          </g>
        ))}
        {x.ticks.map((t) => (
          <text key={t} class="tick-label" x={x.at(t)} y={height - kBox.bottom + 18} text-anchor="middle">{t}</text>
        ))}
        <text class="axis-label" x={(kBox.left + width) / 2} y={height - 6} text-anchor="middle">step</text>
        <path class="loss" d={line} />
        {checks.map((p) => (
          <circle key={p.step} class="check" cx={x.at(p.step)} cy={y.at(p.validation_loss)} r={4.5}>
            <title>{`validation loss after step ${p.step}: ${p.validation_loss.toFixed(3)}`}</title>
          </circle>
        ))}
      </svg>
      <figcaption>
        <span class="key line" /> training loss
        {checks.length > 0 && <><span class="key dot" /> validation loss</>}
      </figcaption>
    </figure>
  );
}
