// Where else the service is reached, as it says itself.

/** `url` is null where it does not listen; `trouble` says what it lacks. */
export interface Listener { name: string; url: string | null; trouble: string | null }

/** A service that is not ready says so with an error's status, and has the list all the same. */
export const listenersOf = async (url: string, signal: AbortSignal): Promise<Listener[]> =>
  fetch(url, { signal }).then((r) => r.json()).then((ready: { listeners?: Listener[] }) => ready.listeners ?? [], () => []);
