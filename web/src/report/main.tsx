import { render } from "preact";
import { visible } from "../components/plain";
import { scrollToId } from "./location";
import type { Report } from "./model";
import { ReportPage } from "./page";

/** The version of the report's JSON that this page reads. */
const kVersion = 2;

const data = document.getElementById("report-data")?.textContent ?? "";
const page = document.getElementById("page")!;
try {
  const report = JSON.parse(data) as Report;
  if (report.version !== kVersion) throw new Error(`its version is ${String(report.version)}, this page reads version ${kVersion}`);
  document.title = `${visible(report.job.workload_id)} \u2013 Flywheel report`;
  page.replaceChildren();
  render(<ReportPage report={report} />, page);
  // The browser looked for the named section before it was drawn.
  if (location.hash !== "" && !location.hash.includes("=")) scrollToId(location.hash.slice(1));
} catch (error) {
  page.textContent = `This file holds no readable report: ${String(error)}`;
}
