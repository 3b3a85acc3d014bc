import { count, dollars, percent, points, plural, pValue, seconds, testName } from "../components/format";
import { IntervalBar } from "../components/interval_bar";
import { TrainingCurve } from "../components/training_curve";
import { evalName, scoreName, type Candidate, type Customization, type Evaluation } from "./model";

function ScoreTable(props: { evaluation: Evaluation; leading: string | null }) {
  return (
    <div class="scroll">
      <table class="scores">
        <tbody>
          {props.evaluation.scores.flatMap((score) => [
            <tr key={score.name} class={score.name === props.leading ? "leading" : ""}>
              <th scope="row">{scoreName(score.name)}</th>
              <td class="number score">{percent(score.mean)}</td>
              <td class="wide"><IntervalBar {...score} /></td>
              <td class="number muted range">{percent(score.low)} – {percent(score.high)}</td>
              <td class="number muted size">n = {count(score.n)}</td>
            </tr>,
            ...(score.name === props.leading ? score.groups : []).map((group) => (
              <tr key={`${score.name} ${group.group}`} class="group">
                <th scope="row">{group.group}</th>
                <td class="number score">{percent(group.mean)}</td>
                <td class="wide"><IntervalBar {...group} quiet /></td>
                <td class="number muted range">{percent(group.low)} – {percent(group.high)}</td>
                <td class="number muted size">n = {count(group.n)}</td>
              </tr>
            )),
          ])}
        </tbody>
      </table>
    </div>
  );
}

function EvaluationBlock(props: { evaluation: Evaluation; leading: string | null }) {
  const e = props.evaluation;
  const facts: [string, string][] = [
    ["rows", e.rows_failed > 0 ? `${count(e.rows)}, ${count(e.rows_failed)} failed` : count(e.rows)],
    ["time of an answer", `${seconds(e.latency_seconds?.p50)} median, ${seconds(e.latency_seconds?.p95)} 95th percentile`],
    ["tokens of a request", e.tokens ? `${count(e.tokens.prompt_mean)} in, ${count(e.tokens.completion_mean)} out` : "\u2013"],
    ["cost of 1,000 requests", dollars(e.cost_per_1000)],
  ];
  const d = e.difference_to_base;
  if (d) facts.push(["against the base", `${points(d.difference)} points (${points(d.low)} to ${points(d.high)}), ${pValue(d.p_value)}, ${testName(d.test ?? d.interval)}`]);
  return (
    <div class="evaluation">
      <h4>{evalName(e.eval_type)} <span class="muted">{e.eval_type}</span></h4>
      {e.error && <p class="problem">{e.error}</p>}
      <ScoreTable evaluation={e} leading={props.leading} />
      <dl class="facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
      {Object.keys(e.errors).length > 0 && (
        <ul class="errors">{Object.entries(e.errors).map(([reason, n]) => <li key={reason}>{count(n)} × {reason}</li>)}</ul>
      )}
    </div>
  );
}

function CustomizationBlock(props: { customization: Customization }) {
  const c = props.customization;
  const settings = Object.entries(c.settings).filter(([, v]) => v !== null).map(([k, v]) => `${k} ${String(v)}`).join(", ");
  return (
    <div class="evaluation">
      <h4>fine-tuning</h4>
      {c.error && <p class="problem">{c.error}</p>}
      {c.warnings.map((w) => <p key={w} class="muted">{w}</p>)}
      <dl class="facts">
        <div><dt>rows</dt><dd>{count(c.rows)}{c.rows_left_out > 0 && `, ${count(c.rows_left_out)} left out`}</dd></div>
        <div><dt>steps</dt><dd>{count(c.steps)} in {plural(c.epochs, "epoch")}, {seconds(c.runtime_seconds)}</dd></div>
        <div><dt>validation</dt><dd>loss {c.validation_loss?.toFixed(3) ?? "\u2013"}, {percent(c.validation_exact)} of answers exact</dd></div>
        <div><dt>adapter</dt><dd class="path">{c.adapter ?? "\u2013"}</dd></div>
      </dl>
      <TrainingCurve points={c.curve} />
      <p class="muted small">{settings}</p>
    </div>
  );
}

export function CandidateSection(props: { candidate: Candidate; leading: string | null }) {
  const c = props.candidate;
  return (
    <article>
      <h3>{c.model_name}</h3>
      <p class="muted small">
        {[c.source, c.layers_kept !== null ? `${c.layers_kept} layers` : null, c.deployment, c.status].filter(Boolean).join(" · ")}
      </p>
      {c.error && <p class="problem">{c.error}</p>}
      {c.evaluations.map((e) => <EvaluationBlock key={e.eval_type} evaluation={e} leading={props.leading} />)}
      {c.customization && <CustomizationBlock customization={c.customization} />}
    </article>
  );
}
