import { useFold } from "../components/fold";
import { count, seconds } from "../components/format";
import { Bar } from "../components/interval_bar";
import { Head } from "../components/score_row";
import type { Contender } from "./model";
import { ModelName } from "./model_name";

const kColumns = ["model", "how", "median>", "95th>", "from median to 95th", "requests>"];

export function Latency(props: { list: Contender[] }) {
  const rows = props.list.flatMap((c) => {
    const { alone, loaded } = c.evaluation.latency_seconds;
    return alone || loaded ? [{ c, alone, loaded }] : [];
  });
  const fold = useFold(rows.length, 6, "evaluations");
  if (rows.length === 0) return null;
  const longest = Math.max(...rows.flatMap((r) => [r.alone?.p95 ?? 0, r.loaded?.p95 ?? 0]), 1e-6);
  const at = (v: number) => `${(100 * v) / longest}%`;
  return (
    <section>
      <h2 id="latency">Time of an answer</h2>
      <p class="muted">Alone: one request at a time. At once: as many as the evaluation sent, so this machine's queue counts too. Bars go from the median to the 95th percentile.</p>
      <table class="bars times">
        <Head columns={kColumns} />
        {rows.map(({ c, alone, loaded }, i) => (
          <tbody key={c.key} class={fold.beyond(i)}>
            {[alone, loaded].map((t, k) => t && (
              <tr key={k}>
                {(k === 0 || !alone) && <th scope="rowgroup" rowSpan={alone && loaded ? 2 : 1}><ModelName {...c} /></th>}
                <td>{k === 0 ? "alone" : `${count(loaded!.parallelism)} at once`}</td>
                <td class="number score">{seconds(t.p50)}</td>
                <td class="number">{seconds(t.p95)}</td>
                <td class="bar"><Bar low={at(t.p50)} high={at(t.p95)} mean={at(t.p50)} label={`median ${seconds(t.p50)}, 95th percentile ${seconds(t.p95)}`} tone={k === 0 ? "" : "baseline"} /></td>
                <td class="number muted rows">{count(t.n)}</td>
              </tr>
            ))}
          </tbody>
        ))}
      </table>
      {fold.button}
    </section>
  );
}
