// Bundles the report into one self-contained HTML file with a place for its data: node build.mjs [OUT_FOLDER]
import { build } from "esbuild";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(here, "dist"));

const bundle = async (entry, loader) => {
  const result = await build({
    absWorkingDir: here,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2020",
    // The classic calls are a tenth shorter than those of the automatic runtime.
    tsconfigRaw: { compilerOptions: { jsx: "react", jsxFactory: "h", jsxFragmentFactory: "Fragment" } },
    inject: ["src/jsx.ts"],
    charset: "utf8",
    legalComments: "none",
    loader,
  });
  return result.outputFiles[0].text.trim();
};

const script = await bundle("src/report/main.tsx");
const style = await bundle("src/report/report.css");
// Text inside <script> must never spell its end.
const safe = (text) => text.replaceAll("</script", "<\\/script");
const template = await readFile(path.join(here, "src/report/report.html"), "utf8");
const page = template.replace("/*STYLE*/", () => style).replace("/*SCRIPT*/", () => safe(script));
await mkdir(out, { recursive: true });
await writeFile(path.join(out, "report.html"), page);
