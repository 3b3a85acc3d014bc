// Which divergent rows are shown: a pure function of the rows and the page's address.
import { argumentsOf } from "../components/diff_calls";
import { jsonText } from "../components/json_text";
import type { Place } from "./location";
import { asMessage, contentText, fullName, leadingKind, messagesOf, type DivergentRow, type Message, type Report, type RowAnswer } from "./model";

export const answerName = (a: { model_name: string; variant: string }): string => fullName(a.model_name, a.variant);

/** How many rows have each of the names that `namesOf` gives. */
export function countNames(rows: DivergentRow[], namesOf: (row: DivergentRow) => string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const row of rows) for (const name of new Set(namesOf(row))) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

/** What went wrong in an answer: its kinds of mistakes, and why it is none. */
export const mistakesOf = (answer: RowAnswer | undefined): string[] =>
  answer ? [...answer.mistakes, ...(answer.failure ? [answer.failure] : []), ...(answer.error && !answer.failure ? ["no answer"] : [])] : [];

/** How the rows of a report are read: whose answers come first, and below which agreement an answer diverges. */
export interface Reading { best: string; limit: number }

export function readingOf(report: Report): Reading {
  const first = report.ranking.entries[0];
  return { best: first ? answerName(first) : "", limit: leadingKind(report) === "graded" ? 0.5 : 1 };
}

/** The answer that a row is shown with: the model's that the address names, else that of the best-ranked. */
export const shownAnswer = (row: DivergentRow, model: string | undefined, reading: Reading): RowAnswer | undefined =>
  row.answers.find((a) => answerName(a) === (model || reading.best)) ?? (model ? undefined : row.answers[0]);

export const isDivergent = (answer: RowAnswer | undefined, reading: Reading): boolean =>
  answer !== undefined && (answer.agreement === null ? answer.failure !== null || answer.error !== null : answer.agreement < reading.limit);

const callText = (m: Message | null): string => (m?.tool_calls ?? []).map((c) => `${String(c.function?.name)} ${jsonText(argumentsOf(c))}`).join(" ");
const messageText = (m: Message | null): string => `${contentText(m?.content)} ${callText(m)}`;

/** System messages are the same in most rows, so a word of theirs finds nothing worth finding. */
const texts = new WeakMap<DivergentRow, string>();
function searchText(row: DivergentRow): string {
  let text = texts.get(row);
  if (text === undefined) {
    const messages = messagesOf(row).filter((m) => m.role !== "system" && m.role !== "developer");
    text = [row.record_id, row.label, row.conversation, ...messages.map(messageText), messageText(asMessage(row.reference)), ...row.answers.map((a) => messageText(asMessage(a.message)))]
      .join("\n").toLowerCase();
    texts.set(row, text);
  }
  return text;
}

const kNewest: Record<string, boolean> = { newest: true, older: false };
const kTemplate: Record<string, boolean> = { seen: true, unseen: false };

export function filterRows(rows: DivergentRow[], place: Place, reading: Reading): DivergentRow[] {
  const wanted = (place.q ?? "").toLowerCase().split(/\s+/).filter((w) => w !== "");
  return rows.filter((row) => {
    const answer = shownAnswer(row, place.model, reading);
    return (place.class === undefined || row.label === place.class)
      && (!place.newest || row.newest === kNewest[place.newest])
      && (!place.template || row.template_in_training === kTemplate[place.template])
      && (!place.model || isDivergent(answer, reading))
      && (!place.mistake || mistakesOf(answer).includes(place.mistake))
      && wanted.every((w) => searchText(row).includes(w));
  });
}
