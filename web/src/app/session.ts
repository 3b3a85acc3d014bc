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

/** Each may what those before it may. */
const kRoles = ["viewer", "reviewer", "operator", "admin"] as const;
export type Role = (typeof kRoles)[number];

/** Whether who is signed in has this role or a further one; while no key was made, whoever is there has. */
export function useMay(role: Role): boolean {
  const own = useSession()?.role ?? null;
  return own === null || kRoles.indexOf(own as Role) >= kRoles.indexOf(role);
}
