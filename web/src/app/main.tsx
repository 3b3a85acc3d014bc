import { render } from "preact";
import { followLinks } from "./place";
import { Shell } from "./shell";

const root = document.getElementById("app")!;
root.replaceChildren();
followLinks(document.body);
render(<Shell />, root);
