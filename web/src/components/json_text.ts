/** A value as JSON text; what no browser writes says so. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch {
    return "(nested too deep)";
  }
}
