import { dollars, percent, seconds, sentence, times } from "../components/format";
import { IntervalBar } from "../components/interval_bar";
import { QualityCost, type QualityPoint } from "../components/quality_cost";
import { evalName, scoreName, type RankingEntry, type Report } from "./model";

const cheaper = (report: Report, entry: RankingEntry): string => {
  const production = report.production.cost_per_1000;
  if (!production || !entry.cost_per_1000) return "";
  const ratio = production / entry.cost_per_1000;
  return ratio >= 1 ? ` It costs ${times(ratio)} less than production.` : ` It costs ${times(1 / ratio)} more than production.`;
};

/** The answer to "is there a smaller model that does this work?", in one paragraph. */
export function Verdict(props: { report: Report }) {
  const { report } = props;
  const best = report.ranking.entries[0];
  if (!best || !report.leading_score) return <p class="verdict problem">No candidate was evaluated to the end.</p>;
  return (
    <div class={best.promising ? "verdict good" : "verdict"}>
      <p>
        <strong>{best.model_name}</strong>, {evalName(best.eval_type)}, gives the production answer
        ({scoreName(report.leading_score)}) on <strong>{percent(best.score)}</strong> of the rows held out
        (95 % interval {percent(best.low)} to {percent(best.high)}).{cheaper(report, best)}
      </p>
      <p>{sentence(best.reason)}</p>
    </div>
  );
}

function qualityPoints(report: Report): QualityPoint[] {
  const points: QualityPoint[] = report.ranking.entries
    .filter((e) => e.cost_per_1000 !== null)
    .map((e) => ({
      label: e.model_name, detail: `${e.rank}, ${evalName(e.eval_type)}`, rank: e.rank, cost: e.cost_per_1000!, mean: e.score, low: e.low, high: e.high,
      kind: e.eval_type as QualityPoint["kind"],
    }));
  if (report.production.cost_per_1000 && points.length > 0) {
    points.push({
      label: report.production.name ?? "production", detail: "the answers compared with", rank: null, cost: report.production.cost_per_1000,
      mean: 1, low: 1, high: 1, kind: "production",
    });
  }
  return points;
}

export function Ranking(props: { report: Report }) {
  const { report } = props;
  const entries = report.ranking.entries;
  if (entries.length === 0) return null;
  const score = scoreName(report.leading_score ?? "score");
  return (
    <section>
      <h2>Ranking</h2>
      <div class="scroll">
        <table class="ranking">
          <thead>
            <tr><th></th><th>model</th><th colSpan={2}>{score}</th><th class="number">cost of 1,000</th><th class="number">median time</th></tr>
          </thead>
          <tbody>
            {entries.map((e) => (
              <tr key={`${e.model_name} ${e.eval_type}`} class={e.promising ? "promising" : ""}>
                <td class="number rank">{e.rank}</td>
                <td class="name">{e.model_name} <span class="muted">{evalName(e.eval_type)}</span>{e.promising && <span class="badge">worth a look</span>}</td>
                <td class="number score">{percent(e.score)}</td>
                <td class="wide"><IntervalBar mean={e.score} low={e.low} high={e.high} /></td>
                <td class="number" data-label="cost of 1,000">{dollars(e.cost_per_1000)}</td>
                <td class="number" data-label="median time">{seconds(e.latency_p50_seconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="muted small">{report.ranking.rule}</p>
      <QualityCost points={qualityPoints(report)} score={score} />
      <p class="muted small">Numbers are ranks in the table. Full circles are fine-tuned, squares were given examples, hollow circles are models as they are.</p>
    </section>
  );
}
