// Two answers to the same evaluation rows, of one run or of two: pure.
import { answerName } from "../report/row_filter";
import type { DivergentRow, Report, RowAnswer } from "../report/model";

export type Side = "a" | "b" | "same";
export interface Pair { row: DivergentRow; a: RowAnswer; b: RowAnswer; better: Side }

/** Whose answers the report has, the best-ranked first. */
export const answerersOf = (report: Report): string[] => {
  const best = report.ranking.entries[0];
  return [...new Set([...(best ? [answerName(best)] : []), ...report.divergent_rows.rows.flatMap((r) => r.answers.map(answerName))])];
};

/** The digests of the evaluation datasets that have the report's rows: its own, and the one that they are of (`holdout_job`) where none was retired or changed. */
function rowsOf(report: Report): string[] {
  const own = report.dataset.datasets.find((d) => d.name.includes("-eval-"))?.digest;
  const { holdout } = report.dataset;
  return [...(own === undefined ? [] : [own]), ...(holdout && holdout.retired.length === 0 && holdout.rewritten === 0 ? [holdout.digest] : [])];
}

/** Whether both were measured on the same rows: the same requests and responses, byte for byte. */
export const areSameRows = (left: Report, right: Report): boolean => rowsOf(left).some((digest) => rowsOf(right).includes(digest));

/** What `name` answered to the row in `report`. A row on which a run's best-ranked candidate gave production's answer is not among its divergent
    rows: where both runs were measured on the same rows, all of them listed, that is known too. */
function answerIn(report: Report, name: string, rows: Map<string, DivergentRow>, row: DivergentRow, isComplete: boolean): RowAnswer | undefined {
  const own = rows.get(row.record_id);
  if (own) return own.answers.find((x) => answerName(x) === name);
  const best = report.ranking.entries[0];
  if (!isComplete || !best || answerName(best) !== name) return undefined;
  return { model_name: best.model_name, variant: best.variant, message: row.reference as RowAnswer["message"], agreement: 1, scores: {}, mistakes: [], failure: null, error: null };
}

/** The rows to which both answers are known. `left` and `right` may be the same report. */
export function pairsOf(left: Report, a: string, right: Report, b: string): Pair[] {
  const byId = (report: Report) => new Map(report.divergent_rows.rows.map((r) => [r.record_id, r]));
  const [lefts, rights] = [byId(left), byId(right)];
  const isSame = left !== right && areSameRows(left, right);
  const isComplete = (report: Report) => isSame && report.divergent_rows.left_out === 0;
  return [...new Map([...lefts, ...rights]).values()].flatMap((row): Pair[] => {
    const x = answerIn(left, a, lefts, row, isComplete(left));
    const y = answerIn(right, b, rights, row, isComplete(right));
    if (!x || !y) return [];
    const [l, r] = [x.agreement ?? 0, y.agreement ?? 0];
    return [{ row, a: x, b: y, better: l > r ? "a" : r > l ? "b" : "same" }];
  });
}
