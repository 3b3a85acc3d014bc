// Who is at this browser: signed in with a key, named by a proxy in front of the service, or whoever reaches it while no key was made.
import { useEffect, useState } from "preact/hooks";
import { getJson, post, remove, setSessionToken, whenSignedOut } from "./api";

export interface Session { is_needed: boolean; via: "nothing" | "key" | "session" | "proxy"; person: string | null; role: string | null; csrf: string | null }

/** Nobody is known, and the service asks. */
export const isSignedOut = (session: Session) => session.is_needed && session.via === "nothing";

let current: Session | null = null;
const listeners = new Set<(session: Session | null) => void>();

async function ask() {
  try {
    current = await getJson<Session>("/api/session");
    setSessionToken(current.csrf);
  } catch {
    return; // the pages say themselves that the service cannot be reached
  }
  listeners.forEach((listener) => listener(current));
}
whenSignedOut(() => void ask());

export async function signIn(key: string) {
  await post("/api/session", { key });
  await ask();
}

export async function signOut() {
  await remove("/api/session");
  await ask();
}

/** Null until the service has answered for the first time. */
export function useSession(): Session | null {
  const [session, setSession] = useState(current);
  useEffect(() => {
    listeners.add(setSession);
    if (current === null) void ask();
    else setSession(current);
    return () => { listeners.delete(setSession); };
  }, []);
  return session;
}

/** Whether who is signed in may start, propose and accept; while no key was made, whoever is there may. */
export function useMayOperate(): boolean {
  const role = useSession()?.role ?? null;
  return role === null || role === "operator" || role === "admin";
}
