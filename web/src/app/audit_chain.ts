// The audit log's chain, computed anew in this browser: what is shown is what the hashes are of (docs/formats/audit.md).
import { parseTime } from "./numbers";
import type { AuditEntry } from "./types";

export type AuditLine = AuditEntry & { previous: string; hash: string; line: string };

const kTail = /,"hash":"([0-9a-f]{64})"\}$/;
const kClose = 1000; // milliseconds: the API's times are rounded

/** Browsers compute hashes over https and on this machine alone. */
export const canHash = (): boolean => window.isSecureContext && crypto.subtle !== undefined;

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, "0")).join("");
}

async function faultOf(entry: AuditLine): Promise<string | null> {
  const tail = kTail.exec(entry.line);
  if (!tail || tail[1] !== entry.hash) return "its line does not end with its hash";
  if ((await sha256(entry.line.slice(0, tail.index))) !== entry.hash) return "it was changed: its hash does not fit";
  const said = JSON.parse(entry.line) as { number: number; at: number; person: string; action: string; subject: string; reason: string; previous: string };
  const same = (["number", "person", "action", "subject", "reason", "previous"] as const).every((key) => said[key] === entry[key]);
  return same && Math.abs(said.at / 1e6 - parseTime(entry.at)) <= kClose ? null : "what is shown is not what its line says";
}

/** What is wrong first in entries that come newest first; null: nothing. `isWhole`: none between them is left out. */
export async function faultIn(entries: AuditLine[], isWhole: boolean): Promise<string | null> {
  for (const [i, entry] of entries.entries()) {
    const fault = await faultOf(entry);
    if (fault !== null) return `entry ${entry.number}: ${fault}`;
    const before = entries[i + 1];
    if (before === undefined) continue;
    if (isWhole && before.number !== entry.number - 1) return `entry ${entry.number - 1} is missing`;
    if (before.number === entry.number - 1 && before.hash !== entry.previous) return `entry ${entry.number}: it does not follow entry ${before.number}`;
  }
  return null;
}
