import { linear } from "./axis";
import { ForBoth, Plot, type Frame } from "./plot";

export interface TimeBar { at: number; values: number[]; title: string }

const kSpans: [number, (d: Date) => string][] = [
  [2 * 86400e3, (d) => d.toISOString().slice(11, 16)],
  [200 * 86400e3, (d) => d.toISOString().slice(5, 10)],
  [Infinity, (d) => d.toISOString().slice(0, 7)],
];

/** Bars over time, each of one or more parts that stand on one another. */
export function TimeBars(props: { bars: TimeBar[]; width: number; yText: (v: number) => string; label: string; parts: string[] }) {
  const { bars } = props;
  if (bars.length === 0) return null;
  const first = bars[0]!.at;
  const end = bars[bars.length - 1]!.at + props.width;
  const most = Math.max(1e-9, ...bars.map((b) => b.values.reduce((a, v) => a + v, 0)));
  const time = kSpans.find(([span]) => end - first <= span)![1];
  const draw = (f: Frame) => {
    const at = (t: number) => f.left + ((t - first) / (end - first)) * (f.right - f.left);
    const count = f.width > 500 ? 6 : 3;
    const x = { at, ticks: Array.from({ length: count + 1 }, (_, i) => first + (i * (end - first)) / count) };
    const y = linear(0, most, f.bottom, f.top, 3);
    const gap = Math.min(1.5, ((f.right - f.left) / bars.length) * 0.15);
    return (
      <Plot frame={f} x={x} y={y} xText={(t) => time(new Date(t))} yText={props.yText} xTitle="time (UTC)" label={props.label}>
        {bars.map((bar) => {
          let base = 0;
          return (
            <g key={bar.at}>
              <title>{bar.title}</title>
              {bar.values.map((v, part) => {
                const [from, to] = [y.at(base), y.at((base += v))];
                return v > 0 && <rect key={part} class={`part-${part}`} x={at(bar.at) + gap / 2} width={Math.max(0.5, at(bar.at + props.width) - at(bar.at) - gap)} y={to} height={from - to} />;
              })}
            </g>
          );
        })}
      </Plot>
    );
  };
  return (
    <figure class="time-bars">
      <ForBoth draw={draw} height={210} />
      {props.parts.length > 1 && <figcaption>{props.parts.map((p, i) => <span key={p}><span class={`key square part-${i}`} />{p}</span>)}</figcaption>}
    </figure>
  );
}
