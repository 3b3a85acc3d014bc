// Proposals as lines of other pages: where they stand, and how those on traffic do.
import { percent, plural, shortPercent } from "../../components/format";
import { Name, Plain } from "../../components/plain";
import { fullName } from "../../report/model";
import { useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { ago } from "../numbers";
import { address } from "../place";
import type { GateFigures, Promotion } from "../types";
import { Stage } from "./promotions";

const kOnTraffic = new Set(["shadow", "canary", "live"]);

/** Kept up to date; empty until the service has answered. */
export function usePromotions(): Promotion[] {
  const { data, reload } = useResource<{ promotions: Promotion[] }>("/api/promotions");
  useOnChange(useLive().promotions?.revision, reload);
  return data?.promotions ?? [];
}

/** The gate that is nearest to its limit. */
function nearest(gates: GateFigures[]): GateFigures | null {
  const seen = gates.filter((g) => g.count > 0 && g.limit > 0);
  return seen.length === 0 ? null : seen.reduce((a, b) => (b.mean / b.limit > a.mean / a.limit ? b : a));
}

function HowItDoes(props: { promotion: Promotion }) {
  const { progress, served_here: served } = props.promotion;
  if (!progress) return null;
  const gate = nearest(progress.gates);
  const engine = served?.engine;
  return (
    <>
      <span>{plural(progress.requests, "request")}</span>
      {progress.errors > 0 && <span class="bad">{percent(progress.errors / Math.max(1, progress.requests))} errors</span>}
      {gate && <span class="muted">{gate.title}: {percent(gate.mean)} of at most {shortPercent(gate.limit)}</span>}
      {engine && engine.state !== "ready" && <span class="bad">its engine: {engine.state}</span>}
    </>
  );
}

export function PromotionLine(props: { promotion: Promotion; workload?: boolean }) {
  const { promotion: p } = props;
  return (
    <li class="line">
      <a href={address(["promotions", p.id])}>
        <Stage promotion={p} />
        {props.workload && <strong><Name text={p.workload_id} /></strong>}
        <span><Plain text={fullName(p.model_name, p.variant)} /></span>
        {kOnTraffic.has(p.stage) && <HowItDoes promotion={p} />}
        <span class="muted right">{ago(p.changed_at)}</span>
      </a>
    </li>
  );
}

/** Models that are on traffic now. */
export function OnTraffic() {
  const list = usePromotions().filter((p) => kOnTraffic.has(p.stage));
  if (list.length === 0) return null;
  return (
    <section>
      <div class="head"><h2>Promoted models</h2><a href="/promotions">all promotions</a></div>
      <ul class="lines">{list.map((p) => <PromotionLine key={p.id} promotion={p} workload />)}</ul>
    </section>
  );
}
