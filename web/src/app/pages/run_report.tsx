import { useEffect, useMemo } from "preact/hooks";
import { plural } from "../../components/format";
import { GoneNote, GoneTag } from "../../components/gone_record";
import { refreshPlace, scrollToId } from "../../report/location";
import type { Report, RowNote } from "../../report/model";
import { ReportPage } from "../../report/page";
import { useResource } from "../api";
import { PageTitle, Trouble, Waiting } from "../parts";
import { address } from "../place";

/** The report as a page of the application, the same as the file that can be sent around. */
export function RunReport(props: { id: string }) {
  const { data, error, reload } = useResource<Report>(`/api/jobs/${props.id}/report`);
  // The report stays as it was written; what was erased since is told beside it.
  const gone = useResource<{ record_ids: string[] }>(`/api/jobs/${props.id}/report/gone`);
  const ids = useMemo(() => new Set(gone.data?.record_ids), [gone.data]);
  const note: RowNote = (record) => ids.has(record) && <><GoneTag /><GoneNote /></>;
  useEffect(refreshPlace, []);
  useEffect(() => {
    if (data && location.hash !== "" && !location.hash.includes("=")) scrollToId(location.hash.slice(1));
  }, [data !== null]);
  if (!data) return <><PageTitle title="Report" eyebrow={<a href={address(["runs", props.id])}>Run</a>} /><Trouble error={error} retry={reload} />{!error && <Waiting what="the report" />}</>;
  return (
    <div class="report">
      <p class="report-tools small"><a href={address(["runs", props.id])}>the run</a> · <a href={`/api/jobs/${props.id}/report.html`} download={`report-${props.id}.html`}>as a file to send around</a> · <a href={`/api/jobs/${props.id}/report`} download={`report-${props.id}.json`}>as JSON</a></p>
      <Trouble error={gone.error} retry={gone.reload} />
      {ids.size > 0 && <p class="notice">Of {plural(ids.size, "row")} below the log no longer has the record; each says so.</p>}
      <ReportPage report={data} note={note} />
    </div>
  );
}
