import { useState } from "preact/hooks";
import { moment } from "../../components/format";
import { Name } from "../../components/plain";
import { post, remove, useFailure, useOnChange, useResource } from "../api";
import { useLive } from "../live";
import { Trouble } from "../parts";
import { signIn, useSession } from "../session";
import type { ApiKey } from "../types";

const kRoles = ["viewer", "reviewer", "operator", "admin"];
const kWaysIn = ["gateway", "elasticsearch", "otlp"];

function Secret(props: { secret: string }) {
  return <p class="notice" role="status">This is the only time that it is shown: <code class="secret">{props.secret}</code></p>;
}

function MakeKey(props: { isFirst: boolean; done: () => void }) {
  const [name, setName] = useState("");
  const [use, setUse] = useState("admin");
  const [tenant, setTenant] = useState("");
  const [secret, setSecret] = useState("");
  const [error, setError] = useFailure();
  const isTraffic = use === "traffic";
  const submit = (event: Event) => {
    event.preventDefault();
    post<{ secret: string }>("/api/keys", isTraffic ? { name, tenant, listeners: kWaysIn } : { name, role: use, listeners: ["control"] }).then(
      async (made) => {
        setSecret(made.secret);
        setError(null);
        setName("");
        // From now on the service asks; who made the first key goes on with it.
        if (props.isFirst && !isTraffic) await signIn(made.secret);
        props.done();
      },
      setError);
  };
  return (
    <>
      <form class="filters" role="form" aria-label="make a key" onSubmit={submit}>
        <label>name<input type="text" value={name} required maxLength={100} autocomplete="off" placeholder="who or what uses it" onInput={(e) => setName(e.currentTarget.value)} /></label>
        <label>
          for
          <select value={use} onChange={(e) => setUse(e.currentTarget.value)}>
            {kRoles.map((role) => <option key={role} value={role}>a person: {role}</option>)}
            <option value="traffic">an application's traffic</option>
          </select>
        </label>
        {isTraffic && <label>tenant<input type="text" value={tenant} autocomplete="off" placeholder="client id; may be empty" onInput={(e) => setTenant(e.currentTarget.value)} /></label>}
        <button type="submit">make a key</button>
      </form>
      {secret !== "" && <Secret secret={secret} />}
      <Trouble error={error} />
    </>
  );
}

/** Who may: for admins. */
export function Keys() {
  const session = useSession();
  const isAdmin = session?.role === "admin";
  const { data, error, reload } = useResource<{ keys: ApiKey[] }>(isAdmin ? "/api/keys" : null);
  useOnChange(useLive().keys?.revision, reload);
  const [trouble, setTrouble] = useFailure();
  const [said, say] = useState("");
  if (!isAdmin) return null;
  const revoke = (id: string) => remove(`/api/keys/${id}`).then(() => { say(`${id} is revoked.`); reload(); }, setTrouble);
  return (
    <section id="keys">
      <h2>Keys</h2>
      {!session.is_needed && <p class="notice">No key was made for these pages: whoever reaches this address is admin. From the first key on, which has to be an admin's, it asks who you are.</p>}
      <Trouble error={error ?? trouble} retry={reload} />
      {data && data.keys.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="keys">
          <table class="list">
            <thead><tr><th scope="col">name</th><th scope="col">key</th><th scope="col">good for</th><th scope="col">tenant</th><th scope="col">last used</th><th scope="col"><span class="muted">end</span></th></tr></thead>
            <tbody>
              {data.keys.map((k) => (
                <tr key={k.id}>
                  <th scope="row"><Name text={k.name} /></th>
                  <td class="code">{k.id}</td>
                  <td>{k.listeners.map((l) => (l === "control" ? `these pages as ${k.role}` : l)).join(", ")}{k.workloads.length > 0 && <>, of <Name text={k.workloads.join(", ")} /></>}</td>
                  <td>{k.tenant === "" ? "\u2013" : <Name text={k.tenant} />}</td>
                  <td>{k.last_used ? moment(k.last_used) : "never"}</td>
                  <td>{k.revoked_at ? `revoked ${moment(k.revoked_at)}` : <button type="button" class="danger" aria-label={`revoke ${k.id}`} onClick={() => void revoke(k.id)}>revoke</button>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p class="small muted" role="status">{said}</p>
      <MakeKey isFirst={!session.is_needed} done={reload} />
    </section>
  );
}
