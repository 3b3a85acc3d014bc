import type { ComponentChildren } from "preact";
import type { Scale } from "./axis";

/** What a plot is drawn into, in pixels of its own: the frame leaves room for the labels of the axes. */
export interface Frame { width: number; height: number; left: number; right: number; top: number; bottom: number }

export const frame = (width: number, height: number): Frame => ({ width, height, left: 54, right: width - 16, top: 30, bottom: height - 46 });

/** A plot for wide screens and one for narrow ones, whose letters are as large. */
export function ForBoth(props: { draw: (f: Frame) => ComponentChildren; height: number }) {
  return (
    <>
      <div class="on-wide">{props.draw(frame(760, props.height))}</div>
      <div class="on-narrow">{props.draw(frame(340, 0.88 * props.height))}</div>
    </>
  );
}

/** The grid with its labels, and what is drawn on it. */
export function Plot(props: { frame: Frame; x: Scale; y: Scale; xText: (t: number) => string; yText: (t: number) => string; xTitle: string; label: string; children: ComponentChildren }) {
  const { frame: f, x, y } = props;
  return (
    <svg class="plot" viewBox={`0 0 ${f.width} ${f.height}`} role="img" aria-label={props.label}>
      {y.ticks.map((t) => (
        <g key={t}>
          <line class="grid" x1={f.left} x2={f.right} y1={y.at(t)} y2={y.at(t)} />
          <text class="tick-label" x={f.left - 8} y={y.at(t) + 4} text-anchor="end">{props.yText(t)}</text>
        </g>
      ))}
      {x.ticks.map((t) => (
        <g key={t}>
          <line class="grid" x1={x.at(t)} x2={x.at(t)} y1={f.top} y2={f.bottom} />
          <text class="tick-label" x={x.at(t)} y={f.bottom + 18} text-anchor="middle">{props.xText(t)}</text>
        </g>
      ))}
      <text class="axis-label" x={(f.left + f.right) / 2} y={f.height - 8} text-anchor="middle">{props.xTitle}</text>
      {props.children}
    </svg>
  );
}
