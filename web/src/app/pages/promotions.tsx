import { count, shortPercent } from "../../components/format";
import { Name } from "../../components/plain";
import { fullName } from "../../report/model";
import { useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { ago } from "../numbers";
import { Badge, PageTitle, Trouble, Waiting } from "../parts";
import { address } from "../place";
import type { Promotion } from "../types";
import { ProposeLink } from "./propose";

const kTones: Record<string, string> = { proposed: "busy", signed_off: "busy", shadow: "busy", canary: "busy", live: "yes", retired: "quiet", rejected: "no", rolled_back: "no" };

export const stageText = (p: Promotion): string => p.stage.replace("_", " ") + (p.stage === "canary" ? ` ${shortPercent(p.share)}` : "");
export const Stage = (props: { promotion: Promotion }) => <Badge text={stageText(props.promotion)} tone={kTones[props.promotion.stage]} />;

export function Promotions() {
  const { data, error, reload } = useResource<{ promotions: Promotion[] }>("/api/promotions");
  useOnChange(useLive().promotions?.revision, reload);
  const list = [...(data?.promotions ?? [])].reverse();
  return (
    <>
      <PageTitle title="Promotions" tools={<ProposeLink />}><p class="muted">A model gets traffic once it is proposed and somebody else has signed: copies first, then a share of the conversations, then all. Gates take it off by themselves.</p></PageTitle>
      <Trouble error={error} retry={reload} />
      {!data && !error && <Waiting what="the promotions" />}
      {data && list.length === 0 && <p>None yet. A run that completed is proposed on its page, here, or with <code>flywheel promote propose JOB</code>.</p>}
      {list.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="promotions">
          <table class="list">
            <thead><tr><th scope="col">workload</th><th scope="col">model</th><th scope="col">stage</th><th scope="col" class="number">requests</th><th scope="col">proposed by</th><th scope="col">changed</th></tr></thead>
            <tbody>
              {list.map((p) => (
                <tr key={p.id}>
                  <th scope="row"><a href={address(["promotions", p.id])}><Name text={p.workload_id} /></a></th>
                  <td><Name text={fullName(p.model_name, p.variant)} /></td>
                  <td><Stage promotion={p} />{p.served_here?.engine && p.served_here.engine.state !== "ready" && <> <span class="small muted">its engine: {p.served_here.engine.state}</span></>}</td>
                  <td class="number">{p.progress ? count(p.progress.requests) : "\u2013"}</td>
                  <td><Name text={p.proposer} /></td>
                  <td>{ago(p.changed_at)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
