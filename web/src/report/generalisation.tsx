import { shortPercent } from "../components/format";
import type { Axis } from "../components/interval_bar";
import { Plain } from "../components/plain";
import { AxisFoot, Head, rowsText, ScoreRow } from "../components/score_row";
import { EvaluationChoice } from "./classes";
import type { Contender } from "./model";

interface Group { group: string; title: string; n: number; right: number; mean: number; low: number; high: number; share?: number }

const kColumns = ["part of the traffic", "score>2", "interval>", "rows>"];

/** Whether the score holds on what training did not see, later, deeper in a conversation, and for both kinds of answers. */
export function Generalisation(props: { contender: Contender; list: Contender[]; axis: Axis }) {
  const { contender, axis } = props;
  const { breakdown, by_answer_kind } = contender.evaluation;
  const kinds = by_answer_kind.length > 1 ? [{ dimension: "answer_kind", title: "what production did", groups: by_answer_kind as Group[] }] : [];
  const parts = [...(breakdown as { dimension: string; title: string; groups: Group[] }[]), ...kinds];
  if (parts.length === 0) return null;
  return (
    <section>
      <div class="head"><h2 id="generalisation">Does it hold elsewhere?</h2><EvaluationChoice list={props.list} shown={contender} /></div>
      <table class="bars parts">
        <Head columns={kColumns} />
        {parts.map((d) => (
          <tbody key={d.dimension}>
            <tr class="part"><th scope="rowgroup" colSpan={5}><Plain text={d.title} /></th></tr>
            {d.groups.map((g) => (
              <ScoreRow key={g.group} name={<><Plain text={g.title} />{g.share !== undefined && <span class="muted"> {shortPercent(g.share)} of the traffic</span>}</>} line={g} axis={axis}
                tone={g.high < axis.threshold ? "no" : ""} rows={rowsText(g, axis.kind)} />
            ))}
          </tbody>
        ))}
        <AxisFoot axis={axis} before={2} />
      </table>
    </section>
  );
}
