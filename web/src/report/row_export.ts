// The shown rows as files, and a row as a command.
import { asMessage, contentText, messagesOf, type DivergentRow, type Message } from "./model";
import { answerName, mistakesOf } from "./row_filter";

export const asJsonLines = (rows: DivergentRow[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** A spreadsheet takes a cell that begins with one of these for a formula; an apostrophe makes it text. */
const cell = (value: unknown): string => {
  const text = String(value ?? "");
  return `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replace(/"/g, '""')}"`;
};

function said(message: Message | null): string {
  if (message === null) return "";
  const calls = message.tool_calls ?? [];
  return [contentText(message.content), calls.length > 0 ? JSON.stringify(calls.map((c) => c.function)) : ""].filter((t) => t !== "").join("\n");
}

const kColumns = ["record_id", "class", "conversation", "turn", "newest", "template_in_training", "request", "production", "model", "answer", "agreement", "mistakes"];

/** One line an answer. */
export function asCsv(rows: DivergentRow[]): string {
  const lines = rows.flatMap((row) => row.answers.map((a) => [
    row.record_id, row.label, row.conversation, row.turn, row.newest, row.template_in_training, contentText(messagesOf(row).at(-1)?.content), said(asMessage(row.reference)),
    answerName(a), said(asMessage(a.message)), a.agreement, mistakesOf(a).join("; ")].map(cell).join(",")));
  return [kColumns.join(","), ...lines].map((line) => `${line}\r\n`).join("");
}

export function download(name: string, type: string, text: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** JSON text in nothing but ASCII: what cannot be seen in a terminal stands there as an escape. */
export const asciiText = (json: string): string => json.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** One word of a shell command. */
export const shellQuoted = (text: string): string => `'${text.replace(/'/g, "'\\''")}'`;

/** The request as a shell command; whose server is asked is left to the environment. */
export function asCurl(row: DivergentRow, model: string): string {
  const body = asciiText(JSON.stringify({ model, messages: row.messages ?? [], temperature: 0 }));
  return `curl -sS "\${BASE_URL:-http://127.0.0.1:8080/v1}/chat/completions" -H 'content-type: application/json' --data-raw ${shellQuoted(body)}`;
}
