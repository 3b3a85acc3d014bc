import { render } from "preact";
import type { Report } from "./model";
import { ReportPage } from "./page";

const data = document.getElementById("report-data")?.textContent ?? "";
const page = document.getElementById("page")!;
try {
  const report = JSON.parse(data) as Report;
  document.title = `${report.job.workload_id} \u2013 Flywheel report`;
  page.replaceChildren();
  render(<ReportPage report={report} />, page);
} catch (error) {
  page.textContent = `This file holds no readable report: ${String(error)}`;
}
