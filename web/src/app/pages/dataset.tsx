import { count, words } from "../../components/format";
import { Name, Plain } from "../../components/plain";
import { DatasetSection } from "../../report/dataset";
import type { Report } from "../../report/model";
import { useResource } from "../api";
import { changesOf, type Change } from "../card_figures";
import { PageTitle, Trouble, Waiting } from "../parts";
import { address } from "../place";
import { OtherRun } from "./same_traffic";

const reportOf = (id: string): string => `/api/jobs/${encodeURIComponent(id)}/report`;
const cardOf = (report: Report) => report.dataset as unknown as Record<string, unknown>;

function byOf(c: Change): string {
  if (c.before === null || c.after === null) return c.before === null ? "new" : "gone";
  const by = c.after - c.before;
  return `${by > 0 ? "+" : "\u2212"}${count(Math.abs(by))}`;
}

/** The figures in which two cards differ. */
function Differences(props: { before: Report; after: Report }) {
  const changes = changesOf(cardOf(props.before), cardOf(props.after));
  const digests = (report: Report) => report.dataset.datasets.map((d) => d.digest).join();
  const isSame = digests(props.before) === digests(props.after);
  const groups = [...new Set(changes.map((c) => c.group))];
  return (
    <>
      <p role="status">{isSame ? "The datasets are the same, byte for byte." : `The datasets differ${changes.length === 0 ? ", though no figure of their cards does" : ""}.`}</p>
      {changes.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="what differs">
          <table class="list">
            <thead><tr><th scope="col">figure</th><th scope="col" class="number">there</th><th scope="col" class="number">here</th><th scope="col" class="number">by</th></tr></thead>
            {groups.map((group) => (
              <tbody key={group}>
                <tr class="part"><th colSpan={4} scope="rowgroup">{words(group)}</th></tr>
                {changes.filter((c) => c.group === group).map((c) => (
                  <tr key={c.name}><th scope="row"><Plain text={words(c.name)} /></th><td class="number">{count(c.before)}</td><td class="number">{count(c.after)}</td><td class="number">{byOf(c)}</td></tr>
                ))}
              </tbody>
            ))}
          </table>
        </div>
      )}
    </>
  );
}

/** Beside another run of the same traffic. */
function Compared(props: { id: string; report: Report; other: string }) {
  const { id, report, other } = props;
  const before = useResource<Report>(other === "" ? null : reportOf(other));
  return (
    <section>
      <h2>Beside another run's</h2>
      <form class="filters" onSubmit={(e) => e.preventDefault()}><OtherRun id={id} of={report.job} value={other} any="none" /></form>
      <Trouble error={before.error} retry={before.reload} />
      {other !== "" && !before.data && !before.error && <Waiting what="the other card" />}
      {before.data && <Differences before={before.data} after={report} />}
    </section>
  );
}

export function DatasetPage(props: { id: string; query: URLSearchParams }) {
  const { id, query } = props;
  const { data, error, reload } = useResource<Report>(reportOf(id));
  return (
    <>
      <PageTitle title={data ? `Datasets of ${data.job.workload_id}` : "Datasets"} eyebrow={<a href="/datasets">Datasets</a>}>
        {data && <p class="muted">Traffic of <Plain text={data.job.client_id} /> · drawn for the run <a class="code" href={address(["runs", id])}><Name text={id.slice(0, 8)} /></a> · seed {data.reproduce.seed}</p>}
      </PageTitle>
      <Trouble error={error} retry={reload} />
      {!data && !error && <Waiting what="the card" />}
      {data && data.dataset.steps.length === 0 && <p>The run has drawn none{data.job.status === "running" && " yet"}.</p>}
      {data && <div class="report"><DatasetSection dataset={data.dataset} /></div>}
      {data && data.dataset.steps.length > 0 && <Compared id={id} report={data} other={query.get("with") ?? ""} />}
    </>
  );
}
