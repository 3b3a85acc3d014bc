// Who is at this browser: signed in with a key, named by a proxy in front of the service, or whoever reaches it while no key was made.
import { useEffect, useState } from "preact/hooks";
import { ApiError, getJson, markUse, post, remove, setSessionToken, whenSignedOut } from "./api";

export interface Session { is_needed: boolean; via: "nothing" | "key" | "session" | "proxy"; person: string | null; role: string | null; csrf: string | null }

/** Nobody is known, and the service asks. */
export const isSignedOut = (session: Session) => session.is_needed && session.via === "nothing";

let current: Session | null = null;
let trouble: ApiError | null = null;
const listeners = new Set<(session: Session | null) => void>();
const whenPerson = new Set<(person: string | null) => void>();
/** `tell` is given who signed in, and null when somebody signed out. */
export const onPerson = (tell: (person: string | null) => void) => { whenPerson.add(tell); };

function know(session: Session) {
  // Nothing that was read for who is gone stays in this page: it begins anew.
  const isGone = current !== null && !isSignedOut(current) && isSignedOut(session);
  current = session;
  trouble = null;
  if (session.person !== null) whenPerson.forEach((tell) => tell(session.person));
  setSessionToken(session.csrf);
  if (isGone) location.reload();
  if (!isSignedOut(session)) markUse();
  listeners.forEach((listener) => listener(current));
}

/** Without an answer no page is shown: it is asked again until there is one. */
const kAgain = 3000;
let isAskedAgain = false;

async function ask() {
  try {
    know(await getJson<Session>("/api/session"));
  } catch (error) {
    trouble = error instanceof ApiError ? error : new ApiError(String(error), 0);
    listeners.forEach((listener) => listener(current));
    if (isAskedAgain) return;
    isAskedAgain = true;
    setTimeout(() => {
      isAskedAgain = false;
      void ask();
    }, kAgain);
  }
}
whenSignedOut(() => void ask());

/** After the time that a session may be idle: whether or not the service can be asked, what the page shows goes. */
export async function endIdle() {
  const nobody: Session = { is_needed: true, via: "nothing", person: null, role: null, csrf: null };
  know(await getJson<Session>("/api/session").catch(() => nobody));
}

/** Tells the service that the session is in use, while nothing else does. */
export const keepOn = () => { getJson<Session>("/api/session").then(know, () => {}); };

export async function signIn(key: string) {
  await post("/api/session", { key });
  await ask();
}

export async function signOut() {
  await remove("/api/session");
  whenPerson.forEach((tell) => tell(null));
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

/** Why nobody knows yet who is there; asked again meanwhile. */
export function useSessionTrouble(): ApiError | null {
  const [known, setKnown] = useState(trouble);
  useEffect(() => {
    const look = () => setKnown(trouble);
    listeners.add(look);
    look();
    return () => { listeners.delete(look); };
  }, []);
  return known;
}

/** Each may what those before it may. */
const kRoles = ["viewer", "reviewer", "operator", "admin"] as const;
export type Role = (typeof kRoles)[number];

/** Whether who is signed in has this role or a further one; while no key was made, whoever is there has. */
export function useMay(role: Role): boolean {
  const own = useSession()?.role ?? null;
  return own === null || kRoles.indexOf(own as Role) >= kRoles.indexOf(role);
}
