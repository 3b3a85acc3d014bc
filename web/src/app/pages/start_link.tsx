import { address } from "../place";
import { useMay } from "../session";

/** Leads to the form that starts a run, for who may. */
export const StartLink = (props: { of?: { workload_id: string; client_id: string } }) => (useMay("operator")
  ? <a class="button main" href={address(["runs", "new"], { workload: props.of?.workload_id, client: props.of?.client_id })}>start a run</a> : null);
