// What stands in front of the pages while nobody is known, and the line that says who is.
import { useState } from "preact/hooks";
import { Plain } from "../components/plain";
import { useFailure } from "./api";
import { PageTitle, Trouble } from "./parts";
import { signIn, signOut, type Session } from "./session";

export function SignIn() {
  const [key, setKey] = useState("");
  const [error, setError] = useFailure();
  const submit = (event: Event) => {
    event.preventDefault();
    signIn(key.trim()).catch(setError);
  };
  return (
    <>
      <PageTitle title="Sign in"><p class="muted">This service asks who you are. An admin makes a key for you: <code>flywheel keys create NAME --role reviewer</code></p></PageTitle>
      <form class="sign-in" onSubmit={submit}>
        <label>your key<input type="password" value={key} autocomplete="current-password" placeholder="fw-..." required onInput={(e) => setKey(e.currentTarget.value)} /></label>
        <button type="submit" class="main">sign in</button>
      </form>
      <Trouble error={error} />
    </>
  );
}

/** In the head of every page. */
export function Who(props: { session: Session }) {
  const { session } = props;
  if (session.person === null) return null;
  return (
    <span class="who">
      <Plain text={session.person} />, {session.role}
      {session.via === "session" && <> <button type="button" class="quiet" onClick={() => void signOut()}>sign out</button></>}
    </span>
  );
}

/** Above every page while the service asks nobody. */
export const NobodyIsAsked = (props: { session: Session }) => props.session.is_needed ? null : (
  <aside class="open-door" aria-label="who may">No key was made: whoever reaches this address is admin. <a href="/settings#keys">Keys</a></aside>
);
