import type { ComponentChildren } from "preact";
import { count, range, score, shortScore, type Kind } from "./format";
import { IntervalBar, place, type Axis } from "./interval_bar";

interface Line { mean: number; low: number; high: number }

/** `right of n` of rates; grades have no right rows. */
export const rowsText = (e: { n: number; right: number }, kind: Kind): string => (kind === "rate" ? `${count(e.right)} of ${count(e.n)}` : `n = ${count(e.n)}`);

/** A line of a figure that is a table too: name, cells of its own, score, bar, interval, rows, cells of its own. */
export function ScoreRow(props: { class?: string; name: ComponentChildren; before?: ComponentChildren; line: Line; axis: Axis; tone?: string; rows: string; children?: ComponentChildren }) {
  const { line, axis } = props;
  return (
    <tr class={props.class}>
      <th scope="row">{props.name}</th>
      {props.before}
      <td class="number score">{score(line.mean, axis.kind)}</td>
      <td class="bar"><IntervalBar axis={axis} {...line} tone={props.tone} /></td>
      <td class="number range">{range(line, axis.kind)}</td>
      <td class="number muted rows">{props.rows}</td>
      {props.children}
    </tr>
  );
}

/** The head of a table: `rows>` is a column of numbers, `score>2` the head of two columns. */
export function Head(props: { columns: string[] }) {
  const cells = props.columns.map((column) => column.split(">"));
  return <thead><tr>{cells.map(([title, span]) => (title === "" ? <td /> : <th scope="col" class={span === "" ? "number" : ""} colSpan={Number(span) || 1}>{title}</th>))}</tr></thead>;
}

/** The labels below the bars, in the column after `before` others. */
export function AxisFoot(props: { axis: Axis; before: number }) {
  const { axis } = props;
  const label = (v: number) => <span style={{ left: place(axis, v) }}>{shortScore(v, axis.kind)}</span>;
  return <tfoot aria-hidden="true"><tr><td colSpan={props.before} /><td class="bar"><span class="axis">{label(axis.floor)}{label((1 + axis.floor) / 2)}{label(1)}</span></td></tr></tfoot>;
}
