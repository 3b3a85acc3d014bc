// What redaction has put in the place of values is shown as such.
import { useMemo } from "preact/hooks";
import { marked } from "../components/plain";
import type { Configuration, Setting } from "./types";

const hidden = { ...marked };

/** `labels`: of the rules of `redact`, as they stand in the traffic: `[EMAIL]`, or `EMAIL_` and sixteen letters. */
function setLabels(labels: string[]) {
  const any = labels.join("|");
  marked.by = any === "" ? hidden.by : new RegExp(`${hidden.by.source}|(\\[(?:${any})\\]|(?<![A-Za-z0-9_])(?:${any})_[a-z]{16}(?![A-Za-z0-9_]))`, "gu");
  marked.draw = (match) => (match[1] === undefined ? hidden.draw(match) : <span class="redacted" title="redacted">{match[1]}</span>);
}

/** A rule's name as it stands in the traffic (docs/redaction.md). */
const labelOf = (name: string): string => name.toUpperCase().replace(/[^A-Z0-9]/g, "_");

/** Of a rule without a name its kind, else what it finds by. */
function labelsIn(settings: Setting[]): string[] {
  const rules = new Map<string, Record<string, string>>();
  for (const { path, value } of settings) {
    const parts = /^redact\.rules\[(\d+)\]\.(name|kind|pattern|path)$/.exec(path);
    if (parts) rules.set(parts[1]!, { ...rules.get(parts[1]!), [parts[2]!]: value });
  }
  return [...rules.values()].map((rule) => labelOf(rule.name || rule.kind || (rule.pattern ? "pattern" : "redacted")));
}

/** For what draws all pages: they are drawn again when the rules are known. */
export function useRedaction(data: Configuration | null) {
  useMemo(() => setLabels(labelsIn(data?.settings ?? [])), [data]);
}
