import type { ComponentChildren } from "preact";
import { IntervalBar, type Axis } from "../components/interval_bar";
import { count, dollars, plural, range, score, sentence, shortScore, whole } from "../components/format";
import { Plain, visible } from "../components/plain";
import { contenders, leadingKind, type Estimate, type Report } from "./model";

const kAnswers = { yes: ["Yes", "\u2713"], no: ["No", "\u2715"], not_decided: ["Not yet", "?"] } as const;

function Figure(props: { title: string; value: ComponentChildren; children?: ComponentChildren }) {
  return <div class="figure-box"><dt>{props.title}</dt><dd><strong>{props.value}</strong>{props.children}</dd></div>;
}

function ScoreFigure(props: { title: string; estimate: Estimate; unit: string; axis: Axis }) {
  const { estimate: e, unit, axis } = props;
  const rows = axis.kind === "rate" ? `right on ${count(e.right)} of ${count(e.n)} ${unit}` : `mean of ${count(e.n)} ${unit}`;
  return (
    <Figure title={props.title} value={score(e.mean, axis.kind)}>
      <IntervalBar axis={axis} {...e} />
      <span>{rows}, {range(e, axis.kind)}</span>
    </Figure>
  );
}

function MonthFigure(props: { monthly: NonNullable<Report["summary"]["monthly"]> }) {
  const { requests, window_days, production_cost, candidate_cost, saving } = props.monthly;
  const days = `${whole(requests)} requests a month, by ${count(window_days)} days of traffic`;
  if (saving === null) return <Figure title="Money a month" value="not known"><span>a price is missing in the configuration; {days}</span></Figure>;
  return (
    <Figure title={saving < 0 ? "Costs more a month" : "Saves a month"} value={dollars(Math.abs(saving))}>
      <span>{dollars(production_cost)} for production, {dollars(candidate_cost)} for the candidate; {days}</span>
    </Figure>
  );
}

function Figures(props: { report: Report; axis: Axis }) {
  const { report, axis } = props;
  const { score: all, newest, threshold, wrong_per_1000, monthly } = report.summary;
  const title = report.scoring.leading.title;
  const frequent = contenders(report)[0]?.evaluation.frequent;
  const unit = frequent && frequent.asks > frequent.requests ? "asks" : "rows";
  const wrong = (x: number) => count(Number(x.toPrecision(3)));
  return (
    <dl class="figures">
      {all && <ScoreFigure title={sentence(title).slice(0, -1)} estimate={all} unit={unit} axis={axis} />}
      {newest ? <ScoreFigure title="On the newest traffic" estimate={newest} unit={unit} axis={axis} /> : all && <Figure title="On the newest traffic" value="not measured" />}
      <Figure title="Threshold" value={shortScore(threshold.value, axis.kind)}>
        <span>
          {shortScore(threshold.ceiling, axis.kind)} that production reaches itself, less a margin of {axis.kind === "rate" ? plural(Number((100 * threshold.margin).toFixed(1)), "point") : threshold.margin}; set by <Plain text={threshold.set_by} />
        </span>
      </Figure>
      {wrong_per_1000 && (
        <Figure title={axis.kind === "rate" ? "Wrong answers expected in 1,000" : "Agreement lost in 1,000 answers"} value={wrong(wrong_per_1000.mean)}>
          <span>{wrong(wrong_per_1000.low)} to {wrong(wrong_per_1000.high)}</span>
        </Figure>
      )}
      {monthly && <MonthFigure monthly={monthly} />}
    </dl>
  );
}

/** The answer to "can a smaller model do this work?", and what it stands on. */
export function Decision(props: { report: Report; axis: Axis }) {
  const { report } = props;
  const { summary, trust } = report;
  const [word, sign] = kAnswers[summary.decision];
  const failing = trust.checks.filter((c) => !c.ok);
  return (
    <section class={`decision ${summary.decision}`} aria-label="decision">
      <p class="answer"><span class="sign" aria-hidden="true">{sign}</span><strong>{word}</strong></p>
      <p class="headline"><Plain text={summary.headline} /></p>
      {!trust.clean && (
        <p class="problem">
          <a href="#trust">{failing.length === 0 ? "A check of trust did not pass" : `${failing.length} of ${trust.checks.length} checks of trust did not pass`}</a>
          {failing.map((c) => <span key={c.name}>; {visible(c.text)}</span>)}
        </p>
      )}
      <Figures report={report} axis={props.axis} />
      <div class="columns">
        {summary.reasons.length > 0 && <div><h2>Why</h2><ul>{summary.reasons.map((r) => <li key={r}><Plain text={sentence(r)} /></li>)}</ul></div>}
        {summary.next_steps.length > 0 && <div><h2>What to do next</h2><ol>{summary.next_steps.map((s) => <li key={s}><Plain text={sentence(s)} /></li>)}</ol></div>}
      </div>
    </section>
  );
}

export const axisOf = (report: Report, floor: number): Axis => ({ floor, threshold: report.summary.threshold.value, kind: leadingKind(report) });
