// What was begun on a card and not yet said, by person, review and row: neither going on to another card and back nor the end of a session
// loses any of it. It stays in this window, until it is said or its person signs out.
import { onPerson } from "../session";

export interface Draft { note: string; tags: string; corrected: string; alike: boolean }

const kPrefix = "flywheel.draft ";
const drafts = new Map<string, Draft>();
const keyOf = (person: string, review: string, record: string) => kPrefix + JSON.stringify([person, review, record]);

/** Windows may refuse to remember; a draft is known as long as the page is open. */
function stored(use: (storage: Storage) => void) {
  try {
    use(sessionStorage);
  } catch { /* kept in this page alone */ }
}

export function draftAt(person: string, review: string, record: string): Draft | undefined {
  const key = keyOf(person, review, record);
  stored((storage) => {
    const text = storage.getItem(key);
    if (text !== null && !drafts.has(key)) drafts.set(key, JSON.parse(text) as Draft);
  });
  return drafts.get(key);
}

export function keepDraft(person: string, review: string, record: string, draft: Draft) {
  const key = keyOf(person, review, record);
  drafts.set(key, draft);
  stored((storage) => storage.setItem(key, JSON.stringify(draft)));
}

export function dropDraft(person: string, review: string, record: string) {
  const key = keyOf(person, review, record);
  drafts.delete(key);
  stored((storage) => storage.removeItem(key));
}

/** Those of others than `person`, who signed in; null: all. */
function dropDrafts(person: string | null) {
  const isOfOther = (key: string) => key.startsWith(kPrefix) && (person === null || !key.startsWith(kPrefix + JSON.stringify([person]).slice(0, -1) + ","));
  for (const key of drafts.keys()) if (isOfOther(key)) drafts.delete(key);
  stored((storage) => Object.keys(storage).filter(isOfOther).forEach((key) => storage.removeItem(key)));
}
onPerson(dropDrafts);
