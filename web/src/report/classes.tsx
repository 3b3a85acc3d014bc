import { useFold } from "../components/fold";
import { count, shortPercent } from "../components/format";
import type { Axis } from "../components/interval_bar";
import { Name, Plain, visible } from "../components/plain";
import { AxisFoot, Head, rowsText, ScoreRow } from "../components/score_row";
import { go, linkTo, scrollToId } from "./location";
import { fullName, type Contender } from "./model";

/** As many kinds of mistakes as colours tell apart; the rest are grey. */
const kColours = 7;

const kColumns = ["class", "of traffic>", "score>2", "interval>", "rows>", "mistakes"];

/** Chooses whose classes and parts of the traffic are shown. */
export function EvaluationChoice(props: { list: Contender[]; shown: Contender }) {
  if (props.list.length < 2) return null;
  return (
    <label class="choice">
      of
      <select value={props.shown.key} onChange={(e) => go({ of: e.currentTarget.value === props.list[0]!.key ? "" : e.currentTarget.value })}>
        {props.list.map((c) => <option key={c.key} value={c.key}>{visible(fullName(c.model_name, c.variant))}</option>)}
      </select>
    </label>
  );
}

const total = (counts: Record<string, number>): number => Object.values(counts).reduce((a, b) => a + b, 0);
const sorted = (counts: Record<string, number>): [string, number][] => Object.entries(counts).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));

/** Counts of mistakes as one bar, as long as they are many. */
function Stack(props: { mistakes: [string, number][]; most: number; colour: (name: string) => number }) {
  return (
    <span class="stack" aria-hidden="true">
      {props.mistakes.map(([name, n]) => <i key={name} class={`kind-${props.colour(name)}`} style={{ width: `${(100 * n) / props.most}%` }} title={`${n} ${visible(name)}`} />)}
    </span>
  );
}

export function Classes(props: { contender: Contender; list: Contender[]; axis: Axis; linked: boolean }) {
  const { contender, axis, linked } = props;
  const { classes, mistakes } = contender.evaluation;
  const fold = useFold(classes.length, 10, "classes");
  if (classes.length === 0) return null;
  const kinds = sorted(mistakes).map(([name]) => name);
  const colour = (name: string) => Math.min(kColours, kinds.indexOf(name) < 0 ? kColours : kinds.indexOf(name));
  const most = Math.max(1, ...classes.map((c) => total(c.mistakes)));
  return (
    <section>
      <div class="head"><h2 id="classes">By class, the worst first</h2><EvaluationChoice list={props.list} shown={contender} /></div>
      {kinds.length > 0 && <p class="legend">{kinds.map((k) => <span key={k}><i class={`kind-${colour(k)}`} aria-hidden="true" /><Plain text={k} /> {count(mistakes[k])}</span>)}</p>}
      <table class="bars classes">
        <Head columns={kColumns} />
        <tbody>
          {classes.map((c, i) => (
            <ScoreRow key={c.label} class={fold.beyond(i)} name={c.label === "" ? "all rows" : <Name text={c.label} />} before={<td class="number muted" data-label="of traffic">{shortPercent(c.share)}</td>}
              line={c} axis={axis} tone={c.high < axis.threshold ? "no" : ""} rows={rowsText(c, axis.kind)}>
              <td class="mistakes">
                <Stack mistakes={sorted(c.mistakes)} most={most} colour={colour} />
                {sorted(c.mistakes).map(([name, n]) => {
                  const text = <>{count(n)} <Plain text={name} /></>;
                  return linked ? <a key={name} href={linkTo({ class: c.label, mistake: name })} onClick={() => setTimeout(() => scrollToId("rows"))}>{text}</a> : <span key={name}>{text}</span>;
                })}
              </td>
            </ScoreRow>
          ))}
        </tbody>
        <AxisFoot axis={axis} before={3} />
      </table>
      {fold.button}
    </section>
  );
}
