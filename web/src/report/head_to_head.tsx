import { count, difference, pValue, type Kind } from "../components/format";
import { useFold } from "../components/fold";
import { Bar } from "../components/interval_bar";
import { Plain } from "../components/plain";
import { Head } from "../components/score_row";
import { leadingKind, type Report } from "./model";
import { ModelName } from "./model_name";

type Pair = Report["head_to_head"][number];

const kSignificant = 0.05;
const kColumns = ["first and second", "outcome", "difference>2", "better on>", "test"];

function Outcome(props: { pair: Pair }) {
  const { pair: p } = props;
  if (p.p_adjusted < kSignificant) return <><strong>the {p.difference > 0 ? "first" : "second"} is better</strong></>;
  return <>not told apart{p.rows_to_tell_apart !== null && `; about ${count(p.rows_to_tell_apart)} rows would`}</>;
}

/** The difference on an axis that all pairs share, with zero in the middle. */
function DifferenceBar(props: { pair: Pair; widest: number; kind: Kind }) {
  const { pair: p, widest, kind } = props;
  const at = (v: number) => `${50 + (50 * v) / widest}%`;
  const label = `${difference(p.difference, kind)}, 95 % interval ${difference(p.low, kind)} to ${difference(p.high, kind)}`;
  return <Bar low={at(p.low)} high={at(p.high)} mean={at(p.difference)} line="50%" label={label} />;
}

export function HeadToHead(props: { report: Report }) {
  const pairs = props.report.head_to_head;
  const kind = leadingKind(props.report);
  const fold = useFold(pairs.length, 6, "pairs");
  if (pairs.length === 0) return null;
  const widest = Math.max(0.01, ...pairs.flatMap((p) => [Math.abs(p.low), Math.abs(p.high)]));
  return (
    <section>
      <h2 id="head-to-head">Head to head</h2>
      <p class="muted">The same rows, answered by both; right of the middle the first is better. {kind === "rate" ? "Differences are in points of a hundred." : "Differences are of the mean score."}</p>
      <table class="bars pairs">
        <Head columns={kColumns} />
        <tbody>
          {pairs.map((p, i) => (
            <tr key={i} class={fold.beyond(i)}>
              <th scope="row"><ModelName {...p.a} /><br />and <ModelName {...p.b} /></th>
              <td><Outcome pair={p} /></td>
              <td class="number">{difference(p.difference, kind)}<br /><span class="muted small">{difference(p.low, kind)} to {difference(p.high, kind)}</span></td>
              <td class="bar"><DifferenceBar pair={p} widest={widest} kind={kind} /></td>
              <td class="number muted" data-label="better on">{count(p.only_a)} and {count(p.only_b)} <br />of {count(p.n)} rows</td>
              <td class="muted small"><Plain text={p.test} />, {pValue(p.p_value)}, adjusted {pValue(p.p_adjusted)}{p.p_noninferior !== null && <>; no worse than the margin allows: {pValue(p.p_noninferior)}</>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {fold.button}
    </section>
  );
}
