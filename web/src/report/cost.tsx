import type { ComponentChildren } from "preact";
import { dollars, seconds, sentence, whole, type Kind } from "../components/format";
import { useFold } from "../components/fold";
import { Name, visible } from "../components/plain";
import { QualityCost, type QualityPoint } from "../components/quality_cost";
import { Head } from "../components/score_row";
import { leadingKind, variantName, type Contender, type Report } from "./model";
import { ModelName } from "./model_name";

const kMarks: Record<string, QualityPoint["mark"]> = { "customized-eval": "full", "icl-eval": "square" };

function qualityPoints(report: Report): QualityPoint[] {
  const points = report.ranking.entries.flatMap((e): QualityPoint[] => (!e.cost_per_1000 ? [] : [{
    name: visible(e.model_name), variant: variantName(e.variant), rank: e.rank, cost: e.cost_per_1000, mean: e.score, low: e.low, high: e.high, mark: kMarks[e.eval_type] ?? "hollow" }]));
  const { cost_per_1000, name, ceiling } = report.production;
  const production: QualityPoint[] = cost_per_1000 ? [{ name: visible(name), variant: "", rank: null, cost: cost_per_1000, mean: ceiling.value, low: ceiling.low, high: ceiling.high, mark: "production" }] : [];
  return points.length > 0 ? [...production, ...points] : [];
}

type Price = Report["production"]["price"];

/** Cached tokens without a price of their own cost what the others do. */
function price(p: Price): string {
  if (p === null) return "not configured";
  const cached = p.cached_input_per_million === undefined ? "" : ` (${dollars(p.cached_input_per_million)} cached)`;
  return `${dollars(p.input_per_million)} in${cached}, ${dollars(p.output_per_million)} out`;
}

const kColumns = ["model", "a million tokens", "tokens of a request", "cost of 1,000>", "a month>", "training"];

/** A line of the table of prices; on a phone every cell says what it is. */
function Row(props: { name: ComponentChildren; cells: string[]; class?: string }) {
  return (
    <tr class={props.class}>
      <th scope="row">{props.name}</th>
      {props.cells.map((text, i) => {
        const [title, span] = kColumns[i + 1]!.split(">");
        return <td class={span === "" ? "number" : ""} data-label={title}>{text}</td>;
      })}
    </tr>
  );
}

function tokens(prompt: number | null | undefined, cached: number | null | undefined, completion: number | null | undefined): string {
  if (prompt === null || prompt === undefined) return "\u2013";
  return `${whole(prompt)} in${cached ? ` (${whole(cached)} cached)` : ""}, ${whole(completion)} out`;
}

function tokensText(c: Contender): string {
  const t = c.evaluation.tokens;
  return tokens(t?.prompt_mean, t?.cached_prompt_mean, t?.completion_mean);
}

/** Only a fine-tuned model has cost its training. */
function trainingText(c: Contender): string {
  const training = c.candidate.customization;
  if (!training || c.evaluation.eval_type !== "customized-eval") return "";
  return `${seconds(training.runtime_seconds)}${training.cost === null ? "" : `, ${dollars(training.cost)}`}`;
}

export function Cost(props: { report: Report; list: Contender[] }) {
  const { report, list } = props;
  const { production, summary } = report;
  const fold = useFold(list.length, 6, "evaluations");
  const kind: Kind = leadingKind(report);
  const requests = summary.monthly?.requests;
  const month = (cost: number | null) => (cost === null || requests === undefined ? null : (cost * requests) / 1000);
  const cells = (of: Price, tokens: string, cost: number | null, training: string) => [price(of), tokens, dollars(cost), dollars(month(cost)), training];
  const used = tokens(production.prompt_tokens_mean, production.cached_prompt_tokens_mean, production.completion_tokens_mean);
  const points = qualityPoints(report);
  return (
    <section>
      <h2 id="cost">Cost</h2>
      <div class="scroll" tabIndex={0}>
        <table class="costs">
          <Head columns={kColumns} />
          <tbody>
            <Row name={<><Name text={production.name} /> <span class="muted">production</span></>} cells={cells(production.price, used, production.cost_per_1000, "")} />
            {list.map((c, i) => (
              <Row key={c.key} class={fold.beyond(i)} name={<ModelName {...c} />}
                cells={cells(c.candidate.price, tokensText(c), c.evaluation.cost_per_1000, trainingText(c))} />
            ))}
          </tbody>
        </table>
      </div>
      {fold.button}
      {points.length > 1 && (
        <figure>
          <QualityCost points={points} title={report.scoring.leading.title} threshold={summary.threshold.value} kind={kind} />
          <figcaption>{sentence(report.scoring.leading.title).slice(0, -1)} against cost; better is up and to the left. Numbers are ranks. Full circles are fine-tuned, squares few-shot, hollow circles zero-shot, the diamond is production; the dashed line is the threshold.</figcaption>
        </figure>
      )}
    </section>
  );
}
