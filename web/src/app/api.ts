// The service's API as the pages use it. Whatever it says goes through Plain before it is shown.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export interface FieldProblem { loc: string[]; msg: string }

/** What went wrong: the service's own words, and which fields they are about. */
export class ApiError extends Error {
  constructor(message: string, readonly status: number, readonly problems: FieldProblem[] = []) { super(message); }
}

function errorOf(status: number, text: string): ApiError {
  let detail: unknown = text;
  try {
    detail = (JSON.parse(text) as { detail?: unknown }).detail ?? text;
  } catch { /* no JSON: the text is all there is */ }
  if (Array.isArray(detail)) {
    const problems = detail.map((d: { loc?: unknown[]; msg?: unknown }) => ({ loc: (d.loc ?? []).map(String), msg: String(d.msg ?? "") }));
    return new ApiError(problems.map((p) => `${p.loc.slice(1).join(".")}: ${p.msg}`).join("; "), status, problems);
  }
  return new ApiError(typeof detail === "string" && detail !== "" ? detail : `the service answered with status ${status}`, status);
}

let token: string | null = null;
let tellSignedOut = () => {};
let usedAt = Date.now();
/** What is asked later than this after a person did something, the page asks by itself. */
const kByPerson = 10_000;
let actedAt = Date.now();
for (const act of ["pointerdown", "keydown", "wheel", "touchstart"]) addEventListener(act, () => { actedAt = Date.now(); }, { capture: true, passive: true });
/** When a person last asked the service for something: it counts how long a session is idle from there. */
export const lastUse = () => usedAt;
export const markUse = () => { usedAt = Date.now(); };

/** What proves, where something is changed, that it is this page that does. */
export const setSessionToken = (csrf: string | null) => { token = csrf; };
export const whenSignedOut = (tell: () => void) => { tellSignedOut = tell; };
/** Has it asked whether whoever is signed in still is. */
export const doubtSession = () => tellSignedOut();

async function request(method: string, url: string, body: unknown, signal?: AbortSignal): Promise<string> {
  const init: RequestInit = { method, signal };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { "content-type": "application/json" };
  }
  if (token !== null && method !== "GET") init.headers = { ...init.headers, "x-flywheel-csrf": token };
  let response: Response;
  // Whether asking who is there was a use, its answer says.
  if (Date.now() - actedAt > kByPerson) init.headers = { ...init.headers, "x-flywheel-background": "1" };
  else if (url !== "/api/session") markUse();
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("the service cannot be reached; is it still running?", 0);
  }
  const text = await response.text();
  if (response.status === 401 && url !== "/api/session") tellSignedOut();
  if (!response.ok) throw errorOf(response.status, text);
  return text;
}

export const getText = (url: string, signal?: AbortSignal) => request("GET", url, undefined, signal);
export const getJson = async <T>(url: string, signal?: AbortSignal): Promise<T> => JSON.parse(await getText(url, signal)) as T;
export const post = async <T>(url: string, body: unknown = {}): Promise<T> => JSON.parse(await request("POST", url, body)) as T;
export const remove = async <T>(url: string): Promise<T> => JSON.parse(await request("DELETE", url, undefined)) as T;

/** The service is away, or what stands before it says so. */
const isAway = (error: ApiError | null): boolean => error !== null && [0, 502, 503, 504].includes(error.status);
const whenBack = new Set<() => void>();
/** A connection to the service is there again. */
export const tellBack = () => whenBack.forEach((again) => again());
const kAgain = 5000;

/** While `error` says that the service is away `again` is called now and then, and as soon as it is back. */
export function useAgain(error: ApiError | null, again: () => void) {
  useEffect(() => {
    if (!isAway(error)) return;
    const timer = setTimeout(again, kAgain);
    whenBack.add(again);
    return () => {
      clearTimeout(timer);
      whenBack.delete(again);
    };
  }, [error]);
}

const errorOfAct = (e: unknown): ApiError => (e instanceof ApiError ? e : new ApiError(String(e), 0));

/**
 * What went wrong with what a person did. That the service was away is forgotten once it is back: the page shows then how things stand, and
 * what was pressed can be pressed again.
 */
export function useFailure(): [ApiError | null, (error: unknown) => void] {
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    if (!isAway(error)) return;
    const forget = () => setError(null);
    whenBack.add(forget);
    return () => { whenBack.delete(forget); };
  }, [error]);
  return [error, (e) => setError(e === null ? null : errorOfAct(e))];
}

export interface Resource<T> { data: T | null; error: ApiError | null; reload: () => void }

/** A resource of the API; asked for again when its address changes, or by reload(). What is known stays shown until the answer comes, or says that it is no longer there. */
export function useResource<T>(url: string | null, load: (url: string, signal: AbortSignal) => Promise<T> = getJson): Resource<T> {
  const [state, setState] = useState<{ url: string | null; data: T | null; error: ApiError | null }>({ url, data: null, error: null });
  const [asked, setAsked] = useState(0);
  const reload = useCallback(() => setAsked((n) => n + 1), []);
  useEffect(() => {
    if (url === null) return;
    const abort = new AbortController();
    load(url, abort.signal).then(
      (data) => setState({ url, data, error: null }),
      (e) => {
        if (abort.signal.aborted) return;
        const error = errorOfAct(e);
        setState((s) => ({ url, data: s.url === url && error.status !== 404 ? s.data : null, error }));
      });
    return () => abort.abort();
  }, [url, asked]);
  useAgain(state.url === url ? state.error : null, reload);
  return state.url === url ? { data: state.data, error: state.error, reload } : { data: null, error: null, reload };
}

/** The last that was known: a list that grows does not vanish meanwhile. */
export function useKept<T>(data: T | null): T | null {
  const last = useRef<T | null>(null);
  if (data !== null) last.current = data;
  return last.current;
}

/** Calls `action` when `changes` does, not at first, and at most once in `pause` milliseconds. */
export function useOnChange(changes: unknown, action: () => void, pause = 1500) {
  const last = useRef({ value: changes, at: 0 });
  useEffect(() => {
    if (last.current.value === changes) return;
    last.current.value = changes;
    const wait = Math.max(0, last.current.at + pause - Date.now());
    const timer = setTimeout(() => {
      last.current.at = Date.now();
      action();
    }, wait);
    return () => clearTimeout(timer);
  }, [changes]);
}

export function useEvery(milliseconds: number | null, action: () => void) {
  useEffect(() => {
    if (milliseconds === null) return;
    const timer = setInterval(action, milliseconds);
    return () => clearInterval(timer);
  }, [milliseconds, action]);
}
