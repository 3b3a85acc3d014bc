import { useFold } from "../components/fold";
import { count, dollars, sentence } from "../components/format";
import type { Axis } from "../components/interval_bar";
import { Name, Plain } from "../components/plain";
import { AxisFoot, Head, rowsText, ScoreRow } from "../components/score_row";
import { kDecisionWords, variantName, type Decision, type Report } from "./model";
import { ModelName } from "./model_name";

export const DecisionBadge = (props: { decision: Decision }) => <span class={`badge ${props.decision}`}>{kDecisionWords[props.decision]}</span>;

const kSources = { replay: "asked again", repeats: "on requests that came twice", assumed: "assumed" } as const;

const Cost = (props: { of: number | null }) => <td class="number" data-label="cost of 1,000">{dollars(props.of)}</td>;

function CeilingRow(props: { report: Report; axis: Axis }) {
  const { ceiling, name, cost_per_1000 } = props.report.production;
  return (
    <ScoreRow name={<><Name text={name} /> <span class="muted">production with itself, {kSources[ceiling.source]}</span></>} before={<td />} line={{ ...ceiling, mean: ceiling.value }} axis={props.axis} tone="production"
      rows={ceiling.n > 0 ? `n = ${count(ceiling.n)}` : "not measured"}>
      <Cost of={cost_per_1000} />
    </ScoreRow>
  );
}

/** Production, every candidate and the trivial baselines on one axis. */
export function Comparison(props: { report: Report; axis: Axis }) {
  const { report, axis } = props;
  const { entries } = report.ranking;
  const { leading } = report.scoring;
  const fold = useFold(entries.length, 8, "evaluations");
  const failed = report.candidates.flatMap((c) => c.evaluations.filter((e) => e.agreement === null).map((e) => ({ name: c.model_name, variant: e.variant, error: e.error })));
  const columns = ["model", "as good?", `${leading.title}>2`, "interval>", "rows>", "cost of 1,000>"];
  return (
    <section>
      <h2 id="candidates">Candidates between the baselines and production</h2>
      <p class="muted"><Plain text={sentence(`${leading.title}: ${leading.meaning}`)} /> Bars are 95 % intervals, the dashed line is the threshold.</p>
      <table class="bars">
        <Head columns={columns} />
        <tbody>
          <CeilingRow report={report} axis={axis} />
          {entries.map((e, i) => (
            <ScoreRow key={e.rank} class={[fold.beyond(i), e.decision === "yes" ? "strong" : ""].join(" ")} name={<ModelName {...e} />} before={<td class="badge-cell"><DecisionBadge decision={e.decision} /></td>}
              line={{ ...e, mean: e.score }} axis={axis} tone={e.decision} rows={`n = ${count(e.n)}`}>
              <Cost of={e.cost_per_1000} />
            </ScoreRow>
          ))}
        </tbody>
        {report.baselines.length > 0 && (
          <tbody>
            <tr class="part"><th scope="rowgroup" colSpan={7}>without any model</th></tr>
            {report.baselines.map((b) => <ScoreRow key={b.name} class="baseline" name={<Plain text={b.title} />} before={<td />} line={b} axis={axis} tone="baseline" rows={rowsText(b, axis.kind)}><td /></ScoreRow>)}
          </tbody>
        )}
        <AxisFoot axis={axis} before={3} />
      </table>
      {fold.button}
      <p class="muted small">
        {report.production.ceiling.note !== "" && <Plain text={sentence(`Production's ceiling: ${report.production.ceiling.note}`)} />}{entries.length > 0 && <> Ranking: <Plain text={sentence(report.ranking.rule)} /></>}
      </p>
      {failed.map((f) => <p key={f.name + f.variant} class="problem"><Name text={f.name} />, {variantName(f.variant)}, has no score: <Plain text={f.error ?? "it did not come to an end"} /></p>)}
    </section>
  );
}
