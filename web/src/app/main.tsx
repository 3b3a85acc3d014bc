import { render } from "preact";
import { keepFocus } from "./focus";
import { followLinks } from "./place";
import { Shell } from "./shell";

const root = document.getElementById("app")!;
root.replaceChildren();
followLinks(document.body);
keepFocus(document.body);
render(<Shell />, root);
