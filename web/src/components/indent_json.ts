/** JSON text with line breaks and indents, every value as it was written: numbers keep their digits, strings their escapes. What is no JSON comes out somehow, and whole. */
export function indentJson(text: string, limit = Infinity): string {
  let out = "";
  let depth = 0;
  const line = () => `\n${"  ".repeat(Math.min(depth, 40))}`;
  for (let i = 0; i < text.length && out.length < limit; i++) {
    const c = text[i]!;
    if (c === '"') {
      let end = i + 1;
      while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
      out += text.slice(i, end + 1);
      i = end;
    } else if (c === "{" || c === "[") {
      const next = text.slice(i + 1, i + 200).match(/^\s*([}\]])/);
      if (next) {
        out += c + next[1]!;
        i += next[0].length;
      } else {
        depth++;
        out += c + line();
      }
    } else if (c === "}" || c === "]") {
      depth--;
      out += line() + c;
    } else if (c === ",") out += c + line();
    else if (c === ":") out += ": ";
    else if (!/\s/.test(c)) out += c;
  }
  return out;
}
