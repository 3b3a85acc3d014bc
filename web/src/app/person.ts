// Who judges: whoever is signed in; else a name that this browser remembers. Two people at one browser change it.
import { useState } from "preact/hooks";
import { useSession } from "./session";

const kKey = "flywheel.person";

function stored(): string {
  try {
    return localStorage.getItem(kKey) ?? "";
  } catch {
    return "";
  }
}

/** Browsers may refuse to remember; the name is known as long as the page is open. */
let current = stored();

export const person = (): string => current;

export function usePerson(): [string, (name: string) => void] {
  const [name, setName] = useState(current);
  const session = useSession();
  if (session?.person) return [session.person, () => {}];
  return [name, (to) => {
    current = to.trim().slice(0, 60);
    setName(current);
    try {
      localStorage.setItem(kKey, current);
    } catch { /* remembered in this page alone */ }
  }];
}
