// Whether two runs were measured on the same rows: pure.
import type { Report } from "../report/model";

/** The digests of the evaluation datasets that have the report's rows: its own, and the one that they are of (`holdout_job`) where none was retired or changed. */
function rowsOf(report: Report): string[] {
  const own = report.dataset.datasets.find((d) => d.name.includes("-eval-"))?.digest;
  const { holdout } = report.dataset;
  return [...(own === undefined ? [] : [own]), ...(holdout && holdout.retired.length === 0 && holdout.rewritten === 0 ? [holdout.digest] : [])];
}

/** Whether both were measured on the same rows: the same requests and responses, byte for byte. */
export const areSameRows = (left: Report, right: Report): boolean => rowsOf(left).some((digest) => rowsOf(right).includes(digest));
