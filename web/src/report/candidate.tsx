import { count, difference, percent, plural, pValue, range, score, seconds, sentence, type Kind } from "../components/format";
import { Name, Plain, Problem } from "../components/plain";
import { TrainingCurve } from "../components/training_curve";
import { DecisionBadge } from "./comparison";
import { leadingKind, metricTitle, variantName, type Candidate, type Customization, type Evaluation, type Report } from "./model";

function against(d: { difference: number; low: number; high: number; p_value: number; test: string }, kind: Kind): string {
  const unit = kind === "rate" ? " points" : "";
  return `${difference(d.difference, kind)}${unit} (${difference(d.low, kind)} to ${difference(d.high, kind)}), ${pValue(d.p_value)}, ${d.test}`;
}

function EvaluationBlock(props: { evaluation: Evaluation; report: Report }) {
  const { evaluation: e, report } = props;
  const kind = leadingKind(report);
  const baseline = report.baselines.find((b) => b.name === e.difference_to_best_baseline?.baseline)?.title;
  const counted = (counts: Record<string, number>, what: string) => Object.entries(counts).map(([reason, n]) => `${count(n)} ${what}: ${reason}`);
  const notes = [...counted(e.failures, "failed"), ...counted(e.unscored, "without a score"), ...e.endpoint_notes];
  return (
    <div class="evaluation">
      <h3>{variantName(e.variant)} {e.verdict && <DecisionBadge decision={e.verdict.decision} />}</h3>
      <Problem text={e.error} />
      {e.verdict && <p><Plain text={sentence(e.verdict.reason)} /> {e.verdict.rows_needed !== null && `About ${count(e.verdict.rows_needed)} rows would decide${e.verdict.chance === null ? "" : `, with a chance of ${percent(e.verdict.chance, 0)}`}.`}</p>}
      {e.scores.length > 0 && (
        <div class="scroll" tabIndex={0}>
          <table class="scores">
            <thead><tr><th scope="col">metric</th><th scope="col" class="number">score</th><th scope="col" class="number">interval</th><th scope="col" class="number">rows</th></tr></thead>
            <tbody>
              {e.scores.map((s) => (
                <tr key={s.name}>
                  <th scope="row">{metricTitle(report, s.name)}{report.scoring.metrics.find((m) => m.name === s.name)?.blueprint && <span class="muted"> the blueprint's metric</span>}</th>
                  <td class="number">{score(s.mean, s.kind)}</td><td class="number muted">{range(s, s.kind)}</td><td class="number muted">{count(s.n)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <ul class="facts-list">
        {e.difference_to_base && <li>against zero-shot: {against(e.difference_to_base, kind)}</li>}
        {e.difference_to_best_baseline && <li>against {baseline ?? e.difference_to_best_baseline.baseline}: {against(e.difference_to_best_baseline, kind)}</li>}
        {notes.map((n) => <li key={n}><Plain text={n} /></li>)}
      </ul>
    </div>
  );
}

function Training(props: { training: Customization }) {
  const c = props.training;
  const settings = Object.entries(c.settings).filter(([, v]) => v !== null).map(([k, v]) => `${k} ${String(v)}`).join(", ");
  return (
    <div class="evaluation">
      <h3>training</h3>
      <Problem text={c.error} />
      {c.warnings.map((w) => <p key={w} class="muted"><Plain text={w} /></p>)}
      <ul class="facts-list">
        <li>{plural(c.rows ?? 0, "row")}{c.rows_left_out ? `, ${count(c.rows_left_out)} left out` : ""}, {plural(c.steps, "step")} in {plural(c.epochs, "epoch")}, {seconds(c.runtime_seconds)}{c.device && ` on ${c.device === "cpu" ? "the processor" : c.device}`}</li>
        <li>validation after step {c.best_step}: loss {c.validation_loss?.toFixed(3) ?? "\u2013"}, {percent(c.validation_exact)} of answers exact</li>
        {c.adapter && <li>adapter <span class="code"><Plain text={c.adapter} /></span></li>}
        <li class="muted">{settings}</li>
      </ul>
      <TrainingCurve points={c.curve} />
    </div>
  );
}

/** Folded, since the tables above hold what decides; open where something failed. */
export function CandidateDetails(props: { candidate: Candidate; report: Report }) {
  const { candidate: c, report } = props;
  const troubled = c.error !== null || c.customization?.status === "failed" || c.evaluations.some((e) => e.error);
  return (
    <details class="candidate" open={troubled}>
      <summary><strong><Name text={c.model_name} /></strong> <span class="muted">{c.status}{c.layers_kept !== null && `, ${plural(c.layers_kept, "layer")}`}, {seconds(c.runtime_seconds)}</span></summary>
      <p class="muted small"><Plain text={[c.source, c.deployment].filter(Boolean).join(" \u00b7 ")} /></p>
      <Problem text={c.error} />
      {c.evaluations.map((e) => <EvaluationBlock key={e.variant} evaluation={e} report={report} />)}
      {c.customization && <Training training={c.customization} />}
    </details>
  );
}
