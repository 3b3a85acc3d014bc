/** Names of filters in the page's address. */
export const kFilterNames = ["text", "workload", "client", "class", "tool", "model", "ending", "origin", "error", "from", "to"];

const kParameters: Record<string, string> = { workload: "workload_id", client: "client_id", error: "is_error" };

/** The filters of the address as parameters of the API. */
export function searchOf(query: URLSearchParams): string {
  const pairs = kFilterNames.flatMap((name): [string, string][] => (query.get(name) ? [[kParameters[name] ?? name, query.get(name)!]] : []));
  return new URLSearchParams(pairs).toString();
}
