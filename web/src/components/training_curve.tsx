import { linear } from "./axis";
import { ForBoth, Plot, type Frame } from "./plot";

export interface LossPoint { step: number; loss: number | null; validation_loss: number | null }

/** Loss over steps: the training loss as a line, the validation loss as points. */
export function TrainingCurve(props: { points: LossPoint[] }) {
  const losses = props.points.flatMap((p) => (p.loss === null ? [] : [{ step: p.step, loss: p.loss }]));
  const checks = props.points.flatMap((p) => (p.validation_loss === null ? [] : [{ step: p.step, loss: p.validation_loss }]));
  if (losses.length === 0) return null;
  const highest = Math.max(...losses.concat(checks).map((p) => p.loss));
  const lastStep = Math.max(...props.points.map((p) => p.step));
  const draw = (f: Frame) => {
    const x = linear(0, lastStep, f.left, f.right, 6);
    const y = linear(0, highest, f.bottom, f.top, 4);
    return (
      <Plot frame={f} x={x} y={y} xText={String} yText={String} xTitle="step" label={`training loss over ${lastStep} steps`}>
        <path class="loss" d={losses.map((p, i) => `${i ? "L" : "M"}${x.at(p.step).toFixed(1)},${y.at(p.loss).toFixed(1)}`).join("")} />
        {checks.map((p) => <circle key={p.step} class="check" cx={x.at(p.step)} cy={y.at(p.loss)} r={4.5} />)}
      </Plot>
    );
  };
  return (
    <figure>
      <ForBoth draw={draw} height={220} />
      <figcaption><span class="key line" /> training loss{checks.length > 0 && <><span class="key dot" /> validation loss</>}</figcaption>
    </figure>
  );
}
