import type { ComponentChildren } from "preact";
import { useResource } from "./api";
import { useIdleEnd } from "./idle";
import { useLive } from "./live";
import { usePlace, type Place } from "./place";
import { AuditPage } from "./pages/audit";
import { ComparePage } from "./pages/compare";
import { DatasetPage } from "./pages/dataset";
import { Datasets } from "./pages/datasets";
import { DiscoveryPage } from "./pages/discovery";
import { InteractionPage } from "./pages/interaction";
import { Overview } from "./pages/overview";
import { CardPage } from "./pages/card";
import { ReviewPage } from "./pages/review";
import { Reviews } from "./pages/reviews";
import { PromotionPage } from "./pages/promotion";
import { Promotions } from "./pages/promotions";
import { ProposePage } from "./pages/propose";
import { RunPage } from "./pages/run";
import { RunReport } from "./pages/run_report";
import { Runs } from "./pages/runs";
import { StartRun } from "./pages/start_run";
import { Settings } from "./pages/settings";
import { Traffic } from "./pages/traffic";
import { WorkloadPage } from "./pages/workload";
import { Workloads } from "./pages/workloads";
import { PageTitle, Trouble, Waiting } from "./parts";
import { useRedaction } from "./redaction";
import { endIdle, isSignedOut, keepOn, useSession, useSessionTrouble } from "./session";
import { NobodyIsAsked, SignIn, Who } from "./sign_in";
import type { Configuration } from "./types";

const kSections: [string, string][] = [["", "Overview"], ["workloads", "Workloads"], ["traffic", "Traffic"], ["runs", "Runs"], ["datasets", "Datasets"], ["review", "Review"], ["promotions", "Promotions"], ["settings", "Settings"]];

function NoPage() {
  return <PageTitle title="There is no such page"><p><a href="/">Overview</a></p></PageTitle>;
}

/** Sections whose pages have a page below them. */
const kDeepest: Record<string, number> = { runs: 3, review: 3 };

/** The page of an address. */
function pageOf({ path, query }: Place): ComponentChildren {
  const [section = "", id, part] = path;
  if (path.length > (kDeepest[section] ?? 2)) return <NoPage />;
  if (section === "" && path.length === 0) return <Overview />;
  if (section === "workloads") return id === undefined ? <Workloads /> : <WorkloadPage workload={id} client={query.get("client") ?? ""} />;
  if (section === "discovery" && path.length === 1) return <DiscoveryPage query={query} />;
  if (section === "traffic") return id === undefined ? <Traffic query={query} /> : <InteractionPage id={id} query={query} />;
  if (section === "review") {
    if (id === undefined) return <Reviews />;
    return part === undefined ? <ReviewPage id={id} query={query} /> : <CardPage review={id} record={part} query={query} />;
  }
  if (section === "promotions") {
    if (id === undefined) return <Promotions />;
    return id === "new" ? <ProposePage query={query} /> : <PromotionPage id={id} />;
  }
  if (section === "datasets") return id === undefined ? <Datasets /> : <DatasetPage id={id} query={query} />;
  if (section === "settings" && id === "audit") return <AuditPage query={query} />;
  if (section === "settings" && path.length === 1) return <Settings query={query} />;
  if (section === "runs") {
    if (id === undefined) return <Runs query={query} />;
    if (id === "new") return <StartRun query={query} />;
    if (part === undefined) return <RunPage id={id} />;
    if (part === "report") return <RunReport id={id} />;
    if (part === "compare") return <ComparePage id={id} query={query} />;
  }
  return <NoPage />;
}

function Connection() {
  const { connected } = useLive();
  if (connected === null) return null;
  return (
    <span class={`connection ${connected ? "on" : "off"}`} role="status">
      <i aria-hidden="true" />{connected ? "live" : "no connection; trying again"}
    </span>
  );
}

/** Before the service has said who is there. */
function NotKnown() {
  const error = useSessionTrouble();
  return error ? <><Trouble error={error} /><p class="muted">It is asked again.</p></> : <Waiting what="who is signed in" />;
}

export function Shell() {
  const place = usePlace();
  const first = place.path[0] ?? "";
  const section = first === "discovery" ? "workloads" : first;
  const session = useSession();
  const isOut = session !== null && isSignedOut(session);
  const { data: configuration } = useResource<Configuration>(session !== null && !isOut ? "/api/configuration" : null);
  useRedaction(configuration);
  const idle = configuration?.settings.find((s) => s.path === "auth.session_idle_minutes")?.value;
  useIdleEnd(session?.via === "session" && idle !== undefined ? Number(idle) : null, () => void endIdle(), keepOn);
  return (
    <>
      <a class="skip" href="#page">Skip to the page</a>
      <header class="shell">
        <a class="brand" href="/"><img src="/assets/icon.svg" alt="" width="22" height="22" />Flywheel</a>
        <nav aria-label="pages">
          {kSections.map(([name, title]) => <a key={name} href={`/${name}`} aria-current={name === section ? "page" : undefined}>{title}</a>)}
        </nav>
        {session && <Who session={session} />}
        {session && !isOut && <Connection />}
      </header>
      {session && <NobodyIsAsked session={session} />}
      <main id="page" key={place.path.join("/")}>{isOut ? <SignIn /> : session ? pageOf(place) : <NotKnown />}</main>
    </>
  );
}
